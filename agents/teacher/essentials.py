"""The one thing a user cannot do without and a tool does not do: how it is said, and how it is heard.

`It is of no use to me unless you can have it certified by a notary.` A demand is what the assistant would
have to do, in the infinitive: `have it certified by a notary`. Frames carry it in both directions: the user
role writes with them, and the assistant role reads with them, before anything else is read.
"""

import random
import re
from functools import lru_cache
from typing import NamedTuple

from agents.teacher.answers import deed
from agents.teacher.card import Card
from agents.teacher.goal import CALCULATE
from agents.teacher.mention import Text
from agents.teacher.phrases import Register
from agents.teacher.understanding import Task
from agents.teacher.words import content_words, spelled, turned, word_set


class Frame(NamedTuple):
    """A sentence around a demand."""

    lead: str
    tail: str = ""


_PLAIN = (
    Frame("It is of no use to me unless you can"),
    Frame("It's no good to me unless you"),
    Frame("What matters most is that you"),
    Frame("The whole point is that you"),
    Frame("I only want this if you can"),
    Frame("Only go ahead if you can", ", otherwise leave it"),
    Frame("The one thing I can't do without is that you"),
    Frame("If you cannot", ", I don't need it at all"),
    Frame("One condition: you have to"),
    Frame("There is one catch: I need you to", ", or I can't use it"),
    Frame("All of this only helps me if you"),
    Frame("You would have to", ", or it is worthless to me"),
    Frame("Without this I have no use for it: you must"),
    Frame("It only makes sense for me if you can"),
)
_FRAMES: dict[Register, tuple[Frame, ...]] = {
    "plain": _PLAIN,
    "terse": (
        Frame("Only useful if you"),
        Frame("One must: you"),
        Frame("Deal-breaker: you have to"),
        Frame("No good unless you"),
        Frame("Key point: you need to", ", or drop it"),
        Frame("If you can't", ", skip it"),
        Frame("Only go ahead if you can"),
        Frame("Worthless to me unless you"),
    ),
    "formal": (
        Frame("It is indispensable to us that you"),
        Frame("Kindly note that this is only of use to me if you can"),
        Frame("I must insist that you", "; otherwise it would be of no value to us"),
        Frame("Please proceed only if you are able to"),
        Frame("My one firm requirement is that you"),
        Frame("Should you be unable to", ", I would have no use for it"),
        Frame("It is essential to me that you"),
        Frame("I could only make use of it provided that you"),
    ),
    "chatty": (
        Frame("Here's the thing, though: it's only any good to me if you"),
        Frame("The catch is that you'd have to", ", otherwise there's no point"),
        Frame("Oh, and this is the big one: you really have to"),
        Frame("Honestly, it's all for nothing unless you"),
        Frame("And please, please only do it if you can"),
        Frame("What I really can't live without is that you"),
        Frame("I know it sounds fussy, but it's useless to me unless you"),
        Frame("The make-or-break bit for me: you need to"),
    ),
}
_LINKS = ("", "", "", "But ", "Mind you, ", "However, ", "Just so you know, ")
"""What may stand before a frame that begins a new thought."""


_ALL = tuple(frame for frames in _FRAMES.values() for frame in frames)
_SAID = re.compile(
    rf"(?:(?<=[.!?]\s)|^)(?:{spelled(filter(None, _LINKS))})?(?:{spelled(f.lead for f in _ALL)})\s+"
    rf"(?P<demand>[^.!?\x01]+?)(?:{spelled(f.tail for f in _ALL if f.tail)})?(?:[.!]|$)",
    re.IGNORECASE,
)


class Kind(NamedTuple):
    """A sort of demand."""

    suits: str
    """Sorts of tool it makes sense for, as `_sorts` gives them."""
    texts: tuple[str, ...]
    """Ways to put it; `[a|b]` is a choice and `<5-90>` a number."""
    covered: str
    """A regular expression; a tool whose definition it matches may well do this."""


