"""The memory: one label a type of problem, and a short summary of what was covered."""

import re
from typing import Any

from agents.teacher.judge import type_label
from agents.teacher.phrases import MOTIVES
from agents.teacher.words import join


def recollect(
    seen: dict[str, int], summary: str, conversation: list[dict[str, Any]], proposed: str
) -> dict[str, Any]:
    label = _filed(seen, proposed or _named(conversation))
    counts = {**seen, label: seen.get(label, 0) + 1}
    return {"type_label": label, "summary": _summary(counts, conversation)}


def _named(conversation: list[dict[str, Any]]) -> str:
    """The type of problem where nobody proposed one: what was called, or else asked for, and what for."""
    tasks = [{"tool": call.get("name")} for m in conversation for call in m.get("calls") or ()]
    return type_label((), conversation, {"tasks": tasks[:1]}, "")


def _filed(seen: dict[str, int], proposed: str) -> str:
    """An earlier label for the same words in another order or number, else the proposed one."""
    words = _words(proposed)
    for label in seen:
        known = _words(label)
        if words == known or (words and len(words & known) / len(words | known) > 0.84):
            return label
    return proposed


def _words(label: str) -> frozenset[str]:
    return frozenset(word.removesuffix("s") for word in label.split("-") if word)


def _summary(counts: dict[str, int], conversation: list[dict[str, Any]]) -> str:
    total = sum(counts.values())
    common = sorted(counts, key=lambda label: (-counts[label], label))[:4]
    tools = list(dict.fromkeys(str(c.get("name")) for m in conversation for c in m.get("calls") or ()))
    themes = [m.theme for m in MOTIVES if not any(label.endswith(m.theme) for label in counts)]
    parts = [
        f"{_counted(total, 'conversation')} of {_counted(len(counts), 'type')} so far, "
        f"mostly {join([label.replace('-', ' ') for label in common])}."
    ]
    if tools:
        parts.append(f"The newest used {join(tools[:2])}.")
    if any(re.search(r"\berror\b", str(m.get("content"))) for m in conversation if m.get("role") == "tool"):
        parts.append("One met an error.")
    if themes:
        parts.append(f"Not covered yet: {join([theme.replace('-', ' ') for theme in themes[:4]])}.")
    return " ".join(" ".join(parts).split()[:60])


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"
