"""Tools in: every source gives a `Pool` of `ToolSpec`s with clean schemas, and says what it changed."""

from consumers.sampler.importers.bfcl import BFCLError, read_bfcl
from consumers.sampler.importers.files import ToolFileError, read_file
from consumers.sampler.importers.normalise import Imported, ToolError, clean
from consumers.sampler.importers.pool import Pool

__all__ = [
    "BFCLError",
    "Imported",
    "Pool",
    "ToolError",
    "ToolFileError",
    "clean",
    "read_bfcl",
    "read_file",
    "read_tools",
]


def read_tools(source: str) -> Pool:
    """Read the tools a user named.

    Args:
        source: `bfcl`, or the path of a JSON or JSON lines file (`./bfcl` if it is called that).

    Raises:
        BFCLError: BFCL's package is missing or damaged.
        ToolFileError: the file cannot be read, or holds tools that cannot be used.
    """
    return read_bfcl() if source == "bfcl" else read_file(source)
