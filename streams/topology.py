"""Every subject, stream and durable consumer, in one table.

An admin step (`declare`) makes them; stages only bind. JetStream ignores a changed configuration of an
existing durable without a word, so there must be one place that says it.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DiscardPolicy,
    KeyValueConfig,
    ObjectStoreConfig,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import BucketNotFoundError, NotFoundError

from schemas import events
from schemas.settings import Settings

RUNS_REQUESTED = "runs.requested"
TOOLS_SAMPLED = "tools.sampled"
CANDIDATES = "dialogue.candidates"
JUDGED_NEXT = "dialogue.judged.next"
JUDGED_DONE = "dialogue.judged.done"
REPAIRED = "dialogue.repaired"
CHECKED_RULE = "checked.rule"
CHECKED_MODEL = "checked.model"
REVIEW_NEEDED = "review.needed"
REVIEW_ACCEPTED = "review.accepted"
REVIEW_REJECTED = "review.rejected"
REVIEW_REVOKED = "review.revoked"
LLM_CALLED = "llm.called"
REPLAY = "replay"
"""`replay.NAME.started`, `.batch`, `.checked` and `.promoted`: apart from what is live."""
DEAD = "dead"

BODIES: dict[str, type] = {
    RUNS_REQUESTED: events.RunRequested,
    TOOLS_SAMPLED: events.ToolsSampled,
    CANDIDATES: events.CandidatesDrafted,
    JUDGED_NEXT: events.Judged,
    JUDGED_DONE: events.Judged,
    REPAIRED: events.DialogueRepaired,
    CHECKED_RULE: events.RuleChecked,
    CHECKED_MODEL: events.ModelChecked,
    REVIEW_NEEDED: events.ReviewNeeded,
    REVIEW_ACCEPTED: events.ReviewAccepted,
    REVIEW_REJECTED: events.ReviewRejected,
    REVIEW_REVOKED: events.ReviewRevoked,
    LLM_CALLED: events.LLMCalled,
}
"""What an event on each subject is about; `dead.<subject>` always carries `events.Dead`."""

StageName = Literal[
    "sampler",
    "generator",
    "judge",
    "memory",
    "rule-checker",
    "repairer",
    "model-checker",
    "review-router",
    "sink",
]
STAGES: tuple[StageName, ...] = get_args(StageName)

DUPLICATE_WINDOW_S = 3600.0
"""How long a stream remembers event ids. Later duplicates are harmless too, only not free: the ledger
answers for the models, and ClickHouse collapses the event."""


@dataclass(frozen=True)
class Stream:
    name: str
    subjects: tuple[str, ...]
    retention: RetentionPolicy = RetentionPolicy.INTEREST
    """INTEREST: a message goes once every durable has it; ClickHouse keeps it for good."""
    per_subject: int = -1


STREAMS: tuple[Stream, ...] = (
    # Kept: the last request of a run says how far its slots go.
    Stream("RUNS", (f"{RUNS_REQUESTED}.>",), RetentionPolicy.LIMITS, per_subject=1),
    Stream("TOOLS", (TOOLS_SAMPLED,)),
    Stream("DIALOGUE", ("dialogue.>",)),
    Stream("CHECKED", ("checked.>",)),
    Stream("REVIEW", ("review.>",)),
    # Kept: the last message of `llm.called.ok.<request hash>` is the ledger's entry.
    Stream("LLM", (f"{LLM_CALLED}.>",), RetentionPolicy.LIMITS, per_subject=1),
    Stream("REPLAY", (f"{REPLAY}.>",)),
    Stream("DEAD", (f"{DEAD}.>",)),
)


@dataclass(frozen=True)
class Durable:
    """A stage's place in a stream; replicas of the stage share it."""

    stage: StageName
    stream: str
    subjects: tuple[str, ...]
    own_name: str = ""
    """Empty: as the stage."""

    @property
    def name(self) -> str:
        return self.own_name or self.stage


DURABLES: tuple[Durable, ...] = (
    Durable("sampler", "RUNS", (f"{RUNS_REQUESTED}.>",)),
    Durable("sampler", "REVIEW", (REVIEW_NEEDED, REVIEW_ACCEPTED, REVIEW_REJECTED)),
    Durable("sampler", "DEAD", (f"{DEAD}.>",)),
    Durable("generator", "TOOLS", (TOOLS_SAMPLED,)),
    Durable("generator", "DIALOGUE", (JUDGED_NEXT,)),
    Durable("judge", "DIALOGUE", (CANDIDATES,)),
    Durable("memory", "DIALOGUE", (JUDGED_DONE,)),
    Durable("rule-checker", "DIALOGUE", (JUDGED_DONE, REPAIRED)),
    Durable("repairer", "CHECKED", (CHECKED_RULE,)),
    Durable("model-checker", "CHECKED", (CHECKED_RULE,)),
    Durable("review-router", "CHECKED", (CHECKED_RULE, CHECKED_MODEL)),
    *(Durable("sink", stream.name, stream.subjects) for stream in STREAMS if stream.name != "REPLAY"),
    # The batches of a replay hold what is stored already.
    Durable("sink", "REPLAY", tuple(f"{REPLAY}.*.{what}" for what in ("started", "checked", "promoted"))),
)

