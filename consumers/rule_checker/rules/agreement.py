"""Do calls, results and answers speak of the same things, and say the same of them?"""

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from consumers.rule_checker.aliases import ALIASES
from consumers.rule_checker.numerals import in_words
from consumers.rule_checker.rules.registry import Problem, rule
from consumers.rule_checker.screen import screen
from consumers.rule_checker.text import STOPWORDS, Sources, Text, normal, stands_in, stem
from consumers.rule_checker.tool import list_lengths, shorten
from consumers.rule_checker.view import Result, View
from schemas.dialogue import AssistantMessage

Told = tuple[int, AssistantMessage, tuple[Result, ...]]
"""(index, answer, the results of its turn)."""


def _answers(view: View) -> tuple[Told, ...]:
    """The answers that rest on results."""
    found = []
    for span, index, message in view.answers:
        if results := view.results_of_turn(span, index):
            found.append((index, message, results))
    return tuple(found)


def _facts(results: tuple[Result, ...]) -> list[tuple[str, Any]]:
    """(name, scalar) of what the results say; the name is the innermost key."""
    return [
        (str(next((part for part in reversed(path) if isinstance(part, str)), "")), value)
        for result in results
        for path, value in result.leaves
    ]


# --- results and their calls ---------------------------------------------------------------------


@rule("grounding", "error", "Return what the tool gives back: a value, a list that may be empty, an error.")
def result_says_nothing(view: View) -> Iterator[Problem]:
    """A result is not `{}`, `null` or an empty text: nobody could tell from it whether the call worked."""
    for result in view.results:
        if not result.parsed[1] and result.value in ({}, None, ""):
            yield Problem(
                f"{result.message.name!r} returned {result.message.content.strip()!r}", result.index
            )


_OUTCOMES_WORDS = (
    "status state message result results output outcome response type kind text content data value "
    "values code total count amount price cost score rate balance description details summary note "
    "notes title body reason date time timestamp success action mode level format position name "
    "new_name updated answer sentence string word words input expression steps limit page offset size"
)
_OUTCOMES = frozenset(_OUTCOMES_WORDS.split())
"""Names under which a result tells what came out, which may well differ from what went in."""


@rule("grounding", "error", "Return a result about what was asked for.")
def result_contradicts_call(view: View) -> Iterator[Problem]:
    """A result that repeats an argument repeats its value: the city, the id, the symbol that was asked for.

    Compared are scalars of the same name and kind. Another writing is no contradiction ("Paris" and "Paris,
    France", 3 and 3.0), and a name such as `amount` or `text` may stand for what came out.
    """
    for result in view.results:
        placed = view.call_of.get(result.message.call_id)
        value = result.value
        if placed is None or not isinstance(value, dict) or result.is_error:
            continue
        for name, asked in placed.call.arguments.items():
            if name not in value or asked == (got := value[name]):
                continue
            if name.casefold() not in _OUTCOMES and _contradicts(asked, got):
                text = f"{placed.call.name} was asked for {name} {shorten(asked)}, the result is about"
                yield Problem(f"{text} {shorten(got)}", result.index)


def _contradicts(asked: Any, got: Any) -> bool:
    """Two values of one kind of which neither is a writing of the other."""
    if isinstance(asked, bool) or isinstance(got, bool) or asked == got:
        return False
    if isinstance(asked, int | float) and isinstance(got, int | float):
        return round(asked, 2) != round(got, 2)
    if not isinstance(asked, str) or not isinstance(got, str):
        return False
    one, other = normal(asked), normal(got)
    if not one or not other or ALIASES.get(one, frozenset()) & {other} or not (one + other).isascii():
        return False
    if one.replace(" ", "") in other.replace(" ", "") or other.replace(" ", "") in one.replace(" ", ""):
        return False
    if any(map(str.isdigit, one)):
        return not (Text(asked).calendar.days & Text(got).calendar.days)
    stems = {stem(word) for word in one.split() if word not in STOPWORDS}
    return not any(stem(word) in stems for word in other.split())


