"""Numbers as people write them: with separators, in words, with suffixes, as shares, in other units.

Reading is generous: "1.234" is both 1.234 and 1234, since either may be meant. The question is always
whether a value can stand for something that was said, never what was meant.
"""

import math
import re
from collections.abc import Iterable
from functools import cached_property
from itertools import permutations

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
    elif commas and not re.fullmatch(r"\d{1,3}(?:,\d{2,3})*(?:\.\d+)?", token):
        found |= {float(part) for part in token.split(",") if part.isdigit()}
    return found


def in_words(words: Iterable[str]) -> set[float]:
    """Numbers spelled out: twenty-five, three hundred and four thousand, the third, half a dozen."""
    found: set[float] = set()
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
    for whole, above, below in _FRACTION.findall(text):
        if float(below):
            found.add(float(whole or 0) + float(above) / float(below))
    for base, exponent in _POWER.findall(text):
        found |= {10.0 ** int(exponent) * float(base)}
        if abs(float(base)) < 1000:
            found |= {float(base) ** int(exponent)} if float(base) else set()
    return found | in_words(_WORD.findall(text.lower()))


def decimals(value: float) -> int:
    """Digits after the point in the shortest writing of a number."""
    text = repr(value)
    if "e" in text or "inf" in text or "nan" in text:
        return 12
    return len(text.partition(".")[2].rstrip("0"))


def _key(value: float) -> str:
    """Equal for numbers that agree to nine digits, which is more than people write or floats lose."""
    return f"{value:.9g}"


class Numbers:
    """The numbers of a text, and which others stand for them."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def stated(self) -> frozenset[float]:
        return frozenset(stated(self._text))

    @cached_property
    def factors(self) -> frozenset[float]:
        """Conversions that the units named in the text allow."""
        lowered = self._text.lower()
        return frozenset(
            float(factor) for word, factors in _UNIT_FACTORS.items() if word in lowered for factor in factors
        )

    @cached_property
    def _exact(self) -> frozenset[str]:
        return frozenset(map(_key, self.stated))

    @cached_property
    def _converted(self) -> frozenset[str]:
        return frozenset(_key(number * factor) for number in self.stated for factor in self.factors)

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
        return _key(size) in self._converted

    def derives(self, value: float) -> bool:
        """Whether simple arithmetic on what was stated gives it: sums, differences, products, ratios.

        Beyond a dozen numbers nearly any small value can be had from some pair, so then only totals,
        means and counts are tried.
        """
        numbers = sorted(self.stated)
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
