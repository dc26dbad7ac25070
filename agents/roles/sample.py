"""The sample agent: how much do tools overlap? Its r groups targets and bands distractors (paper, section 3)."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from agents.client import LLM
from agents.role import Reply, Role, tool_view
from schemas.events import Where
from schemas.tools import ToolSpec


class Score(Reply):
    name: str
    relevance: float = Field(ge=0, le=1)
    gives: list[str]


@dataclass(frozen=True)
class Relation:
    """How another tool stands to the target."""

    r: float
    """Relevance in [0, 1]."""
    gives: tuple[str, ...] = ()
    """Parameters of the target whose values the other tool's result would contain."""


class Relevances(Reply):
    scores: list[Score]


ROLE = Role(
    name="sample",
    system="""\
You rate how closely tools are related. You get one target tool and a list of other tools, as JSON data.

For every other tool give its relevance to the target, a number from 0 to 1:
- above 0.75: the same kind of task in the same domain; one user could well need both in one request
- above 0.6: easily mistaken for the target
- 0.3 to 0.6: the same domain, another purpose
- below 0.3: nothing in common

`gives` lists the parameters of the target whose value the other tool's result would contain, so that the target could be
called with it: an id, a position, an amount that the other tool finds or computes. Most often it is empty.

Judge by what the tools do, not by how they are worded. Rate each tool exactly once, under its exact name.""",
    sections=("target", "others"),
    reply=Relevances,
    temperature=0.0,
)


async def relate(llm: LLM, where: Where, target: ToolSpec, others: Sequence[ToolSpec]) -> dict[str, Relation]:
    """How each other tool stands to the target, by name.

    The key names no dialogue: at temperature 0 an answer about two tools holds for ever.
    """
    names = {tool.name for tool in others}

    def all_rated(reply: Relevances) -> None:
        if missing := names - {score.name for score in reply.scores}:
            raise ValueError(f"these tools are not rated: {sorted(missing)}")

    [reply] = await llm.ask(
        ROLE,
        ROLE.prompt(target=_summary(target), others=[_summary(tool) for tool in others]),
        where=where,
        key="",
        check=all_rated,
    )
    return {
        score.name: Relation(
            score.relevance, tuple(name for name in score.gives if name in target.properties)
        )
        for score in reply.scores
        if score.name in names
    }


def _summary(tool: ToolSpec) -> dict[str, object]:
    view = tool_view(tool)
    return {"name": view["name"], "description": view["description"], "parameters": list(tool.properties)}
