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
    ranking: list[list[str]]
    none_fits: str
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
Then give `ranking`: all candidate letters in groups, the best group first; candidates of the same worth share a group, as
in [["B"], ["A", "D"], ["C"]]. The order in which candidates are shown means nothing.
`none_fits` is empty, unless every single candidate has a fault that a model must not learn (a wrong or needless call, a
made-up value, a question where nothing is missing, a message that misses the plan): then it says in one sentence what.
`type_label` names the type of problem the best candidate is about, in two to five lowercase words joined by hyphens,
such as: comparing-loan-offers. It must be about the problem, not about the tool's name.""",
    sections=("tools", "conversation", "turn", "candidates"),
    reply=Verdict,
    temperature=0.0,
)


@dataclass(frozen=True)
class Choice:
    """The judge's word, in the candidates' own indexes."""

    groups: tuple[tuple[int, ...], ...]
    """The best first; candidates of one group are as good as each other."""
    assessments: tuple[Assessment, ...]
    type_label: str
    declined: str = ""
    """Why none of them is fit; empty: at least one is."""


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
        if sorted(letter for group in verdict.ranking for letter in group) != sorted(letters):
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
        groups=tuple(tuple(index[letter] for letter in group) for group in verdict.ranking if group),
        assessments=tuple(
            Assessment(index[m.candidate], m.significance, m.appropriateness, m.comment)
            for m in verdict.marks
        ),
        type_label=_slug(verdict.type_label),
        declined=verdict.none_fits.strip(),
    )


def _slug(label: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in label.lower()).split())
