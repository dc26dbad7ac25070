"""Small builders: a tool from a sentence and parameter names, opinions, and whole curations."""

import hashlib
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from consumers.sampler.curation import Definition, Opinion, Pair
from schemas.tools import ToolSpec


def tool(
    name: str, description: str = "", *required: str, optional: Sequence[str] = (), **more: Any
) -> ToolSpec:
    properties = {
        parameter: {"type": "string", "description": f"The {parameter}."}
        for parameter in (*required, *optional)
    }
    return ToolSpec(
        name=name,
        description=description,
        parameters={"type": "object", "properties": properties, "required": list(required)},
        source="test",
        **more,
    )


def sound(tool: ToolSpec) -> Sequence[str]:
    """Nothing is wrong with any tool that has a description."""
    return () if tool.description else (f"tool {tool.name!r} has no description",)


class Asked:
    """Decides by a function, and remembers what it was asked."""

    def __init__(self, same: Any) -> None:
        self._same = same
        self.pairs: list[tuple[str, str]] = []

    async def __call__(self, pairs: Sequence[Pair]) -> list[Opinion]:
        self.pairs += [(first.id, second.id) for first, second in pairs]
        return [Opinion(bool(self._same(first, second)), "so it is") for first, second in pairs]


def by_chance(salt: int) -> Any:
    """An arbitrary opinion that stays the same for a pair, whichever way round."""

    def same(first: Definition, second: Definition) -> bool:
        pair = "/".join(sorted((first.id, second.id)))
        return hashlib.sha256(f"{salt}/{pair}".encode()).digest()[0] % 2 == 0

    return same


def never(first: Definition, second: Definition) -> bool:
    return False


def always(first: Definition, second: Definition) -> bool:
    return True


_verbs = st.sampled_from(["get", "find", "delete", "create", "calculate"])
_things = st.sampled_from(["weather", "forecast", "user", "users", "invoice", "area_circle", "route"])
_ends = st.sampled_from(["", " of a city", " by its id", " for a given day, with all details there are"])
_parameters = st.lists(st.sampled_from(["city", "user_id", "date", "radius"]), unique=True, max_size=3)


@st.composite
def any_tool(draw: Any) -> ToolSpec:
    """A tool that shares much or little with others of its kind."""
    verb, thing = draw(_verbs), draw(_things)
    separator = draw(st.sampled_from(["_", ".", ""]))
    description = draw(
        st.sampled_from(["", "{verb} the {thing}{end}.", "This function can {verb} {thing}{end}."])
    )
    text = description.format(verb=verb, thing=thing.replace("_", " "), end=draw(_ends))
    names = draw(_parameters)
    cut = draw(st.integers(0, len(names)))
    return tool(f"{verb}{separator}{thing}", text, *names[:cut], optional=names[cut:])


any_tools = st.lists(any_tool(), max_size=14)
