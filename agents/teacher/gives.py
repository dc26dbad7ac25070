"""Which parameters of a tool another tool's result would hold, judged from names and descriptions.

Sensible pairs matter more than many: a tool is only said to give what it is for. The area that a tool
works out is an area to another; a search for hotels finds their ids and names; what a tool is asked with
is nothing that it gives.
"""

import re
from functools import lru_cache
from typing import NamedTuple

import msgspec

from agents.teacher.card import Card
from agents.teacher.card import card as card_of
from agents.teacher.function import is_compound, lists_things, thing_of
from agents.teacher.goal import CALCULATE, RETRIEVE
from agents.teacher.words import STOPWORDS, content_words, is_plural, root, split_name, word_set

_MEASURES = word_set(
    """
    area volume distance velocity speed acceleration mass density perimeter circumference voltage
    resistance momentum force pressure height radius displacement capacitance torque energy variance
    deviation mean salary revenue income profit bmi bmr premium wavelength
    """
)
"""What one tool works out and another reckons with."""
_SORTED = word_set("density rate price cost value ratio mean energy force pressure height deviation income")
"""Measures of which there are many sorts: both tools have to speak of the same one."""
_USED_FOR = {
    "distance": word_set(
        "time travel trip speed fuel emission ride cost taxi drive flight carbon duration journey mileage gas"
    ),
    "speed": word_set("time distance travel arrival trip kinetic momentum journey energy"),
    "velocity": word_set("kinetic momentum energy time distance acceleration object force"),
    "area": word_set("paint plant biomass land floor field carpet pressure density flux lawn seed"),
    "rate": word_set("exchange currency convert interest loan mortgage investment return savings bond"),
    "coordinates": word_set(
        "geographic geographical weather location place map city latitude longitude park restaurant wind"
    ),
}
"""What has to be spoken of where such a value is taken up."""
_ODD = word_set("curve neuron brain wire chromosome variable function euclidean hamming manhattan vector")
"""Where the same words mean something else."""
_CODES = word_set("symbol ticker timezone zipcode")
"""What is looked up by a name to be used in its place."""
_NOT_RESULTS = word_set(
    """
    initial final starting ending start end target desired expected min max minimum maximum num number
    new old previous current total unit units type range base from to second first other average
    """
)
"""Words of parameters that stand for something else than what was just worked out."""
_RECKONS = CALCULATE | {"predict", "assess", "solve", "convert", "simulate", "forecast", "get"}
_COORDINATES = word_set("lat latitude lon lng long longitude coordinates coords")
_PERSON = word_set("user customer client contact patient employee person member")
_ABOUT_PERSON = (("email",), ("phone",), ("phone", "number"), ("recipient", "email"), ("address",))
_IDS = word_set("id uuid")
_NAMED = word_set(
    """
    hotel restaurant museum movie book recipe company store team product airline park song doctor lawyer
    school university course instrument landmark artwork sculpture dish trail concert
    """
)
"""Things that are searched for, and then asked for by their name."""
_NUMBERED = word_set("flight case tracking order account booking confirmation")
_MAKES = word_set("create add book reserve order register open start submit place make schedule purchase buy")
_FINDS = word_set("search find list recommend suggest locate discover browse lookup query") | {"search for"}
_PALE = word_set(
    """
    list all new latest top current available configured existing specific detail information data set
    collection number recent popular best closest nearby nearest single full various record system
    different certain complete particular city location place country
    """
)
"""Words that do not change what a thing is."""
_ANYTHING = word_set("configuration config setting resource object result item entry data option rule")
"""Things of which every system has some."""
_TOKENS = (("token",), ("access", "token"), ("auth", "token"), ("session", "id"), ("session", "token"))
_LOGIN = re.compile(r"(?i)\b(?:log ?in|authenticat\w+|sign ?in)\b")
_CONVERTS = re.compile(r"(?i)\bconver\w*\b.*\bcurrenc|\bcurrenc\w+\b.*\bconver")
_FINANCE = re.compile(r"(?i)invest|deposit|transfer|donat|budget|\bloan|savings|interest|mortgage")


