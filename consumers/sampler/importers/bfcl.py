"""The tools of the Berkeley Function Calling Leaderboard, from the installed package `bfcl-eval`.

Only tool definitions are read. Questions and answers are for evaluation: the decoder skips them, so a
question never becomes a Python object, and the folder of answers is never opened.
"""

import importlib.util
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import msgspec
from msgspec import Raw, Struct

from consumers.sampler.importers.normalise import Imported, ToolError, clean
from consumers.sampler.importers.pool import Definitions, identity

VERSION = "2026.3.23"
INSTALL = f"pip install --no-deps bfcl-eval=={VERSION}"
"""Without its dependencies: they pin old releases of much that is used here, and only data is wanted."""


class BFCLError(ValueError):
    """BFCL's tools cannot be read; says what is missing and which command helps."""


class _Row(Struct):
    """The one field of a benchmark row that may be read."""

    function: list[Raw] = []
    """Absent in the multi-turn files, whose tools lie in `multi_turn_func_doc`."""


def read_bfcl() -> Definitions:
    """Read every definition of BFCL, sorted by name; those of one name in the order of the files.

    Raises:
        BFCLError: the package is missing, holds no data, or its data is damaged.
    """
    data = data_folder()
    files = sorted(data.glob("BFCL_v4_*.json"))
    if not files:
        raise BFCLError(f"{data} holds no BFCL_v4_*.json: this reads bfcl-eval {VERSION}; run: {INSTALL}")
    notes = [f"read from bfcl-eval {_version()}"]
    sources: dict[bytes, str] = {}
    """Definition, as JSON text -> where it stood first."""
    for path in files:
        try:
            for definition in _rows(path):
                sources.setdefault(definition, f"bfcl:{path.stem.removeprefix('BFCL_v4_')}")
        except _NoRows:
            notes.append(f"{path.name} left out: it holds no rows of JSON")
    for path in sorted((data / "multi_turn_func_doc").glob("*.json")):
        for definition in _lines(path):
            sources.setdefault(definition, f"bfcl:multi_turn/{path.stem}")
    distinct: dict[bytes, Imported] = {}
    for definition, source in sources.items():
        imported = _clean(definition, source)
        distinct.setdefault(identity(imported.tool), imported)
    by_name = sorted(distinct.values(), key=lambda imported: imported.tool.name)
    return Definitions(tuple(by_name), "bfcl", tuple(notes))


def data_folder() -> Path:
    """The package's data. The package is found but not imported: importing it creates folders."""
    spec = importlib.util.find_spec("bfcl_eval")
    if spec is None or not spec.submodule_search_locations:
        raise BFCLError(f"the package bfcl-eval, which holds BFCL's tools, is not installed; run: {INSTALL}")
    return Path(spec.submodule_search_locations[0]) / "data"


def _version() -> str:
    try:
        return metadata.version("bfcl-eval")
    except metadata.PackageNotFoundError:
        return "of unknown version"


class _NoRows(Exception):
    """The file is an index or the like (`format_sensitivity`), not JSON lines."""


_decoder = msgspec.json.Decoder(_Row)


def _rows(path: Path) -> Iterator[bytes]:
    """The definitions in a file of benchmark rows, as JSON.

    Raises:
        _NoRows: not even its first line is a row.
        BFCLError: a later line is damaged.
    """
    for number, line in enumerate(_lines(path), start=1):
        try:
            row = _decoder.decode(line)
        except msgspec.DecodeError as error:
            if number == 1:
                raise _NoRows from None
            raise BFCLError(
                f"{path} line {number} is damaged ({error}); run: {INSTALL} --force-reinstall"
            ) from None
        # `Raw` is a view into the line; the copy lets go of it.
        yield from (bytes(definition) for definition in row.function)


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from (line for line in map(bytes.strip, file) if line)


def _clean(definition: bytes, source: str) -> Imported:
    try:
        return clean(msgspec.json.decode(definition), source)
    except (msgspec.DecodeError, ToolError) as error:
        raise BFCLError(f"{source} holds a tool that cannot be used ({error}); run: {INSTALL}") from None
