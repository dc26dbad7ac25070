"""How values stand in running text, and how they are read back: one grammar for both directions.

The user role renders a slot as `the base is 10`, `in Paris`, `on 14 March 2025` or `tags: "new", "sale"`;
the assistant role finds the label, then reads the value in the form that the slot's schema asks for. What
cannot be said naturally (nested lists, empty objects, null) is said in JSON, which every slot can read.

With `plain` set, strings are always quoted and structures are always JSON. Such a mention reads back
without exception; the freer ones are checked by whoever writes them (see `user`).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Literal

from agents.teacher.card import Card, Slot
from agents.teacher.words import STOPWORDS, join

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_MONTH_NUMBER = {name.lower(): number for number, name in enumerate(MONTHS, 1)}

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NUMBER = re.compile(
    r"[$€£]?(-?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?))(?![\w]|[.,:/-]\d)%?"
)
_BOOLEAN = re.compile(r"(yes|no|true|false|on|off)(?!\w)", re.IGNORECASE)
_NULL = re.compile(r"null(?!\w)")
_MONTH_NAMES = "|".join(MONTHS)
_DATE = re.compile(
    rf"(?:(\d{{1,2}}) ({_MONTH_NAMES}) (\d{{4}})|({_MONTH_NAMES}) (\d{{1,2}}), (\d{{4}}))(?!\w)",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?: ?([ap]m))?(?!\w)", re.IGNORECASE)
_PART = r"[A-Z0-9](?:[\w'’&.#-]*[\w])?"
_NAME = re.compile(
    r"(?!(?:I|I'm|I'd|I've)\b)[A-Z](?:[\w'’&.#-]*\w)?"
    rf"(?:(?: (?:of|the|de|van|da|vs))+ [A-Z](?:[\w'’&.#-]*\w)?| (?!(?:I|I'm|I'd|I've)\b){_PART})*(?!\w)"
)
_PLACE = re.compile(rf"{_NAME.pattern}(?:, {_PART}(?: {_PART})*)?(?!\w)")
_CODE = re.compile(r"(?=[^\s\"]*[\d@/_.:#-])[\w@/~.#+][\w@./:+#%&=?~-]*[\w/%!#](?![\w])|\d(?!\w)")
_IDENTIFIER = re.compile(r"[a-z]+(?:[A-Z][a-z0-9]*)+(?!\w)")
"""`userId`: a name from a program stands out by itself, like any other name."""
_WORD = re.compile(r"[a-z][a-z'’-]*[a-z](?![\w])")
_WORD_END = re.compile(r"$|[,.;!?)]| and | or ")
_SEPARATOR = re.compile(r", and | and |, ")
_PLACE_KINDS = frozenset(("location", "address", "city", "region", "state", "trail"))

_json = json.JSONDecoder()


class Text:
    """A message with its quoted passages masked, so that nothing inside them is taken for structure."""

    __slots__ = ("lower", "mask", "raw")

    def __init__(self, raw: str) -> None:
        self.raw = raw
        self.mask = _QUOTED.sub(lambda match: "\x01" * len(match[0]), raw) if '"' in raw else raw
        lower = self.mask.lower()
        # Some letters grow when lowered; positions must stay the same in all three.
        self.lower = lower if len(lower) == len(raw) else "".join(c.lower()[:1] or c for c in self.mask)

    def hide(self, start: int, end: int) -> None:
        """Take a passage out of what is searched."""
        gap = "\x02" * (end - start)
        self.mask = self.mask[:start] + gap + self.mask[end:]
        self.lower = self.lower[:start] + gap + self.lower[end:]

    def part(self, start: int, end: int) -> "Text":
        found = Text.__new__(Text)
        found.raw, found.mask, found.lower = self.raw[start:end], self.mask[start:end], self.lower[start:end]
        return found


# Writing values


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


_UNITS = re.compile(
    r"\bin (?:the unit of )?(meters|metres|centimeters|kilometers|kilometres|miles|feet|inches|"
    r"kilograms|grams|pounds|liters|"
    r"seconds|minutes|hours|days|weeks|months|years|joules|newtons|pascals|watts|volts|amperes|ohms|"
    r"coulombs|square feet)\b",
    re.IGNORECASE,
)


def say(slot: Slot, value: Any, plain: bool = False, style: int = 0) -> str:
    """The value as it stands in a text.

    Args:
        plain: only forms that read back whatever stands around them.
        style: chooses among equal ways, such as two ways to write a date.
    """
    if value is None:
        return "null"
    if plain:
        if slot.form in ("boolean", "enum") and isinstance(value, bool):
            return "yes" if value else "no"
        return _as_json(value)
    match slot.form:
        case "boolean" | "enum" if isinstance(value, bool):
            return "yes" if value else "no"
        case "integer" | "number" if _is_number(value):
            return _amount(slot, value, style)
        case "enum" if isinstance(value, str):
            return _option(slot, value)
        case "date" | "datetime" | "time" if isinstance(value, str):
            return _moment(slot, value, style) or _string(slot, value)
        case "array" if isinstance(value, list) and value:
            return _list(slot, value, style)
        case "object" if isinstance(value, dict) and value:
            return _object(slot, value, style)
    if isinstance(value, str) and (slot.form != "any" or _IDENTIFIER.fullmatch(value)):
        return _string(slot, value)
    return _as_json(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _amount(slot: Slot, value: float, style: int) -> str:
    text = _as_json(value)
    lowered = slot.description.lower()
    if value >= 0 and "e" not in text:
        if slot.kind == "money" and ("dollar" in lowered or "usd" in lowered):
            whole, _, rest = text.partition(".")
            return f"${int(whole):,}{'.' + rest if rest else ''}"
        if slot.kind in ("percent", "rate") and value >= 1 and ("percent" in lowered or "%" in lowered):
            return f"{text}%"
        unit = _UNITS.search(lowered)
        if unit and style % 3 != 2:
            word = unit[1]
            if value == 1:
                word = {"feet": "foot", "inches": "inch", "square feet": "square foot"}.get(
                    word, word.removesuffix("s")
                )
            return f"{text} {word}"
        if slot.kind in ("money", "population") and value >= 10000 and style % 2 and isinstance(value, int):
            return f"{value:,}"
    return text


def _option(slot: Slot, value: str) -> str:
    spaced = value.replace("_", " ")
    options = [str(option).lower().replace("_", " ") for option in slot.schema["enum"]]
    simple = re.fullmatch(r"[\w]+(?:[ _-][\w]+)*", value) is not None
    if (
        simple
        and options.count(spaced.lower()) == 1
        and spaced.lower() not in STOPWORDS
        and not value.isdigit()
    ):
        if any(other != spaced.lower() and other.startswith(spaced.lower()) for other in options):
            return quoted(value)
        return spaced
    return quoted(value)


def _moment(slot: Slot, value: str, style: int) -> str:
    """A date in full or a time of day; empty if the value is not in the slot's own format."""
    try:
        when = datetime.strptime(value, slot.date_format)
    except ValueError:
        return ""
    if when.strftime(slot.date_format) != value or when.year < 1000:
        return ""
    day = (
        f"{MONTHS[when.month - 1]} {when.day}, {when.year}"
        if style % 2
        else f"{when.day} {MONTHS[when.month - 1]} {when.year}"
    )
    if slot.form == "date":
        return day
    if when.second:
        clock = f"{when.hour:02d}:{when.minute:02d}:{when.second:02d}"
    elif style % 3 == 1:
        clock = f"{(when.hour - 1) % 12 + 1}:{when.minute:02d} {'pm' if when.hour >= 12 else 'am'}"
    else:
        clock = f"{when.hour:02d}:{when.minute:02d}"
    return clock if slot.form == "time" else f"{day} at {clock}"


