"""Dates and times as people write them, and whether a value can stand for one of them."""

import re
from calendar import monthrange
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from consumers.rule_checker.numerals import in_words

_NAMES = "january february march april may june july august september october november december"
_MONTHS = _NAMES.split()
MONTHS = {name: number for number, name in enumerate(_MONTHS, 1)} | {
    name[:3]: number for number, name in enumerate(_MONTHS, 1)
} | {"sept": 9}  # fmt: skip
_MONTH = "(" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\b\.?"
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"

# "tomorrow", "next Friday", "over Christmas": only the calendar knows the date, so nothing is ruled out.
RELATIVE = re.compile(
    r"\b(today|tonight|tomorrow|yesterday|now|currently?|recent(ly)?|latest|next|this|last|past|ago|coming|"
    r"upcoming|weekends?|weekdays?|(mon|tues|wednes|thurs|fri|satur|sun)days?|christmas|easter|thanksgiving|"
    r"halloween|new year|valentine|spring|summer|autumn|fall|winter|quarter|q[1-4]|half|from now|later|"
    r"end of|beginning of|start of|mid)\b",
    re.IGNORECASE,
)
_VAGUE_TIME = re.compile(
    r"\b(morning|afternoon|evening|night|tonight|noon|midday|midnight|lunch\w*|dinner|breakfast|now|half|"
    r"quarter|past|hours?|minutes?|business day|all day|end of)\b",
    re.IGNORECASE,
)

_ISO = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?(?!\d)")
_NUMERIC = re.compile(r"(?<!\d)(\d{1,2})[-/.](\d{1,2})(?:[-/.](\d{4}|\d{2}))?(?!\d)")
_COMPACT = re.compile(r"(?<!\d)((?:19|20)\d{2})([01]\d)([0-3]\d)(?!\d)")
_MONTH_DAY = re.compile(rf"\b{_MONTH}\s+(?:the\s+)?{_DAY}\b(?!:)(?:\s*(?:,|of)?\s*(\d{{4}}))?", re.IGNORECASE)
_DAY_MONTH = re.compile(rf"\b{_DAY}\s*(?:day\s+)?(?:of\s+|-)?{_MONTH}(?:[\s,-]*(\d{{4}}))?", re.IGNORECASE)
_MONTH_YEAR = re.compile(rf"\b{_MONTH}(?:[\s,]*(?:of\s+)?(\d{{4}}))?(?!\w)", re.IGNORECASE)
_YEAR = re.compile(r"(?<![\d.,])(1[5-9]\d{2}|20\d{2}|21\d{2})(?!\d)")

_CLOCK = re.compile(
    r"(?<![\d:.])([01]?\d|2[0-4])[:.h]([0-5]\d)(?::[0-5]\d(?:\.\d+)?)?(?!\d)(?:\s*([ap])\.?m\b)?",
    re.IGNORECASE,
)
_HOUR = re.compile(r"(?<![\d:.])(\d{1,2})\s*(?:([ap])\.?m\b|o['’]?clock|h\b|hours\b)", re.IGNORECASE)
_SPOKEN_HOUR = re.compile(r"\b([a-z]+)\s*(?:([ap])\.?m\b|o['’]?clock)", re.IGNORECASE)

_WHOLE_VALUE = re.compile(
    r"\s*(?:\d{4}[-/.]\d{1,2}(?:[-/.]\d{1,2})?|(?:19|20)\d{2}[01]\d[0-3]\d|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|"
    rf"(?:{_MONTH}\s+{_DAY}|{_DAY}\s+(?:of\s+)?{_MONTH})(?:[\s,]+\d{{4}})?|{_MONTH}[\s,]+\d{{4}})"
    r"(?:[T,\s]+(?:at\s+)?\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:[ap]\.?m\.?)?)?\s*(?:Z|UTC|[+-]\d{2}:?\d{2})?\s*",
    re.IGNORECASE,
)
_WHOLE_TIME = re.compile(
    r"\s*(?:\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:[ap]\.?m\.?)?|\d{1,2}\s*[ap]\.?m\.?)\s*"
    r"(?:Z|UTC|[+-]\d{2}:?\d{2})?\s*",
    re.IGNORECASE,
)


Span = tuple[int, int]
"""Start and end of a match."""
Clock = tuple[int, int]
"""Hour and minute, in 24 hours."""


class Day(NamedTuple):
    """A date as far as it was given; 0 stands for what was left out."""

    year: int
    month: int
    day: int


def is_date(text: str) -> bool:
    """The whole text is a date, with or without a time."""
    return bool(_WHOLE_VALUE.fullmatch(text))


def is_time(text: str) -> bool:
    """The whole text is a time of day."""
    return bool(_WHOLE_TIME.fullmatch(text))


def _valid(year: int, month: int, day: int) -> bool:
    return 1 <= month <= 12 and 0 <= day <= (monthrange(year or 2024, month)[1] if year < 9999 else 31)


