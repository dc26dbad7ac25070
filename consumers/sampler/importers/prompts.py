"""Tools written into a system prompt, as data sets in ToolRL's style do (its edition of API-Bank among them).

The prompt has a section of tools, in one of two hands:

    **Available Tools**
    ...
    1. Name: Weather                        1. Weather: Tells the weather.
    Description: Tells the weather.         Parameters: {'city': {'type': 'str', 'description': '...'}}
    Parameters: {'city': ...}

Nothing outside the section is looked at.
"""

import ast
import re
from collections.abc import Iterator
from typing import Any

import msgspec

MAX_LITERAL = 64 * 1024
"""Characters of a tool's parameters."""

_SECTION = re.compile(r"^\*\*Available Tools\*\*[ \t]*$(.*?)(?=^\*\*|\Z)", re.MULTILINE | re.DOTALL)
_TOOL = re.compile(r"^(?P<number>\d{1,4})\.[ \t]+(?P<named>Name:[ \t]*)?(?P<head>[^\n]+)$", re.MULTILINE)
_PART = re.compile(r"^(Description|Parameters|Returns|Response):[ \t]*", re.MULTILINE)


def tools_in(prompt: str) -> Iterator[dict[str, Any]]:
    """The definitions in a system prompt, as `clean` takes them; none if it has no such section."""
    for section in _SECTION.findall(prompt):
        starts: list[re.Match[str]] = []
        for found in _TOOL.finditer(section):
            # A list inside a description starts counting anew.
            if int(found["number"]) == len(starts) + 1:
                starts.append(found)
        ends = [*(start.start() for start in starts), len(section)][1:]
        for start, end in zip(starts, ends, strict=True):
            yield _definition(start, section[start.end() : end])


def _definition(start: re.Match[str], body: str) -> dict[str, Any]:
    name, colon, description = (start["head"], "", "") if start["named"] else start["head"].partition(": ")
    found: dict[str, Any] = {"name": name.strip()}
    if colon:
        found["description"] = description.strip()
    pieces = _PART.split(body)
    for key, text in zip(pieces[1::2], pieces[2::2], strict=True):
        found[key.lower()] = text.strip() if key == "Description" else _literal(text.strip())
    return found


def _literal(text: str) -> Any:
    """JSON or a Python literal; text that is neither comes out as it is, and `clean` says so."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        pass
    if len(text) > MAX_LITERAL:
        return text
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