def _string(slot: Slot, value: str, in_list: bool = False) -> str:
    """A string bare where it stands out by itself, else in quotes."""
    if len(value) <= 60 and "null" not in value:
        if slot.kind in _PLACE_KINDS and not in_list and _PLACE.fullmatch(value) and value.count(",") <= 1:
            return value
        if _NAME.fullmatch(value) or _CODE.fullmatch(value) or _IDENTIFIER.fullmatch(value):
            return value
    return quoted(value)


def _list(slot: Slot, values: list[Any], style: int) -> str:
    item = slot.item
    parts = []
    for value in values:
        if isinstance(value, dict) and value and item is not None and item.form == "object":
            parts.append(_object(item, value, style))
        elif isinstance(value, list | dict) or value is None or isinstance(value, bool):
            return _as_json(values)
        elif isinstance(value, str) and (item is None or item.form in ("text", "any")):
            bare = item is not None and item.form == "text"
            parts.append(_list_word(value) if bare else quoted(value))
        elif item is not None:
            parts.append(say(item, value, False, 2 if _is_number(value) else 0))
        else:
            parts.append(_as_json(value))
    return join(parts) if len(parts) > 1 else parts[0]


def _list_word(value: str) -> str:
    if (
        _NAME.fullmatch(value)
        or _CODE.fullmatch(value)
        or _IDENTIFIER.fullmatch(value)
        or (_WORD.fullmatch(value) and value not in STOPWORDS)
    ):
        return value
    return quoted(value)


