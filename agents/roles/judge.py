"""The judge agent: the best of a round's candidates, by problem significance and tool appropriateness."""

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from pydantic import Field

from agents.client import LLM
from agents.role import Reply, Role, conversation_view, tool_view
from agents.roles.user import turn_view
from schemas.dialogue import Dialogue, Turn
from schemas.events import Assessment, Candidate, Where


class Mark(Reply):
    candidate: str
    comment: str
    significance: int = Field(ge=1, le=5)
    appropriateness: int = Field(ge=1, le=5)


class Verdict(Reply):
    marks: list[Mark]
    ranking: list[str]
    type_label: str


ROLE = Role(
    name="judge",
    system="""\
You choose the best next turn of a conversation between a user and an assistant that can call tools. You get the tools on
the table, the conversation so far, what the turn was meant to be, and the candidates, as JSON data. A candidate is the
user's message and the assistant's reaction.

Mark each candidate from 1 to 5 on two scales, with a short comment first:
- significance: is the user's message a real, specific problem that somebody would bring, natural in wording, and in line
  with the conversation and the plan's `kind`?
- appropriateness: is the assistant's move the right one? The right tools, every argument from what was said, nothing
  made up; a question only where something is missing; no call where none is wanted.
Then give `ranking`: all candidate letters, the best first. The order in which candidates are shown means nothing.
`type_label` names the type of problem the best candidate is about, in two to five lowercase words joined by hyphens,
such as: comparing-loan-offers. It must be about the problem, not about the tool's name.""",
    sections=("tools", "conversation", "turn", "candidates"),
    reply=Verdict,
    temperature=0.0,
)


@dataclass(frozen=True)
class Choice:
    """The judge's word, in the candidates' own indexes."""

    ranking: tuple[int, ...]
    assessments: tuple[Assessment, ...]
    type_label: str


async def choose(
    llm: LLM,
    where: Where,
    dialogue: Dialogue,
    turn: Turn,
    candidates: Sequence[Candidate],
    order: Sequence[int],
    key: str,
) -> Choice:
    """Rank the candidates, shown in the given order of indexes."""
    letters = ascii_uppercase[: len(order)]
    index = dict(zip(letters, order, strict=True))

    def complete(verdict: Verdict) -> None:
        if sorted(verdict.ranking) != sorted(letters):
            raise ValueError(f"ranking must hold each of {', '.join(letters)} once")
        if sorted(mark.candidate for mark in verdict.marks) != sorted(letters):
            raise ValueError(f"marks must hold each of {', '.join(letters)} once")

    [verdict] = await llm.ask(
        ROLE,
        ROLE.prompt(
            tools=[tool_view(tool) for tool in dialogue.tools],
            conversation=conversation_view(dialogue.messages),
            turn=turn_view(turn),
            candidates=[
                {"candidate": letter, "messages": conversation_view(candidates[i].messages)}
                for letter, i in index.items()
            ],
        ),
        where=where,
        key=key,
        check=complete,
    )
    return Choice(
        ranking=tuple(index[letter] for letter in verdict.ranking),
        assessments=tuple(
            Assessment(index[m.candidate], m.significance, m.appropriateness, m.comment)
            for m in verdict.marks
        ),
        type_label=_slug(verdict.type_label),
    )


def _slug(label: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in label.lower()).split())
