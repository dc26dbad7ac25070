"""A dialogue: what was planned, which tools are on the table, and what was said so far."""

from enum import StrEnum
from typing import Any, Literal

from msgspec import Struct

from schemas.tools import ToolSpec


class Scenario(StrEnum):
    """Turns first, tasks second: `single-multi` is one turn with several tasks (paper, section 3)."""

    SINGLE_SINGLE = "single-single"
    SINGLE_MULTI = "single-multi"
    MULTI_SINGLE = "multi-single"
    MULTI_MULTI = "multi-multi"
    SPECIAL = "special"


class TurnKind(StrEnum):
    """What the user does in a turn, and so what a good assistant does about it."""

    REQUEST = "request"
    """A task with everything needed -> call."""
    WITHHOLD = "withhold"
    """A task with required values left out -> ask for them."""
    SUPPLY = "supply"
    """The values asked for -> call."""
    REFINE = "refine"
    """The last task again with one value changed -> call."""
    FOLLOW_UP = "follow_up"
    """A question the results already answer -> answer without a call."""
    NO_TOOL = "no_tool"
    """A task that none of the tools can do -> say so, without a call."""
    CANNOT_FILL = "cannot_fill"
    """The user does not have the value asked for -> explain what is missing, without a call."""
    INVALID_VALUE = "invalid_value"
    """A value the tool's schema forbids -> ask for a valid one, without a call."""
    ALMOST = "almost"
    """A task that a tool on the table does, but for one essential point -> say so, without a call."""
    CHANGE_MIND = "change_mind"
    """The user drops the task that is being talked about and wants another one -> call for that alone."""
    PARTIAL = "partial"
    """Two tasks, of which no tool can do the second -> call for the first, say so of the second."""
    RETRY = "retry"
    """The user asks to try again what failed in the turn before -> the same call."""


Action = Literal["call", "ask", "answer"]

EXPECTED_ACTION: dict[TurnKind, Action] = {
    TurnKind.REQUEST: "call",
    TurnKind.WITHHOLD: "ask",
    TurnKind.SUPPLY: "call",
    TurnKind.REFINE: "call",
    TurnKind.FOLLOW_UP: "answer",
    TurnKind.NO_TOOL: "answer",
    TurnKind.CANNOT_FILL: "answer",
    TurnKind.INVALID_VALUE: "ask",
    TurnKind.ALMOST: "answer",
    TurnKind.CHANGE_MIND: "call",
    TurnKind.PARTIAL: "call",
    TurnKind.RETRY: "call",
}
"""What the assistant does first in a turn of each kind."""


NEW_TASK = frozenset(
    {
        TurnKind.REQUEST,
        TurnKind.WITHHOLD,
        TurnKind.NO_TOOL,
        TurnKind.INVALID_VALUE,
        TurnKind.ALMOST,
        TurnKind.CHANGE_MIND,
        TurnKind.PARTIAL,
    }
)
"""Kinds of turn that bring a task up; the others go on with one."""

SPECIAL_KINDS = (
    TurnKind.NO_TOOL,
    TurnKind.ALMOST,
    TurnKind.CANNOT_FILL,
    TurnKind.INVALID_VALUE,
    TurnKind.CHANGE_MIND,
    TurnKind.PARTIAL,
)
"""What makes a dialogue special; one of its turns is of such a kind."""

Mishap = Literal["unavailable", "rate_limited", "not_found", "denied", "timeout"]
"""How a tool fails for no fault of the assistant's."""


class Link(Struct, frozen=True):
    """A slot whose value is in the result of another task, so that the calls depend on each other."""

    slot: str
    tool: str
    """The tool whose result has it."""


class Task(Struct, frozen=True):
    """One use of one tool."""

    tool: str
    slots: tuple[str, ...] = ()
    """Top-level parameters the user's words give a value for: the required ones and some optional."""
    links: tuple[Link, ...] = ()
    """Further slots, whose values come from results instead of the user's words."""


class Turn(Struct, frozen=True, kw_only=True):
    """The plan of one user turn and the assistant's reaction to it."""

    kind: TurnKind
    tasks: tuple[Task, ...] = ()
    withheld: tuple[str, ...] = ()
    """Required slots of the first task that the user leaves out (withhold), or holds back for good."""
    slot: str = ""
    """The slot that changes (refine), or that gets a forbidden value (invalid_value)."""
    fails: str = ""
    """A tool of this turn whose calls come back with an error."""
    mishap: Mishap = "unavailable"
    """The error, where `fails` names a tool."""
    beyond: str = ""
    """A tool that is not on the table, whose task the user wants as well (partial)."""


class Call(Struct, frozen=True):
    """One tool call in an assistant message."""

    id: str
    name: str
    arguments: dict[str, Any]


class UserMessage(Struct, frozen=True, tag_field="role", tag="user"):
    content: str


class AssistantMessage(Struct, frozen=True, tag_field="role", tag="assistant"):
    """Either calls or text; `action` says whether text asks the user for something or answers."""

    content: str = ""
    calls: tuple[Call, ...] = ()
    action: Action = "answer"
    thinking: str = ""
    """The reasoning before the move, where the run asks for it; shown to no other role but repair."""


class ToolMessage(Struct, frozen=True, tag_field="role", tag="tool"):
    """The result of one call; `content` is JSON text."""

    call_id: str
    name: str
    content: str


Message = UserMessage | AssistantMessage | ToolMessage