def _object(slot: Slot, value: dict[str, Any], style: int) -> str:
    fields = {field.name: field for field in slot.fields}
    if not value or not set(value) <= set(fields) or any(fields[name].strict for name in value):
        return _as_json(value)
    parts = [
        f"{fields[name].label} {say(fields[name], child, False, style)}" for name, child in value.items()
    ]
    text = f"({', '.join(parts)})"
    found = read(slot, Text(text), 0, True)
    # The fields' own words can get in each other's way; JSON never does.
    return text if found is not None and found == (value, len(text)) else _as_json(value)


# Reading values

Found = tuple[Any, int]
"""A value and the position after it."""


def read(slot: Slot, text: Text, at: int, strong: bool, in_list: bool = False) -> Found | None:
    """The value that begins at a position, in the slot's form; failing that, any literal.

    Args:
        strong: what stands before says that a value follows (`:`, `is`), so a single plain word will do.

    Returns:
        A value that need not be valid: `check.fault` tells. None if no value begins here.
    """
    if at >= len(text.raw):
        return None
    if match := _NULL.match(text.mask, at):
        return None, match.end()
    first = text.raw[at]
    if first in "[{" and (found := _read_json(text, at)) is not None:
        return found
    match slot.form:
        case "integer" | "number":
            found = _read_number(text, at)
        case "boolean":
            found = _read_boolean(text, at)
        case "enum":
            found = _read_option(slot, text, at)
        case "date" | "datetime" | "time":
            found = _read_moment(slot, text, at)
        case "array":
            return _read_list(slot, text, at, strong)
        case "object":
            return _read_object(slot, text, at) if first == "(" else None
        case "any":
            found = _read_string(slot, text, at, False, True) if first == '"' else None
            found = found or _read_number(text, at) or _read_boolean_literal(text, at)
            if found is None and (word := _IDENTIFIER.match(text.mask, at)):
                return word[0], word.end()
        case _:
            found = None
    return found or _read_string(slot, text, at, strong, in_list)


def _read_json(text: Text, at: int) -> Found | None:
    try:
        value, end = _json.raw_decode(text.raw, at)
    except (ValueError, RecursionError):
        return None
    return value, end


def _read_number(text: Text, at: int) -> Found | None:
    match = _NUMBER.match(text.mask, at)
    if match is None:
        return None
    digits = match[1].replace(",", "")
    value: int | float = float(digits) if re.search(r"[.eE]", digits) else int(digits)
    return value, match.end()


def _read_boolean(text: Text, at: int) -> Found | None:
    match = _BOOLEAN.match(text.mask, at)
    return (match[1].lower() in ("yes", "true", "on"), match.end()) if match else None


