"""Numbers as people write them: with separators, in words, with suffixes, as shares, in other units.

Reading is generous: "1.234" is both 1.234 and 1234, since either may be meant. The question is always
whether a value can stand for something that was said, never what was meant.
"""

import math
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import permutations

from consumers.rule_checker.lazy import lazy

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_NTHS = (
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
_TIES = "twenty thirty forty fifty sixty seventy eighty ninety"
_UNITS = {word: value for value, word in enumerate(_ONES.split())}
_ORDINALS = {word: value for value, word in enumerate(_NTHS.split())} | {"thirtieth": 30}
_TENS = {word: value * 10 for value, word in enumerate(_TIES.split(), 2)}
_SMALL = _UNITS | _TENS | _ORDINALS
_SCALES: dict[str, float] = {
    "hundred": 1e2,
    "thousand": 1e3,
    "lakh": 1e5,
    "million": 1e6,
    "crore": 1e7,
    "billion": 1e9,
    "trillion": 1e12,
}
_PHRASES = {
    "half": (0.5, 30),
    "quarter": (0.25, 15),
    "quarters": (0.25,),
    "dozen": (12,),
    "couple": (2,),
    "pair": (2,),
    "both": (2,),
    "twice": (2,),
    "double": (2,),
    "thrice": (3,),
    "triple": (3,),
    "single": (1,),
    "once": (1,),
}

_NUMBER_WORDS = frozenset((*_SMALL, *_SCALES, *_PHRASES))

_SUFFIXES: dict[str, float] = {
    "k": 1e3,
    "m": 1e6,
    "mn": 1e6,
    "mm": 1e6,
    "b": 1e9,
    "bn": 1e9,
    "t": 1e12,
} | _SCALES

_DIGITS = re.compile(
    r"(?P<number>\d[\d,.'’\u00a0\u202f_]*(?:[ \u00a0\u202f]\d{3}(?!\d))*(?:[.,]\d+)?(?:[eE][+-]?\d+)?)"
    r"(?:\s?(?P<suffix>k|mn|mm|m|bn|b|t|hundred|thousand|lakh|million|crore|billion|trillion)\b)?",
    re.IGNORECASE,
)
_FRACTION = re.compile(r"(?<!\d)(?:(\d+)\s+)?(\d+)\s?/\s?(\d+)")
_POWER = re.compile(r"(?<!\d)(\d+(?:\.\d+)?)\s?(?:\*\*|\^|[x×*]\s?10\s?\^)\s?([+-]?\d{1,2})")
_WORD = re.compile(r"[a-z]+")

# A value may be stated in one unit and passed in another. A factor counts only if its word was said.
_UNIT_FACTORS = {
    "week": (7, 168),
    "fortnight": (14,),
    "day": (24, 1440, 86400, 1 / 7),
    "hour": (60, 3600),
    "hr": (60, 3600),
    "minute": (60, 1 / 60),
    "min": (60, 1 / 60),
    "second": (1000, 1 / 60),
    "year": (12, 52, 365),
    "decade": (10,),
    "centur": (100,),
    "month": (30, 1 / 12),
    "quarter": (3,),
    "dozen": (12,),
    "percent": (0.01,),
    "%": (0.01,),
    "km": (1000,),
    "kilo": (1000,),
    "meter": (100, 1000, 0.001),
    "metre": (100, 1000, 0.001),
    "cm": (0.01, 10),
    "mm": (0.001, 0.1),
    "kg": (1000,),
    "gram": (0.001,),
    "ton": (1000,),
    "mb": (1024, 1000, 1024**2, 1e6),
    "gb": (1024, 1000, 1024**3, 1e9),
    "tb": (1024, 1000, 1024**4, 1e12),
    "feet": (12,),
    "foot": (12,),
    "dollar": (100,),
    "$": (100,),
    "euro": (100,),
    "€": (100,),
    "cent": (0.01,),
    "litre": (1000,),
    "liter": (1000,),
    "ml": (0.001,),
    "nano": (1e-9,),
    "micro": (1e-6,),
    "milli": (1e-3,),
    "mega": (1e6,),
    "giga": (1e9,),
    "hz": (1e3, 1e6, 1e9),
}


_GROUPED = re.compile(r"\d{1,3}(?:(?:,\d{2,3})*,\d{3})?(?:\.\d+)?")
"""With separators, western (1,234,567) or Indian (12,34,567)."""


def readings(token: str) -> set[float]:
    """What digits with separators may mean: `1,234` is 1234 or 1.234; `1.234,5` is 1234.5."""
    token = re.sub(r"[\s'’_]", "", token).rstrip(".,")
    found = set()
    commas, points = token.count(","), token.count(".")
    spellings = {token.replace(",", "")}
    if commas == 1 or (points and commas and token.rfind(",") > token.rfind(".")):
        spellings.add(token.replace(".", "").replace(",", "."))
    if points and not commas:
        spellings.add(token.replace(".", ""))
    for spelling in spellings:
        try:
            value = float(spelling)
        except ValueError:
            continue
        if math.isfinite(value):
            found.add(value)
    if not found:  # a list without spaces: 1,2,3 or a version: 1.2.3
        found |= {float(part) for part in re.split(r"[.,]", token) if part.isdigit()}
    elif commas and not _GROUPED.fullmatch(token):
        found |= {float(part) for part in token.split(",") if part.isdigit()}
    return found


def in_words(words: Iterable[str]) -> set[float]:
    """Numbers spelled out: twenty-five, three hundred and four thousand, the third, half a dozen."""
    words = list(words)
    found: set[float] = set()
    if _NUMBER_WORDS.isdisjoint(words):
        return found
    total = current = 0.0
    open_ = False
    previous = ""

    def close() -> None:
        nonlocal total, current, open_
        if open_:
            found.add(total + current)
        total, current, open_ = 0.0, 0.0, False

    for word in words:
        if word in _SMALL:
            value = _SMALL[word]
            # "twenty five" goes on, "five six" and "twenty thirty" start anew.
            follows = (previous in _TENS and value < 10) or previous in _SCALES or previous == "and"
            if open_ and not follows:
                close()
            current += value
            open_ = True
        elif word in _SCALES and (open_ or previous in ("a", "an")):
            scale = _SCALES[word]
            if scale == 100:
                current = (current or 1) * scale
            else:
                total += (current or 1) * scale
                current = 0.0
            open_ = True
        elif word == "and" and open_ and previous in _SCALES:
            pass
        else:
            close()
            found |= set(_PHRASES.get(word, ()))
        previous = word
    close()
    return found


def stated(text: str) -> set[float]:
    """All numbers that a text states, in digits or words."""
    found: set[float] = set()
    for match in _DIGITS.finditer(text):
        token = match["number"]
        values = readings(token)
        # "10 000" is one number, "call 555 123" may be two.
        if " " in token or "\u00a0" in token or "\u202f" in token:
            for part in token.split():
                values |= readings(part)
        found |= values
        if suffix := match["suffix"]:
            found |= {value * _SUFFIXES[suffix.lower()] for value in values}
    for whole, above, below in _FRACTION.findall(text) if "/" in text else ():
        if float(below):
            found.add(float(whole or 0) + float(above) / float(below))
    for base, exponent in _POWER.findall(text) if "^" in text or "**" in text else ():
        found |= {10.0 ** int(exponent) * float(base)}
        if abs(float(base)) < 1000:
            found |= {float(base) ** int(exponent)} if float(base) else set()
    return found | in_words(_WORD.findall(text.lower()))


_LIST = re.compile(r"[\[({]\s*(-?\d[\d.]*(?:\s*,\s*-?\d[\d.]*)+)\s*[\])}]")
_FEET_AND_INCHES = re.compile(
    r"(?<![\d.])(\d)\s*(?:feet|foot|ft\.?|['’′])\s*(?:and\s*)?(\d{1,2})?\s*(?:inch(?:es)?|in\b|[\"”″]|(?!\w))",
    re.IGNORECASE,
)
_PERIODS = {
    "day": (24,),
    "daily": (365, 24),
    "week": (7,),
    "weekly": (52, 7),
    "biweekly": (26, 14),
    "fortnight": (14,),
    "month": (30,),
    "monthly": (12,),
    "quarterly": (4, 3),
    "semiannually": (2,),
    "biannually": (2,),
    "year": (365, 12),
    "annual": (1, 12),
    "hourly": (24,),
    "decade": (10,),
    "century": (100,),
}
"""Numbers that the name of a period stands for."""
_COMPARED = re.compile(
    r"\b(?P<below>less than|fewer than|under|below|younger than|shorter than)\s+\$?(?P<most>\d+)\b|"
    r"\b(?:more than|over|above|older than|longer than|exceeding)\s+\$?(?P<least>\d+)\b",
    re.IGNORECASE,
)
_SHORT_YEAR = re.compile(r"(?<!\w)['’](\d{2})\b(?!['’])")
_DECADE = re.compile(r"\b(?:(\d{3}0)|['’]?(\d0))s\b|\b(?:decade|century)\D{1,30}(\d{3}0)\b")


def _implied(text: str) -> Iterator[float]:
    """Numbers that a text says without writing them."""
    for items in _LIST.findall(text) if "," in text else ():
        yield from (float(part) for part in items.replace(" ", "").split(",") if _is_number(part))
    for feet, inches in _FEET_AND_INCHES.findall(text):
        total = 12 * int(feet) + int(inches or 0)
        yield from (total, round(total * 2.54, 2), round(total * 2.54), round(total * 0.0254, 2))
    for match in _COMPARED.finditer(text):
        yield int(match["most"]) - 1 if match["below"] else int(match["least"]) + 1
    for year in _SHORT_YEAR.findall(text):
        yield from (1900 + int(year), 2000 + int(year))
    for whole, short, of_decade in _DECADE.findall(text):
        first = int(whole or of_decade or f"19{short}")
        yield from (first, first + 9, first + 10)
    words = set(_WORD.findall(text.lower()))
    for word, numbers in _PERIODS.items():
        if word in words or f"{word}s" in words:
            yield from numbers


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _is_multiple_of_pi(size: float, digits: int, stated: Iterable[float]) -> bool:
    return digits >= 2 and any(
        math.isclose(round(factor * math.pi, digits), size) for factor in (1.0, 0.5, 0.25, *stated)
    )


_MEASURE = re.compile(
    r"(?P<sign>[$€£])\s?(?P<price>\d[\d.,]*)|(?<![\d.,])(?P<number>\d[\d.,]*)[\s-]{0,3}(?P<unit>%|[$€]|[A-Za-zµμ]+)|"
    r"(?<![A-Za-z_])(?P<name>[A-Za-z_]{1,80})\"\s*:\s*(?P<named>\d[\d.]*)"
)
_PREFIX = re.compile(r"([munpkMGµμ])(?:H|F|A|V|W|s|g|L|l|Hz|Ω|Pa|J|C|T|m|eV)")
_PREFIXES = {"m": 1e-3, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "n": 1e-9, "p": 1e-12, "k": 1e3, "M": 1e6, "G": 1e9}


_ONE_OF_THEM_WORDS = "a an one per each every this next last past previous coming"
_ONE_OF_THEM = frozenset(_ONE_OF_THEM_WORDS.split())
"""Before a unit: there is one of it."""


@lru_cache(maxsize=8192)
def _factors(unit: str) -> tuple[float, ...]:
    """What a number in this unit is multiplied with to be in others; empty: no unit."""
    word = unit.lower()
    for key, factors in _UNIT_FACTORS.items():
        if word == key or word == f"{key}s" or (len(key) >= 4 and word.startswith(key)):
            return factors
    if prefix := _PREFIX.fullmatch(unit):
        return (_PREFIXES[prefix[1]],)
    return ()


def _in_other_units(text: str) -> Iterator[float]:
    """What each number that stands at a unit is in other units."""
    for match in _MEASURE.finditer(text):
        written = match["price"] or match["number"] or match["named"]
        unit = match["sign"] or match["unit"] or match["name"].rsplit("_", 1)[-1]
        if factors := _factors(unit):
            for value in readings(written):
                yield from (value * factor for factor in factors)
    if "percent" in text or "%" in text:
        yield from (value / 100 for value in stated(text))
    words = _WORD.findall(text.lower())
    for place, word in enumerate(words):
        if place and (factors := _factors(word)):
            before = words[max(0, place - 5) : place]
            values = {1.0} if before[-1] in _ONE_OF_THEM else set()
            # The number right before the unit: the rest of what is before belongs to something else.
            for start in range(len(before)):
                tail = before[start:]
                if all(part in _NUMBER_WORDS or part in ("and", "a", "an") for part in tail):
                    values |= in_words(tail)
                    break
            yield from (value * factor for value in values for factor in factors)


def decimals(value: float) -> int:
    """Digits after the point in the shortest writing of a number."""
    text = repr(value)
    if "e" in text or "inf" in text or "nan" in text:
        return 12
    return len(text.partition(".")[2].rstrip("0"))


def _key(value: float) -> str:
    """Equal for numbers that agree to nine digits, which is more than people write or floats lose."""
    return f"{value:.9g}"


_BY_ONE = re.compile(
    r"\b(?:a|an|one) \w+ (?:older|younger|more|less|later|earlier|longer|shorter|"
    r"higher|lower|bigger|smaller)\b",
    re.IGNORECASE,
)


class Numbers:
    """The numbers of a text, and which others stand for them."""

    def __init__(self, text: str) -> None:
        self._text = text

    @lazy
    def stated(self) -> frozenset[float]:
        return frozenset(stated(self._text))

    @lazy
    def _measured(self) -> frozenset[float]:
        """What the numbers are in other units than the one each is stated in."""
        return frozenset(_in_other_units(self._text))

    @lazy
    def _implied(self) -> frozenset[float]:
        """What is not a number in the text, but says one: "weekly", "under 5", "the 1990s"."""
        return frozenset(_implied(self._text))

    @lazy
    def _exact(self) -> frozenset[str]:
        return frozenset(map(_key, self.stated))

    @lazy
    def _converted(self) -> frozenset[str]:
        return frozenset(map(_key, self._measured | self._implied))

    def has(self, value: float) -> bool:
        """Whether the number was stated: as such, signed, rounded, or in another unit."""
        if not math.isfinite(value):
            return False
        size = abs(value)
        if _key(size) in self._exact:
            return True
        digits = decimals(size)
        if any(decimals(n) > digits and math.isclose(round(n, digits), size) for n in self.stated):
            return True
        return _key(size) in self._converted or (
            "pi" in self._text.lower() and _is_multiple_of_pi(size, digits, self.stated)
        )

    def derives(self, value: float) -> bool:
        """Whether simple arithmetic on what was stated gives it: sums, differences, products, ratios.

        Beyond a dozen numbers nearly any small value can be had from some pair, so then only totals,
        means and counts are tried.
        """
        numbers = sorted(self.stated | ({1.0} if _BY_ONE.search(self._text) else set()))
        size, digits = abs(value), min(decimals(value), 6)

        def fits(candidate: float) -> bool:
            return math.isclose(round(abs(candidate), digits), size, rel_tol=1e-9)

        if not numbers:
            return False
        if fits(math.fsum(numbers)) or fits(math.fsum(numbers) / len(numbers)):
            return True
        if len(numbers) > 12:
            return False
        if any(fits(a * 9 / 5 + 32) or fits((a - 32) * 5 / 9) for a in numbers):
            return True
        for a, b in permutations(numbers, 2):
            ratios = (a / b, 100 * a / b, 100 * (a - b) / b) if b else ()
            if any(map(fits, (a + b, a - b, a * b, a * b / 100, *ratios))):
                return True
        return False
