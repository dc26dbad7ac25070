"""Whether a value fits its schema, said as a helpful assistant would say it."""

import re
from datetime import datetime
from typing import Any

from agents.teacher.card import Card, Slot
from agents.teacher.words import join

_TYPES: dict[str, tuple[type, ...]] = {
    "integer": (int, float),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
_NEEDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "yes or no",
    "array": "a list",
    "object": "a set of named values",
}
_FORMAT_NAMES = {"uri": "web address", "email": "e-mail address", "ipv4": "IP address", "uuid": "UUID"}
_FORMATS = {
    "email": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+"),
    "uri": re.compile(r"[a-zA-Z][\w+.-]*:\S+"),
    "ipv4": re.compile(r"(?:\d{1,3}\.){3}\d{1,3}"),
    "uuid": re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
}


def normalised(slot: Slot, value: Any) -> Any:
    """The value in the schema's own type where nothing is lost: 5.0 for an integer is 5."""
    if slot.form == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    if slot.form == "array" and slot.item is not None and isinstance(value, list):
        return [normalised(slot.item, child) for child in value]
    return value


def fault(slot: Slot, value: Any) -> str:
    """What is required instead, as the end of `it has to be …`; empty if the value fits."""
    schema = slot.schema
    options = schema.get("enum")
    if options:
        return "" if value in options else f"one of {join([str(option) for option in options], 'or')}"
    if "const" in schema and value != schema["const"]:
        return str(schema["const"])
    if value is None:
        return ""
    types = _TYPES.get(slot.form)
    if types is not None:
        right = isinstance(value, types) and (slot.form == "boolean" or not isinstance(value, bool))
        if not right or (slot.form == "integer" and value != int(value)):
            return _NEEDS[slot.form] + _bounds(schema)
    elif slot.form in ("text", "date", "datetime", "time") and not isinstance(value, str):
        return "a text"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number_fault(slot, value)
    if isinstance(value, str):
        return _text_fault(slot, value)
    if isinstance(value, list):
        return _list_fault(slot, value)
    if isinstance(value, dict):
        return _object_fault(slot, value)
    return ""


def _bounds(schema: dict[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f" between {low} and {high}"
    if low is not None:
        return f" of at least {low}"
    if high is not None:
        return f" of at most {high}"
    if (above := schema.get("exclusiveMinimum")) is not None:
        return f" above {above}"
    if (below := schema.get("exclusiveMaximum")) is not None:
        return f" below {below}"
    return ""


def _number_fault(slot: Slot, value: float) -> str:
    schema = slot.schema
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    multiple = schema.get("multipleOf")
    wrong = (
        (isinstance(low, int | float) and value < low)
        or (isinstance(high, int | float) and value > high)
        or (isinstance(above, int | float) and value <= above)
        or (isinstance(below, int | float) and value >= below)
    )
    if wrong:
        return (_NEEDS.get(slot.form) or "a number") + _bounds(schema)
    if (
        isinstance(multiple, int | float)
        and multiple > 0
        and abs(value / multiple - round(value / multiple)) > 1e-9
    ):
        return f"a multiple of {multiple}"
    return ""


def _text_fault(slot: Slot, value: str) -> str:
    schema = slot.schema
    if (slot.date_format and slot.schema.get("format") in ("date", "date-time", "time")) or (
        slot.form in ("date", "datetime")
        and re.search(r"(?i)\b\d{1,2} \w+ \d{4}\b|\b\w+ \d{1,2}, \d{4}\b", value)
    ):
        try:
            datetime.strptime(value, slot.date_format)
        except ValueError:
            return {"time": "a time of day"}.get(slot.form, "a date that exists")
    pattern = schema.get("pattern")
    if isinstance(pattern, str):
        try:
            fits = re.search(pattern, value) is not None
        except re.error:
            fits = True
        if not fits:
            return f"a text of the form {pattern}"
    if (form := _FORMATS.get(str(schema.get("format")))) is not None and not form.fullmatch(value):
        return f"a valid {_FORMAT_NAMES.get(schema['format'], schema['format'])}"
    low, high = schema.get("minLength"), schema.get("maxLength")
    if isinstance(high, int) and len(value) > high:
        return f"at most {high} characters long"
    if isinstance(low, int) and len(value) < low:
        return f"at least {low} characters long"
    if (
        value
        and not any(c.isalnum() for c in value)
        and slot.kind not in ("math_variable", "function", "equation", "code")
        and re.fullmatch(r"[?!.\s-]+", value)
    ):
        return "something that can be looked up"
    return ""


def _list_fault(slot: Slot, values: list[Any]) -> str:
    low, high = slot.schema.get("minItems"), slot.schema.get("maxItems")
    if isinstance(low, int) and len(values) < low:
        return f"a list of at least {low} values"
    if isinstance(high, int) and len(values) > high:
        return f"a list of at most {high} values"
    if slot.item is not None:
        for value in values:
            if found := fault(slot.item, value):
                return f"a list in which each value is {found}"
    return ""


def _object_fault(slot: Slot, value: dict[str, Any]) -> str:
    missing = [field.label for field in slot.fields if field.required and field.name not in value]
    if missing:
        return f"complete, with {join(['the ' + label for label in missing])}"
    for field in slot.fields:
        if field.name in value and (found := fault(field, value[field.name])):
            return f"such that the {field.label} is {found}"
    return ""


def faults(card: Card, arguments: dict[str, Any]) -> dict[str, str]:
    """Slot name -> what is required instead, for every argument that does not fit."""
    return {
        name: found
        for name, value in arguments.items()
        if (slot := card.slot.get(name)) is not None and (found := fault(slot, value))
    }
