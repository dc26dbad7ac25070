"""Synthetic runs: the events that real stages would publish, without the stages."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Literal

import msgspec

from schemas.dialogue import (
    AssistantMessage,
    Call,
    Dialogue,
    Distractor,
    Message,
    Relevance,
    RunSpec,
    Scenario,
    Slot,
    Task,
    ToolMessage,
    Turn,
    TurnKind,
    UserMessage,
)
from schemas.events import (
    AspectFinding,
    Body,
    Candidate,
    CandidatesDrafted,
    Dead,
    Envelope,
    Judged,
    LLMCalled,
    ModelChecked,
    ReviewAccepted,
    ReviewNeeded,
    ReviewRejected,
    RuleChecked,
    RuleFinding,
    RunRequested,
    SwapTest,
    ToolsSampled,
    derive_id,
    encode,
)
from schemas.tools import ToolSpec

Ending = Literal["accepted", "needs_review", "rejected", "dead", "in_flight"]

SPEC = RunSpec(pool="0123456789abcdef")
START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def tool(name: str, description: str, required: Iterable[str], optional: Iterable[str] = ()) -> ToolSpec:
    required, optional = tuple(required), tuple(optional)
    properties = {slot: {"type": "string", "description": f"The {slot}."} for slot in (*required, *optional)}
    return ToolSpec(
        name=name,
        description=description,
        parameters={"type": "object", "properties": properties, "required": list(required)},
    )


POOL = (
    tool("weather.forecast", "The forecast for a city.", ["city"], ["day", "units"]),
    tool("weather_forecast", "The forecast for a coordinate.", ["latitude", "longitude"]),
    tool("trains.search", "Trains between two stations.", ["origin", "destination"], ["day", "class", "via"]),
    tool("hotel_book", "Book a room.", ["city", "nights"], ["guests", "breakfast", "view"]),
    tool("currency.convert", "Convert an amount of money.", ["amount", "source", "target"]),
    tool("calendar.add", "Add an appointment.", ["title", "day"], ["place", "reminder"]),
    tool("music_play", "Play a song.", ["title"], ["artist", "room"]),
    tool("translate", "Translate a text.", ["text", "language"], ["tone"]),
)
VALUES = {
    "city": ["Lisbon", "Oslo", "Graz", "Kyoto", "Quito"],
    "day": ["Monday", "tomorrow", "3 May", "next Friday"],
    "origin": ["Bern", "Lyon", "Ghent"],
    "destination": ["Milan", "Prague", "Vienna"],
    "amount": ["120", "75.50", "9000"],
    "language": ["Welsh", "Swahili", "Czech"],
    "title": ["dentist", "Blue Train", "board meeting"],
}
OPENINGS = (
    "Could you help me with",
    "I need",
    "Please take care of",
    "Quick one for",
    "I'd like some help on",
)
TYPES = ("trip planning", "weather check", "money matters", "home and leisure", "appointments")
LABELLED_RULES = (
    ("argument_types", "call", "argument 'nights' is \"two\", not an integer"),
    ("values_grounded", "grounding", "value 'Porto' was never mentioned"),
    ("known_tool", "call", "hotel_find is not on the table"),
    ("answer_agrees", "grounding", "the answer says 18 degrees, the result says 11"),
)


@dataclass
class Run:
    """Writes a run's events in order; the clock moves a little with each."""

    run_id: str
    seed: int = 0
    spec: RunSpec = SPEC
    events: list[Envelope] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(f"{self.run_id}/{self.seed}")
        self._clock = (START + timedelta(milliseconds=137 * tick) for tick in count())

    def emit(
        self, subject: str, body: Body, cause: Envelope | None = None, dialogue_id: str = "", round: int = 0
    ) -> Envelope:
        event = Envelope(
            event_id=derive_id(self.run_id, self.seed, len(self.events), subject),
            subject=subject,
            run_id=self.run_id,
            dialogue_id=dialogue_id,
            round=round,
            causation_id=cause.event_id if cause else "",
            produced_at=next(self._clock),
            producer=f"{subject.split('.')[0]}@1+0a1b2c3d",
            body=body,
        )
        self.events.append(event)
        return event

    def request(self, slots: int, first: int = 0) -> Envelope:
        return self.emit("runs.requested", RunRequested(self.spec, first, slots, pool_size=len(POOL)))

    def dialogue(
        self,
        ending: Ending = "accepted",
        index: int = 0,
        scenario: Scenario = Scenario.SINGLE_SINGLE,
        request: str = "",
        cause: Envelope | None = None,
    ) -> Dialogue:
        """One dialogue from its sampling to its ending; returns it as it stood at the end."""
        full = self.compose(scenario, index, request)
        id, turns = full.id, full.user_turns
        start = msgspec.structs.replace(full, messages=(), type_label="")
        event = self.emit("tools.sampled", ToolsSampled(start), cause, id)
        if ending == "in_flight":
            return start
        self.llm("user", event, id, 1)
        self.llm("assistant", event, id, 1)
        candidate = Candidate(full.messages)
        losers = (Candidate((UserMessage("Something else."), AssistantMessage("Sure."))),) * 3
        drafted = CandidatesDrafted(start, (candidate, *losers))
        event = self.emit("dialogue.candidates", drafted, event, id, 1)
        self.llm("judge", event, id, 1)
        if ending == "dead":
            self.emit(
                "dead.dialogue.candidates",
                Dead("judge", "dialogue.candidates", "ReplyError: no JSON", deliveries=5, dialogue=start),
                event,
                id,
                1,
            )
            return start
        judged = Judged(full, drafted.candidates, shown=tuple(self.random.sample(range(4), 4)))
        event = self.emit("dialogue.judged.done", judged, event, id, turns)
        findings: tuple[RuleFinding, ...] = ()
        if ending != "accepted":
            rule, aspect, problem = self.random.choice(LABELLED_RULES)
            findings = (
                RuleFinding(rule, aspect, "error", problem),
                RuleFinding("style", "call", "warning", "x"),
            )
        event = self.emit("checked.rule", RuleChecked(full, not findings, findings, 30), event, id, turns)
        if not findings:
            self.llm("checker", event, id, turns)
            confidence = round(self.random.uniform(0.76, 0.99), 2)
            checked = ModelChecked(full, True, confidence, 0.75, "Sound.", (AspectFinding("call", True),))
            event = self.emit("checked.model", checked, event, id, turns)
            self.emit("review.accepted", ReviewAccepted(full, confidence=confidence), event, id, turns)
            return full
        needed = ReviewNeeded(full, (f"rule {findings[0].rule} failed",), 2.0, findings)
        event = self.emit("review.needed", needed, event, id, turns)
        if ending == "rejected":
            rejected = ReviewRejected(full, "rejected", (findings[0].problem,), by="ada")
            self.emit("review.rejected", rejected, event, id, turns)
        return full

    def choice(
        self,
        shown: tuple[int, ...],
        best: tuple[int, ...],
        again: tuple[int, ...] | None = None,
        *,
        declined: str = "",
        attempt: int = 0,
        subject: str = "dialogue.judged.next",
    ) -> Envelope:
        """What the judge says of some candidates, shown in an order.

        Args:
            best: the candidates that come out best; several: a tie.
            again: those of the reverse order; None: it is not asked again.
        """
        dialogue = self.compose(Scenario.SINGLE_SINGLE, len(self.events))
        swap = None
        if again is not None:
            swap = SwapTest(again[0], not {*best}.isdisjoint(again), shown, best, again)
        judged = Judged(
            dialogue,
            (Candidate(dialogue.messages),) * len(shown),
            chosen=best[0],
            swap=swap,
            shown=shown,
            tied=best if len(best) > 1 else (),
            declined=declined,
            attempt=attempt,
        )
        return self.emit(subject, judged, dialogue_id=dialogue.id, round=1)

    def llm(
        self, role: str, cause: Envelope | None, dialogue_id: str = "", round: int = 0, outcome: str = ""
    ) -> Envelope:
        outcome = outcome or self.random.choices(["ok", "rate_limited", "unparsable"], [20, 1, 1])[0]
        body = LLMCalled(
            role,
            "offline-teacher",
            derive_id(role, len(self.events)),
            f"{role}@1",
            outcome,
            answers=('{"text": "…"}',) if outcome == "ok" else (),
            prompt_tokens=self.random.randint(300, 1500),
            completion_tokens=self.random.randint(20, 300),
            cost_usd=0.0005,
            latency_s=0.25,
        )
        return self.emit("llm.called", body, cause, dialogue_id, round)

    def compose(self, scenario: Scenario, index: int, request: str = "") -> Dialogue:
        """A finished dialogue of a scenario, with one user turn or three and one task or two a turn."""
        shape = str(scenario).split("-")
        turns = 3 if shape[0] == "multi" else 1
        tasks = 0 if scenario is Scenario.SPECIAL else 2 if shape[-1] == "multi" else 1
        tools = tuple(self.random.sample(POOL, 4))
        messages: list[Message] = []
        plan = []
        for number in range(turns):
            chosen = self.random.sample(tools[:2], tasks)
            calls = tuple(self._call(spec, f"call_{index}_{number}_{k}") for k, spec in enumerate(chosen))
            plan.append(
                Turn(
                    kind=TurnKind.REQUEST if tasks else TurnKind.NO_TOOL,
                    tasks=tuple(Task(call.name, tuple(call.arguments)) for call in calls),
                )
            )
            wish = " and ".join(
                f"{call.name.replace('.', ' ')} with {', '.join(map(str, call.arguments.values()))}"
                for call in calls
            )
            text = f"{self.random.choice(OPENINGS)} {wish or 'repairing my bicycle'}, number {index}."
            messages.append(UserMessage(request if request and number == 0 else text))
            if not calls:
                messages.append(AssistantMessage("None of my tools can do that, I am sorry."))
                continue
            messages.append(AssistantMessage(calls=calls, action="call"))
            messages += [ToolMessage(call.id, call.name, '{"status": "ok", "value": 11}') for call in calls]
            messages.append(AssistantMessage(f"Done: {wish}. The value is 11."))
        return Dialogue(
            id=derive_id(self.run_id, self.seed, "dialogue", index),
            scenario=scenario,
            spec=self.spec,
            slot=Slot(index, stride=4, end=100),
            tools=tools,
            targets=tuple(spec.name for spec in tools[:2]),
            distractors=tuple(Distractor(spec.name, 0.4, Relevance.of(0.4)) for spec in tools[2:]),
            turns=tuple(plan),
            persona=f"a baker of {20 + index % 50}",
            cluster=tools[0].name,
            messages=tuple(messages),
            type_label=self.random.choice(TYPES),
        )

    def _call(self, spec: ToolSpec, id: str) -> Call:
        optional = [name for name in spec.properties if name not in spec.required]
        given = (*spec.required, *self.random.sample(optional, self.random.randint(0, len(optional))))
        arguments: dict[str, Any] = {
            name: self.random.choice(VALUES.get(name, ["two", "early", "quiet", "42"])) for name in given
        }
        return Call(id, spec.name, arguments)

    def encoded(self) -> list[tuple[Envelope, bytes]]:
        return [(event, encode(event)) for event in self.events]

    def batches(self, size: int) -> Iterator[list[tuple[Envelope, bytes]]]:
        events = self.encoded()
        for start in range(0, len(events), size):
            yield events[start : start + size]


def mixed_run(run_id: str, dialogues: int, seed: int = 0, spec: RunSpec = SPEC) -> Run:
    """A run of every scenario with about 70 % accepted and some of every other ending."""
    run = Run(run_id, seed, spec)
    cause = run.request(dialogues)
    run.llm("sample", cause, outcome="ok")
    endings = run.random.choices(
        ["accepted", "needs_review", "rejected", "dead", "in_flight"], [70, 8, 12, 3, 7], k=dialogues
    )
    scenarios = run.random.choices(list(Scenario), [4, 4, 4, 4, 2], k=dialogues)
    for index, (ending, scenario) in enumerate(zip(endings, scenarios, strict=True)):
        run.dialogue(ending, index, scenario, cause=cause)
    return run