SIDE_STAGES: frozenset[str] = frozenset({"sampler", "memory", "sink"})
"""Stages beside a dialogue's path: what they cannot handle does not end it (the sampler's input is a
dialogue that has ended already)."""

STORE_QUERY = "store.query"
"""Core NATS: ask the sink; it has the embedded store to itself."""

MEMORY_BUCKET = "memory"
POOLS_BUCKET = "pools"
PERMITS_BUCKET = "permits"


def durables_of(stage: StageName) -> tuple[Durable, ...]:
    return tuple(durable for durable in DURABLES if durable.stage == stage)


def replay_durable(stage: StageName, name: str) -> Durable:
    """Where the replicas that work for a replay take its batches from."""
    return Durable(stage, "REPLAY", (f"{REPLAY}.{name}.batch",), own_name=f"replay-{name}")


def wire_subject(event: events.Envelope) -> str:
    """The NATS subject an event travels on: its own, with what makes it addressable behind it."""
    match event.body:
        case events.LLMCalled(outcome="ok", request_hash=request_hash):
            return f"{LLM_CALLED}.ok.{request_hash}"
        case events.LLMCalled():
            return f"{LLM_CALLED}.failed.{event.event_id}"
        case events.RunRequested():
            return f"{RUNS_REQUESTED}.{event.run_id}"
        case _:
            return event.subject


def stream_of(wire: str) -> str:
    """The stream that stores a wire subject."""
    for stream in STREAMS:
        for pattern in stream.subjects:
            if wire == pattern or (pattern.endswith(".>") and wire.startswith(pattern[:-1])):
                return stream.name
    raise KeyError(f"no stream stores {wire}")


def consumer_config(durable: Durable, settings: Settings) -> ConsumerConfig:
    return ConsumerConfig(
        durable_name=durable.name,
        filter_subjects=list(durable.subjects),
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=settings.ack_wait_s,
        # Stages count deliveries themselves: an outage must not use them up, a bad message must.
        max_deliver=-1,
        max_ack_pending=10_000,
    )


async def declare(js: JetStreamContext, settings: Settings, replicas: int = 1) -> None:
    """Make or update every stream, durable and bucket. Safe to repeat.

    Raises:
        nats.js.errors.APIError: the server refuses (no JetStream, too few nodes for the replicas).
    """
    for stream in STREAMS:
        config = StreamConfig(
            name=stream.name,
            subjects=list(stream.subjects),
            retention=stream.retention,
            storage=StorageType.FILE,
            # Full means an error to the publisher, whose input then comes again; never a silent drop.
            discard=DiscardPolicy.NEW if stream.per_subject < 0 else DiscardPolicy.OLD,
            max_msgs_per_subject=stream.per_subject,
            max_age=settings.ledger_days * 86_400 if stream.name == "LLM" and settings.ledger_days else None,
            duplicate_window=DUPLICATE_WINDOW_S,
            num_replicas=replicas,
            allow_direct=True,
        )
        try:
            await js.stream_info(stream.name)
        except NotFoundError:
            await js.add_stream(config)
        else:
            await js.update_stream(config)
    for durable in DURABLES:
        await js.add_consumer(durable.stream, consumer_config(durable, settings))
    for bucket in (MEMORY_BUCKET, PERMITS_BUCKET):
        try:
            await js.key_value(bucket)
        except BucketNotFoundError:
            await js.create_key_value(KeyValueConfig(bucket=bucket, replicas=replicas))
    try:
        await js.object_store(POOLS_BUCKET)
    except (BucketNotFoundError, NotFoundError):
        await js.create_object_store(POOLS_BUCKET, config=ObjectStoreConfig(replicas=replicas))


@dataclass(frozen=True)
class Lag:
    """What waits at a durable, in messages."""

    pending: int
    """Not yet delivered."""
    unacked: int
    """Delivered, being worked on."""
    redelivered: int
    """Of those, delivered more than once."""
    handled: int
    """Deliveries done with, ever."""

    @property
    def depth(self) -> int:
        return self.pending + self.unacked


async def lags(js: JetStreamContext) -> dict[StageName, Lag]:
    """Queue depth by stage.

    Raises:
        nats.errors.Error: a durable is missing, or the server does not answer in time. Not knowing a
            queue is not the same as its being empty.
    """
    found: dict[StageName, Lag] = {}
    for stage in STAGES:
        pending = unacked = redelivered = handled = 0
        for durable in durables_of(stage):
            info = await js.consumer_info(durable.stream, durable.name)
            pending += info.num_pending or 0
            unacked += info.num_ack_pending or 0
            redelivered += info.num_redelivered or 0
            handled += (info.delivered.consumer_seq if info.delivered else 0) - (info.num_ack_pending or 0)
        found[stage] = Lag(pending, unacked, redelivered, handled)
    return found
