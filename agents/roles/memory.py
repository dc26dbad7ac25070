"""The memory agent: what has been covered, so that the next dialogue differs."""

from collections.abc import Mapping

from agents.client import LLM
from agents.role import Reply, Role, conversation_view
from schemas.dialogue import Dialogue
from schemas.events import Where


class Recollection(Reply):
    type_label: str
    summary: str


ROLE = Role(
    name="memory",
    system="""\
You keep the memory of a collection of conversations about one group of tools, so that each new one can be different. You
get, as JSON data, the type labels seen so far with their counts, the summary so far, the newest conversation, and the
label proposed for it.

- `type_label`: the label under which to file the newest conversation. If it is about the same type of problem as a label
  already seen, give exactly that label; else keep the proposed one, or where none is proposed name the type of problem in
  two to five lowercase words joined by hyphens.
- `summary`: at most 60 words on what kinds of users, problems and values all conversations covered up to now, the newest
  included, and what is still missing. Do not retell single conversations.""",
    sections=("seen", "summary", "conversation", "proposed"),
    reply=Recollection,
    temperature=0.0,
)


async def recollect(
    llm: LLM, where: Where, dialogue: Dialogue, seen: Mapping[str, int], summary: str
) -> Recollection:
    [reply] = await llm.ask(
        ROLE,
        ROLE.prompt(
            seen=dict(seen),
            summary=summary,
            conversation=conversation_view(dialogue.messages),
            proposed=dialogue.type_label,
        ),
        where=where,
        key=f"{dialogue.id}/memory",
    )
    return reply
