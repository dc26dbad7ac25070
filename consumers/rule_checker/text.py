"""Whether a value stands in a text: normal forms that see through the usual ways of rewriting.

Case, accents, punctuation, camelCase and snake_case; numbers and dates in any writing; codes for names
("EUR"); inflection ("vegetarian" for "vegetables"). The rest is judged by how many words of the value occur.
"""

import re
import unicodedata
from enum import IntEnum
from functools import cached_property, lru_cache

from consumers.rule_checker.aliases import ALIASES
from consumers.rule_checker.dates import MONTHS, Calendar, is_date, is_time
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
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORDS = re.compile(r"[^\W_]+")
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
        decomposed = unicodedata.normalize("NFKD", text.translate(_SYMBOLS))
        text = "".join(char for char in decomposed if not unicodedata.combining(char))
    spaced = _CAMEL.sub(" ", text.translate(_SYMBOLS))
    return " ".join(_WORDS.findall(spaced.casefold()))


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


class Trace(IntEnum):
    """How much of a value was said before it was used."""

    NONE = 0
    SOME = 1
    FULL = 2


class Text:
    """A text and its indexes, each built when first asked for."""

    def __init__(self, raw: str) -> None:
        self.raw = raw

    @cached_property
    def words(self) -> str:
        """Normal form with a space at either end, to be searched for whole words."""
        return f" {normal(self.raw)} "

    @cached_property
    def squeezed(self) -> str:
        return self.words.replace(" ", "")

    @cached_property
    def tokens(self) -> frozenset[str]:
        return frozenset(self.words.split())

    @cached_property
    def stems(self) -> frozenset[str]:
        return frozenset(map(stem, self.tokens))

    @cached_property
    def initials(self) -> str:
        """First letters of all words in a row: `New York City` gives `nyc`."""
        return "".join(word[0] for word in self.words.split())

    @cached_property
    def numbers(self) -> Numbers:
        return Numbers(self.raw)

    @cached_property
    def calendar(self) -> Calendar:
        return Calendar(self.raw)

    @cached_property
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


class Sources:
    """Where a value may come from: what was said, and what the tools' definitions say.

    Whole values and numbers may come from a definition; single words may not, for descriptions hold half
    the dictionary.
    """

    def __init__(self, said: str, definitions: tuple[Text, ...] = ()) -> None:
        self.said = Text(said)
        self._all = (self.said, *definitions)

    def contains(self, text: str) -> bool:
        """The text's words stand somewhere in this order, whatever the case and punctuation."""
        words = normal(text)
        return not words or any(source.contains(words) for source in self._all)

    def has_number(self, value: float) -> bool:
        return any(source.numbers.has(value) for source in self._all)

    def _has_alias(self, words: str) -> bool:
        return any(f" {other} " in self.said.words for other in ALIASES.get(words, ()))

    def number(self, value: float) -> Trace:
        """How a number came about. 0 and 1 need no mention: "a ticket", "no stops"."""
        if value in (0, 1) or self.has_number(value) or value in self.said.months:
            return Trace.FULL
        few = len(self.said.numbers.stated) <= 8
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
        if self._has_alias(words):
            return Trace.FULL
        tokens = words.split()
        content = [token for token in tokens if token not in STOPWORDS] or tokens
        found = sum(map(self._knows, content))
        if found == len(content) or (2 * found > len(content) and not self._has_new_digits(content)):
            return Trace.FULL
        if found or not words.isascii():  # another script may be a translation of what was said
            return Trace.SOME
        return Trace.NONE

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
            return len(token) >= 4 and token in self.said.squeezed
        if len(token) <= 4 and len(token) >= 2 and token in self.said.initials:
            return True
        if MONTHS.get(token) in self.said.months:
            return True
        return len(token) >= 4 and stem(token) in self.said.stems