def _dates(text: str) -> Iterator[tuple[Span, Day]]:
    """(span, date) of every date in a text; a numeric one in both orders where both are possible."""
    for match in _ISO.finditer(text):
        yield match.span(), Day(int(match[1]), int(match[2]), int(match[3] or 0))
    for match in _COMPACT.finditer(text):
        yield match.span(), Day(int(match[1]), int(match[2]), int(match[3]))
    for match in _NUMERIC.finditer(text):
        # 3.5 and 1/2 are numbers far more often than days, so a date needs its year there.
        if match[3] is None:
            continue
        year = int(match[3])
        year += 2000 if len(match[3]) == 2 else 0
        yield match.span(), Day(year, int(match[1]), int(match[2]))
        yield match.span(), Day(year, int(match[2]), int(match[1]))
    for match in _MONTH_DAY.finditer(text):
        yield match.span(), Day(int(match[3] or 0), MONTHS[match[1].lower()], int(match[2]))
    for match in _DAY_MONTH.finditer(text):
        yield match.span(), Day(int(match[3] or 0), MONTHS[match[2].lower()], int(match[1]))
    for match in _MONTH_YEAR.finditer(text):
        # "may" and "march" are words too; alone they are a month only with a capital.
        if match[2] or match[1][0].isupper():
            yield match.span(), Day(int(match[2] or 0), MONTHS[match[1].lower()], 0)


def dates(text: str) -> dict[Span, tuple[Day, ...]]:
    """What the date at each span may be; "May 2024" within "3 May 2024" is none of its own."""
    found = [(span, day) for span, day in _dates(text) if _valid(*day)]
    widest: list[Span] = []
    for span in sorted({span for span, _ in found}, key=lambda span: (span[0], -span[1])):
        if not widest or span[1] > widest[-1][1]:
            widest.append(span)
    readings: dict[Span, list[Day]] = {span: [] for span in widest}
    for span, day in found:
        if span in readings:
            readings[span].append(day)
    return {span: tuple(days) for span, days in readings.items()}


def times(text: str) -> dict[Span, tuple[Clock, ...]]:
    """What the time at each span may be; without am or pm both halves of the day are possible."""
    found: dict[Span, tuple[Clock, ...]] = {}
    for match in _CLOCK.finditer(text):
        found[match.span()] = _hours(int(match[1]), int(match[2]), match[3])
    for match in _HOUR.finditer(text):
        found.setdefault(match.span(), _hours(int(match[1]), 0, match[2]))
    for match in _SPOKEN_HOUR.finditer(text):
        for number in in_words([match[1].lower()]):
            found.setdefault(match.span(), _hours(int(number), 0, match[2]))
    return found


def _hours(hour: int, minute: int, half: str | None) -> tuple[Clock, ...]:
    if half and half.lower() == "p" and hour < 12:
        return ((hour + 12, minute),)
    if half and half.lower() == "a" and hour == 12:
        return ((0, minute),)
    return ((hour % 24, minute),) if half or hour >= 12 else ((hour, minute), (hour + 12, minute))


class Calendar:
    """The dates and times of a text, and which others stand for them."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def days(self) -> frozenset[Day]:
        return frozenset(day for days in dates(self._text).values() for day in days)

    @cached_property
    def years(self) -> frozenset[int]:
        return frozenset(int(year) for year in _YEAR.findall(self._text)) | {
            day.year for day in self.days if day.year
        }

    @cached_property
    def times(self) -> frozenset[Clock]:
        return frozenset(time for clock in times(self._text).values() for time in clock)

    @cached_property
    def is_relative(self) -> bool:
        return RELATIVE.search(self._text) is not None

    @cached_property
    def _is_vague_about_time(self) -> bool:
        return _VAGUE_TIME.search(self._text) is not None

    @cached_property
    def _loose_days(self) -> frozenset[int]:
        """Days of the month named apart from their month: "from the 3rd to the 5th of May"."""
        found = re.findall(r"(?<![\d.:/-])(\d{1,2})(?:st|nd|rd|th)?(?![\d:.%/]|\s*[ap]m)", self._text)
        spoken = in_words(re.findall(r"[a-z]+", self._text.lower()))
        return frozenset(map(int, found)) | {int(number) for number in spoken if 1 <= number <= 31}

    def has_day(self, value: Day) -> bool:
        """Whether the date was named, or begins or ends a period that was."""
        if value in self.days or self.is_relative:
            return True
        if value.year and self.years and value.year not in self.years:
            return False
        months = {day.month for day in self.days}
        if not value.day:
            return value.month in months
        if value.month in months:
            last = monthrange(value.year or 2024, value.month)[1]
            whole_month = any(day.month == value.month and not day.day for day in self.days)
            without_year = any(day.month == value.month and day.day == value.day for day in self.days)
            named = any(day.month == value.month for day in self.days) and value.day in self._loose_days
            return without_year or named or (whole_month and value.day in (1, last))
        return value.year in self.years and (value.month, value.day) in ((1, 1), (12, 31)) and not months

    def has_time(self, value: Clock) -> bool:
        return value in self.times or self._is_vague_about_time

    def has(self, text: str) -> bool:
        """Whether every date and time in a value was named. A midnight beside a date needs no mention."""
        named = dates(text)
        if not all(any(map(self.has_day, days)) for days in named.values()):
            return False
        for clock in times(text).values():
            midnight = named and any(time in ((0, 0), (23, 59)) for time in clock)
            if not midnight and not any(map(self.has_time, clock)):
                return False
        return True
