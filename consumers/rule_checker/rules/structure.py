"""Does the dialogue have a sound form, and did it go as planned?"""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from consumers.rule_checker.rules.registry import Problem, rule
from consumers.rule_checker.tool import shorten
from consumers.rule_checker.view import Span, View
from schemas.dialogue import (
    EXPECTED_ACTION,
    AssistantMessage,
    Message,
    Scenario,
    ToolMessage,
    Turn,
    TurnKind,
    UserMessage,
)


def _role(message: object) -> str:
    match message:
        case UserMessage():
            return "user"
        case AssistantMessage(calls=calls):
            return "call" if calls else "text"
        case _:
            return "result"


_FOLLOWS = {
    "user": ("call", "text"),
    "call": ("result",),
    "result": ("result", "call", "text"),
    "text": ("user",),
}
"""What may come after what. The start and the end have rules of their own."""

_SPELLED = {
    "user": "a user message",
    "call": "an assistant's call",
    "text": "an assistant's text",
    "result": "a tool result",
}


_WELL_FORMED = re.compile(r"(?:u(?:cr+)*t)+")


def _is_ill_formed(view: View) -> bool:
    """The table is bare, the order of messages is wrong, or one of them is not what it should be."""
    return (
        not view.dialogue.tools
        or _WELL_FORMED.fullmatch(view.roles) is None
        or any(map(_is_odd, view.messages))
    )


def _is_odd(message: Message) -> bool:
    """A message is blank, speaks beside calls, or is labelled as what it is not."""
    content = message.content
    if isinstance(message, AssistantMessage):
        if message.calls:
            return bool(content) or message.action != "call"
        if message.action == "call":
            return True
    return not content or content.isspace()


def _results_do_not_match(view: View) -> bool:
    """After some calls there is something else than a result for each, in order, with its id and name."""
    calls, results = view.calls, view.results
    if not len(view.call_of) == len(calls) == len(results):
        return True
    place = 0
    for placed, result in zip(calls, results, strict=True):
        place = max(place, placed.message) + 1
        call, answer = placed.call, result.message
        if result.index != place or answer.call_id != call.id or answer.name != call.name:
            return True
    return False


def _strays_from_plan(view: View) -> bool:
    """A turn is missing or one too many, or one went otherwise than the most usual way of its kind."""
    return (
        len(view.spans) != len(view.dialogue.turns)
        or (view.dialogue.scenario == Scenario.SPECIAL and bool(view.calls))
        or any(span.plan is None or _strays(span, span.plan) for span in view.spans)
    )


def _strays(span: Span, plan: Turn) -> bool:
    expected = EXPECTED_ACTION[plan.kind]
    actions = [message.action for _, message in span.assistant]
    if actions and actions[0] != expected:
        return True
    if expected == "call":
        tools, called = [task.tool for task in plan.tasks], list(span.called)
        return not tools or "ask" in actions or (tools != called and sorted(tools) != sorted(called))
    return bool(span.called) or (expected == "answer" and "ask" in actions)


def _asks(view: View) -> bool:
    return any(message.action == "ask" for message in view.assistant)


def _refines(view: View) -> bool:
    return TurnKind.REFINE in view.kinds


def _retries(view: View) -> bool:
    return TurnKind.RETRY in view.kinds


def _is_declined(view: View) -> bool:
    return bool(view.dialogue.declined)


def _user_says_a_name(view: View) -> bool:
    said = "\n".join([message.content for message in view.users])
    return any(tool.name in said for tool in view.tools)


def _is_long(view: View) -> bool:
    return len(view.spoken) > min(USER_LIMIT, ASSISTANT_LIMIT)


@rule("structure", "error", "Put tools on the table, if only such as do not fit.", when=_is_ill_formed)
def empty_table(view: View) -> Iterator[Problem]:
    """There are tools on the table: declining teaches something only where there was something to choose."""
    if not view.dialogue.tools:
        yield Problem("no tools are on the table")


@rule("structure", "error", "Begin the dialogue with what the user wants.", when=_is_ill_formed)
def starts_with_user(view: View) -> Iterator[Problem]:
    """The first message is the user's."""
    if not view.messages:
        yield Problem("the dialogue has no messages")
    elif not isinstance(view.messages[0], UserMessage):
        yield Problem(f"the dialogue begins with {_SPELLED[_role(view.messages[0])]}", 0)