_WHO = (
    "[mother|father|sister|brother|neighbour|lawyer|landlord|boss|grandmother|business partner|tax adviser]"
)
_DAY = "[Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|weekday]"
_MANY = (
    "[people on my list|members of our club|pupils at our school|guests of ours|tenants in our building|"
    "employees of ours|households in our street|players in our league]"
)
KINDS = (
    Kind(
        "fact deed",
        (
            f"repeat it by yourself every {_DAY} [morning|evening|at noon] from now on",
            f"do it again unasked every {_DAY} for the next <2-12> months",
            "keep repeating it on your own every <5-55> minutes through the night",
        ),
        r"schedul|recur|repeat|interval|frequen|daily|weekly|monthly|cron|every|period|automat",
    ),
    Kind(
        "fact",
        (
            "keep it up to date on my [screen|tablet|watch], second by second",
            "show it changing live on the [monitor|big screen|display] in our [hall|office|shop window]",
        ),
        r"real.?time|\blive|stream|updat|monitor|track|display|screen",
    ),
    Kind(
        "fact",
        (
            "warn me by yourself the moment anything about it changes",
            f"alert my {_WHO} on your own as soon as it changes",
            "wake me up whenever it changes during the night",
        ),
        r"alert|notif|remind|monitor|watch|track|subscri|alarm|wake",
    ),
    Kind(
        "fact sum deed",
        (
            f"ring my {_WHO} and read it out over the phone",
            "read it out to me over the phone [tonight|before noon|while I am driving]",
            "leave it as a spoken message on my [answering machine|landline]",
        ),
        r"phone|call|voice|speech|audio|speak|message|contact",
    ),
    Kind(
        "fact sum",
        (
            f"post it on paper to my {_WHO}",
            "put it in an envelope and post it to our [office|club house|cottage] on paper",
            f"fax it to my {_WHO}",
        ),
        r"letter|mail|post|print|paper|document|pdf|fax|deliver|ship|send|messag",
    ),
    Kind(
        "fact sum",
        (
            f"print it in Braille for my {_WHO}",
            f"explain it in sign language on video for my {_WHO}",
        ),
        r"print|braille|video|sign|language|font|translat",
    ),
    Kind(
        "fact sum",
        (
            "write it out by hand in [ink|pencil|blue ink]",
            "write it out in your own handwriting on [squared|lined|headed] paper",
        ),
        r"\bhand|writ|draw|paper|note|text|letter|essay",
    ),
    Kind(
        "fact sum deed",
        (
            "have it certified by a [notary|sworn surveyor|court clerk]",
            "put the official stamp of [the town hall|the ministry|our tax office|the land registry"
            "|the consulate|the district court] on it",
            "get me an official certificate for it with a seal",
        ),
        r"certif|notar|legal|\bsign|verif|authent|official|stamp|government|court|law|licen",
    ),
    Kind(
        "fact sum deed code",
        (
            "have a licensed [engineer|accountant|surveyor|auditor|lawyer] put their name to it",
            "get two independent experts to sign off on it",
            "have our [auditor|security officer|works council] check it in person before I see it",
        ),
        r"\bsign|approv|certif|expert|audit|review|verif|consult|legal|professional",
    ),
    Kind(
        "sum person",
        (
            f"do the same for all <30-480> {_MANY} in one go",
            "do it for everybody in our [village|company|choir|parish|football club] at once",
            "work through all <40-900> cases in my filing cabinet together",
        ),
        r"batch|bulk|list|multiple|\ball\b|group|several|array|many|each|every|population",
    ),
    Kind(
        "fact sum",
        ("have a real person go over it with me at my [desk|kitchen table|office]",),
        r"appoint|consult|advis|meeting|visit|expert|agent|support|service|book",
    ),
    Kind(
        "deed",
        ("send somebody round to my [house|shop|office] who does it together with me",),
        r"appoint|consult|advis|meeting|visit|expert|agent|support|service|deliver",
    ),
    Kind(
        "sum deed code",
        (
            "do it without any connection to the internet",
            "do it on a computer that is not connected to anything",
        ),
        r"offline|internet|network|connect|online|url|web|server|comput|download|upload|http",
    ),
    Kind(
        "fact",
        ("guarantee in writing that nothing about it changes before <2031-2060>",),
        r"guarant|contract|insur|warrant|histor|past|year",
    ),
    Kind(
        "fact sum",
        ("vouch for it with your own money if it turns out wrong",),
        r"guarant|insur|warrant|money|pay|bet|fund|invest|bank",
    ),
    Kind(
        "deed",
        (
            f"let my {_WHO} and me work on it at the same time from two places",
            "let the whole team change it together while it runs",
        ),
        r"team|share|collab|member|group|together|user|work|\bbook|order|buy|purchas|send|delet|remov",
    ),
    Kind(
        "fact",
        (
            "tell me how it stood back in <1840-1935>",
            "give it to me the way it was in <1840-1935>",
        ),
        r"year|\bdate|histor|time|period|past|since|record|\bage|\bday|month|formula|random",
    ),
    Kind(
        "fact",
        (
            "tell me for certain what it will be in <2045-2095>",
            "tell me today what it is going to be in <2045-2095>",
        ),
        r"forecast|predict|future|year|\bdate|project|growth|interest|time|estimat|formula|random|histor",
    ),
    Kind(
        "fact",
        (
            "back it up with [two|three|five] independent studies and their page numbers",
            "name the person who first wrote it down and the page where it is printed",
        ),
        r"study|stud(?:y|ies)|research|paper|source|article|scien|book|citation|reference|page|author",
    ),
    Kind(
        "deed",
        (
            "take it back by yourself after <3-30> days if I say nothing",
            f"hold it back until my {_WHO} has agreed in person",
            "wait with it until our [board|committee|works council|family] has voted on it",
        ),
        r"undo|cancel|revert|expir|delet|durat|timeout|approv|confirm|wait|hold|vote|agree|remov",
    ),
    Kind(
        "deed",
        (
            "bring me a stamped paper receipt for it to my [door|office|hotel]",
            "cover all the costs of it for me",
        ),
        r"receipt|invoice|pay|bill|cost|price|fee|deliver|charge|insur|fund|money|purchas|buy|order",
    ),
    Kind(
        "place",
        (
            "cover every [hamlet|farm|campsite|lighthouse] within <20-90> miles of it as well",
            "ask the people who live there in person",
        ),
        r"radius|distance|nearby|range|within|review|opinion|mile|area|survey|resident",
    ),
    Kind(
        "sum",
        (
            "take the figures from a photo on my [phone|camera|desk] instead of from what I type",
            "read the figures off the slip of paper I am holding up",
        ),
        r"image|photo|picture|ocr|scan|camera|file|upload|paper|read",
    ),
    Kind(
        "company",
        (
            "include what their [managers|owners|directors] only say behind closed doors",
            "get their [founder|chairwoman|managing director] to confirm it to me in person",
        ),
        r"insider|rumou?r|news|interview|contact|manager|owner|confirm|founder|sentiment|comment",
    ),
    Kind(
        "code",
        (
            "prove formally that it can never [deadlock|overflow|run out of memory]",
            "guarantee that it is done within <2-40> nanoseconds",
        ),
        r"proof|prove|deadlock|overflow|memory|time|duration|second|guarant",
    ),
    Kind(
        "code",
        (
            "roll it back by yourself if [the build|the nightly test|a later step] fails",
            "repeat it by yourself after every [commit|release|restart] from now on",
        ),
        r"roll|revert|undo|transact|reset|repeat|retry|schedul|build|commit|release|restart|hook",
    ),
    Kind(
        "code",
        (
            "do the same in all <40-900> repositories of our company in one go",
            "rewrite everything around it in [COBOL|Fortran|Ada|Pascal] as well",
            "keep it working on our mainframe from <1979-1994>",
        ),
        r"repositor|batch|bulk|translat|convert|version|compat|migrat|platform",
    ),
)
_PLACES = frozenset(("city", "location", "address", "region", "state", "country", "county"))
_COMPANIES = frozenset(("company", "stock", "ticker", "symbol", "business", "brand"))
_PEOPLE = frozenset(("person", "name", "first_name", "last_name", "email", "username", "patient"))


