"""Whether a value stands in a text: normal forms that see through the usual ways of rewriting.

Case, accents, punctuation, camelCase and snake_case; numbers and dates in any writing; codes for names
("EUR"); inflection ("vegetarian" for "vegetables"). The rest is judged by how many words of the value occur.
"""

import math
import re
import string
import unicodedata
from difflib import get_close_matches
from enum import IntEnum
from functools import lru_cache

from consumers.rule_checker.aliases import ALIASES
from consumers.rule_checker.dates import MONTHS, Calendar, is_date, is_time
from consumers.rule_checker.lazy import lazy
from consumers.rule_checker.numerals import Numbers

_SYMBOLS = str.maketrans(
    {
        "$": " dollar ",
        "€": " euro ",
        "£": " pound ",
        "¥": " yen ",
        "₹": " rupee ",
        "%": " percent ",
        "°": " degree ",
        "&": " and ",
        "'": "",
        "’": "",
    }
)
_ASCII_SYMBOLS = (("'", ""), ("$", " dollar "), ("%", " percent "), ("&", " and "))
_CAMEL = re.compile(r"[A-Z](?<=[a-z0-9].)")
_WORDS = re.compile(r"[^\W_]+")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_ASCII_WORDS = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)}
_MEASURE = re.compile(r"(\d+)[a-z]{1,3}")
"""A number with its unit: `12h`, `10min`, `5kg`."""

_COMMON = (
    "a an and are as at be been but by can could did do does for from had has have how i if in into is it "
    "its me my no not of on or our please so some than that the their them then there these they this to up "
    "us was we were what when where which who why will with would you your s t per via about any all inc ltd"
)
STOPWORDS = frozenset(_COMMON.split())

_SUFFIXES = (
    *("ization", "isation", "ational", "ations", "ation", "ities", "ments", "ment", "ness", "ings", "ical"),
    *("able", "ible", "ions", "ing", "ies", "ied", "ity", "ian", "ion", "ive", "ous", "ers", "ant", "ent"),
    *("ed", "es", "ly", "al", "er", "or", "ic", "an", "en", "s", "e", "y"),
)


def normal(text: str) -> str:
    """Lower-case words without accents or punctuation, one space between: `Café-Bar_2` -> `cafe bar 2`."""
    if not text.isascii():
        text = _NOT_ASCII.sub(_plain, text)
    for symbol, word in _ASCII_SYMBOLS:
        if symbol in text:
            text = text.replace(symbol, word)
    if not text.islower():
        text = _CAMEL.sub(r" \g<0>", text)
    if text.isascii():
        return " ".join(text.translate(_ASCII_WORDS).split())
    return " ".join(_WORDS.findall(text.casefold()))


@lru_cache(maxsize=4096)
def _plain_character(char: str) -> str:
    decomposed = unicodedata.normalize("NFKD", char.translate(_SYMBOLS))
    bare = "".join(part for part in decomposed if not unicodedata.combining(part))
    return bare.translate(_SYMBOLS)


def _plain(match: re.Match[str]) -> str:
    return _plain_character(match[0])


_LETTERS = re.compile(r"[^\W\d_]+")
_ASCII_LETTERS = {code: chr(code).lower() if chr(code).isalpha() else " " for code in range(128)}


def runs_of_letters(text: str) -> list[str]:
    """The words of a text in lower case, without digits and punctuation."""
    if text.isascii():
        return text.translate(_ASCII_LETTERS).split()
    return _LETTERS.findall(text.lower())