@rule("structure", "error", "Close the dialogue with the assistant's words to the user.", when=_is_ill_formed)
def ends_with_text(view: View) -> Iterator[Problem]:
    """The last message is the assistant's text: no open call, no unanswered user."""
    if view.messages and (last := _role(view.messages[-1])) != "text":
        yield Problem(f"the dialogue ends with {_SPELLED[last]}", len(view.messages) - 1)


@rule(
    "structure",
    "error",
    "Order the messages user, then calls and results in turn, then the assistant's text.",
    when=_is_ill_formed,
)
def role_order(view: View) -> Iterator[Problem]:
    """Each message may follow the one before it."""
    roles = [_role(message) for message in view.messages]
    for index, (before, after) in enumerate(pairwise(roles), 1):
        if after not in _FOLLOWS[before]:
            yield Problem(f"{_SPELLED[after]} follows {_SPELLED[before]}", index)


@rule(
    "structure",
    "error",
    "Give every call its result, by its id, before the assistant goes on.",
    when=_results_do_not_match,
)
def unanswered_call(view: View) -> Iterator[Problem]:
    """Each call has a result directly after the message that makes it."""
    for index, message, results in view.steps:
        answered = {result.message.call_id for result in results}
        for call in message.calls:
            if call.id not in answered:
                yield Problem(f"the call {call.id!r} of {call.name!r} has no result", index)


@rule("structure", "error", "Keep one result a call.", when=_results_do_not_match)
def answered_twice(view: View) -> Iterator[Problem]:
    """No call has two results."""
    for _, _, results in view.steps:
        seen: set[str] = set()
        for result in results:
            if result.message.call_id in seen:
                yield Problem(f"the call {result.message.call_id!r} has another result", result.index)
            seen.add(result.message.call_id)


@rule(
    "structure",
    "error",
    "Take the result out, or give it the id of the call it belongs to.",
    when=_results_do_not_match,
)
def orphan_result(view: View) -> Iterator[Problem]:
    """Each result belongs to a call of the message just before it."""
    belongs = {
        result.index
        for _, message, results in view.steps
        for result in results
        if any(call.id == result.message.call_id for call in message.calls)
    }
    for result in view.results:
        if result.index not in belongs:
            yield Problem(f"the result for {result.message.call_id!r} belongs to no call", result.index)


@rule("structure", "error", "Name the tool in the result as the call names it.", when=_results_do_not_match)
def result_names_its_tool(view: View) -> Iterator[Problem]:
    """A result carries the name of the tool that was called."""
    for _, message, results in view.steps:
        names = {call.id: call.name for call in message.calls}
        for result in results:
            called = names.get(result.message.call_id)
            if called is not None and called != result.message.name:
                yield Problem(f"the result of {called!r} is named {result.message.name!r}", result.index)


@rule("structure", "error", "Write the message, or take it out.", when=_is_ill_formed)
def empty_message(view: View) -> Iterator[Problem]:
    """Every message says something: text, calls or a result."""
    for index, message in enumerate(view.messages):
        if isinstance(message, AssistantMessage) and message.calls:
            continue
        if not message.content.strip():
            yield Problem(f"{_SPELLED[_role(message)]} is empty", index)


@rule("structure", "warning", "Call without words, or speak without calling.", when=_is_ill_formed)
def text_beside_calls(view: View) -> Iterator[Problem]:
    """A message either calls or speaks; what is said beside a call is seen by nobody and trained on."""
    for index, message in enumerate(view.messages):
        if isinstance(message, AssistantMessage) and message.calls and message.content.strip():
            yield Problem("the assistant speaks and calls in one message", index)


@rule(
    "structure",
    "error",
    "Label a message that calls `call`, and any other `ask` or `answer`.",
    when=_is_ill_formed,
)
def action_fits_message(view: View) -> Iterator[Problem]:
    """The action that a message is labelled with is what it does."""
    for index, message in enumerate(view.messages):
        if isinstance(message, AssistantMessage) and (message.action == "call") != bool(message.calls):
            does = "calls" if message.calls else "only speaks"
            yield Problem(f"the assistant {does}, but the message is labelled {message.action!r}", index)


_REQUEST_FOR_INPUT = re.compile(
    r"\?|\b(please|kindly|let me know|tell me|provide|specify|need|require[sd]?|share|confirm|clarify|choose|"
    r"pick|select|send|give|enter|want|help if)\b",
    re.IGNORECASE,
)


