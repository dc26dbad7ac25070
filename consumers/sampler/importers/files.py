"""Tools from JSON or JSON lines, in any of the shapes `clean` reads.

A file is one of

- a list of tools, or an object with such a list under `tools`, `functions` or `functionDeclarations`;
- one tool;
- rows of a data set, which carry tools along: `{"id": ..., "function": [...]}` (BFCL, GenesisFunc,
  ACEBench), `{"messages": ..., "tools": [...]}`, or `{"system": "...", ...}` with the tools written into the
  system prompt (API-Bank, see `prompts`).

Of a row nothing but its tools is read: the decoder skips the rest, so that a benchmark's questions and
answers never become Python objects.

The first two are somebody's own tools: every problem is an error, and so are two definitions of one name.
Rows repeat names and nobody can be asked about them, so the best definition of a name is kept, and an
unusable one is left out with a note.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec
from msgspec import Raw, Struct

from consumers.sampler.importers.collect import Finding, Found, SourceError
from consumers.sampler.importers.prompts import tools_in
from schemas.tools import ToolSpec

CONTAINERS = ("tools", "functions", "functionDeclarations", "function_declarations")
_ABSENT = Raw(b"")


class _Item(Struct):
    """What may be read of an item; all else in it is skipped."""

    name: Raw = _ABSENT
    id: Raw = _ABSENT
    """Only whether there is one: it tells a row from a tool."""
    function: Raw = _ABSENT
    tools: Raw = _ABSENT
    functions: Raw = _ABSENT
    functionDeclarations: Raw = _ABSENT
    function_declarations: Raw = _ABSENT
    system: Raw = _ABSENT
    returns: Raw = _ABSENT
    source: Raw = _ABSENT
    """These two stand beside `function` where `genesisfunc tools import` wrote the file."""


def find_in_json(data: bytes, source: str, label: str, *, strict: bool = True) -> Finding:
    """The tools in the content of a file.

    Args:
        source: what the user named; for error messages.
        label: goes into `ToolSpec.source`: `file:tools.json`.
        strict: whether somebody's own tools have to be faultless; data sets' never have to.

    Raises:
        SourceError: it is no JSON, or holds no tools.
    """
    found = tuple(
        Found(
            one.place,
            one.raw,
            label if one.source is None else one.source,
            strict=strict and not one.row,
        )
        for place, item in _items(data, source)
        for one in _definitions(item, place)
    )
    if not found:
        raise SourceError(source, ["holds no tools: the lists in it are empty"])
    return Finding(found)


def pool_json(tools: Iterable[ToolSpec]) -> bytes:
    """A file that reads back as these very tools.

    A list in OpenAI's format, a tool a line. That format knows neither results nor where a tool came from, so
    these stand beside `function`, and what is under `function` can be sent as it is.
    """
    lines = []
    for tool in tools:
        function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
        beside = {"returns": tool.returns} if tool.returns is not None else {}
        item = {"type": "function", "function": function, **beside, "source": tool.source}
        lines.append(msgspec.json.encode(item))
    return b"[\n" + b",\n".join(lines) + b"\n]\n"


# --- which tools are in it -----------------------------------------------------------------------


@dataclass(frozen=True)
class _Definition:
    place: str
    """`[3]`, `tools[3]`, `line 4`, `line 4, function[0]`."""
    raw: object
    row: bool
    source: str | None = None
    """Where it came from before it stood here, if it says so."""


_item = msgspec.json.Decoder(_Item)
_anything = msgspec.json.Decoder()
_list = msgspec.json.Decoder(list[Raw])
_keys = msgspec.json.Decoder(dict[str, Raw])


def _definitions(item: Raw | bytes, place: str, row: bool = False) -> Iterator[_Definition]:
    """The definitions in one item of the file: itself, or those of a row."""
    try:
        carried = _item.decode(item)
    except msgspec.ValidationError:
        yield _Definition(place, _anything.decode(item), row)  # no object: `clean` says what it is instead
        return
    if carried.name:
        yield _Definition(place, _anything.decode(item), row)
    elif carried.function:
        yield from _under_function(carried, item, place, row)
    elif key := _container(carried):
        # Gemini nests its declarations in the list of tools; that makes no row of them.
        row = row or key in ("tools", "functions")
        for index, child in enumerate(_list.decode(getattr(carried, key))):
            yield from _definitions(child, f"{place}, {key}[{index}]", row)
    elif carried.system:
        prompt = _anything.decode(carried.system)
        for number, raw in enumerate(tools_in(prompt) if isinstance(prompt, str) else (), start=1):
            yield _Definition(f"{place}, system prompt, tool {number}", raw, row=True)
    else:
        # Its keys alone make the message.
        yield _Definition(place, dict.fromkeys(_keys.decode(item)), row)


def _under_function(carried: _Item, item: Raw | bytes, place: str, row: bool) -> Iterator[_Definition]:
    function = _anything.decode(carried.function)
    if isinstance(function, list):
        for index, raw in enumerate(function):
            yield _Definition(f"{place}, function[{index}]", raw, row=True)
    elif isinstance(function, dict) and carried.id:
        yield _Definition(f"{place}, function", function, row=True)
    else:
        yield _Definition(place, {"function": function, **_extras(carried)}, row, _own_source(carried))


def _extras(carried: _Item) -> dict[str, object]:
    return {"returns": _anything.decode(carried.returns)} if carried.returns else {}


def _own_source(carried: _Item) -> str | None:
    source = _anything.decode(carried.source) if carried.source else None
    return source if isinstance(source, str) else None


def _container(carried: _Item) -> str | None:
    """The key of the first list of tools."""
    return next((key for key in CONTAINERS if bytes(getattr(carried, key)).startswith(b"[")), None)


# --- what is in the file -------------------------------------------------------------------------


def _items(data: bytes, source: str) -> list[tuple[str, Raw | bytes]]:
    """The items of the file, each with its place.

    Raises:
        SourceError: there are none, or it cannot be read as JSON or JSON lines.
    """
    try:
        whole = bytes(msgspec.json.decode(data, type=Raw))
        if whole.startswith(b"["):
            return [(f"[{index}]", item) for index, item in enumerate(_list.decode(whole))]
        if not whole.startswith(b"{"):
            shown = excerpt(whole.decode(errors="replace"))
            raise SourceError(source, [f"holds {shown} where tools belong: a list, or an object"])
        carried = _item.decode(whole)
    except (msgspec.DecodeError, RecursionError):
        return _lines(data, source)
    if not carried.name and (key := _container(carried)):
        return [(f"{key}[{index}]", item) for index, item in enumerate(_list.decode(getattr(carried, key)))]
    if not (carried.name or carried.function or carried.system):
        keys = ", ".join(repr(key) for key in list(_keys.decode(whole))[:6]) or "none"
        raise SourceError(
            source,
            [f"holds no tools: an object with 'tools', 'functions' or 'name' is read; keys found: {keys}"],
        )
    return [("the tool", whole)]


def _lines(data: bytes, source: str) -> list[tuple[str, Raw | bytes]]:
    """Read JSON lines; a file whose first line is no whole value is taken for malformed JSON instead."""
    items: list[tuple[str, Raw | bytes]] = []
    problems: list[str] = []
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            items.append((f"line {number}", msgspec.json.decode(line, type=Raw)))
        except (msgspec.DecodeError, RecursionError):
            if not items and not problems:
                raise SourceError(source, [_syntax(data.decode())]) from None
            problems.append(_syntax(line.decode(), number))
    if problems:
        raise SourceError(source, problems)
    return items


def _syntax(text: str, line: int | None = None) -> str:
    """Where and why a text is no JSON. `line` is its number in the file; None: it is the file."""
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        position, reason = _position(text, error)
    except RecursionError:
        return f"malformed JSON{f' at line {line}' if line else ''}: objects and lists nest too deep"
    before = text[:position]
    row, column = before.count("\n") + 1, position - before.rfind("\n")
    shown = excerpt(text.split("\n")[row - 1], column - 1)
    return f"malformed JSON at line {line or row} column {column}: {reason}: {shown}"


def _position(text: str, error: msgspec.DecodeError) -> tuple[int, str]:
    """The character at which a text stops being JSON, and why."""
    try:
        # Python's reader is slower, and lets NaN pass, but says more exactly what it misses.
        json.loads(text)
    except json.JSONDecodeError as exact:
        return exact.pos, exact.msg
    except RecursionError:
        pass
    found = re.search(r"^JSON is malformed: (.*) \(byte (\d+)\)$", str(error))
    if found is None:
        return 0, str(error)
    return len(text.encode()[: int(found[2])].decode(errors="ignore")), found[1]


def excerpt(line: str, column: int = 0, width: int = 60) -> str:
    """The part of a line around a column."""
    line = line.strip("\r\n")
    start = max(0, min(column - width // 2, len(line) - width))
    cut = line[start : start + width]
    return f"{'…' if start else ''}{cut}{'…' if start + width < len(line) else ''}"
