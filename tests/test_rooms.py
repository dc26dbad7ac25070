"""The map of the rooms: an import points only downwards, and a stage does not know another's folder."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "schemas": set(),
    "streams": {"schemas"},
    "agents": {"schemas"},
    "sinks": {"schemas"},
    "consumers": {"schemas", "streams", "agents", "sinks"},
    "trainer": {"schemas", "streams", "sinks"},
    "cli": {"schemas", "streams", "agents", "sinks", "consumers", "trainer"},
}
OWN_TALK = {"nats": {"streams", "cli"}, "clickhouse_connect": {"sinks"}, "openai": {"agents"}}
"""Who may import the libraries that touch the outside."""


def imports(room: str) -> Iterator[tuple[Path, str]]:
    for path in sorted((ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Import(names=names):
                    yield from ((path, name.name) for name in names)
                case ast.ImportFrom(module=str(module)):
                    yield path, module


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_point_downwards(room):
    for path, module in imports(room):
        top = module.partition(".")[0]
        if top in MAY_IMPORT and top != room:
            assert top in MAY_IMPORT[room], f"{path.relative_to(ROOT)} imports {module}"


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_the_outside_is_touched_in_one_room(room):
    for path, module in imports(room):
        for library, rooms in OWN_TALK.items():
            if module.partition(".")[0] == library:
                assert room in rooms, f"{path.relative_to(ROOT)} imports {module}"


def test_a_stage_does_not_know_another():
    stages = {path.parent.name for path in (ROOT / "consumers").glob("*/app.py")}
    assert len(stages) == 9
    for path, module in imports("consumers"):
        own = path.relative_to(ROOT / "consumers").parts[0]
        parts = module.split(".")
        if parts[0] == "consumers" and len(parts) > 1 and parts[1] in stages:
            assert parts[1] == own, f"{path.relative_to(ROOT)} imports {module}"