@rule("structure", "warning", "Say what is needed, as a question or a request.", when=_asks)
def question_asks(view: View) -> Iterator[Problem]:
    """A message labelled `ask` asks for something."""
    for index, message in enumerate(view.messages):
        asks = isinstance(message, AssistantMessage) and message.action == "ask" and not message.calls
        if not asks or not view.english or not message.content.strip():
            continue
        if not _REQUEST_FOR_INPUT.search(message.content):
            yield Problem("the message is labelled 'ask', but asks for nothing", index)


@rule("structure", "error", "Play every planned turn, and none besides.", when=_strays_from_plan)
def turns_as_planned(view: View) -> Iterator[Problem]:
    """There are as many user turns as the plan has."""
    planned = len(view.dialogue.turns)
    if planned and len(view.spans) != planned:
        yield Problem(f"the plan has {planned} user turns, the dialogue {len(view.spans)}")


@rule("structure", "error", "Call when everything needed is known; otherwise do not.", when=_strays_from_plan)
def planned_action(view: View) -> Iterator[Problem]:
    """What the assistant does first is what the turn was planned for: to call, or not to."""
    for plan, span in view.planned_spans():
        if not span.assistant:
            continue
        index, message = span.assistant[0]
        expected = EXPECTED_ACTION[plan.kind]
        if (expected == "call") != bool(message.calls):
            done = "call" if message.calls else message.action
            yield Problem(f"a {plan.kind} turn wants the assistant to {expected}; it does {done}", index)


@rule("structure", "error", "Ask for the value that is missing or not allowed.", when=_strays_from_plan)
def question_is_asked(view: View) -> Iterator[Problem]:
    """Where a value was left out or is not allowed, the assistant asks for it."""
    for plan, span in view.planned_spans():
        if EXPECTED_ACTION[plan.kind] != "ask" or not span.assistant:
            continue
        index, message = span.assistant[0]
        # The label may be off; what counts is that the text asks (see `label_fits_plan`).
        asks = message.action == "ask" or _REQUEST_FOR_INPUT.search(message.content)
        if not message.calls and not asks:
            yield Problem(f"a {plan.kind} turn wants a question; the assistant does not ask", index)


@rule("structure", "warning", "Label a question `ask` and a statement `answer`.", when=_strays_from_plan)
def label_fits_plan(view: View) -> Iterator[Problem]:
    """A text is labelled as the plan has it: `ask` or `answer`."""
    for plan, span in view.planned_spans():
        expected = EXPECTED_ACTION[plan.kind]
        if expected == "call" or not span.assistant:
            continue
        index, message = span.assistant[0]
        if not message.calls and message.action != expected:
            yield Problem(
                f"a {plan.kind} turn wants {expected!r}; the text is labelled {message.action!r}", index
            )


_NOTHING_MISSING = (
    TurnKind.REQUEST,
    TurnKind.SUPPLY,
    TurnKind.REFINE,
    TurnKind.FOLLOW_UP,
    TurnKind.RETRY,
    TurnKind.CHANGE_MIND,
    TurnKind.PARTIAL,
)


@rule(
    "structure",
    "error",
    "Ask only when something required is missing; act on what was given.",
    when=_strays_from_plan,
)
def needless_question(view: View) -> Iterator[Problem]:
    """In a turn where nothing is missing the assistant does not ask."""
    for plan, span in view.planned_spans():
        if plan.kind not in _NOTHING_MISSING:
            continue
        for index, message in span.assistant:
            if message.action == "ask" and not message.calls:
                yield Problem(f"the assistant asks in a {plan.kind} turn, where nothing is missing", index)


_SPECIAL_WITH_CALLS = (TurnKind.CHANGE_MIND, TurnKind.PARTIAL)


@rule(
    "structure",
    "error",
    "Explain instead of calling: no tool fits, or a value is missing or not allowed.",
    when=_strays_from_plan,
)
def uncalled_for(view: View) -> Iterator[Problem]:
    """A turn that is not for calling sees no call, not even later on; nor does a special dialogue, unless
    its kind is one in which something can be done."""
    special = view.dialogue.scenario == Scenario.SPECIAL
    for span in view.spans:
        wants_call = span.plan is None or EXPECTED_ACTION[span.plan.kind] == "call"
        if wants_call and not (special and view.dialogue.special_kind not in _SPECIAL_WITH_CALLS):
            continue
        for index, message in span.assistant:
            if message.calls:
                names = ", ".join(call.name for call in message.calls)
                where = f"a {span.plan.kind} turn" if span.plan and not wants_call else "a special dialogue"
                yield Problem(f"{names} is called in {where}", index)


def _wants_calls(span: Span) -> bool:
    return span.plan is not None and EXPECTED_ACTION[span.plan.kind] == "call"