# --- what became of it ---------------------------------------------------------------------------

_GOOD_AND_BAD = (
    (
        "confirmed approved accepted booked reserved granted",
        "cancelled canceled rejected declined denied failed refused unconfirmed",
    ),
    (
        "completed successful succeeded success done finished",
        "failed failure unsuccessful incomplete aborted",
    ),
    ("delivered arrived", "lost undelivered returned pending"),
    ("shipped sent dispatched", "unsent failed cancelled canceled"),
    ("active enabled running online", "inactive disabled suspended stopped offline deactivated"),
    ("open opened", "closed shut"),
    ("available", "unavailable"),
    ("valid", "invalid expired"),
    ("paid", "unpaid overdue"),
    ("passed", "failed"),
    ("pending queued scheduled processing", "completed delivered cancelled canceled finished failed"),
    ("locked", "unlocked"),
    ("connected", "disconnected"),
)


def _opposites() -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for good, bad in _GOOD_AND_BAD:
        for one, others in ((good, bad), (bad, good)):
            for word in one.split():
                table.setdefault(word, set()).update(others.split())
    return {word: frozenset(others) for word, others in table.items()}


OPPOSITES = _opposites()
"""A word for how something stands -> the words that say the contrary."""
_NEGATION = re.compile(
    r"\b(?:not|no|never|without|cannot|(?:is|was|has|are|were|do|did|could|ca|wo)n['’]?t|if|once|until|when|"
    r"before|whether|unless|should|to be|could be|can be|or)"
    r"(?:\s+\w+){0,3}\s*$",
    re.IGNORECASE,
)
"""Just before a word: it is denied, or only considered."""


def _asserted(word: str, text: str) -> bool:
    """The text says the word of something: not denied, not considered."""
    return any(
        not _NEGATION.search(text[max(0, match.start() - 40) : match.start()])
        for match in re.finditer(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text, re.IGNORECASE)
    )


_A_STATUS = "|".join(OPPOSITES)
_STATUS_WORD = re.compile(_A_STATUS, re.IGNORECASE)
_STATUS_VALUE = re.compile(rf'"[^a-z0-9"]*(?:{_A_STATUS})[^a-z0-9"]*"(?:\s*[,}}\]]|\s*$)', re.IGNORECASE)
"""A JSON text that is one of the words, apart from punctuation; a name has a colon after it."""
_may_say_status = screen(_STATUS_WORD)
_may_hold_status = screen(_STATUS_VALUE)


def _may_contradict_status(view: View) -> bool:
    """A result holds a status, and the contrary of one stands in an answer.

    Only ASCII is looked into: what lies beyond has more ways to write a word (see `normal`).
    """
    if not view.results or not view.answers:
        return False
    results = "\n".join([result.message.content for result in view.results]).replace("'", "").lower()
    answers = view.answer_text.replace("'", "").lower()
    if not results.isascii() or not answers.isascii() or "\\" in results:
        return True
    if not _may_hold_status(results) or not _may_say_status(answers):
        return False
    told = [word for word in OPPOSITES if word in answers]
    return any(contrary in results for word in told for contrary in OPPOSITES[word])


def _tells_flags(view: View) -> bool:
    # Every flag is written as one of these; few results hold one, and looking through the values is slow.
    texts = [result.message.content for result in view.results]
    return any("true" in text or "false" in text for text in texts) and any(
        isinstance(value, bool) for result in view.results for _, value in result.leaves
    )


