"""JSON as RFC 8259 has it: no NaN, no duplicate keys, bounded depth."""

import json
from typing import Any

MAX_DEPTH = 64


class StrictJSONError(ValueError):
    """The text is no strict JSON."""


def loads(text: str) -> Any:
    """Parse strictly. The standard library alone takes NaN and keeps the last of duplicate keys."""
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError:
        raise StrictJSONError("nested too deeply") from None
    except json.JSONDecodeError as error:
        raise StrictJSONError(str(error)) from None
    if _depth(value) > MAX_DEPTH:
        raise StrictJSONError(f"nested more than {MAX_DEPTH} levels deep")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise StrictJSONError(f"key {twice!r} stands twice in one object")
    return found


def _no_constant(name: str) -> Any:
    raise StrictJSONError(f"{name} is no JSON value")


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
    return depth
