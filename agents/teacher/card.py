"""A tool as the teacher understands it, worked out once per definition.

The user role writes from a card and the assistant role reads with one; both see only the tool's JSON, so
both arrive at the same labels.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import msgspec

from agents.teacher.goal import Goal, find_goal
from agents.teacher.kinds import kind_of
from agents.teacher.words import (
    STOPWORDS,
    content_words,
    humanise,
    is_plural,
    split_name,
    word_set,
)

Form = Literal[
    "integer", "number", "boolean", "enum", "date", "datetime", "time", "text", "array", "object", "any"
]

_PATTERNS: tuple[tuple[re.Pattern[str], Form, str], ...] = tuple(
    (re.compile(pattern), form, fmt)  # type: ignore[misc]  # the literals below are Forms
    for pattern, form, fmt in (
        (r"(?i)y{4}-mm-dd[t ]?'?t'?hh:mm:ss\.?s*'?z'?", "datetime", "%Y-%m-%dT%H:%M:%SZ"),
        (r"(?i)y{4}-mm-ddthh:mm:ssz", "datetime", "%Y-%m-%dT%H:%M:%SZ"),
        (r"(?i)y{4}-mm-ddthh:mm:ss", "datetime", "%Y-%m-%dT%H:%M:%S"),
        (r"(?i)y{4}-mm-ddthh:mm", "datetime", "%Y-%m-%dT%H:%M"),
        (r"(?i)y{4}-mm-dd hh:mm:ss", "datetime", "%Y-%m-%d %H:%M:%S"),
        (r"(?i)y{4}-mm-dd hh:mm", "datetime", "%Y-%m-%d %H:%M"),
        (r"(?i)dd/mm/y{4} hh:mm", "datetime", "%d/%m/%Y %H:%M"),
        (r"(?i)mm/dd/y{4} hh:mm", "datetime", "%m/%d/%Y %H:%M"),
        (r"(?i)y{4}-mm-dd", "date", "%Y-%m-%d"),
        (r"(?i)y{4}/mm/dd", "date", "%Y/%m/%d"),
        (r"(?i)y{4}\.mm\.dd", "date", "%Y.%m.%d"),
        (r"(?i)mm/dd/y{4}", "date", "%m/%d/%Y"),
        (r"(?i)dd/mm/y{4}", "date", "%d/%m/%Y"),
        (r"(?i)mm-dd-y{4}", "date", "%m-%d-%Y"),
        (r"(?i)dd-mm-y{4}", "date", "%d-%m-%Y"),
        (r"(?i)dd\.mm\.y{4}", "date", "%d.%m.%Y"),
        (r"(?i)\by{4}mmdd\b", "date", "%Y%m%d"),
        (r"(?i)hh:mm:ss", "time", "%H:%M:%S"),
        (r"(?i)hh:mm", "time", "%H:%M"),
    )
)


_SAMPLES: tuple[tuple[re.Pattern[str], Form, str], ...] = (
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "datetime", "%Y-%m-%dT%H:%M:%SZ"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?![-+.\d])"), "datetime", "%Y-%m-%dT%H:%M:%S"),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "datetime", "%Y-%m-%d %H:%M:%S"),
)
"""Examples that show a format which the description does not spell out."""


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """One parameter, or one field of a nested one."""

    name: str
    schema: dict[str, Any]
    description: str
    form: Form
    kind: str
    """What values mean (`city`, `person`), for the lexicon."""
    label: str
    """How the user and the assistant call it."""
    required: bool
    date_format: str = ""
    item: "Slot | None" = None
    fields: tuple["Slot", ...] = ()
    phrase: str = ""
    """For a boolean that reads as a wish: `include certifications`."""

    @property
    def the(self) -> str:
        """The label after its article: `the number of tickets`."""
        if self.strict:
            return self.label
        if self.phrase:
            return f"whether to {self.phrase}"
        return f"the {self.label}"

    @property
    def strict(self) -> bool:
        """The label is a symbol or a little word; only `x = 3` can be told from ordinary English."""
        return len(self.label) <= 2 or self.label.lower() in STOPWORDS

    @property
    def plural(self) -> bool:
        return is_plural(self.label) and not self.label.startswith("number of ")


def resolve(schema: Any, root: dict[str, Any], level: int = 0) -> dict[str, Any]:
    """One plain schema: local references followed, the first non-null branch of a union taken."""
    if not isinstance(schema, dict) or level > 8:
        return {}
    ref = schema.get("$ref")
    if isinstance(ref, str) and ref.startswith("#/"):
        target: Any = root
        for part in ref[2:].split("/"):
            target = (
                target.get(part.replace("~1", "/").replace("~0", "~"), {}) if isinstance(target, dict) else {}
            )
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return resolve({**target, **rest} if isinstance(target, dict) else rest, root, level + 1)
    for union in ("anyOf", "oneOf"):
        options = schema.get(union)
        if isinstance(options, list) and "type" not in schema and "properties" not in schema:
            branches = [resolve(option, root, level + 1) for option in options]
            concrete = [branch for branch in branches if branch.get("type") != "null"]
            if concrete:
                rest = {key: value for key, value in schema.items() if key != union}
                return {**concrete[0], **rest}
    if isinstance(all_of := schema.get("allOf"), list):
        merged: dict[str, Any] = {}
        for option in all_of:
            found = resolve(option, root, level + 1)
            merged = {
                **merged,
                **found,
                "properties": {**merged.get("properties", {}), **found.get("properties", {})},
            }
            if not merged["properties"]:
                del merged["properties"]
        rest = {key: value for key, value in schema.items() if key != "allOf"}
        return {**merged, **rest}
    return schema


def _form(schema: dict[str, Any], name: str, description: str) -> tuple[Form, str]:
    if schema.get("enum"):
        return "enum", ""
    kind = schema.get("type")
    if isinstance(kind, list):
        kinds = [k for k in kind if k != "null"]
        kind = kinds[0] if len(kinds) == 1 else None
    match kind:
        case "integer" | "number" | "boolean" | "array" | "object":
            return kind, ""
        case "string":
            return _string_form(schema, name, description)
        case None if isinstance(schema.get("properties"), dict):
            return "object", ""
    return "any", ""


def _string_form(schema: dict[str, Any], name: str, description: str) -> tuple[Form, str]:
    match schema.get("format"):
        case "date":
            return "date", "%Y-%m-%d"
        case "date-time":
            return "datetime", "%Y-%m-%dT%H:%M:%SZ"
        case "time":
            return "time", "%H:%M:%SZ"
    tokens = split_name(name)
    if "pattern" in schema or {"format", "pattern", "range", "timezone"} & set(tokens):
        return "text", ""
    found: tuple[Form, str] = ("text", "")
    for pattern, form, fmt in _PATTERNS:
        if pattern.search(description):
            found = (form, fmt)
            break
    if not found[1]:
        for pattern, form, fmt in _SAMPLES:
            if pattern.search(description):
                found = (form, fmt)
                break
    # Several formats, a range, or a date among other things: no single form is asked for.
    if found[1] and re.search(
        r"(?i)\b(?:range|between two|formats? (?:such as|like|including)|either|or )\b.{0,20}hh:mm",
        description,
    ):
        return "text", ""
    if not found[1] and (
        tokens[-1:] in (("date",), ("birthday",), ("birthdate",), ("dob",)) or "date" in tokens[:1]
    ):
        lowered = description.lower()
        if not any(word in lowered for word in ("today", "tomorrow", "e.g", "such as", "example", "weekday")):
            return "date", "%Y-%m-%d"
    return found


_NP_END = re.compile(
    r"\s+(?:of the|in|to be|for which|for the|for|that|which|where|from|whose|used|as|at|on|by|being|"
    r"with|when|who|is|are|"
    r"between|whether|if|or|using)\b|[,.;:(\[]|\s+e\.?g",
    re.IGNORECASE,
)


def _label(name: str, description: str) -> str:
    tokens = split_name(name)
    plain = humanise(name)
    if (
        len(name.strip("_")) > 2
        and not (len(tokens) == 1 and len(name) < 4 and not re.search("[aeiou]", name))
    ) or not description:
        return plain
    phrase = " ".join(description.split()).strip()
    phrase = re.sub(r"^(?:the|a|an)\s+", "", phrase, flags=re.IGNORECASE)
    end = _NP_END.search(phrase)
    phrase = phrase[: end.start()] if end else phrase
    words = phrase.split()
    if 1 <= len(words) <= 5 and phrase.isascii() and re.fullmatch(r"[A-Za-z][\w '^-]*", phrase):
        first = words[0]
        return phrase if first.isupper() else first.lower() + phrase[len(first) :]
    return plain


_IN_UNITS = re.compile(
    r" in (?:seconds|minutes|hours|days|months|years|meters|miles|kg|kilograms|km|cm|dollars|percent)$"
)


_MONEY_OR_MEASURE = word_set("degrees coordinates expenses earnings dollars savings deductions liabilities")
_NOT_COUNTED = word_set("total average maximum minimum net gross current")
_PARTICIPLE = re.compile(r"\w+ed$|drawn|sold|made|won|given|taken|left")


def _is_count(label: str) -> bool:
    """`tickets`, `cards drawn`: the figure is how many there are."""
    words = label.split()
    if (
        not label.isascii()
        or not label.islower()
        or words[0] in _NOT_COUNTED
        or words[-1] in _MONEY_OR_MEASURE
    ):
        return False
    drawn = len(words) == 2 and is_plural(words[0]) and _PARTICIPLE.fullmatch(words[1])
    return is_plural(label) or bool(drawn)


_WISHES = word_set(
    """
    include show enable allow return remove use add keep exclude ignore send notify overwrite sort
    save display apply export generate normalize preserve print skip validate verify filter track
    create update get require
    """
)


def _slots(schema: dict[str, Any], root: dict[str, Any], words: str, level: int) -> tuple[Slot, ...]:
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return ()
    required = schema.get("required")
    wanted = frozenset(map(str, required)) if isinstance(required, list) else frozenset()
    found = [
        _slot(str(name), resolve(child, root), root, words, str(name) in wanted, level)
        for name, child in properties.items()
    ]
    counts: dict[str, int] = {}
    for slot in found:
        counts[slot.label.lower()] = counts.get(slot.label.lower(), 0) + 1
    unique: list[Slot] = []
    taken: set[str] = set()
    for slot in found:
        label = slot.label if counts[slot.label.lower()] == 1 else humanise(slot.name)
        for other in (slot.name, *(f"{slot.name} {number}" for number in range(2, len(found) + 2))):
            if label.lower() not in taken:
                break
            label = other
        taken.add(label.lower())
        unique.append(slot if label == slot.label else _relabelled(slot, label))
    return tuple(unique)


def _relabelled(slot: Slot, label: str) -> Slot:
    return Slot(
        **{
            name: getattr(slot, name) for name in Slot.__dataclass_fields__ if name not in ("label", "phrase")
        },
        label=label,
        phrase="",
    )


def _slot(
    name: str, schema: dict[str, Any], root: dict[str, Any], words: str, required: bool, level: int
) -> Slot:
    description = str(schema.get("description") or "")
    options = schema.get("enum")
    if schema.get("type") == "array" and options and not isinstance(options[0], list):
        # A list of options at a list means that its items are among them.
        items = schema.get("items")
        inner = items if isinstance(items, dict) else {}
        schema = {**{k: v for k, v in schema.items() if k != "enum"}, "items": {**inner, "enum": options}}
    form, date_format = _form(schema, name, description)
    label = _label(name, description)
    if form in ("integer", "number") and not label.startswith("number of ") and _is_count(label):
        label = f"number of {label}"
    if form == "boolean" and split_name(name)[:1] == ("no",):
        label = " ".join(split_name(name))
    item: Slot | None = None
    fields: tuple[Slot, ...] = ()
    if level < 6:
        if form == "array" and isinstance(schema.get("items"), dict):
            inner = resolve(schema["items"], root)
            # What is possible for each value is often told with the list.
            if (
                description
                and not inner.get("description")
                and inner.get("type") in ("string", "integer", "number")
            ):
                inner = {**inner, "description": description}
            item = _slot(name, inner, root, words, True, level + 1)
        elif form == "object":
            fields = _slots(schema, root, words, level + 1)
    tokens = split_name(name)
    phrase = ""
    if form == "boolean" and len(tokens) > 1 and tokens[0] in _WISHES:
        phrase = humanise(name)
    return Slot(
        name=name,
        schema=schema,
        description=description,
        form=form,
        kind=kind_of(tokens, description, form, words),
        label=label,
        required=required,
        date_format=date_format,
        item=item,
        fields=fields,
        phrase=phrase,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Card:
    name: str
    description: str
    goal: Goal
    slots: tuple[Slot, ...]
    returns: dict[str, Any] | None
    words: frozenset[str]
    """Roots of the words of name and description."""
    slot: dict[str, Slot]
    code: bool = False
    """The tool is a function of a program, and so its users are programmers."""

    @property
    def required(self) -> tuple[Slot, ...]:
        return tuple(slot for slot in self.slots if slot.required)


def slot_of(name: str, schema: dict[str, Any], words: str = "") -> Slot:
    """A slot for a schema that stands alone, such as a field of a result."""
    return _slot(name, resolve(schema, schema), schema, words, True, 0)


def build(tool: dict[str, Any]) -> Card:
    name = str(tool.get("name") or "tool")
    description = str(tool.get("description") or "")
    parameters = tool.get("parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    slots = _slots(resolve(parameters, parameters), parameters, f"{name} {description}", 0)
    plain = [
        (slot.name, slot.label, slot.description, slot.form)
        for slot in slots
        if slot.form in ("integer", "number", "enum", "text", "date")
        and not (slot.form == "enum" and not isinstance(slot.schema["enum"][0], str))
    ]
    goal = find_goal(name, description, plain, frozenset(slot.name for slot in slots if slot.required))
    returns = tool.get("returns")
    return Card(
        name=name,
        description=description,
        goal=goal,
        slots=slots,
        returns=returns if isinstance(returns, dict) and returns else None,
        words=content_words(" ".join(split_name(name))) | content_words(description),
        slot={slot.name: slot for slot in slots},
        code=_is_code(name, description, slots),
    )


_CODE_WORDS = re.compile(
    r"\b(?:callbacks?|instances?|objects?|class(?:es)?|methods?|parsers?|buffers?|threads?|nodes?|functions?"
    r"|strings?|json|xml|serializ\w+|encod\w+|decod\w+|iterators?|handlers?|variables?|bytes?|index(?:es)?)\b"
)


def _is_code(name: str, description: str, slots: tuple[Slot, ...]) -> bool:
    words = f"{description} {' '.join(slot.description for slot in slots)}".lower()
    camel_case = re.search(r"[a-z][A-Z]", name.rsplit(".", 1)[-1]) is not None
    return camel_case and len(_CODE_WORDS.findall(words)) > 1


@lru_cache(maxsize=8192)
def _card(encoded: bytes) -> Card:
    return build(msgspec.json.decode(encoded))


def card(tool: dict[str, Any]) -> Card:
    """The card of a tool as prompts show it: name, description, parameters, returns."""
    return _card(msgspec.json.encode(tool))


@lru_cache(maxsize=1024)
def cards(section: str) -> tuple[Card, ...]:
    """The cards of a prompt's section of tools, from its JSON text.

    Raises:
        msgspec.DecodeError: it is no JSON list.
    """
    found = msgspec.json.decode(section, type=list[dict[str, Any]])
    return tuple(card(tool) for tool in found)