class Features(NamedTuple):
    """What a tool gives and takes, as far as its summary tells."""

    card: Card
    parameters: frozenset[str]
    thing: tuple[str, ...]
    """Roots of the words of what it is about, the main one last."""
    sort: frozenset[str]
    """Roots of all that says what sort of thing that is."""
    lists: bool
    family: tuple[str, ...]
    """What its name begins with, and the system that its description says it belongs to."""

    @property
    def verb(self) -> str:
        return self.card.goal.verb or "get"


@lru_cache(maxsize=8192)
def _features(encoded: bytes) -> Features:
    tool = msgspec.json.decode(encoded)
    name, description = str(tool.get("name") or ""), str(tool.get("description") or "")
    card = card_of({"name": name, "description": description})
    thing = [_singular(w) for w in re.findall(r"[a-z]+", thing_of(card).lower()) if w not in STOPWORDS]
    while len(thing) > 1 and (is_compound(thing[-1]) or thing[-1] in ("info", "detail")):
        thing.pop()
    belongs = re.match(r"This tool belongs to (?:the )?([\w ]+)", description)
    return Features(
        card=card,
        parameters=frozenset(str(parameter) for parameter in tool.get("parameters") or ()),
        thing=tuple(thing),
        sort=content_words(card.goal.noun) - _PALE,
        lists=lists_things(card),
        family=(name.partition(".")[0] if "." in name else "", belongs[1] if belongs else ""),
    )


def gives(target: bytes, other: bytes) -> list[str]:
    """The target's parameters that the other tool's result would hold.

    Args:
        target, other: tools as JSON with name, description and the names of their parameters.
    """
    taker, giver = _features(target), _features(other)
    if not giver.thing or taker.card.name == giver.card.name or _twins(giver, taker):
        return []
    taken = {_meaning(name) for name in giver.parameters}
    return [
        name
        for name in sorted(taker.parameters)
        if not is_plural(name) or name in _COORDINATES
        if _converted(name, giver, taker)
        or (_meaning(name) not in taken and any(holds(name, giver, taker) for holds in _WAYS))
    ]


def _meaning(parameter: str) -> tuple[str, ...]:
    return tuple(map(_singular, split_name(parameter)))


def _singular(word: str) -> str:
    # A booking is no book.
    return word if word.endswith("ing") else root(word)


def _twins(giver: Features, taker: Features) -> bool:
    """Both do the same to the same thing: who can ask the one can ask the other."""
    alike = giver.verb == taker.verb or {giver.verb, taker.verb} <= RETRIEVE
    return giver.thing == taker.thing and not giver.lists and alike


def _same_family(giver: Features, taker: Features) -> bool:
    return any(left and left == right for left, right in zip(giver.family, taker.family, strict=True))


def _same_sort(giver: Features, taker: Features, owner: tuple[str, ...]) -> bool:
    """All that says what sort of thing the one is about is spoken of by the other too."""
    return giver.sort - set(owner) <= taker.card.words


def _measure(parameter: str, giver: Features, taker: Features) -> bool:
    """The one value that a tool works out or looks up."""
    words = _meaning(parameter)
    if not words or words[-1] != giver.thing[-1] or giver.lists:
        return False
    rest = set(words[:-1])
    if rest & _NOT_RESULTS - set(giver.thing) or not rest <= set(giver.thing) | giver.sort:
        return False
    if words[-1] in _CODES:
        return giver.verb in RETRIEVE and bool(giver.parameters)
    if words[-1] not in _MEASURES | _SORTED or giver.verb not in CALCULATE | RETRIEVE:
        return False
    if not taker.card.words & _USED_FOR.get(words[-1], taker.card.words) or giver.card.words & _ODD:
        return False
    if words[-1] in _SORTED and not rest and not (set(giver.thing[:-1]) and _same_sort(giver, taker, words)):
        return False
    # Speed from distance and distance from speed: each would need the other first.
    circular = any(name[-1:] == taker.thing[-1:] for name in map(_meaning, giver.parameters))
    return taker.verb in _RECKONS and bool(giver.parameters) and words[-1] not in taker.thing and not circular