def _read_boolean_literal(text: Text, at: int) -> Found | None:
    match = _BOOLEAN.match(text.mask, at)
    if match is None or match[1] not in ("true", "false"):
        return None
    return match[1] == "true", match.end()


@lru_cache(maxsize=8192)
def _options(slot: Slot) -> tuple[tuple[str, Any], ...]:
    """(lower-case writing, option), the longest first."""
    found: dict[str, Any] = {}
    for option in slot.schema["enum"]:
        forms = [str(option), _as_json(option)]
        if isinstance(option, bool):
            forms.append("yes" if option else "no")
        if isinstance(option, str):
            forms = [option, option.replace("_", " ")]
        for form in forms:
            found.setdefault(form.lower(), option)
    return tuple(sorted(((k, v) for k, v in found.items() if k), key=lambda pair: -len(pair[0])))


def _read_option(slot: Slot, text: Text, at: int) -> Found | None:
    if text.raw[at] == '"':
        found = _read_string(slot, text, at, False, True)
        if found is None:
            return None
        value = found[0]
        if value in slot.schema["enum"]:
            return found
        for writing, option in _options(slot):
            if writing == str(value).lower():
                return option, found[1]
        return found
    for writing, option in _options(slot):
        end = at + len(writing)
        if text.lower.startswith(writing, at) and not re.match(r"\w", text.lower[end : end + 1]):
            return option, end
    return _read_number(text, at)


def _read_moment(slot: Slot, text: Text, at: int) -> Found | None:
    end = at
    day: date | None = None
    if slot.form != "time":
        match = _DATE.match(text.mask, at)
        if match is None:
            return None
        number, month, year = (match[1], match[2], match[3]) if match[1] else (match[5], match[4], match[6])
        try:
            day = date(int(year), _MONTH_NUMBER[month.lower()], int(number))
        except ValueError:
            # The 31st of February: a date that no format can hold is read as it was said.
            return match[0], match.end()
        end = match.end()
        if slot.form == "date":
            return day.strftime(slot.date_format), end
        if text.lower.startswith(" at ", end):
            at = end + 4
    match = _CLOCK.match(text.mask, at)
    if match is None:
        if day is None:
            return None
        return datetime.combine(day, datetime.min.time()).strftime(slot.date_format), end
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if match[4]:
        hour = hour % 12 + (12 if match[4].lower() == "pm" else 0)
    if hour > 23 or minute > 59 or second > 59:
        return match[0], match.end()
    when = datetime.combine(day or date(2000, 1, 1), datetime.min.time()).replace(
        hour=hour, minute=minute, second=second
    )
    return when.strftime(slot.date_format), match.end()


def _read_string(slot: Slot, text: Text, at: int, strong: bool, in_list: bool) -> Found | None:
    if text.raw[at] == '"':
        match = _QUOTED.match(text.raw, at)
        if match is None:
            return None
        try:
            return json.loads(match[0], strict=False), match.end()
        except ValueError:
            return match[0][1:-1], match.end()
    pattern = _PLACE if slot.kind in _PLACE_KINDS and not in_list else _NAME
    ways = (pattern, _CODE, _IDENTIFIER)
    if match := next((found for way in ways if (found := way.match(text.mask, at))), None):
        return match[0], match.end()
    match = _WORD.match(text.mask, at) if strong else None
    if match and match[0] not in STOPWORDS and _WORD_END.match(text.mask, match.end()):
        return match[0], match.end()
    return None


_ANYTHING = Slot("", {}, "", "any", "text", "", False)


def _read_list(slot: Slot, text: Text, at: int, strong: bool) -> Found | None:
    item = slot.item or _ANYTHING
    values: list[Any] = []
    end = at
    while True:
        if text.raw.startswith("(", end) and item.form == "object":
            found = _read_object(item, text, end)
        else:
            found = read(item, text, end, strong, in_list=True)
        if found is None:
            break
        values.append(found[0])
        last = found[1]
        separator = _SEPARATOR.match(text.mask, last)
        if separator is None:
            return values, last
        end = separator.end()
    return (values, last) if values else None


