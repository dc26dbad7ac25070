"""The judge: marks candidates by what they really hold, and names the type of problem."""

import random
import re
from typing import Any

from agents.teacher.assistant import State, decide, study
from agents.teacher.card import Card
from agents.teacher.phrases import theme_of
from agents.teacher.understanding import tasks_in
from agents.teacher.words import STOPWORDS, is_plural, join, split_name, word_set

EXPECTED = {
    "request": "call",
    "withhold": "ask",
    "supply": "call",
    "refine": "call",
    "follow_up": "answer",
    "no_tool": "answer",
    "cannot_fill": "answer",
    "invalid_value": "ask",
}
BIAS = 0.04
"""How often the first candidate shown wins for no better reason; the swap test is there to find it."""


def verdict(
    cards: tuple[Card, ...],
    conversation: list[dict[str, Any]],
    turn: dict[str, Any],
    candidates: list[dict[str, Any]],
    rng: random.Random,
) -> dict[str, Any]:
    marked = [_mark(cards, conversation, turn, candidate) for candidate in candidates]
    # Ties are broken by the words, never by the place.
    ranked = sorted(
        marked, key=lambda m: (-m["appropriateness"], -m["significance"], -m["points"], m["text"])
    )
    if marked and rng.random() < BIAS:
        ranked.remove(marked[0])
        ranked.insert(0, marked[0])
    best = ranked[0] if ranked else {"text": "", "candidate": ""}
    return {
        "marks": [
            {key: m[key] for key in ("candidate", "comment", "significance", "appropriateness")}
            for m in marked
        ],
        "ranking": [m["candidate"] for m in ranked],
        "type_label": type_label(cards, conversation, turn, str(best["text"])),
    }


def _mark(
    cards: tuple[Card, ...],
    conversation: list[dict[str, Any]],
    turn: dict[str, Any],
    candidate: dict[str, Any],
) -> dict[str, Any]:
    messages = candidate.get("messages") or []
    text = next((str(m.get("content")) for m in messages if m.get("role") == "user"), "")
    reaction: dict[str, Any] = next((m for m in messages if m.get("role") == "assistant"), {})
    state = study([*conversation, {"role": "user", "content": text}], cards)
    significance, points, about = _significance(text, turn)
    appropriateness, comment = _appropriateness(state, turn, reaction)
    return {
        "candidate": str(candidate.get("candidate")),
        "comment": f"{about} {comment}",
        "significance": significance,
        "appropriateness": appropriateness,
        "points": points,
        "text": text,
    }


def _significance(text: str, turn: dict[str, Any]) -> tuple[int, float, str]:
    words = len(text.split())
    points = 3.0
    if turn.get("kind") in ("request", "no_tool", "withhold", "invalid_value"):
        points += 0.8 if theme_of(text) else 0.0
        points += 0.5 if 10 <= words <= 60 else -0.6
        points += 0.4 if re.search(r"\d|\"|[a-z] [A-Z]", text) else -0.3
    else:
        points += 1.0 if 3 <= words <= 40 else 0.0
    points -= 0.9 if re.search(r"details:|What you need to know:|This is what I have:", text) else 0.0
    about = (
        "A concrete need with a reason."
        if points >= 4.5
        else "A concrete need."
        if points >= 3.5
        else "It reads like a form."
    )
    return max(1, min(5, round(points))), points, about


def _appropriateness(state: State, turn: dict[str, Any], reaction: dict[str, Any]) -> tuple[int, str]:
    kind = str(turn.get("kind"))
    calls = [(str(c.get("name")), c.get("arguments") or {}) for c in reaction.get("calls") or ()]
    action = "call" if calls else str(reaction.get("action") or "answer")
    expected = EXPECTED.get(kind, action)
    if action != expected:
        return 1, f"The assistant should {expected} here, but it chose to {action}."
    if action != "call":
        own = decide(state, random.Random(0))
        return (
            (5, f"To {action} is right.")
            if own.action == action
            else (3, f"To {action} is right, though the request is unclear.")
        )
    unknown = [name for name, _ in calls if state.card(name) is None]
    if unknown:
        return 1, f"It calls {join(unknown)}, which is not on the table."
    planned = [str(task.get("tool")) for task in turn.get("tasks") or ()]
    if kind == "request" and sorted(planned) != sorted(name for name, _ in calls):
        return 2, "It does not call the tools the tasks are about."
    missing = [
        slot.label
        for name, arguments in calls
        for slot in (state.card(name) or _NO_CARD).required
        if slot.name not in arguments
    ]
    if missing:
        return 2, f"The call lacks {join(missing)}."
    own = decide(state, random.Random(0))
    if own.action == "call" and sorted(map(repr, own.calls)) != sorted(repr((n, a)) for n, a in calls):
        return 2, "Some arguments are not what the user said."
    if kind == "request":
        slots = sum(len(task.get("slots") or ()) for task in turn.get("tasks") or ())
        if slots != sum(len(arguments) for _, arguments in calls):
            return 3, "The arguments do not cover what was planned."
    return 5, "The right tools with arguments from the user's words."


class _NoCard:
    required: tuple[Any, ...] = ()


_NO_CARD = _NoCard()


def type_label(
    cards: tuple[Card, ...], conversation: list[dict[str, Any]], turn: dict[str, Any], text: str
) -> str:
    """The problem in two to five words: what it is about, and what for."""
    said = [str(m.get("content")) for m in conversation if m.get("role") == "user"] + [text]
    theme = next((found for t in said if (found := theme_of(t))), "") or "everyday-use"
    return f"{'-'.join(_domain(cards, turn, said))}-{theme}"


_WEAK = word_set(
    """
    information details list data result results value new current
    """
)


def _domain(cards: tuple[Card, ...], turn: dict[str, Any], said: list[str]) -> list[str]:
    tasks = turn.get("tasks") or ()
    names = [str(task.get("tool")) for task in tasks]
    card = next((c for c in cards if c.name in names), None)
    if card is None:
        card = next((task.card for text in said for task in tasks_in(text, cards)), None)
    phrase = card.goal.head if card is not None else ""
    words = [
        w
        for w in re.findall(r"[a-z]+", phrase.lower())
        if w not in STOPWORDS and w not in _WEAK and len(w) > 2
    ]
    if not words:
        words = [w for name in names for w in split_name(name) if w.isalpha() and len(w) > 2] or [
            "general",
            "help",
        ]
    words = list(dict.fromkeys(words))[:3]
    return [
        w.removesuffix("s") if is_plural(w) and len(words) > 1 and i < len(words) - 1 else w
        for i, w in enumerate(words)
    ]
