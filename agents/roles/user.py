"""The user agent: says what a person who needs the tools would say."""

from agents.client import LLM
from agents.role import Reply, Role, conversation_view, tool_view
from schemas.dialogue import Dialogue, Turn
from schemas.events import Where


class Utterance(Reply):
    message: str


ROLE = Role(
    name="user",
    system="""\
You play the user in a conversation with an assistant that can call tools. You are a person with a concrete need; you
have never seen the tools and never name them, their parameters or anything technical about them.

You get, as JSON data: the tools your need is about, your persona, what earlier conversations were about, the conversation
so far, and the plan of your next turn. Write that next message, and nothing else.

The plan's `kind` says what you do:
- request: ask for the tasks listed. Give a concrete, realistic value for every slot named, and for no other parameter.
  Several tasks go into one natural message.
- withhold: ask for the task, but leave out every slot under `withheld`, as people do who forget to say it.
- supply: give the values the assistant asked for, and nothing more.
- refine: ask for the last task again, with another value for `slot`; everything else stays as it was.
- follow_up: ask something that the results already shown can answer. No new task.
- no_tool: ask for the task of the tool shown, with concrete values.
- cannot_fill: say that you do not have what the assistant asked for and cannot get it.
- invalid_value: ask for the task, and for `slot` name a value that the tool's schema forbids (outside its enum, range,
  format or type), as somebody does who does not know what is possible. All other values are valid.

Make the need significant: something a person would really want done, with names, places, dates and amounts that fit
together. Dates are written in full. Write as the persona would, in one to four sentences.
`avoid` lists types of problem that were already used: yours must be of another type. `summary` says what was covered.""",
    sections=("tools", "persona", "memory", "conversation", "turn"),
    reply=Utterance,
    temperature=1.0,
)


def turn_view(turn: Turn) -> dict[str, object]:
    """What a model is shown of a turn's plan."""
    return {
        "kind": turn.kind.value,
        "tasks": [{"tool": task.tool, "slots": list(task.slots)} for task in turn.tasks],
        "withheld": list(turn.withheld),
        "slot": turn.slot,
    }


async def speak(llm: LLM, where: Where, dialogue: Dialogue, turn: Turn, n: int) -> list[str]:
    """n ways to say the turn's message: all in one request, since only the sampling differs."""
    names = dict.fromkeys(task.tool for task in turn.tasks)
    tools = [tool for name in names if (tool := dialogue.tool(name)) is not None]
    replies = await llm.ask(
        ROLE,
        ROLE.prompt(
            tools=[tool_view(tool) for tool in tools],
            persona=dialogue.persona,
            memory={
                "summary": dialogue.guidance.summary,
                "avoid": list(dialogue.guidance.forbidden_types),
            },
            conversation=conversation_view(dialogue.messages),
            turn=turn_view(turn),
        ),
        where=where,
        key=f"{dialogue.id}/{where.round}/user",
        n=n,
        check=_says_something,
    )
    return [reply.message.strip() for reply in replies]


def _says_something(reply: Utterance) -> None:
    if not reply.message.strip():
        raise ValueError("message is empty")