@rule("structure", "error", "Call each planned tool, once for each of its tasks.", when=_strays_from_plan)
def planned_tools_are_called(view: View) -> Iterator[Problem]:
    """Every task of a turn is done by a call of its tool."""
    for span in view.spans:
        if not _wants_calls(span) or span.plan is None or not span.called:
            continue
        wanted = Counter(task.tool for task in span.plan.tasks)
        called = Counter(span.called)
        for name, count in (wanted - called).items():
            done = called[name]
            text = f"is called {done} of {wanted[name]} times" if done else "is not called"
            yield Problem(f"the planned tool {name!r} {text} ({count} missing)", span.first)
        if not wanted and not set(span.called) & set(view.dialogue.targets):
            yield Problem("none of the target tools is called", span.first)


@rule("structure", "warning", "Call what the user asked for, and nothing else.", when=_strays_from_plan)
def unplanned_tool(view: View) -> Iterator[Problem]:
    """No tool is called in a turn that has no task for it."""
    for span in view.spans:
        if not _wants_calls(span) or span.plan is None or not span.plan.tasks:
            continue
        planned = {task.tool for task in span.plan.tasks}
        for name in dict.fromkeys(span.called):
            if name not in planned and name in view.by_name:
                yield Problem(f"{name!r} is called, but no task of this turn needs it", span.first)


@rule("structure", "error", "Pass the new value that the user asked for.", when=_refines)
def refinement_changes_the_call(view: View) -> Iterator[Problem]:
    """When the user changes one value, the call differs from the last one of that tool."""
    for span in view.spans:
        if span.plan is None or span.plan.kind != TurnKind.REFINE:
            continue
        earlier = {placed.call.name: placed for placed in view.calls if placed.message < span.first}
        for index, message in span.assistant:
            for call in message.calls:
                last = earlier.get(call.name)
                if last is not None and last.call.arguments == call.arguments:
                    yield Problem(f"{call.name!r} is called with the same arguments as before", index)


@rule("structure", "error", "Repeat the call that failed, with the same arguments.", when=_retries)
def retry_repeats_the_call(view: View) -> Iterator[Problem]:
    """When the user asks to try again, the assistant makes a call that failed once more, unchanged."""
    for span in view.spans:
        if span.plan is None or span.plan.kind != TurnKind.RETRY:
            continue
        failed = {
            placed.key
            for result in view.results
            if result.index < span.first and result.is_error
            if (placed := view.call_of.get(result.message.call_id)) is not None
        }
        if not failed:
            yield Problem("the user asks to try again, but nothing had failed", span.first)
            continue
        for placed in view.calls:
            if span.first < placed.message < span.first + len(span.messages) and placed.key not in failed:
                yield Problem(f"{placed.call.name!r} is called, but not as it had failed", placed.message)


@rule("structure", "error", "Draft the round again, or leave the dialogue out.", when=_is_declined)
def declined_by_the_judge(view: View) -> Iterator[Problem]:
    """The judge found at least one candidate of every round fit to learn from."""
    if view.dialogue.declined:
        yield Problem(f"no candidate was fit: {view.dialogue.declined}")


@rule("structure", "error", "Let the user speak of the need, not of the tool.", when=_user_says_a_name)
def user_names_no_tool(view: View) -> Iterator[Problem]:
    """Users know no tool names; one in their words gives the answer away. Plain words are no names."""
    names = [tool.name for tool in view.tools if re.search(r"[a-z0-9][_.][A-Za-z0-9]|[a-z][A-Z]", tool.name)]
    for index, message in enumerate(view.messages):
        if not isinstance(message, UserMessage):
            continue
        for name in names:
            if name in message.content:
                yield Problem(f"the user names the tool {name!r}", index)


USER_LIMIT, ASSISTANT_LIMIT = 2000, 4000
"""Characters. Beyond them lie pasted documents and answers that ran away."""


@rule("structure", "error", "Shorten the message.", when=_is_long)
def too_long(view: View) -> Iterator[Problem]:
    """User messages keep within 2,000 characters, the assistant's texts within 4,000."""
    for index, message in enumerate(view.messages):
        if isinstance(message, ToolMessage):
            continue
        limit = USER_LIMIT if isinstance(message, UserMessage) else ASSISTANT_LIMIT
        if len(message.content) > limit:
            start = shorten(message.content, 40)
            yield Problem(f"{start} has {len(message.content)} characters, the limit is {limit}", index)
