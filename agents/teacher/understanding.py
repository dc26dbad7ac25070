"""What a user's words ask for, given the tools: the tasks in a message, with the values named for them."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any

from agents.teacher.card import Card
from agents.teacher.check import faults, normalised
from agents.teacher.goal import NEED
from agents.teacher.links import references
from agents.teacher.mention import Text, read, reader, scan
from agents.teacher.words import STOPWORDS, content_words, word_set


@dataclass(frozen=True)
class Task:
    card: Card
    arguments: dict[str, Any]
    rivals: tuple["Task", ...] = ()
    """The same words taken for another tool of the same purpose; what is said later may speak for one."""
    links: tuple[str, ...] = ()
    """Parameters whose values are to come out of another task's result."""
    earlier: bool = False
    """That result is already there."""

    @property
    def missing(self) -> tuple[str, ...]:
        known = {*self.arguments, *self.links}
        return tuple(slot.name for slot in self.card.required if slot.name not in known)

    @property
    def faults(self) -> dict[str, str]:
        return faults(self.card, self.arguments)

    def with_values(self, values: dict[str, Any]) -> "Task":
        return replace(self, arguments={**self.arguments, **values})


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where a message names a tool's purpose."""

    start: int
    end: int
    card: Card


@dataclass(frozen=True, slots=True)
class Opening:
    """How a tool's purpose is recognised."""

    head: str
    """The object in lower case, without the preposition before its value."""
    before: tuple[str, ...]
    """Words of which one has to stand before it."""
    takes_value: bool
    telling: bool
    """The object says enough even where no value follows."""


_HOLE = re.compile(r" (?:of|for|in|from|at|on|about|by)(?= )")


@lru_cache(maxsize=8192)
def _opening(card: Card) -> Opening:
    goal = card.goal
    head = goal.head.lower()
    if goal.slot:
        head = head.rsplit(" ", 1)[0]
    verbs = tuple(verb.lower() for verb in goal.verbs)
    before = verbs + (NEED if goal.asks_for_thing else ())
    return Opening(head, before, bool(goal.slot), not goal.slot or len(content_words(head)) > 1)


def _anchors(text: Text, cards: tuple[Card, ...]) -> list[Anchor]:
    found = []
    lower = text.lower
    for card in cards:
        opening = _opening(card)
        at = lower.find(opening.head)
        while at >= 0:
            end = at + len(opening.head)
            before = lower[max(0, at - 28) : at].rstrip()
            before = before.removesuffix(" me").removesuffix(" us")
            whole = not (lower[end : end + 1].isalnum() and opening.head[-1:].isalnum())
            value = _HOLE.match(lower, end) if opening.takes_value else None
            enough = value is not None or opening.telling
            if whole and enough and any(_ends_with_word(before, words) for words in opening.before):
                found.append(Anchor(at, value.end() if value else end, card))
            at = lower.find(opening.head, at + 1)
    return found


def _ends_with_word(text: str, words: str) -> bool:
    return text.endswith(words) and not text[: -len(words)][-1:].isalnum()


_BREAK = re.compile(r"(?<=[.!?])\s+|\n+|; |, and (?:also|then) |, then |, plus | — ")


def tasks_in(text: str, cards: tuple[Card, ...]) -> list[Task]:
    """The tasks a message asks for, in its order; empty if it names none of the tools' purposes."""
    whole = Text(text)
    anchors = _anchors(_without_references(text, cards), cards)
    if not anchors:
        return []
    groups: list[list[Anchor]] = []
    for anchor in sorted(anchors, key=lambda a: (a.start, -a.end)):
        last = groups[-1][0] if groups else None
        if last is None or anchor.start >= last.end:
            groups.append([anchor])
        elif anchor.end == last.end and anchor.start == last.start:
            groups[-1].append(anchor)
        elif anchor.end - anchor.start > last.end - last.start:
            groups[-1] = [anchor]
    breaks = [match.end() for match in _BREAK.finditer(whole.mask)]
    starts = [0]
    for before, group in pairwise(groups):
        inside = [at for at in breaks if before[0].end <= at <= group[0].start]
        starts.append(inside[-1] if inside else group[0].start)
    ends = [*starts[1:], len(text)]
    return [_best(whole, start, end, group) for group, start, end in zip(groups, starts, ends, strict=True)]


def _without_references(text: str, cards: tuple[Card, ...]) -> Text:
    """The message without its pointers to results: `once you have the area` asks for no area."""
    bare = Text(text)
    for card in cards:
        references(bare, card)
    return bare