def _coordinates(parameter: str, giver: Features, taker: Features) -> bool:
    words = split_name(parameter)
    found = "coordinate" in giver.sort | set(giver.thing) or {"latitude", "longitude"} <= giver.sort
    plain = len(words) == 1 or (len(words) == 2 and words[0] in ("location", "place", "city"))
    about_places = taker.card.words & _USED_FOR["coordinates"] and not giver.card.words & _ODD
    asks = giver.verb in RETRIEVE and not giver.lists and not giver.parameters & _COORDINATES
    return plain and words[-1] in _COORDINATES and found and asks and bool(about_places)


def _identity(parameter: str, giver: Features, taker: Features) -> bool:
    """The id or the name of what a tool finds or makes."""
    words = _meaning(parameter)
    owner, last = words[:-1], words[-1] if words else ""
    if not owner or giver.thing[-len(owner) :] != owner:
        return False
    if not (_same_sort(giver, taker, owner) or _same_family(giver, taker)):
        return False
    finds = giver.lists or giver.verb in _FINDS
    match last:
        case "name":
            return finds and owner[-1] in _NAMED
        case "number" | "reference":
            return owner[-1] in _NUMBERED and (finds or giver.verb in _MAKES)
        case "id" | "uuid":
            return (finds or giver.verb in _MAKES | RETRIEVE) and not _is_asked_by_id(giver)
    return False


def _is_asked_by_id(giver: Features) -> bool:
    """The tool itself wants to be told which thing is meant."""
    ids = [_meaning(name) for name in giver.parameters if split_name(name)[-1:] in (("id",), ("uuid",))]
    return any(len(words) == 1 or words[:-1] == giver.thing[-len(words) + 1 :] for words in ids)


def _bare_id(parameter: str, giver: Features, taker: Features) -> bool:
    """The `id` of a tool that works on the very thing that another one lists or makes."""
    if parameter.lower() not in _IDS or not taker.thing or giver.thing[-1] != taker.thing[-1]:
        return False
    sort = giver.sort - {giver.thing[-1]}
    if giver.thing[-1] in _ANYTHING and not sort:
        return False
    return (
        (giver.lists or giver.verb in _MAKES)
        and not _is_asked_by_id(giver)
        and sort <= taker.card.words
        and (_same_family(giver, taker) or taker.sort - {taker.thing[-1]} <= giver.card.words)
    )


def _of_person(parameter: str, giver: Features, taker: Features) -> bool:
    words = split_name(parameter)
    looks_up = giver.verb in RETRIEVE and not giver.lists and bool(giver.parameters)
    return looks_up and giver.thing[-1] in _PERSON and words in _ABOUT_PERSON


def _session(parameter: str, giver: Features, taker: Features) -> bool:
    text = giver.card.description
    return (
        split_name(parameter) in _TOKENS
        and "token" in giver.card.words
        and _LOGIN.search(text) is not None
        and "password" in giver.parameters
        and giver.verb not in ("create", "post")
        and _LOGIN.search(taker.card.description) is None
    )


def _converted(parameter: str, giver: Features, taker: Features) -> bool:
    """An amount of money in another currency."""
    words = split_name(parameter)
    return (
        words[-1:] == ("amount",)
        and not set(words) & _NOT_RESULTS
        and _CONVERTS.search(giver.card.description) is not None
        and "amount" in giver.parameters
        and _CONVERTS.search(taker.card.description) is None
        and _FINANCE.search(f"{taker.card.name} {taker.card.description}") is not None
    )


_WAYS = (_measure, _coordinates, _identity, _bare_id, _of_person, _session)