class Relevance(StrEnum):
    """Bands of the similarity r between a tool and the target (paper: 0.6 and 0.3 divide them)."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @classmethod
    def of(cls, r: float) -> "Relevance":
        return cls.HIGH if r > 0.6 else cls.MEDIUM if r > 0.3 else cls.LOW


class Distractor(Struct, frozen=True):
    """A tool that is on the table but not meant to be used."""

    tool: str
    relevance: float
    """r in [0, 1] to the first target."""
    band: Relevance


class Guidance(Struct, frozen=True):
    """What the memory of earlier dialogues with this tool asks of the next one."""

    summary: str = ""
    forbidden_types: tuple[str, ...] = ()
    """Type labels already seen; a new dialogue must be of another type."""


class RunSpec(Struct, frozen=True, kw_only=True):
    """What a run was asked for. It rides on every dialogue, so that no stage has to look it up."""

    pool: str
    """Content address of the tool pool."""
    seed: int = 0
    mix: dict[Scenario, float] = {}
    """Relative weights of the scenarios."""
    candidates: int = 4
    """N, the candidate turns a round."""
    dialogues_per_tool: int = 5
    slot_strategy: Literal["dynamic", "max", "min"] = "dynamic"
    """Optional slots the user fills: a random subset, all, or none."""
    distractors: dict[Relevance, float] = {}
    """Relative weights of the bands that distractors are drawn from; empty: the sampler's own mix."""
    languages: dict[str, float] = {}
    """Relative weights of the users' languages, by English name; empty: English alone."""
    thinking: bool = False
    """The assistant's moves carry their reasoning."""
    mishap_share: float = 0.05
    """Share of the turns with calls in which a tool fails."""
    judge: bool = True
    """False: no choice, one candidate a round."""
    memory: bool = True
    """False: dialogues know nothing of each other."""
    repair: bool = False
    """What fails a rule goes to the repair agent, once."""
    evaluation: bool = True
    """False: what the rules find is recorded but holds nothing up, and no model checks."""
    swap_share: float = 0.1
    """Share of the judge's choices repeated with the candidates in reverse order."""
    in_flight: int = 64
    """Dialogues under way at once: the run's width."""
    max_attempts: int = 6
    """Attempts at a slot before it is given up; asking again for the run adds as many."""


class Slot(Struct, frozen=True):
    """A place in a run that wants one accepted dialogue.

    A run of N dialogues has the slots 0..N-1, worked off in `stride` lanes: when the dialogue of
    slot i is accepted, the sampler starts slot i + stride; when it is not, the next attempt of slot
    i. Whoever sees an end can thus derive what comes next from the event alone, no matter how often
    the sampler was killed in between.
    """

    index: int
    attempt: int = 0
    stride: int = 1
    end: int = 0
    """The run's N when the lane was started."""


class Repair(Struct, frozen=True):
    """What the repair agent did to a dialogue that had failed a rule."""

    rules: tuple[str, ...]
    """The rules it had failed."""
    messages: tuple[int, ...] = ()
    """Indexes, in the dialogue as it was before, of the messages that were changed or taken out."""
    by: str = ""
    """The repairer's producer version and model."""
    failure: str = ""
    """Why nothing could be done; the dialogue is then as it was."""
    explanation: str = ""
    """The agent's own words for what it did."""


class Dialogue(Struct, frozen=True, kw_only=True):
    """All that is known of a dialogue; every event carries it whole."""

    id: str
    scenario: Scenario
    spec: RunSpec
    slot: Slot | None = None
    """None: brought back by hand; it no longer drives a lane."""
    tools: tuple[ToolSpec, ...]
    """On the table: targets and distractors, shuffled."""
    targets: tuple[str, ...]
    distractors: tuple[Distractor, ...] = ()
    missing_tools: tuple[ToolSpec, ...] = ()
    """Tools the user wants and the assistant does not have (special scenario)."""
    turns: tuple[Turn, ...] = ()
    persona: str = ""
    """Who the user is and how they write."""
    language: str = ""
    """The user's, by English name; empty: English."""
    cluster: str = ""
    """The group of kin tools whose memory this dialogue reads and feeds; named after one of them."""
    declined: str = ""
    """Why the judge found no candidate of a round fit, however often drafted; the dialogue ended there."""
    guidance: Guidance = Guidance()
    messages: tuple[Message, ...] = ()
    repairs: tuple[Repair, ...] = ()
    """Provenance: empty where the dialogue is as it was first written; never more than one today."""
    type_label: str = ""
    """tau, the judge's name for the type of problem this dialogue is about."""

    @property
    def special_kind(self) -> TurnKind | None:
        """What makes a special dialogue special; None for the other scenarios."""
        return next((turn.kind for turn in self.turns if turn.kind in SPECIAL_KINDS), None)

    def tool(self, name: str) -> ToolSpec | None:
        """A tool by name, on the table or missing from it."""
        for tool in (*self.tools, *self.missing_tools):
            if tool.name == name:
                return tool
        return None

    @property
    def user_turns(self) -> int:
        return sum(isinstance(message, UserMessage) for message in self.messages)

    @property
    def calls(self) -> tuple[Call, ...]:
        return tuple(
            call
            for message in self.messages
            if isinstance(message, AssistantMessage)
            for call in message.calls
        )

    @property
    def open_calls(self) -> tuple[Call, ...]:
        """Calls of the last assistant message that have no result yet."""
        answered = {m.call_id for m in self.messages if isinstance(m, ToolMessage)}
        last = self.messages[-1] if self.messages else None
        if not isinstance(last, AssistantMessage):
            return ()
        return tuple(call for call in last.calls if call.id not in answered)
