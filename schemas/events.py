"""What can happen, one Struct a fact, inside one envelope.

An event is self-contained: it carries the dialogue so far, so a stage needs no look-up and a replay
needs nothing but the event. Its identity is derived from its cause, never drawn, so handling the same
cause twice gives the same event (see `derive_id`).
"""

import uuid
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from schemas.dialogue import Dialogue, Message, RunSpec, Slot
from schemas.findings import RuleFinding as RuleFinding
from schemas.replays import ReplayBatch, ReplayChecked, ReplayPromoted, ReplayStarted

SCHEMA_VERSION = 1

_NAMESPACE = uuid.UUID("6f0a2f0e-6d0c-5d0a-9a57-6c1d3b0f7c11")


def derive_id(*parts: object) -> str:
    """A UUIDv5 of the parts: the same parts always give the same id."""
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join(str(part) for part in parts)))


class RunRequested(Struct, frozen=True, tag=True):
    """A run wants its slots `first`..`end`-1 filled with accepted dialogues."""

    spec: RunSpec
    first: int
    end: int
    pool_size: int = 0
    pool_source: str = ""
    """What the user named as the source of the tools."""
    slots: tuple[Slot, ...] = ()
    """Slots to try once more, instead of a range: those that an earlier request had given up."""


class ToolsSampled(Struct, frozen=True, tag=True):
    """Targets, distractors and the plan of one dialogue."""

    dialogue: Dialogue


class Candidate(Struct, frozen=True):
    """One way the round could go: the user's message and the assistant's reaction."""

    messages: tuple[Message, ...]


class CandidatesDrafted(Struct, frozen=True, tag=True):
    """The N candidates of a round. One alone is the closing of a dialogue: nothing to choose."""

    dialogue: Dialogue
    candidates: tuple[Candidate, ...]
    closing: bool = False
    """The dialogue ends with this round's candidate."""
    attempt: int = 0
    """How often the judge has already declined this round's candidates."""


class Assessment(Struct, frozen=True):
    """The judge's marks for one candidate, 1 (poor) to 5."""

    candidate: int
    significance: int
    appropriateness: int
    comment: str = ""


class SwapTest(Struct, frozen=True):
    """The same choice asked again with the candidates in reverse order."""

    chosen_again: int
    agreed: bool
    first_shown: tuple[int, ...] = ()
    """The order shown at first, as candidate indexes; the second order is its reverse."""
    best: tuple[int, ...] = ()
    """The candidates that came out best in the first order; several: equals."""
    best_again: tuple[int, ...] = ()
    """Those that came out best in the second order."""


class Judged(Struct, frozen=True, tag=True):
    """A candidate was chosen and is now the dialogue's last turn (`.next`: it goes on; `.done`: it ends)."""

    dialogue: Dialogue
    candidates: tuple[Candidate, ...] = ()
    """All of them, the losers too."""
    chosen: int = 0
    ranking: tuple[int, ...] = ()
    assessments: tuple[Assessment, ...] = ()
    swap: SwapTest | None = None
    shown: tuple[int, ...] = ()
    """The order in which the judge saw the candidates, as their indexes; empty where there was no choice."""
    tied: tuple[int, ...] = ()
    """Candidates as good as the chosen one, it among them, between which the lot decided; empty: no tie."""
    declined: str = ""
    """Why no candidate is fit; the dialogue is then without any of them, and the round is drafted again."""
    attempt: int = 0
    """How often the candidates of this round had been declined before."""


class RuleChecked(Struct, frozen=True, tag=True):
    dialogue: Dialogue
    passed: bool
    findings: tuple[RuleFinding, ...] = ()
    rules: int = 0
    """How many rules ran."""


class AspectFinding(Struct, frozen=True):
    """The model checker's word on one of its questions."""

    aspect: str
    """hallucination, consistency or tool_response; old events have task, tool_result and answer as well."""
    ok: bool
    evidence: str = ""
    """Words of the conversation or of the tools."""
    reason: str = ""
    """What is the matter with them, or why nothing is."""
    unquoted: bool = False
    """The evidence was asked for twice and stands nowhere in the dialogue: do not rely on it."""


class Opinion(Struct, frozen=True):
    """What one model of the committee says of a dialogue."""

    model: str
    passed: bool
    confidence: float = 0.0
    """In [0, 1]; 0 where there is no answer."""
    rationale: str = ""
    findings: tuple[AspectFinding, ...] = ()
    failure: str = ""
    """Why there is no usable answer; such an opinion does not pass."""


class ModelChecked(Struct, frozen=True, tag=True):
    dialogue: Dialogue
    passed: bool
    """More than half of the committee passes it."""
    confidence: float
    """How confident more than half of the committee is at least; of one model: its own confidence."""
    threshold: float
    rationale: str = ""
    """Of the member whose confidence that is."""
    findings: tuple[AspectFinding, ...] = ()
    """Of the same member."""
    rule_findings: tuple[RuleFinding, ...] = ()
    opinions: tuple[Opinion, ...] = ()
    """One a model of the committee, in its order; empty in events from before there was one."""


class DialogueRepaired(Struct, frozen=True, tag=True):
    """The repair agent had its turn (`dialogue.repairs` says what it did); the rules look at it anew."""

    dialogue: Dialogue


class ReviewNeeded(Struct, frozen=True, tag=True):
    """A person has to decide."""

    dialogue: Dialogue
    reasons: tuple[str, ...]
    priority: float
    """Higher is sooner: errors that stop execution first."""
    rule_findings: tuple[RuleFinding, ...] = ()
    findings: tuple[AspectFinding, ...] = ()
    confidence: float | None = None