def _read_object(slot: Slot, text: Text, at: int) -> Found | None:
    depth = 0
    for end in range(at, len(text.mask)):
        depth += (text.mask[end] == "(") - (text.mask[end] == ")")
        if depth == 0:
            break
    else:
        return None
    inner = text.part(at + 1, end)
    return scan(_reader(slot.fields), inner), end + 1


# Finding mentions

Mode = Literal["label", "strict", "wish", "natural"]


@dataclass(frozen=True, slots=True, eq=False)
class Cue:
    """Words after which a slot's value stands."""

    slot: Slot
    mode: Mode
    value: str = ""
    """What a natural cue takes: name, count, day, clock or year."""
    suffix: str = ""
    """What follows the value of a natural cue: `people` in `for 3 people`."""

    def written(self, words: str, value: str) -> str:
        return f"{words} {value}{' ' + self.suffix if self.suffix else ''}"


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    pattern: re.Pattern[str] | None
    cues: dict[str, tuple[Cue, ...]]
    natural: dict[str, tuple[str, Cue]]
    """Slot name -> its natural cue, where it has one."""


_LINK = re.compile(
    r"(?P<strong>\s+(?:is|are|should be|will be|would be|set to|to|called|named|being|equal to|equals|"
    r"as)\s+(?:now )?|:\s+|\s*=\s*)"
    r"|\s+of\s+|\s+"
)
_EQUALS = re.compile(r"\s*=\s*")
_COUNTED = frozenset(("people",))
_SPAN_UNITS = {
    "days": "days", "day": "days", "nights": "nights", "hours": "hours", "weeks": "weeks", "months": "months",
    "minutes": "minutes", "mins": "minutes", "years": "years",
}  # fmt: skip


def _natural_cues(slots: tuple[Slot, ...]) -> Iterator[tuple[str, Cue]]:
    """(preposition, cue) of the slots that English names by a preposition rather than a label."""
    for slot in slots:
        tokens = slot.name.lower()
        words = slot.label.lower().split()
        starts = any(
            part in tokens
            for part in ("origin", "from", "start", "depart", "source", "pickup", "pick_up", "_from")
        )
        ends = (
            any(part in tokens for part in ("dest", "end", "arriv", "drop"))
            or tokens in ("to", "_to")
            or tokens.startswith("to_")
            or slot.name.endswith(("_to", "To"))
        )
        if slot.form == "text" and slot.kind in (
            "city",
            "location",
            "country",
            "region",
            "state",
            "airport",
            "county",
            "airport_code",
        ):
            if starts and not ends:
                yield "from", Cue(slot, "natural", "name")
            elif ends and not starts:
                yield "to", Cue(slot, "natural", "name")
            elif not starts and not ends and not slot.kind.startswith("airport"):
                yield "in", Cue(slot, "natural", "name")
        elif slot.form in ("date", "datetime") and "birth" not in tokens:
            if starts or "check_in" in tokens or "checkin" in tokens:
                yield "from", Cue(slot, "natural", "day")
            elif ends or "check_out" in tokens or "checkout" in tokens or "return" in tokens:
                yield "to", Cue(slot, "natural", "day")
            elif tokens.endswith("date") or tokens.endswith("day") or tokens == "when":
                yield "on", Cue(slot, "natural", "day")
        elif slot.form == "time" and ("time" in tokens) and not starts and not ends:
            yield "at", Cue(slot, "natural", "clock")
        elif (
            slot.form == "integer" and slot.kind == "people" and words[:2] == ["number", "of"] and slot.plural
        ):
            yield "for", Cue(slot, "natural", "count", " ".join(words[2:]))
        elif slot.form in ("integer", "number") and words[-1] in _SPAN_UNITS and len(words) in (1, 3):
            yield "for", Cue(slot, "natural", "count", _SPAN_UNITS[words[-1]])
        elif slot.form == "integer" and slot.kind == "year" and slot.name.lower() == "year":
            yield "in", Cue(slot, "natural", "year")
        elif slot.form == "text" and slot.kind in ("artist", "author") and len(words) <= 2:
            yield "by", Cue(slot, "natural", "name")


