"""The tools the teacher is tried on: all of BFCL where it is installed, else the repository's own few."""

import importlib.util
from pathlib import Path

import pytest

from consumers.sampler.importers import read_tools
from schemas.tools import ToolSpec


@pytest.fixture(scope="session")
def tools() -> tuple[ToolSpec, ...]:
    if importlib.util.find_spec("bfcl_eval") is None:
        return tuple(read_tools(str(Path(__file__).parents[1] / "data" / "tools.json")).tools)
    return tuple(read_tools("bfcl").tools)