@lru_cache(maxsize=8192)
def _definition(card: Card) -> str:
    """All words of a tool's definition."""
    slots = " ".join(f"{slot.label} {slot.description}" for slot in card.slots)
    return f"{card.name.replace('_', ' ')} {card.description} {slots}".lower()


def _sorts(card: Card) -> frozenset[str]:
    """What a tool is about: a `fact` that it tells, a `sum`, a `deed`, or `code`; and whom it concerns."""
    kinds = {slot.kind for slot in card.slots}
    if card.code:
        return frozenset(("code",))
    verb = card.goal.verb
    sort = "sum" if verb in CALCULATE else "fact" if card.goal.asks_for_thing else "deed"
    about = {"place": _PLACES, "company": _COMPANIES, "person": _PEOPLE}
    return frozenset((sort, *(name for name, those in about.items() if kinds & those)))


_ALWAYS = ("have it certified by a [notary|court clerk]", "get two independent experts to sign off on it")
"""For a tool whose definition has words of every other sort of demand in it."""


def fitting(card: Card) -> list[Kind]:
    """The sorts of demand that make sense for a tool and lie outside of what it does."""
    text, sorts = _definition(card), _sorts(card)
    kinds = [kind for kind in KINDS if sorts & set(kind.suits.split()) and not re.search(kind.covered, text)]
    return kinds or [Kind("", _ALWAYS, "")]


