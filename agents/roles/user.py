"""The user agent: says what a person who needs the tools would say."""

from agents.client import LLM
from agents.role import Reply, Role, conversation_view, tool_view
from schemas.dialogue import Dialogue, Task, Turn
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
- retry: something just went wrong for no fault of yours: ask to try it again, with nothing changed.
- no_tool: ask for the task of the tool shown, with concrete values.
- almost: ask for the task with concrete values, but want one essential thing of it that the tool cannot do (another kind
  of object, a scope, source or effect outside its description). Without that one thing the task is of no use to you.
- cannot_fill: say that you do not have what the assistant asked for and cannot get it.
- invalid_value: ask for the task, and for `slot` name a value that the tool's schema forbids (outside its enum, range,
  format or type), as somebody does who does not know what is possible. All other values are valid.
- change_mind: instead of answering the assistant's question, drop what you asked for, say so, and ask for the task
  listed, with values for all its slots.
- partial: ask, in one message, for the first task listed and for the task of the tool under `beyond`, with values.

A task's `links` name slots whose values you do not know: they come out of another task, on whose result this one
builds. Say in your own words that the outcome of the one is to be used for the other; never give a value for them.

Make the need significant: something a person would really want done, with names, places, dates and amounts that fit
together. Dates are written in full. Write as the persona would, in the persona's language, in one to four sentences.
`avoid` lists types of problem that were already used: yours must be of another type. `summary` says what was covered.""",
    sections=("tools", "persona", "memory", "conversation", "turn"),
    reply=Utterance,
    temperature=1.0,
)


def turn_view(turn: Turn) -> dict[str, object]:
    """What a model is shown of a turn's plan."""
    return {
        "kind": turn.kind.value,
        "tasks": [_task_view(task) for task in turn.tasks],
        "withheld": list(turn.withheld),
        "slot": turn.slot,
        "beyond": turn.beyond,
    }


def _task_view(task: Task) -> dict[str, object]:
    view: dict[str, object] = {"tool": task.tool, "slots": list(task.slots)}
    if task.links:
        view["links"] = [{"slot": link.slot, "from": link.tool} for link in task.links]
    return view


async def speak(
    llm: LLM, where: Where, dialogue: Dialogue, turn: Turn, n: int, attempt: int = 0
) -> list[str]:
    """n ways to say the turn's message: all in one request, since only the sampling differs.

    Args:
        attempt: how often the judge has declined what was said for this turn.
    """
    names = dict.fromkeys([*(task.tool for task in turn.tasks), *filter(None, [turn.beyond])])
    tools = [tool for name in names if (tool := dialogue.tool(name)) is not None]
    replies = await llm.ask(
        ROLE,
        ROLE.prompt(
            tools=[tool_view(tool) for tool in tools],
            persona=_persona(dialogue),
            memory={
                "summary": dialogue.guidance.summary,
                "avoid": list(dialogue.guidance.forbidden_types),
            },
            conversation=conversation_view(dialogue.messages),
            turn=turn_view(turn),
        ),
        where=where,
        key=f"{dialogue.id}/{where.round}/user" + (f"/{attempt}" if attempt else ""),
        n=n,
        check=_says_something,
    )
    return [reply.message.strip() for reply in replies]


def _persona(dialogue: Dialogue) -> str:
    return f"{dialogue.persona}; writes {dialogue.language or 'English'}"


def _says_something(reply: Utterance) -> None:
    if not reply.message.strip():
        raise ValueError("message is empty")
