"""The judge: marks candidates by what they really hold, and names the type of problem."""

import random
import re
from collections import Counter
from itertools import groupby
from typing import Any

from agents.teacher import afresh
from agents.teacher.answers import admits
from agents.teacher.assistant import State, decide, study
from agents.teacher.card import Card
from agents.teacher.goal import RETRIEVE
from agents.teacher.phrases import theme_of
from agents.teacher.understanding import tasks_in
from agents.teacher.words import STOPWORDS, is_plural, join, lower_first, split_name, word_set
from schemas.dialogue import EXPECTED_ACTION, NEW_TASK

EXPECTED = {kind.value: action for kind, action in EXPECTED_ACTION.items()}
FAULTY = 2
"""Appropriateness up to which a candidate has a fault that a model must not learn."""


def verdict(
    cards: tuple[Card, ...],
    conversation: list[dict[str, Any]],
    turn: dict[str, Any],
    candidates: list[dict[str, Any]],
    rng: random.Random,
    bias: float = 0.0,
) -> dict[str, Any]:
    """The judge's reply.

    Args:
        bias: how often the first candidate shown wins whatever its marks.
    """
    marked = [_mark(cards, conversation, turn, candidate) for candidate in candidates]
    groups = [list(group) for _, group in groupby(sorted(marked, key=_worth), key=_worth)]
    if marked and rng.random() < bias:
        groups = [[marked[0]], *([m for m in group if m is not marked[0]] for group in groups)]
    ranking = [[m["candidate"] for m in group] for group in groups if group]
    # Among equals the words decide what the problem is called, never the place.
    best = min(groups[0], key=lambda m: m["text"]) if groups else {"text": ""}
    return {
        "marks": [
            {key: m[key] for key in ("candidate", "comment", "significance", "appropriateness")}
            for m in marked
        ],
        "ranking": ranking,
        "none_fits": _common_fault(marked),
        "type_label": type_label(cards, conversation, turn, str(best["text"])),
    }


def _worth(mark: dict[str, Any]) -> tuple[float, ...]:
    """What ranks a candidate, the best lowest; candidates alike in all of it are as good as each other."""
    return -mark["appropriateness"], -mark["significance"], -round(mark["points"], 1)


def _common_fault(marked: list[dict[str, Any]]) -> str:
    """What is wrong with every candidate, in a sentence; empty if at least one is sound."""
    if not marked or any(m["appropriateness"] > FAULTY for m in marked):
        return ""
    [(fault, times)] = Counter(m["fault"] for m in marked).most_common(1)
    which = "the same fault" if times == len(marked) else "a fault, most often this"
    return f"Every candidate has {which}: {lower_first(fault)}"


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
    if _misses_the_plan(str(turn.get("kind")), state):
        significance, points, about = 2, points - 2, "It is not the turn that was planned."
    appropriateness, comment = _appropriateness(state, turn, reaction)
    return {
        "candidate": str(candidate.get("candidate")),
        "comment": f"{about} {comment}",
        "fault": comment,
        "significance": significance,
        "appropriateness": appropriateness,
        "points": points,
        "text": text,
    }


_TASK_KINDS = frozenset(kind.value for kind in NEW_TASK)
_DONE_AT_ONCE = frozenset(("request", "partial", "change_mind"))
"""Kinds of turn in which all of the plan's tasks are done by the first move, but for those that wait."""


def _misses_the_plan(kind: str, state: State) -> bool:
    """Whether the message lacks what makes a turn of its kind."""
    match kind:
        case "almost":
            return state.intent.kind != "almost"
        case "partial":
            return not state.intent.beyond
        case "change_mind":
            return not afresh.drops(state.text)
        case "retry":
            return not afresh.asks_again(state.text)
    return False


def _significance(text: str, turn: dict[str, Any]) -> tuple[int, float, str]:
    words = len(text.split())
    points = 3.0
    if turn.get("kind") in _TASK_KINDS:
        points += 0.8 if theme_of(text) else 0.0
        points += 0.5 if 10 <= words <= 80 else -0.6
        points += 0.4 if re.search(r"\d|\"|[a-z] [A-Z]", text) else -0.3
    else:
        points += 1.0 if 3 <= words <= 40 else 0.0
    # Of two needs the one told in more words of its own is the more real, up to a point.
    points += 0.6 * min(50, len(set(text.lower().split()))) / 50
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
        if state.intent.kind == "almost" and not admits(str(reaction.get("content") or "")):
            return 2, "It does not say that the very thing that matters cannot be done."
        return (
            (5, f"To {action} is right.")
            if own.action == action
            else (3, f"To {action} is right, though the request is unclear.")
        )
    unknown = [name for name, _ in calls if state.card(name) is None]
    if unknown:
        return 1, f"It calls {join(unknown)}, which is not on the table."
    due = _due(turn)
    planned = [str(task.get("tool")) for task in due]
    if kind in _DONE_AT_ONCE and sorted(planned) != sorted(name for name, _ in calls):
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
    if kind in _DONE_AT_ONCE:
        slots = sum(len(task.get("slots") or ()) + len(task.get("links") or ()) for task in due)
        if slots != sum(len(arguments) for _, arguments in calls):
            return 3, "The arguments do not cover what was planned."
    return 5, "The right tools with arguments from the user's words."


def _due(turn: dict[str, Any]) -> list[dict[str, Any]]:
    """The plan's tasks that build on no other one of the same turn."""
    tasks = turn.get("tasks") or ()
    here = {task.get("tool") for task in tasks}
    return [task for task in tasks if not any(link.get("from") in here for link in task.get("links") or ())]


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


_ASKING = RETRIEVE | word_set(
    """
    could would kindly please like know need want help hope able grateful hello morning afternoon
    evening hey dear assistant thanks thank today look work figure details quick favour glad really
    happen ask have this that with from your there here first also make tell set use what when which
    """
)


def _asked_about(said: list[str]) -> list[str]:
    """What a first message speaks of, as far as its wording tells without a tool."""
    words = [
        word
        for word in re.findall(r"(?<![\w'])[a-z]{4,}(?![\w'])", said[0] if said else "")
        if word not in STOPWORDS and word not in _WEAK and word not in _ASKING
    ]
    return words[:2] or ["general", "help"]


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
        words = [w for name in names for w in split_name(name) if w.isalpha() and len(w) > 2]
    if not words:
        words = _asked_about(said)
    words = list(dict.fromkeys(words))[:3]
    return [
        w.removesuffix("s") if is_plural(w) and len(words) > 1 and i < len(words) - 1 else w
        for i, w in enumerate(words)
    ]
