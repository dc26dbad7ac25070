"""Tools from a file: JSON or JSON lines, in any of the shapes `clean` reads.

A file is one of

- a list of tools, or an object with such a list under `tools`, `functions` or `functionDeclarations`;
- one tool;
- rows of a data set, which carry tools along: `{"id": ..., "function": [...]}` (BFCL, GenesisFunc, ACEBench)
  or, one a line, `{"messages": ..., "tools": [...]}`. Of a row nothing else is used.

The first two are somebody's own tools: every problem is an error, and so are two definitions of one name.
Rows repeat names and nobody can be asked about them, so the best definition of a name is kept, and an
unusable one is left out with a note.
"""

import difflib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from consumers.sampler.importers.normalise import Imported, ToolError, clean
from consumers.sampler.importers.pool import Pool, best_by_name, count, identity, make_pool

MAX_BYTES = 256 * 1024 * 1024
SHOWN = 10
"""Problems listed in one message."""
CONTAINERS = ("tools", "functions", "functionDeclarations", "function_declarations")


class ToolFileError(ValueError):
    """A file of tools cannot be used. Lists up to ten problems: which tool, where in it, and why."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        self.path = path
        self.problems = tuple(problems)
        if len(problems) == 1:
            super().__init__(f"{path}: {problems[0]}")
        else:
            super().__init__("\n".join([f"{path}: {count(len(problems), 'problem')}", *_listed(problems)]))


@dataclass(frozen=True)
class _Found:
    """A definition and its place in the file."""

    place: str
    """`[3]`, `tools[3]`, `line 4`, `line 4, function[0]`."""
    raw: object
    in_row: bool = False


def read_file(path: str | Path) -> Pool:
    """Read a file of tools, in the order of the file.

    Raises:
        ToolFileError: it cannot be read, is no JSON, holds no tools, or holds tools that cannot be used.
    """
    path = Path(path)
    found = [definition for place, item in _items(path) for definition in _definitions(item, place)]
    if not found:
        raise ToolFileError(path, ["holds no tools: the lists in it are empty"])
    source = f"file:{path.name}"
    read: list[tuple[_Found, Imported]] = []
    broken: list[str] = []
    # Rows carry the same few tools over and over: each is cleaned once.
    known: dict[bytes, Imported | ToolError] = {}
    for definition in found:
        key = msgspec.json.encode(definition.raw)
        if key not in known:
            known[key] = _attempt(definition.raw, source)
        if isinstance(outcome := known[key], ToolError):
            broken.append(_sentence(definition.place, outcome))
        else:
            read.append((definition, outcome))
    rows = any(definition.in_row for definition in found)
    if broken and not (rows and read):
        raise ToolFileError(path, broken)
    distinct, repeats = _distinct(read)
    if not rows and (clashes := _clashes(distinct)):
        raise ToolFileError(path, clashes)
    notes = []
    if repeats:
        notes.append(f"{count(repeats, 'definition')} stood in the file more than once, word for word")
    if broken:
        notes.append(f"{count(len(broken), 'definition')} left out as unusable")
        notes += _listed(broken)
    best = best_by_name(imported for _, imported in distinct)
    return make_pool(len(distinct), best.values(), str(path), notes)


def _attempt(raw: object, source: str) -> Imported | ToolError:
    try:
        return clean(raw, source)
    except ToolError as error:
        return error


def _sentence(place: str, error: ToolError) -> str:
    name = f" {error.tool!r}" if error.tool else ""
    return f"{place}{name}: {error.pointer}: {error.problem}"


def _listed(problems: list[str]) -> list[str]:
    more = len(problems) - SHOWN
    return [f"  {problem}" for problem in problems[:SHOWN]] + ([f"  and {more:,} more"] if more > 0 else [])


# --- which tools are in it -----------------------------------------------------------------------


def _definitions(item: object, place: str) -> Iterator[_Found]:
    """The definitions in one item of the file: itself, or those of a row."""
    if not isinstance(item, dict) or "name" in item:
        yield _Found(place, item)
        return
    carried = item.get("function")
    if isinstance(carried, dict) and item.keys() & {"id", "question"}:
        yield _Found(f"{place}, function", carried, in_row=True)
    elif isinstance(carried, list):
        for index, raw in enumerate(carried):
            yield _Found(f"{place}, function[{index}]", raw, in_row=True)
    elif key := _container(item):
        for index, raw in enumerate(item[key]):
            yield _Found(f"{place}, {key}[{index}]", raw, in_row=True)
    else:
        yield _Found(place, item)


def _container(item: dict[str, Any]) -> str | None:
    return next((key for key in CONTAINERS if isinstance(item.get(key), list)), None)


def _distinct(read: list[tuple[_Found, Imported]]) -> tuple[list[tuple[_Found, Imported]], int]:
    """Each definition once, and how many repeats there were."""
    kept: dict[bytes, tuple[_Found, Imported]] = {}
    for definition, imported in read:
        kept.setdefault(identity(imported.tool), (definition, imported))
    return list(kept.values()), len(read) - len(kept)


def _clashes(distinct: list[tuple[_Found, Imported]]) -> list[str]:
    first: dict[str, _Found] = {}
    problems = []
    for definition, imported in distinct:
        name = imported.tool.name
        if (held := first.setdefault(name, definition)) is not definition:
            problems.append(
                f"{definition.place} {name!r}: name: already taken by {held.place}, which is defined "
                "differently; rename or remove one"
            )
    return problems


# --- what is in the file -------------------------------------------------------------------------


def _items(path: Path) -> list[tuple[str, object]]:
    """The items of the file, each with its place.

    Raises:
        ToolFileError: there are none, or it cannot be read as JSON or JSON lines.
    """
    data = _bytes(path)
    text = _text(path, data)
    if not text.strip():
        raise ToolFileError(path, ["is empty"])
    try:
        whole = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return _lines(path, text)
    if isinstance(whole, list):
        return [(f"[{index}]", item) for index, item in enumerate(whole)]
    if not isinstance(whole, dict):
        raise ToolFileError(path, [f"holds {_excerpt(text)} where tools belong: a list, or an object"])
    if "name" not in whole and (key := _container(whole)):
        return [(f"{key}[{index}]", item) for index, item in enumerate(whole[key])]
    if "name" not in whole and "function" not in whole:
        keys = ", ".join(repr(key) for key in list(whole)[:6]) or "none"
        raise ToolFileError(
            path,
            [f"holds no tools: an object with 'tools', 'functions' or 'name' is read; keys found: {keys}"],
        )
    return [("the tool", whole)]


def _bytes(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise ToolFileError(path, [f"is a folder; name a file{_hint(_json_files(path), ', such as ')}"])
        with path.open("rb") as file:
            # One byte more than allowed: pipes and devices do not tell their size beforehand.
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ToolFileError(path, [f"does not exist{_nearby(path)}"]) from None
    except OSError as error:
        raise ToolFileError(path, [f"cannot be read: {error.strerror or error}"]) from None
    if len(data) > MAX_BYTES:
        raise ToolFileError(path, [f"is larger than {MAX_BYTES // 1024**2} MiB; split it"])
    return data


def _text(path: Path, data: bytes) -> str:
    if data.startswith(b"\x1f\x8b"):
        raise ToolFileError(path, ["is compressed with gzip; unpack it first"])
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ToolFileError(path, ["is not UTF-8 but UTF-16; save it as UTF-8"])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ToolFileError(
            path, [f"is not UTF-8: line {line} has the byte 0x{data[error.start]:02x}; save it as UTF-8"]
        ) from None


def _nearby(path: Path) -> str:
    """What the user may have meant by a path that does not exist."""
    if not path.parent.is_dir():
        return f", and neither does the folder {path.parent}"
    names = [entry.name for entry in path.parent.iterdir()]
    near = [str(path.with_name(name)) for name in difflib.get_close_matches(path.name, names, n=3)]
    if str(path) == path.name and difflib.get_close_matches(path.name, ["bfcl"]):
        near.insert(0, "bfcl (the tools of that benchmark)")
    return _hint(near, "; did you mean ") + (
        "?" if near else _hint(_json_files(path.parent), "; beside it: ")
    )


def _json_files(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.suffix in (".json", ".jsonl"))[:3]


def _hint(names: list[str], lead: str) -> str:
    return lead + ", ".join(names) if names else ""


def _lines(path: Path, text: str) -> list[tuple[str, object]]:
    """Read JSON lines; a file whose first line is no whole value is taken for malformed JSON instead."""
    items: list[tuple[str, object]] = []
    problems: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            items.append((f"line {number}", msgspec.json.decode(line)))
        except (msgspec.DecodeError, RecursionError):
            if not items and not problems:
                raise ToolFileError(path, [_syntax(text)]) from None
            problems.append(_syntax(line, number))
    if problems:
        raise ToolFileError(path, problems)
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
    shown = _excerpt(text.split("\n")[row - 1], column - 1)
    return f"malformed JSON at line {line or row} column {column}: {reason}: {shown}"


def _position(text: str, error: msgspec.DecodeError) -> tuple[int, str]:
    """The character at which a text stops being JSON, and why."""
    try:
        # Python's reader is slower, and lets NaN pass, but says more exactly what it misses.
        json.loads(text)
    except json.JSONDecodeError as exact:
        return exact.pos, exact.msg
    found = re.search(r"^JSON is malformed: (.*) \(byte (\d+)\)$", str(error))
    if found is None:
        return 0, str(error)
    return len(text.encode()[: int(found[2])].decode(errors="ignore")), found[1]


def _excerpt(line: str, column: int = 0, width: int = 60) -> str:
    """The part of a line around a column."""
    line = line.strip("\r\n")
    start = max(0, min(column - width // 2, len(line) - width))
    cut = line[start : start + width]
    return f"{'…' if start else ''}{cut}{'…' if start + width < len(line) else ''}"