_CHOICE = re.compile(r"\[([^\]]+)\]|<(\d+)-(\d+)>")


def _filled(text: str, rng: random.Random) -> str:
    return _CHOICE.sub(
        lambda m: rng.choice(m[1].split("|")) if m[1] else str(rng.randint(int(m[2]), int(m[3]))), text
    )


def demand_for(card: Card, rng: random.Random) -> str:
    """Something that matters to a user of the tool and that the tool cannot do."""
    return _filled(rng.choice(rng.choice(fitting(card)).texts), rng)


def insist(demand: str, register: Register, rng: random.Random) -> str:
    """The sentence in which the user says that nothing else will do."""
    frame = rng.choice(_FRAMES[register] if rng.random() < 0.7 else _PLAIN)
    link = "" if register == "terse" or frame.lead.startswith(("Here", "Oh", "And")) else rng.choice(_LINKS)
    lead = f"{frame.lead[0].lower()}{frame.lead[1:]}" if link and frame.lead[:2] != "I " else frame.lead
    return f"{link}{lead} {demand}{frame.tail}."


class Heard(NamedTuple):
    rest: str
    """The message without it."""
    demand: str


def heard(text: str) -> Heard:
    """What a message insists on, apart from the rest of it; the demand is empty if there is none."""
    match = _SAID.search(Text(text).mask)
    if match is None:
        return Heard(text, "")
    demand = text[match.start("demand") : match.end("demand")].strip()
    return Heard(f"{text[: match.start()]}{text[match.end() :]}".strip(), demand)


_LITTLE = word_set("thing way time do have get put let keep make take give tell show go come by yourself")


def covers(card: Card, demand: str) -> bool:
    """Whether the tool's own words speak of all that is demanded."""
    wanted = content_words(demand) - _LITTLE
    return bool(wanted) and wanted <= card.words | content_words(_definition(card))


def decline(task: Task, demand: str, rng: random.Random) -> str:
    """What the tool does, what it does not, and what is left to offer."""
    doing, wanted = deed(task.card, task.arguments), turned(demand)
    return rng.choice(
        (
            f"I can {doing}, but I cannot {wanted}: none of my tools does that. If it helps you without it, "
            "say so and I will go ahead.",
            f"Since that is what matters to you, I would rather say it straight: I cannot {wanted}. "
            f"What I can do is {doing}, and I will if that alone is of use.",
            f"I am able to {doing}. What I am not able to do is {wanted}, so I have not started. "
            "Tell me if you would like it all the same.",
            f"I have to pass on this one as you want it, because I cannot {wanted}. I could {doing} without "
            "that, if you like.",
            f"Unfortunately there is no way for me to {wanted}. I can only {doing}; let me know if that is "
            "still worth something to you.",
            f"That goes beyond what my tools do: they let me {doing}, but not {wanted}. I am glad to do the "
            "part that I can.",
        )
    )