class ReviewAccepted(Struct, frozen=True, tag=True):
    dialogue: Dialogue
    how: str = "automatic"
    """automatic, approved or revised."""
    by: str = ""
    confidence: float | None = None


class ReviewRejected(Struct, frozen=True, tag=True):
    dialogue: Dialogue
    how: str
    reasons: tuple[str, ...]
    by: str = ""


class ReviewRevoked(Struct, frozen=True, tag=True):
    """An acceptance is taken back: its `causation_id` names the `review.accepted` that no longer counts.

    Nothing is changed or deleted. Whoever reads acceptances leaves out those that such an event names.
    """

    dialogue_id: str
    reasons: tuple[str, ...]
    by: str = ""
    """The checker version that no longer passes the dialogue."""
    replay: str = ""
    """Name of the replay that was promoted."""


class LLMCalled(Struct, frozen=True, tag=True):
    """One request to a model, answered or not. An answered one is also the ledger's record of it."""

    role: str
    model: str
    request_hash: str
    prompt_version: str
    outcome: str
    """ok, unparsable, rate_limited, timeout, server_error, refused, connection or bad_request."""
    answers: tuple[str, ...] = ()
    """The texts of the choices."""
    response_id: str = ""
    """The endpoint's own id for the reply."""
    attempt: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: float = 0.0
    latency_s: float = 0.0
    error: str = ""


class Where(Struct, frozen=True):
    """What a model call is made for; it places the call's event."""

    run_id: str
    dialogue_id: str
    round: int
    causation_id: str


class Dead(Struct, frozen=True, tag=True):
    """A message that a stage could not handle; `input` is what it was given."""

    stage: str
    input_subject: str
    error: str
    traceback: str = ""
    deliveries: int = 1
    input: str = ""
    """The message as text; bytes that are no UTF-8 stand as backslash escapes."""
    dialogue: Dialogue | None = None
    ends_dialogue: bool = True
    """Whether the dialogue ended here; a side consumer's failure (memory) does not end it."""


Body = (
    RunRequested
    | ToolsSampled
    | CandidatesDrafted
    | Judged
    | RuleChecked
    | ModelChecked
    | ReviewNeeded
    | ReviewAccepted
    | ReviewRejected
    | ReviewRevoked
    | DialogueRepaired
    | LLMCalled
    | Dead
    | ReplayStarted
    | ReplayBatch
    | ReplayChecked
    | ReplayPromoted
)


class Envelope(Struct, frozen=True, kw_only=True):
    """What every event says, whatever it is about."""

    event_id: str
    subject: str
    run_id: str
    dialogue_id: str = ""
    round: int = 0
    """1-based number of the user turn; 0 before the first."""
    causation_id: str = ""
    """The event that led to this one; empty for a run's request."""
    produced_at: datetime
    """UTC, microseconds; the producer's clock, so never used for ordering."""
    producer: str
    """Stage and version, `judge@1+3f9c2a1d`: two verdicts can always be told apart."""
    schema_version: int = SCHEMA_VERSION
    body: Body


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Envelope)

UPCASTERS: dict[tuple[str, int], Any] = {}
"""(body tag, schema version) -> function that lifts a raw envelope dict to the next version."""


class UnknownSchema(ValueError):
    """The event was written by a newer version of GenesisFunc; upgrade this stage to read it."""


def encode(event: Envelope) -> bytes:
    return _encoder.encode(event)


def decode(data: bytes | str) -> Envelope:
    """Read an event of this or any older schema version.

    Raises:
        UnknownSchema: it is from a newer version.
        msgspec.DecodeError: it is no JSON, or (ValidationError) no event.
    """
    try:
        event = _decoder.decode(data)
    except msgspec.ValidationError:
        pass  # perhaps of another version, which the full reading does not know
    else:
        if event.schema_version == SCHEMA_VERSION:
            return event
    version = msgspec.json.decode(data, type=_Version).schema_version
    if version == SCHEMA_VERSION:
        return _decoder.decode(data)
    if version > SCHEMA_VERSION:
        raise UnknownSchema(
            f"event has schema version {version}, this code reads up to {SCHEMA_VERSION}: upgrade it"
        )
    raw = msgspec.json.decode(data)
    while raw["schema_version"] < SCHEMA_VERSION:
        lift = UPCASTERS.get((raw["body"]["type"], raw["schema_version"]))
        if lift is not None:
            raw = lift(raw)
        raw["schema_version"] += 1
    return msgspec.convert(raw, Envelope)


class _Version(Struct):
    schema_version: int = SCHEMA_VERSION


class Output(Struct, frozen=True):
    """What a stage's core returns: a body for a subject. The stage makes the envelope."""

    subject: str
    body: Body
    round: int | None = None
    """None: the round of the event that was handled."""
    dialogue_id: str | None = None
    """None: the dialogue of the event that was handled."""


def envelope(cause: Envelope, output: Output, producer: str, ordinal: int) -> Envelope:
    """Wrap an output of handling `cause`; `ordinal` is its place among the outputs."""
    return Envelope(
        event_id=derive_id(cause.event_id, output.subject, producer, ordinal),
        subject=output.subject,
        run_id=cause.run_id,
        dialogue_id=cause.dialogue_id if output.dialogue_id is None else output.dialogue_id,
        round=cause.round if output.round is None else output.round,
        causation_id=cause.event_id,
        produced_at=datetime.now(UTC),
        producer=producer,
        body=output.body,
    )
