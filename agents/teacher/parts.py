"""A message that wants several things, one of which no tool on the table does.

Each thing begins with words such as `Also,` or `And one more thing:`. A thing that is asked for in a plain
request, and in which no tool's purpose is named, is beyond what the assistant can do.
"""

import random
import re
from collections.abc import Iterable
from typing import NamedTuple

from agents.teacher import phrases
from agents.teacher.answers import admits
from agents.teacher.card import Card
from agents.teacher.mention import Text
from agents.teacher.understanding import tasks_in
from agents.teacher.words import content_words, spelled, turned

_LEADS = {
    lead.rpartition(". ")[2]
    for lead in (*phrases.FIRST, *phrases.NEXT, *phrases.LAST)
    if lead[-1:] in (",", ":")
}
_LEAD = re.compile(rf"(?:(?<=[.!?]\s)|^)(?:{spelled(_LEADS)})\s+", re.IGNORECASE)
_SENTENCE = re.compile(r"(?:[^.!?]|[.!?](?=\S))+[.!?]*")


def _read(frames: Iterable[str], hole: str) -> re.Pattern[str]:
    """Reads the sentences that the frames write; what stands in the hole is the one group that matches."""
    ways = spelled(frame.rstrip(".?!") for frame in frames)
    return re.compile(ways.replace(re.escape(hole), "(.+)"), re.IGNORECASE)


_DOING = _read((frame.replace("{Vp}", "{vp}") for frames in phrases.ASK.values() for frame in frames), "{vp}")
_THING = _read(
    {
        *(f for frames in phrases.ASK_FOR.values() for f in frames),
        *phrases.WHAT_IS,
        *phrases.WHAT_ARE,
        *phrases.NEED,
        *phrases.HELP_WITH,
    },
    "{np}",
)


class Heard(NamedTuple):
    rest: str
    """The message without it."""
    beyond: tuple[str, ...]
    """What is wanted and no tool does, in the infinitive and as the assistant would say it."""


def heard(text: str, cards: tuple[Card, ...]) -> Heard:
    """Tell apart what tools can do and what they cannot, in a message that wants several things."""
    starts = [(match.start(), match.end()) for match in _LEAD.finditer(Text(text).mask)]
    if not starts:
        return Heard(text, ())
    rest, beyond = [text[: starts[0][0]]], []
    ends = [start for start, _ in starts[1:]] + [len(text)]
    for (start, said), end in zip(starts, ends, strict=True):
        deed = _wanted(text[said:end], cards)
        if deed:
            beyond.append(deed)
        else:
            rest.append(text[start:end])
    return Heard("".join(rest), tuple(beyond))


def _wanted(part: str, cards: tuple[Card, ...]) -> str:
    """What a part asks for; empty if it asks for nothing, or for what one of the tools does."""
    first = _SENTENCE.match(Text(part).mask)
    if first is None:
        return ""
    sentence = part[: first.end()].rstrip(" .?!")
    if tasks_in(part, cards):
        return ""
    if match := _DOING.fullmatch(sentence):
        deed = turned(_short(next(filter(None, match.groups()))))
        return f"help you {deed}" if deed.startswith("with ") else deed
    if match := _THING.fullmatch(sentence):
        return f"get you {turned(_short(next(filter(None, match.groups()))))}"
    return ""


def _short(words: str) -> str:
    """Without the values at the end, which the answer need not repeat."""
    return re.split(r" with (?:the|a|an|\w+ =) |, (?:the|a|an) ", words)[0].removesuffix(", please")


def owned_up(answer: str, beyond: tuple[str, ...]) -> bool:
    """Whether an answer says of each thing that it was not done."""
    sentences = [answer[match.start() : match.end()] for match in _SENTENCE.finditer(Text(answer).mask)]
    return all(
        any(
            2 * len(wanted & content_words(one)) >= len(wanted) and admits(f"{one} {following}")
            for one, following in zip(sentences, [*sentences[1:], ""], strict=True)
        )
        for wanted in (content_words(deed) for deed in beyond)
    )


def decline(beyond: tuple[str, ...], rng: random.Random) -> str:
    """The end of an answer that says what was left undone."""
    deeds = " or ".join(beyond)
    return rng.choice(
        (
            f"As for the rest of your message: I cannot {deeds}, because none of my tools does that.",
            f"What I could not do is {deeds}; I have no tool for it.",
            f"I am afraid I cannot {deeds}, though: that is beyond the tools I have.",
            f"The other thing is out of my reach, since none of my tools can {deeds}.",
            f"You also asked me to {deeds}. That I cannot do: there is no tool for it here.",
            f"That leaves the other part, which I cannot help with: no tool here can {deeds}.",
        )
    )
