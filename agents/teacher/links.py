"""How people say that a value comes out of another task: one grammar for writing it and for reading it.

`With the area you get, work out the paint needed.` names no value for the area; it says where to take it
from. A frame holds the words around such a reference; reading looks for the same words.
"""

import random
import re
from functools import lru_cache
from typing import NamedTuple

from agents.teacher.card import Card, Slot
from agents.teacher.mention import Text
from agents.teacher.words import capital, join

_COMING = (
    "With the {r} you get, {vp}.",
    "{Vp} with the {r} it gives you.",
    "Take the {r} from that and {vp}.",
    "Then use the {r} you get back to {vp}.",
    "Once you have the {r}, {vp}.",
    "Use the {r} you find to {vp}.",
    "{Vp}, using the {r} from that result.",
    "Whatever {r} you get out of it, use that to {vp}.",
    "Could you then {vp} with the {r} you come back with?",
    "Based on the {r} you come up with, {vp}.",
    "I also want to {vp}; take the {r} from what you find.",
    "The next step builds on that: {vp} with the {r} it returns.",
    "When you have the {r}, please {vp}.",
)
"""The other task is in the same message."""

_EARLIER = (
    "With the {r} you found, {vp}.",
    "Now use the {r} from before to {vp}.",
    "Take the {r} you just gave me and {vp}.",
    "{Vp} with the {r} from that result.",
    "Could you {vp} with the {r} we just got?",
    "Now that we have the {r}, {vp}.",
    "Let's go on with the {r} you found: {vp}.",
    "Based on the {r} in your answer, {vp}.",
    "I'd like to {vp}, with the {r} that came back before.",
    "{Vp}, using the {r} from the last result.",
    "Next, {vp}. Take the {r} you came up with.",
)
"""The other task was done in an earlier turn."""

_PLACED_COMING = ("the {r} you get", "the {r} it gives you", "the {r} you find", "the {r} you get back")
_PLACED_EARLIER = ("the {r} you found", "the {r} from before", "the {r} you just gave me")
"""References that stand where the value would stand: `the weather for the city you get`."""

_FIRST = " of the first one"
"""After the names, where the other task finds several things."""


class Reference(NamedTuple):
    slots: tuple[str, ...]
    earlier: bool
    """The value is in a result that is already there."""


def _name(slot: Slot) -> str:
    """How the value is called; a lone symbol needs a word to hold on to."""
    return f"value for {slot.label}" if slot.strict else slot.label


def sentence(
    card: Card,
    slots: tuple[str, ...],
    doing: str,
    rng: random.Random,
    *,
    earlier: bool,
    first_of_list: bool,
) -> str:
    """A request for a task some of whose values come out of another.

    Args:
        doing: the task, as in `work out the paint needed`.
        first_of_list: the other task finds several things, and the first is meant.
    """
    names = join([_name(card.slot[name]) for name in slots]) + (_FIRST if first_of_list else "")
    frame = rng.choice(_EARLIER if earlier else _COMING)
    return frame.format(r=names, vp=doing, Vp=capital(doing))


def placed(slot: Slot, rng: random.Random, *, earlier: bool, first_of_list: bool) -> str:
    """The reference alone, for where the value would stand: a hotel's name is then the hotel."""
    name = _name(slot)
    thing = name.removesuffix(" name")
    first = f"first {thing}" if thing != name else f"{name}{_FIRST}"
    frame = rng.choice(_PLACED_EARLIER if earlier else _PLACED_COMING)
    return frame.format(r=first if first_of_list else thing)


class _Core(NamedTuple):
    """The words of a frame next to the reference."""

    before: str
    after: str
    earlier: bool


def _core(frame: str, earlier: bool) -> _Core:
    before, _, after = frame.lower().partition("{r}")
    before = re.split(r"\{vp\}[.,;:]?", before)[-1]
    after = re.split(r"[.,:?]", after.split("{vp}")[0])[0]
    return _Core(before.lstrip(), after.rstrip(), earlier)


_CORES = sorted(
    {
        *(_core(frame, False) for frame in (*_COMING, *_PLACED_COMING)),
        *(_core(frame, True) for frame in (*_EARLIER, *_PLACED_EARLIER)),
    },
    key=lambda core: (-len(core.after), core),
)
_BEFORE = re.compile(
    r"(?<!\w)(?:"
    + "|".join(re.escape(before) for before in sorted({c.before for c in _CORES}, key=len, reverse=True))
    + ")(?:first )?"
)
_AND = re.compile(r",? and |, ")


def references(text: Text, card: Card) -> Reference | None:
    """What a task's words say of values that come out of another task; those words are then hidden."""
    names = _spoken(card)
    slots: list[str] = []
    earlier = False
    at = 0
    while match := _BEFORE.search(text.lower, at):
        at = match.start() + 1
        found, end = _listed(text.lower, match.end(), names)
        if not found:
            continue
        if text.lower.startswith(_FIRST, end):
            end += len(_FIRST)
        before = match[0].removesuffix("first ")
        for core in _CORES:
            if core.before == before and _continues(text.lower, end, core.after):
                slots += found
                earlier = earlier or core.earlier
                text.hide(match.start(), end + len(core.after))
                break
    return Reference(tuple(dict.fromkeys(slots)), earlier) if slots else None


@lru_cache(maxsize=8192)
def _spoken(card: Card) -> tuple[tuple[str, str], ...]:
    """(what a parameter's value is called, the parameter), the longest first."""
    found: dict[str, str] = {}
    for slot in card.slots:
        found.setdefault(_name(slot).lower(), slot.name)
    for slot in card.slots:
        found.setdefault(_name(slot).lower().removesuffix(" name"), slot.name)
    return tuple(sorted(found.items(), key=lambda pair: -len(pair[0])))


def _listed(text: str, at: int, names: tuple[tuple[str, str], ...]) -> tuple[list[str], int]:
    """The parameters whose names stand one after the other from a position on, and where they end."""
    found: list[str] = []
    end = at
    while True:
        for name, slot in names:
            if _continues(text, at, name):
                found.append(slot)
                end = at + len(name)
                break
        else:
            return found, end
        separator = _AND.match(text, end)
        if separator is None:
            return found, end
        at = separator.end()


def _continues(text: str, at: int, words: str) -> bool:
    return text.startswith(words, at) and not text[at + len(words) : at + len(words) + 1].isalnum()