@rule("grounding", "error", "Tell how it stands as the result does.", when=_may_contradict_status)
def answer_contradicts_status(view: View) -> Iterator[Problem]:
    """Where a result says `cancelled`, the answer does not say `confirmed`.

    Only a plain contradiction counts: the answer asserts the contrary of a status, nobody had used that word
    before, and the status itself is not told.
    """
    if not view.english:
        return
    for index, message, results in view.once(_answers):
        stated = {
            word
            for result in results
            for _, value in result.leaves
            if isinstance(value, str) and len(value) < 20 and (word := normal(value)) in OPPOSITES
        }
        if not stated:
            continue
        answer = Text(message.content)
        if any(word in answer.tokens for word in stated):
            told = {word for word in stated if word in answer.tokens}
            stated = told if told == stated else stated - told
        before = Text(view.said_before(index))
        for word in sorted(stated):
            contrary = sorted((OPPOSITES[word] & answer.tokens) - stated)
            # To read all that was said before is slow; it is done last.
            wrong = [
                other for other in contrary if not stands_in(other, before.raw) and other not in before.tokens
            ]
            if any(_asserted(other, message.content) for other in wrong):
                yield Problem(f"the result says {word!r}, the answer {wrong[0]!r}", index)
                break


_FLAGS = "available valid confirmed eligible open active enabled allowed successful approved verified paid"
_PLAIN_FLAGS = frozenset(_FLAGS.split())


@rule("grounding", "error", "Tell yes and no as the result does.", when=_tells_flags)
def answer_contradicts_flag(view: View) -> Iterator[Problem]:
    """Where a result says `"available": false`, the answer does not say that it is available.

    A flag is looked at where all results agree on it. What counts is "available: yes", "is available" and
    "is not available".
    """
    if not view.english:
        return
    for index, message, results in view.once(_answers):
        flags: dict[str, set[bool]] = {}
        for name, value in _facts(results):
            if isinstance(value, bool):
                flags.setdefault(normal(name), set()).add(value)
        for name, values in flags.items():
            if len(values) == 1 and name and _flag_told(name, message.content) == (not values.copy().pop()):
                says = "true" if True in values else "false"
                yield Problem(f"the result says that {name!r} is {says}, the answer the contrary", index)


def _flag_told(name: str, text: str) -> bool | None:
    """What a text says of a flag; None: nothing, or both."""
    words = name.replace(" ", r"[\s_-]+")
    said = {
        match[1].casefold() in ("yes", "true")
        for match in re.finditer(
            rf"\b{words}\b\W{{0,3}}(?:is\s+|=\s*)?(yes|no|true|false)\b", text, re.IGNORECASE
        )
    }
    last = name.split()[-1].removeprefix("is")
    if last in _PLAIN_FLAGS:
        is_so = rf"\b(?:is|are|was|were|been|be)\s+(?:now\s+|currently\s+|still\s+|all\s+)?{last}\b"
        is_not = (
            rf"\b(?:not|isn['’]t|aren['’]t|no longer|wasn['’]t)\s+(?:\w+\s+)?{last}\b|\b(?:un|in|dis){last}\b"
        )
        denied = re.search(is_not, text, re.IGNORECASE) is not None
        if denied:
            said.add(False)
        elif re.search(is_so, text, re.IGNORECASE):
            said.add(True)
    return said.pop() if len(said) == 1 else None


# --- figures -------------------------------------------------------------------------------------

