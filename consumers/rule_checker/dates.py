"""Dates and times as people write them, and whether a value can stand for one of them."""

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from consumers.rule_checker.lazy import lazy
from consumers.rule_checker.numerals import in_words
from consumers.rule_checker.screen import screen

_NAMES = "january february march april may june july august september october november december"
_MONTHS = _NAMES.split()
MONTHS = {name: number for number, name in enumerate(_MONTHS, 1)} | {
    name[:3]: number for number, name in enumerate(_MONTHS, 1)
} | {"sept": 9}  # fmt: skip
_MONTH = "(" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\b\.?"
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"

# "tomorrow", "next Friday", "over Christmas": only the calendar knows the date, so nothing is ruled out.
RELATIVE = re.compile(
    r"\b(today|tonight|tomorrow|yesterday|ago|from now|weekends?|weekdays?|"
    r"(mon|tues|wednes|thurs|fri|satur|sun)days?|christmas|easter|thanksgiving|halloween|new year|valentine|"
    r"(next|this|last|past|coming|upcoming|previous|following|current|early|late|mid|"
    r"(end|beginning|start) of( the)?)[ -](\w+ ){0,2}(day|night|week|fortnight|month|quarter|year|season|"
    r"decade|century|semester|spring|summer|autumn|fall|winter|morning|afternoon|evening)s?|"
    r"(spring|summer|autumn|fall|winter) (of )?[12]\d{3}|q[1-4]|(first|second|third|last|fourth) quarter)\b",
    re.IGNORECASE,
)
# "now", "recent": a date follows from them only where none was given.
_VAGUE = re.compile(
    r"\b(now|currently?|recent(ly)?|latest|next|this|last|past|upcoming|spring|summer|autumn|winter|half|later|"
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
_MONTH_DAY = re.compile(
    rf"\b{_MONTH}(?<=[a-z.])\s*(?<=[\s.])(?:the\s+)?{_DAY}\b(?!:)(?:\s*(?:,|of)?\s*(\d{{4}}))?", re.IGNORECASE
)
_DAY_MONTH = re.compile(rf"\b{_DAY}\s*(?:day\s+)?(?:of\s+|-)?{_MONTH}(?:[\s,-]*(\d{{4}}))?", re.IGNORECASE)
_MONTH_YEAR = re.compile(rf"\b{_MONTH}(?:[\s,]*(?:of\s+)?(\d{{4}}))?(?!\w)", re.IGNORECASE)
_NUMERIC_WITH_YEAR = re.compile(r"\d[-/.]\d{1,2}[-/.]\d\d")
_may_hold_date = screen(_ISO, _NUMERIC_WITH_YEAR, _COMPACT, _MONTH_DAY, _DAY_MONTH, _MONTH_YEAR)
_may_hold_iso = screen(_ISO)
_may_hold_numeric = screen(_NUMERIC_WITH_YEAR)
_may_hold_month_day = screen(_MONTH_DAY)
_may_hold_day_month = screen(_DAY_MONTH)
_may_hold_month_year = screen(_MONTH_YEAR)
_YEAR = re.compile(r"(?<![\d.,])(1[5-9]\d{2}|20\d{2}|21\d{2})(?!\d)")

_CLOCK = re.compile(
    r"(?<![\d:.])([01]?\d|2[0-4])[:.h]([0-5]\d)(?::[0-5]\d(?:\.\d+)?)?(?!\d)(?:\s*([ap])\.?m\b)?",
    re.IGNORECASE,
)
_HOUR = re.compile(r"(?<![\d:.])(\d{1,2})\s*(?:([ap])\.?m\b|o['’]?clock|h\b|hours\b)", re.IGNORECASE)
_SPOKEN_HOUR = re.compile(r"\b([a-z]+)\s*(?:([ap])\.?m\b|o['’]?clock)", re.IGNORECASE)

_may_hold_time = screen(_CLOCK, _HOUR, _SPOKEN_HOUR)
may_be_in_words = screen(_MONTH_DAY, _DAY_MONTH, _MONTH_YEAR, _HOUR, _SPOKEN_HOUR)
"""Whether a text may hold a date or a time that is more than figures: a month's name, "3 pm"."""
_may_hold_clock = screen(_CLOCK)
_may_hold_hour = screen(_HOUR)
_may_hold_spoken_hour = screen(_SPOKEN_HOUR)
_may_be_relative = screen(RELATIVE, _VAGUE)
_may_be_vague_about_time = screen(_VAGUE_TIME)
_DIGIT = re.compile(r"\d")

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


_NOON = re.compile(r"\b(?:noon|midday)\b", re.IGNORECASE)
_DURATION = re.compile(
    r"\b(\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|fourteen|the|that|per)[\s-]+"
    r"(day|night|week|fortnight)s?\b",
    re.IGNORECASE,
)
_DAYS_OF = {"day": 1, "night": 1, "week": 7, "fortnight": 14}
_DAY_AND_MONTH = re.compile(r"(\d{1,2})[-/.](\d{1,2})")
_MONTH_AND_YEAR = re.compile(r"(\d{1,2})[-/.](\d{4})")
_QUARTER = re.compile(r"\d{4}-?\s?Q[1-4]|Q[1-4][ -]?\d{4}")
_WORDS_OF_RANGES = re.compile(r"\b(?:to|from|until|till|through|and|between)\b|[\s,/–-]+")

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
    return _DIGIT.search(text) is not None and bool(_WHOLE_VALUE.fullmatch(text))


def is_time(text: str) -> bool:
    """The whole text is a time of day."""
    return _DIGIT.search(text) is not None and bool(_WHOLE_TIME.fullmatch(text))


def _valid(year: int, month: int, day: int) -> bool:
    return 1 <= month <= 12 and 0 <= day <= (monthrange(year or 2024, month)[1] if year < 9999 else 31)


def _dates(text: str) -> Iterator[tuple[Span, Day]]:
    """(span, date) of every date in a text; a numeric one in both orders where both are possible."""
    for match in _ISO.finditer(text) if _may_hold_iso(text) else ():
        yield match.span(), Day(int(match[1]), int(match[2]), int(match[3] or 0))
    for match in _COMPACT.finditer(text):
        yield match.span(), Day(int(match[1]), int(match[2]), int(match[3]))
    for match in _NUMERIC.finditer(text) if _may_hold_numeric(text) else ():
        # 3.5 and 1/2 are numbers far more often than days, so a date needs its year there.
        if match[3] is None:
            continue
        year = int(match[3])
        year += 2000 if len(match[3]) == 2 else 0
        yield match.span(), Day(year, int(match[1]), int(match[2]))
        yield match.span(), Day(year, int(match[2]), int(match[1]))
    for match in _MONTH_DAY.finditer(text) if _may_hold_month_day(text) else ():
        yield match.span(), Day(int(match[3] or 0), MONTHS[match[1].lower()], int(match[2]))
    for match in _DAY_MONTH.finditer(text) if _may_hold_day_month(text) else ():
        yield match.span(), Day(int(match[3] or 0), MONTHS[match[2].lower()], int(match[1]))
    for match in _MONTH_YEAR.finditer(text) if _may_hold_month_year(text) else ():
        # "may" and "march" are words too; alone they are a month only with a capital.
        if match[2] or match[1][0].isupper():
            yield match.span(), Day(int(match[2] or 0), MONTHS[match[1].lower()], 0)


def dates(text: str) -> dict[Span, tuple[Day, ...]]:
    """What the date at each span may be; "May 2024" within "3 May 2024" is none of its own."""
    if not _may_hold_date(text):
        return {}
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
    if not _may_hold_time(text):
        return found
    for match in _CLOCK.finditer(text) if _may_hold_clock(text) else ():
        found[match.span()] = _hours(int(match[1]), int(match[2]), match[3])
    for match in _HOUR.finditer(text) if _may_hold_hour(text) else ():
        found.setdefault(match.span(), _hours(int(match[1]), 0, match[2]))
    for match in _SPOKEN_HOUR.finditer(text) if _may_hold_spoken_hour(text) else ():
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

    @lazy
    def days(self) -> frozenset[Day]:
        return frozenset(day for days in dates(self._text).values() for day in days)

    @lazy
    def years(self) -> frozenset[int]:
        return frozenset(int(year) for year in _YEAR.findall(self._text)) | {
            day.year for day in self.days if day.year
        }

    @lazy
    def times(self) -> frozenset[Clock]:
        return frozenset(time for clock in times(self._text).values() for time in clock)

    @lazy
    def is_relative(self) -> bool:
        if not _may_be_relative(self._text):
            return False
        return RELATIVE.search(self._text) is not None or (
            not any(day.year and day.day for day in self.days) and _VAGUE.search(self._text) is not None
        )

    @lazy
    def _is_vague_about_time(self) -> bool:
        return _may_be_vague_about_time(self._text) and _VAGUE_TIME.search(self._text) is not None

    @lazy
    def _loose_days(self) -> frozenset[int]:
        """Days of the month named apart from their month: "from the 3rd to the 5th of May"."""
        found = re.findall(r"(?<![\d.:/-])(\d{1,2})(?:st|nd|rd|th)?(?![\d:.%/]|\s*[ap]m)", self._text)
        spoken = in_words(re.findall(r"[a-z]+", self._text.lower()))
        return frozenset(map(int, found)) | {int(number) for number in spoken if 1 <= number <= 31}

    @lazy
    def _offsets(self) -> frozenset[int]:
        """Days after a date that was named: "for three nights", "a week later"."""
        found: set[int] = set()
        for number, unit in _DURATION.findall(self._text):
            for count in {float(number)} if number.isdigit() else in_words([number.lower()]) or {1.0}:
                days = int(count * _DAYS_OF[unit.lower()])
                found |= {days, days - 1, -days}
        return frozenset(found - {0})

    def follows(self, value: Day) -> bool:
        """The date lies as many days from one that was named as the text says."""
        if not (value.year and value.day and self._offsets):
            return False
        day = date(*value)
        return any(
            (day - date(named.year or value.year, named.month, named.day)).days in self._offsets
            for named in self.days
            if named.day and _valid(named.year or value.year, named.month, named.day)
        )

    def has_period(self, text: str) -> bool:
        """Whether a date without its year or day (`04-21`, `04-2022`), or a range of dates, was named."""
        if match := _DAY_AND_MONTH.fullmatch(text):
            one, other = int(match[1]), int(match[2])
            return any((day.month, day.day) in ((one, other), (other, one)) for day in self.days)
        if match := _MONTH_AND_YEAR.fullmatch(text):
            month, year = int(match[1]), int(match[2])
            return any(day.month == month and day.year in (0, year) for day in self.days)
        if _QUARTER.fullmatch(text):
            return self.is_relative
        ranges = dates(text)
        rest = "".join(char for place, char in enumerate(text) if not any(a <= place < b for a, b in ranges))
        return bool(ranges) and not _WORDS_OF_RANGES.sub("", rest.lower()) and self.has(text)

    def has_day(self, value: Day) -> bool:
        """Whether the date was named, begins or ends a period that was, or follows from one."""
        if value in self.days or self.is_relative or self.follows(value):
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

    def has_clock_number(self, value: float) -> bool:
        """Whether a number is a time that was named, in hours or hours and minutes: 23 or 2300 for 11 PM."""
        if value != int(value) or not 0 <= value < 2400:
            return False
        hour, minute = divmod(int(value), 100) if value > 24 else (int(value), 0)
        return (hour, minute) in self.times

    def lasts(self, value: float) -> bool:
        """Whether a number of minutes or seconds lies between two times that were named."""
        if value < 30 or value % 5 or len(self.times) > 8:
            return False
        minutes = [60 * hour + minute for hour, minute in self.times]
        if _NOON.search(self._text):
            minutes.append(12 * 60)
        return any(value in (a - b, 60 * (a - b)) for a in minutes for b in minutes)

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