def reader(card: Card) -> Reader:
    return _reader(card.slots)


@lru_cache(maxsize=16384)
def _reader(slots: tuple[Slot, ...]) -> Reader:
    cues: dict[str, list[Cue]] = {}
    natural: dict[str, tuple[str, Cue]] = {}
    for slot in slots:
        words = slot.label.lower()
        cues.setdefault(words, []).append(Cue(slot, "strict" if slot.strict else "label"))
        if words.startswith("number of "):
            cues.setdefault(words.removeprefix("number of "), []).append(Cue(slot, "label"))
        if slot.phrase and slot.phrase.lower() == words:
            cues[words].insert(0, Cue(slot, "wish"))
    taken: set[tuple[str, str, str]] = set()
    for preposition, cue in _natural_cues(slots):
        place = (preposition, cue.value, cue.suffix)
        if place not in taken:
            taken.add(place)
            cues.setdefault(preposition, []).append(cue)
            natural[cue.slot.name] = (preposition, cue)
    if not cues:
        return Reader(None, {}, {})
    alternatives = "|".join(re.escape(words) for words in sorted(cues, key=len, reverse=True))
    pattern = re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)")
    return Reader(pattern, {words: tuple(found) for words, found in cues.items()}, natural)


def scan(reader: Reader, text: Text) -> dict[str, Any]:
    """Slot name -> value, for every mention in the text; the first of a slot counts."""
    found: dict[str, Any] = {}
    if reader.pattern is None:
        return found
    at = 0
    while match := reader.pattern.search(text.lower, at):
        at = match.end()
        for cue in reader.cues[match[0]]:
            if cue.slot.name in found:
                continue
            value = _take(cue, text, match.start(), match.end())
            if value is not None:
                found[cue.slot.name] = value[0]
                at = max(at, value[1])
                break
    return found


def _take(cue: Cue, text: Text, start: int, end: int) -> Found | None:
    match cue.mode:
        case "strict":
            link = _EQUALS.match(text.mask, end)
            return read(cue.slot, text, link.end(), True) if link else None
        case "wish":
            if re.match(r"(?:\s*:|\s+is|\s*=)\s*(?:yes|no|true|false)\b", text.lower[end : end + 14]):
                return None
            if re.search(r"\b(?:the|to)\s+$", text.lower[:start]):
                return None
            negative = re.search(r"(?:don['’]t|do not|without having to|no need to)\s+$", text.lower[:start])
            return negative is None, end
        case "natural":
            return _take_natural(cue, text, end)
    link = _LINK.match(text.mask, end)
    if link is None:
        return None
    return read(cue.slot, text, link.end(), link["strong"] is not None)


def _take_natural(cue: Cue, text: Text, end: int) -> Found | None:
    if text.mask[end : end + 1] != " ":
        return None
    at = end + 1
    match cue.value:
        case "name":
            if _DATE.match(text.mask, at):
                return None
            found = _read_string(cue.slot, text, at, False, False)
            # "from 3 …" is a number, not a place.
            return found if found and not found[0][:1].isdigit() else None
        case "day":
            return _read_moment(cue.slot, text, at) if _DATE.match(text.mask, at) else None
        case "clock":
            return _read_moment(cue.slot, text, at)
        case "year":
            match = re.compile(r"(1[0-9]{3}|20[0-9]{2})(?![\w-]|[.,:]\d)").match(text.mask, at)
            return (int(match[1]), match.end()) if match else None
    found = _read_number(text, at)
    if found is None:
        return None
    tail = text.lower[found[1] : found[1] + len(cue.suffix) + 1]
    singular = f" {cue.suffix.removesuffix('s')}"
    if tail == f" {cue.suffix}" or (found[0] == 1 and text.lower.startswith(singular, found[1])):
        return found[0], found[1] + len(tail)
    return None