_UNITS = (
    (("celsius", "°c", "centigrade", "℃"), ("fahrenheit", "°f", "℉"), ("kelvin",)),
    (("km", "kilometer", "kilometers", "kilometre", "kilometres", "kms"), ("mile", "miles", "mi")),
    (("m", "meter", "meters", "metre", "metres"), ("foot", "feet", "ft"), ("yard", "yards")),
    (("cm", "centimeter", "centimeters", "centimetre", "centimetres"), ("inch", "inches")),
    (("kg", "kilogram", "kilograms", "kilo", "kilos"), ("lb", "lbs", "pound", "pounds")),
    (("km/h", "kmh", "kph"), ("mph",), ("m/s",), ("knots",)),
    (
        ("$", "usd", "dollar", "dollars"),
        ("€", "eur", "euro", "euros"),
        ("£", "gbp", "pound", "pounds"),
        ("¥", "jpy", "yen"),
        ("₹", "inr", "rupee", "rupees"),
    ),
    (
        ("second", "seconds"),
        ("minute", "minutes", "min"),
        ("hour", "hours"),
        ("day", "days"),
        ("week", "weeks"),
    ),
)
"""Dimensions, and the writings of each unit of them."""
_LAST_IS_TIME = len(_UNITS) - 1
_SPELLING = {
    spelling: (dimension, unit)
    for dimension, units in reversed(list(enumerate(_UNITS)))
    for unit, spellings in enumerate(units)
    for spelling in spellings
}
_WRITTEN = "|".join(re.escape(s) for s in sorted(_SPELLING, key=len, reverse=True) if s not in "$€£¥₹")
# Where `\b` says the same as a look-ahead, the screen keeps it: "5 m" is not in "5 meetings".
_IN_LETTERS = "|".join(re.escape(s) for s in sorted(_SPELLING, key=len, reverse=True) if s[-1].isalpha())
_MEASURED = re.compile(
    rf"(?P<sign>[$€£¥₹])\s?(?P<after>\d[\d.,]*)|"
    rf"(?<![\d.,])(?P<before>\d(?:[\d.,]*\d)?)\s?-?(?P<unit>(?:degrees?\s+)?(?:(?:{_IN_LETTERS})\b|[℃℉](?!\w))|"
    rf"[$€£¥₹](?!\w))|"
    rf"\bin (?P<named>{_WRITTEN}):?\s+(?:is |are )?(?P<value>\d(?:[\d.,]*\d)?)",
    re.IGNORECASE,
)
_may_be_measured = screen(_MEASURED)


def _stands_in(spelling: str, text: str) -> bool:
    """The unit is written there as a word of its own or as a part of a name (`temperature_celsius`)."""
    if not spelling.isalpha():
        return spelling in text
    return spelling in text and re.search(rf"(?<![a-z]){re.escape(spelling)}(?![a-z])", text) is not None


@rule(
    "grounding",
    "error",
    "Give the figure in the unit that it was given in.",
    when=lambda view: _may_be_measured(view.answer_text),
)
def answer_in_another_unit(view: View) -> Iterator[Problem]:
    """No figure is told in a unit that nobody named, where another of its kind was: °F for °C, € for $.

    A time counts only where the very same number was given in another unit: "45 minutes" for 45 hours.
    """
    for index, message, _ in view.once(_answers):
        if not _may_be_measured(message.content):
            continue
        measured = list(_MEASURED.finditer(message.content))
        if not measured:
            continue
        known = view.answer_sources(index).said.raw.casefold()
        for match in measured:
            written = (match["sign"] or match["unit"] or match["named"]).casefold()
            dimension, unit = _SPELLING[re.sub(r"^degrees?\s+", "", written)]
            number = match["after"] or match["before"] or match["value"]
            if problem := _unit_problem(number, dimension, unit, known):
                yield Problem(f"the answer says {match[0].strip()!r}, {problem}", index)
                break


def _unit_problem(number: str, dimension: int, unit: int, known: str) -> str:
    """What speaks against a unit; empty: nothing."""
    units = _UNITS[dimension]
    if any(_measures(number, spelling, known) for spelling in units[unit]):
        return ""
    others = [spelling for other, spellings in enumerate(units) if other != unit for spelling in spellings]
    for spelling in others:
        if _measures(number, spelling, known):
            return f"what was given is {number} {spelling}"
    if dimension == _LAST_IS_TIME or any(_stands_in(spelling, known) for spelling in units[unit]):
        return ""
    for spelling in others:
        if (len(spelling) > 1 or not spelling.isalpha()) and _stands_in(spelling, known):
            return f"what was given is in {spelling}"
    return ""