def _best(whole: Text, start: int, end: int, group: list[Anchor]) -> Task:
    """The tool among those of equal purpose whose parameters the words fit best."""
    options = [_task(whole, start, end, anchor) for anchor in group]
    if len(options) == 1:
        return options[0]
    lower = whole.lower[start:end]
    options.sort(
        key=lambda task: (*fitness(task), sum(word in lower for word in task.card.words)), reverse=True
    )
    return replace(options[0], rivals=tuple(options[1:]))


def fitness(task: Task) -> tuple[int, int]:
    """How well a tool's parameters fit what was said; more is better."""
    return (
        len(task.arguments) + len(task.links) - 2 * len(task.missing) - 2 * len(task.faults),
        -len(task.card.required),
    )


def _task(whole: Text, start: int, end: int, anchor: Anchor) -> Task:
    card = anchor.card
    text = whole.part(start, end)
    pointed = references(text, card)
    at = anchor.end - start
    values: dict[str, Any] = {}
    hidden = at
    if card.goal.slot and (slot := card.slot.get(card.goal.slot)) is not None:
        while text.mask[at : at + 1] == " ":
            at += 1
        if text.lower.startswith(card.goal.general.lower(), at):
            hidden = at + len(card.goal.general)
        elif (found := read(slot, text, at, slot.form == "enum" or text.raw[at : at + 1] == '"')) is not None:
            values[slot.name] = found[0]
            hidden = found[1]
    text.hide(anchor.start - start, hidden)
    found_values = {**scan(reader(card), text), **values}
    links = pointed.slots if pointed else ()
    return Task(
        card,
        {
            slot.name: normalised(slot, found_values[slot.name])
            for slot in card.slots
            if slot.name in found_values and slot.name not in links
        },
        links=links,
        earlier=pointed is not None and pointed.earlier,
    )


def values_in(text: str, card: Card) -> dict[str, Any]:
    """Values for a tool's parameters that a message names, whatever else it says."""
    found = scan(reader(card), Text(text))
    return {name: normalised(card.slot[name], value) for name, value in found.items()}


_LEAD_IN = re.compile(
    r"(?:\b(?:it is|it['’]s|that is|that['’]s|that would be|make it|make that|take|use|go with|"
    r"let['’]s say|say|try|should be|"
    r"they are|they['’]re|those are|i meant|with)\s+(?:just\s+)?(?:the\s+)?|^\s*|[:,]\s+)",
    re.IGNORECASE,
)


def lone_value(text: str, card: Card, name: str) -> tuple[Any] | None:
    """The value in a reply that names no parameter: `It's 12.`, `Paris, please.`"""
    if text.rstrip().endswith("?"):
        return None
    slot = card.slot[name]
    found = Text(text)
    for match in _LEAD_IN.finditer(found.mask):
        value = read(slot, found, match.end(), slot.form in ("array", "enum") or match.start() != match.end())
        if value is None:
            continue
        word = value[0]
        if isinstance(word, str) and text[match.end()] != '"' and word.lower() in _INTERJECTIONS | STOPWORDS:
            continue
        return (normalised(slot, word),)
    return None


_INTERJECTIONS = word_set(
    """
    sure sorry ok okay oh yes no right thanks hi hello well fine good ah hmm please actually of
    course great perfect noted apologies
    """
)

_AGAIN = re.compile(
    r"\b(again|instead|this time|same (?:thing|as before|again|one)|redo|re-?run|once more|repeat|"
    r"another (?:run|go)|"
    r"what if|change|switch|now (?:try|with)|rather|actually|adjust)\b",
    re.IGNORECASE,
)
_CANNOT = re.compile(
    r"\b(?:do(?:n['’]t| not) (?:actually )?have|do(?:n['’]t| not) know|can(?:['’]t|not| not) (?:find|"
    r"get|remember|look)|no (?:way|chance|idea)|"
    r"have(?:n['’]t| not) got|not available|is(?:n['’]t| not) available|unable to|lost (?:it|the)|"
    r"never (?:got|had|received)|"
    r"nobody (?:here )?(?:can|could|knows))\b",
    re.IGNORECASE,
)


def is_again(text: str) -> bool:
    """The message speaks of doing an earlier task once more."""
    return _AGAIN.search(text) is not None


def is_refusal(text: str) -> bool:
    """The user says that they do not have what was asked for."""
    return _CANNOT.search(text) is not None


def closest(text: str, cards: tuple[Card, ...]) -> Card | None:
    """The tool whose purpose a freely worded message all but spells out; None if there is none.

    Every root of the tool's object and the verb have to occur. The bar is high because a tool that
    nearly fits is the wrong tool.
    """
    said = content_words(text)
    best, most = None, 1
    for card in cards:
        wanted = content_words(f"{card.goal.verb} {card.goal.head}")
        if len(wanted) > most and wanted <= said:
            best, most = card, len(wanted)
    return best
