"""Tools in: every source gives `ToolSpec`s with clean schemas, and says what it changed and left out."""

from consumers.sampler.importers.bfcl import BFCLError, read_bfcl
from consumers.sampler.importers.collect import SourceError
from consumers.sampler.importers.files import pool_json
from consumers.sampler.importers.normalise import Imported, ToolError, clean
from consumers.sampler.importers.pool import Definitions, Pool, merged
from consumers.sampler.importers.sources import read_definitions

__all__ = [
    "BFCLError",
    "Definitions",
    "Imported",
    "Pool",
    "SourceError",
    "ToolError",
    "clean",
    "merged",
    "pool_json",
    "read_bfcl",
    "read_definitions",
    "read_tools",
]


def read_tools(source: str) -> Pool:
    """Read the tools a user named: of each name the best definition.

    Args and Raises: see `read_definitions`.
    """
    return merged(read_definitions(source))