def _measures(number: str, spelling: str, text: str) -> bool:
    """The number stands with the unit: `45 minutes`, `$45`, `"duration_minutes": 45`."""
    if number not in text or spelling not in text:  # it spares making a pattern, which is slow
        return False
    figure, unit = re.escape(number), re.escape(spelling)
    after = rf"(?<![\d.,]){figure}\s?-?(?:degrees?\s)?{unit}(?![a-z])"
    before = rf"(?<![a-z]){unit}(?:\"\s*:\s*\"?|:?\s?){figure}(?![\d])"
    return re.search(f"{after}|{before}", text) is not None


_COUNTED = re.compile(
    r"\b(?:found|there (?:are|were)|here are|got|listed|returned|these are|a total of|total of|altogether|"
    r"(?:you|it|they|we|i) (?:now )?(?:have|has)|all)\s+(?:the |these |you |exactly |a total of |only )*"
    r"(?P<number>\d{1,3}|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\s+"
    r"(?:[a-z-]+\s+){0,2}?(?P<what>[a-z]{3,}s)\b",
    re.IGNORECASE,
)
_may_count = screen(_COUNTED)
_SPANS_OF_TIME_WORDS = "minutes hours days weeks months years seconds times degrees percents"
_SPANS_OF_TIME = frozenset(_SPANS_OF_TIME_WORDS.split())


@rule("grounding", "error", "Count what the result lists.", when=lambda view: _may_count(view.answer_text))
def miscounted(view: View) -> Iterator[Problem]:
    """A number of things found is the length of a list in the results, or was stated.

    Looked at are phrases that count what came out ("I found four hotels"), where a result has a list.
    """
    for index, message, results in view.once(_answers) if view.english else ():
        if not _may_count(message.content):
            continue
        lengths = [length for result in results for length in list_lengths(result.value)]
        if not lengths:
            continue
        sources = view.answer_sources(index)
        for match in _COUNTED.finditer(message.content):
            written = match["number"].casefold()
            number = float(written) if written.isdigit() else next(iter(in_words([written])))
            if match["what"].casefold() in _SPANS_OF_TIME or number in sources.said.numbers.stated:
                continue
            if number not in {*lengths, sum(lengths), len(results), *map(sum, combinations(lengths, 2))}:
                listed = " or ".join(map(str, sorted(set(lengths))))
                yield Problem(f"the answer counts {match[0]!r}, the result lists {listed}", index)


# --- names ---------------------------------------------------------------------------------------

_NAME = re.compile(
    r"[A-Z](?<=[a-z,;:] .)[a-zà-ÿ]{2,}(?:['’][a-z]+)?"
    r"(?:[ -](?:(?:of|de|la|van|von|and|the) )?[A-Z][a-zà-ÿ]+)*"
)
"""Capitalised words within a sentence. To look for the capital first is faster than for what is before it."""
_may_name = screen(_NAME)
_NO_NAMES_WORDS = (
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june "
    "july august september october november december english celsius fahrenheit kelvin internet "
    "christmas easter yes no please let would could should what which how when where there here this "
    "that these those you your note tip warning error also however thanks thank hello sorry "
    "unfortunately"
)
_NO_NAMES = frozenset(_NO_NAMES_WORDS.split())


def _is_known(name: str, sources: Sources) -> bool:
    if stands_in(name, sources.said.raw):
        return True
    words = [word for word in normal(name).split() if word not in STOPWORDS]
    return all(word in _NO_NAMES or sources.mentions(word) for word in words)


@rule(
    "grounding",
    "error",
    "Name only whom and what the results or the conversation name.",
    when=lambda view: _may_name(view.answer_text),
)
def unknown_name(view: View) -> Iterator[Problem]:
    """No person, place or product in an answer that nobody had named.

    A name is told by its capitals within a sentence; headings and lists, where every line has some, do not
    count, nor does any name of which a word was there before in some form.
    """
    for index, message, _ in view.once(_answers) if view.english else ():
        text = message.content
        sources = view.answer_sources(index)
        for match in _NAME.finditer(text):
            if not _is_known(match[0], sources):
                yield Problem(f"the answer names {match[0]!r}, which stands nowhere before it", index)
                break