def squeezed(text: str) -> str:
    """`normal` without its spaces: `Wi-Fi` and `wifi` are the same."""
    return normal(text).replace(" ", "")


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """A crude root: endings off, at most six letters. `education` and `educational` agree."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 4:
            return stem(word[: -len(suffix)])
    return word[:6]


_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_COLOURS_WORDS = (
    "black white grey gray red green blue yellow orange purple pink brown cyan magenta teal navy gold silver"
)
COLOURS = frozenset(_COLOURS_WORDS.split())
_RANGE = re.compile(r"(\d+)\s?[-–]\s?(\d+)")
CALCULATES = re.compile(
    r"\b(?:total|sum|altogether|combined|together|difference|average|mean|each|every|per|times|twice|double|half|"
    r"triple|percent|ago|between|more|less|fewer|higher|lower|older|younger|up|down|increase[ds]?|decrease[ds]?|rose|"
    r"fell|grew|gain|loss|profit|remain\w*|extra|additional|another|off|discount|split|ratio|overall|net)\b|%",
    re.IGNORECASE,
)
"""Words that go with numbers that follow from others."""
_STATE = re.compile(r",?\s+[A-Z]{2}$")
"""A state after its city."""
_NUMBERED = re.compile(r"([a-z]{4,})[1-9]")
"""One of several things of a kind: `resistor2`."""
_WEEKDAYS_WORDS = "monday tuesday wednesday thursday friday saturday sunday"
WEEKDAYS = frozenset(_WEEKDAYS_WORDS.split())


class Trace(IntEnum):
    """How much of a value was said before it was used."""

    NONE = 0
    SOME = 1
    FULL = 2


class Text:
    """A text and its indexes, each built when first asked for."""

    def __init__(self, raw: str) -> None:
        self.raw = raw

    @lazy
    def words(self) -> str:
        """Normal form with a space at either end, to be searched for whole words."""
        return f" {normal(self.raw)} "

    @lazy
    def squeezed(self) -> str:
        return self.words.replace(" ", "")

    @lazy
    def tokens(self) -> frozenset[str]:
        return frozenset(self.words.split())

    @lazy
    def stems(self) -> frozenset[str]:
        return frozenset(map(stem, self.tokens))

    @lazy
    def initials(self) -> str:
        """First letters of all words in a row: `New York City` gives `nyc`."""
        return "".join(word[0] for word in self.words.split())

    @lazy
    def numbers(self) -> Numbers:
        return Numbers(self.raw)

    @lazy
    def calendar(self) -> Calendar:
        return Calendar(self.raw)

    @lazy
    def months(self) -> frozenset[int]:
        """Numbers of the months that are named."""
        return frozenset(day.month for day in self.calendar.days)

    def contains(self, words: str) -> bool:
        """Whether words in normal form stand there in this order, however they are spaced."""
        if f" {words} " in self.words:
            return True
        joined = words.replace(" ", "")
        if joined in self.tokens:
            return True
        # Short runs of Latin letters occur by chance; scripts without spaces have no words to look for.
        return (len(joined) >= 5 or not joined.isascii()) and joined in self.squeezed


_EDGES = frozenset(string.punctuation + " \t\n\r") - {"'"}
"""Characters that end a word in every reading; an apostrophe does not (`Bob's` is `bobs`)."""
_NUMBER_STARTS = frozenset(' \n"([{:$#=')
_NUMBER_ENDS = frozenset(' \n")]}?!;:%')
_PLAIN_NUMBER = re.compile(r"\d+(?:\.\d+)?|\d{1,3}(?:,\d{3})+")


def stands_in(value: str, text: str) -> bool:
    """Whether a value stands word for word in a text, apart from other words.

    It saves the normal forms: what stands there like this is found in those too.
    """
    start = text.find(value) if value else -1
    while start >= 0:
        end = start + len(value)
        if (start == 0 or text[start - 1] in _EDGES) and (end == len(text) or text[end] in _EDGES):
            return True
        start = text.find(value, start + 1)
    return False


def states_number(size: float, text: str) -> bool:
    """Whether a number that is not negative stands in a text in its plainest writing, apart from others.

    It saves reading all the text's numbers: one that stands there like this is among them.
    """
    if size != int(size):
        return _states(repr(size), text)
    return _states(str(int(size)), text) or (size >= 1000 and _states(f"{int(size):,}", text))


def _states(writing: str, text: str) -> bool:
    start = text.find(writing)
    if start >= 0 and not _PLAIN_NUMBER.fullmatch(writing):
        return False
    while start >= 0:
        end = start + len(writing)
        if (start == 0 or text[start - 1] in _NUMBER_STARTS) and (
            end == len(text)
            or text[end] in _NUMBER_ENDS
            or (text[end] in ".," and (end + 1 == len(text) or text[end + 1] in " \n"))
        ):
            return True
        start = text.find(writing, start + 1)
    return False


class Sources:
    """Where a value may come from: what was said, and what the tools' definitions say.

    Whole values and numbers may come from a definition; single words may not, for descriptions hold half
    the dictionary.
    """

    def __init__(self, said: str, definitions: tuple[Text, ...] = ()) -> None:
        self.said = Text(said)
        self._all = (self.said, *definitions)

    @property
    def everything(self) -> tuple[Text, ...]:
        """What was said, and the definitions."""
        return self._all

    def mentions(self, word: str) -> bool:
        """A word in normal form stands somewhere, in some form."""
        return self._knows(word) or any(
            word in source.tokens or (len(word) >= 4 and stem(word) in source.stems) for source in self._all
        )

    def contains(self, text: str) -> bool:
        """The text's words stand somewhere in this order, whatever the case and punctuation."""
        if any(stands_in(text, source.raw) for source in self._all):
            return True
        words = normal(text)
        # What is known of a definition is known already; what was said is yet to be read.
        return not words or any(source.contains(words) for source in reversed(self._all))

    def has_number(self, value: float) -> bool:
        if math.isfinite(value) and states_number(abs(value), self.said.raw):
            return True
        return any(source.numbers.has(value) for source in reversed(self._all))

    def _has_alias(self, words: str) -> bool:
        # "Tesla's" is `teslas`.
        return any(
            f" {other} " in self.said.words or f" {other}s " in self.said.words
            for other in ALIASES.get(words, ())
        )

    def number(self, value: float) -> Trace:
        """How a number came about. 0 and 1 need no mention: "a ticket", "no stops"."""
        if value in (0, 1) or self.has_number(value) or value in self.said.months:
            return Trace.FULL
        calendar = self.said.calendar
        if calendar.has_clock_number(value) or calendar.lasts(value):
            return Trace.FULL
        if self._is_in_another_script and 0 <= value <= 100:
            return Trace.SOME
        few = len(self.said.numbers.stated) <= 8 and CALCULATES.search(self.said.raw) is not None
        return Trace.SOME if few and self.said.numbers.derives(value) else Trace.NONE

    def text(self, value: str) -> Trace:
        """How much of a string was said."""
        if self.contains(value):
            return Trace.FULL
        if is_date(value) or is_time(value):
            return Trace.FULL if self.said.calendar.has(value) else Trace.NONE
        try:
            number = float(value.replace(",", "").strip(" %$€£"))
        except ValueError:
            pass
        else:
            return self.number(number)
        words = normal(value)
        if _COLOUR.fullmatch(value) and COLOURS & self.said.tokens:
            return Trace.SOME
        if (
            self._has_alias(words)
            or self._has_alias(normal(_STATE.sub("", value)))
            or words in ("true", "false", "english")
            or self._has_short_form(value)
        ):
            return Trace.FULL
        if words in WEEKDAYS and self.said.calendar.is_relative:
            return Trace.FULL
        tokens = words.split()
        content = [token for token in tokens if token not in STOPWORDS] or tokens
        found = sum(map(self._knows, content))
        if found == len(content):
            return Trace.FULL
        if self._has_new_digits(content):
            if self.said.calendar.has_period(value):
                return Trace.FULL
            return Trace.SOME if self._is_range_of_said(value) else Trace.NONE
        if 2 * found > len(content):
            return Trace.FULL
        # Another script may be a translation of what was said.
        if found or not words.isascii() or self._is_in_another_script or self._is_nearly_said(content):
            return Trace.SOME
        return Trace.NONE

    def _is_range_of_said(self, value: str) -> bool:
        """A range such as `25-30` in which a number lies that was said."""
        match = _RANGE.fullmatch(value)
        return match is not None and any(
            float(match[1]) <= number <= float(match[2]) for number in self.said.numbers.stated
        )

    def _has_short_form(self, value: str) -> bool:
        """The capitals of a name were said: `LA` for "Los Angeles, CA", `SD` for "San Diego"."""
        capitals = "".join(word[0] for word in _STATE.sub("", value).split() if word[0].isupper())
        return len(capitals) >= 2 and re.search(rf"\b{capitals}\b", self.said.raw) is not None

    @lazy
    def _is_in_another_script(self) -> bool:
        """Most letters of the talk are none of the Latin script."""
        raw = self.said.raw
        if raw.isascii():
            return False
        letters = [char for char in raw if char.isalpha()]
        return 3 * sum(not char.isascii() and ord(char) >= 0x370 for char in letters) > len(letters)

    def _is_nearly_said(self, tokens: list[str]) -> bool:
        """Users misspell names; what was said differs in a letter or two of at least six."""
        return all(
            len(token) >= 6 and any(get_close_matches(token, self._words_like(token), n=1, cutoff=0.85))
            for token in tokens
        )

    def _words_like(self, token: str) -> list[str]:
        return [word for word in self.said.tokens if word[0] == token[0] and abs(len(word) - len(token)) <= 2]

    def _has_new_digits(self, tokens: list[str]) -> bool:
        """Identifiers and amounts are not paraphrased: their digits were said or they were made up."""
        return any(any(c.isdigit() for c in token) and not self._knows(token) for token in tokens)

    def _knows(self, token: str) -> bool:
        if token in self.said.tokens or self._has_alias(token):
            return True
        if any(char.isdigit() for char in token):
            if measure := _MEASURE.fullmatch(token):
                return self.has_number(float(measure[1]))
            if token.isdigit():
                if float(token) in (0, 1):
                    return True
                return self.has_number(float(token)) or (len(token) >= 4 and token in self.said.squeezed)
            if numbered := _NUMBERED.fullmatch(token):
                return self._knows(numbered[1])
            return len(token) >= 4 and token in self.said.squeezed
        if len(token) <= 4 and len(token) >= 2 and token in self.said.initials:
            return True
        if MONTHS.get(token) in self.said.months:
            return True
        if len(token) < 4:
            return False
        return stem(token) in self.said.stems or (len(token) >= 6 and f" {token[:5]}" in self.said.words)
