"""The shape every stage shares: take, work, publish and wait for the acknowledgement, then ack.

A stage's core is a function from an event to outputs. Around it stands what must be the same everywhere:

- the input is acknowledged last, so whoever is killed in between is asked again;
- outputs carry ids derived from the input's, so being asked again is harmless;
- long work keeps its message alive with heartbeats;
- an outage (`Retry`) sends the message back with a growing delay, for as long as it takes; one that was
  decided (`Hold`) sends it back with a short one;
- a wrong setting (`Halt`) sends it back and stops the process, since only a person can help;
- a message that cannot be handled (`Permanent`, or any error after `max_deliver` deliveries) becomes a
  dead letter with its error and traceback. Nothing is ever dropped.
"""

import asyncio
import contextlib
import contextvars
import functools
import json
import logging
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from faststream import AckPolicy, FastStream
from faststream.message import StreamMessage
from faststream.nats import JStream, NatsBroker, PullSub
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeout
from nats.js import JetStreamContext

from schemas import events
from schemas.events import Envelope, Output
from schemas.settings import Settings
from streams import metrics, topology
from streams.publisher import NoSpace, NotStored, TooLarge, publish
from streams.topology import Durable, StageName

log = logging.getLogger(__name__)

T = TypeVar("T")

Handle = Callable[[Envelope], Awaitable[Sequence[Output]]]
HandleBulk = Callable[[Sequence[tuple[Envelope, bytes]]], Awaitable[None]]
Answer = Callable[[bytes], Awaitable[bytes]]

BATCH = 500
BATCH_WAIT_S = 0.1
"""A batch is handed over when full or this old, so an idle pipeline stays quick."""
BULK_WAIT_S = 1.0
"""The same for the sink. An insert costs ClickHouse about the same for one event as for hundreds, and
nobody waits for the sink but people."""

DRAIN_S = 20.0
"""How long a stopping stage waits for what it has under way."""

HOLD_S = 5.0
"""Until a message that was held is tried again: what is released goes on this soon."""

HALTED = "control.halted"
"""Core NATS: a stage that halts says why here, for whoever hosts it."""


class Retry(Exception):
    """Not now: something outside is down. The message comes back until it works."""


class Hold(Retry):
    """Not now, and that is meant: the message comes back every few seconds until it may go on."""


class Halt(Exception):
    """Not like this: a person has to change something. The message waits, the process stops."""


class Permanent(Exception):
    """Never: this message cannot be handled, however often it is tried."""


class Stage:
    """One FastStream consumer of the pipeline.

    Use: make it, give it a core with `per_message` or `in_batches`, run its `app`.
    """

    def __init__(
        self,
        name: StageName,
        version: str,
        settings: Settings,
        durables: Sequence[Durable] | None = None,
    ) -> None:
        """
        Args:
            durables: what it takes its messages from; None: what the topology has for the stage.
        """
        self.name: StageName = name
        self.durables = topology.durables_of(name) if durables is None else durables
        self.producer = f"{name}@{version}"
        self.settings = settings
        self._halting = False
        self._draining = False
        self._under_way: set[asyncio.Task[None]] = set()
        self.broker = NatsBroker(
            settings.nats_url,
            name=f"genesisfunc-{name}",
            graceful_timeout=DRAIN_S,
            apply_types=False,  # bodies are decoded here, once, by msgspec
            logger=None,  # every failure is logged below, with the event's ids
            max_reconnect_attempts=-1,
            reconnect_time_wait=1,
        )
        self.app = FastStream(
            self.broker, logger=log, after_startup=[self._serve_metrics], on_shutdown=[self._drain]
        )

    @property
    def js(self) -> JetStreamContext:
        stream: JetStreamContext = self.broker.config.connection_state.stream
        return stream

    @property
    def connection(self) -> Client:
        connection: Client = self.broker.config.connection_state.connection
        return connection

    def per_message(self, handle: Handle, workers: int) -> None:
        """For stages that wait for models: `workers` messages under way at once in this process.

        FastStream's own `max_workers` takes more messages than it works on, and those that wait have no
        heartbeat: with slow models they would come again before they were begun. Here a message is
        only taken when there is a place for it, and the one at the door is kept alive.
        """
        places = asyncio.Semaphore(workers)

        async def on_message(raw: Msg) -> None:
            async with self._kept_alive(raw):
                await places.acquire()
            if self._draining:
                places.release()
                await raw.nak(delay=1)
                return
            task = asyncio.create_task(self._one(raw, handle))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
            task.add_done_callback(lambda _: places.release())

        for durable in self.durables:
            self.broker.subscriber(
                durable.subjects[0],
                stream=JStream(durable.stream, declare=False),
                durable=durable.name,
                config=topology.consumer_config(durable, self.settings),
                pull_sub=PullSub(batch_size=1),
                ack_policy=AckPolicy.MANUAL,
                decoder=_as_it_is,
            )(on_message)

    def in_batches(self, handle: Handle) -> None:
        """For stages that only compute: one message after the other, acknowledgements together."""

        async def on_batch(messages: Sequence[Msg]) -> None:
            async with contextlib.AsyncExitStack() as stack:
                for raw in messages:
                    await stack.enter_async_context(self._kept_alive(raw))
                worked = []
                for raw in messages:
                    worked.append((raw, await self._work(raw, handle)))
                    await asyncio.sleep(0)  # computing must not hold up the heartbeats
                await asyncio.gather(
                    *(self._settle(raw, outputs) for raw, outputs in worked if outputs is not None)
                )

        self._subscribe_batches(on_batch, BATCH_WAIT_S)

    def in_bulk(self, handle: HandleBulk) -> None:
        """For the sink: the events of a batch are handed over together, with their bytes."""

        async def on_batch(messages: Sequence[Msg]) -> None:
            await self._bulk(messages, handle)

        self._subscribe_batches(on_batch, BULK_WAIT_S)

    def answers(self, subject: str, answer: Answer) -> None:
        """Serve requests on a core NATS subject; replicas share them."""

        async def on_request(raw: Msg) -> None:
            await raw.respond(await answer(raw.data))

        self.broker.subscriber(subject, queue=self.name, decoder=_as_it_is, max_workers=4)(on_request)

    def _subscribe_batches(self, on_batch: Callable[[Sequence[Msg]], Awaitable[None]], wait_s: float) -> None:
        for durable in self.durables:
            self.broker.subscriber(
                durable.subjects[0],
                stream=JStream(durable.stream, declare=False),
                durable=durable.name,
                config=topology.consumer_config(durable, self.settings),
                pull_sub=PullSub(batch_size=BATCH, timeout=wait_s, batch=True),
                ack_policy=AckPolicy.MANUAL,
                decoder=_as_it_is,
            )(on_batch)

    async def _drain(self) -> None:
        """Let what is under way end; what takes longer is dropped here and comes again elsewhere."""
        self._draining = True
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=DRAIN_S)
            for task in late:
                task.cancel()

    async def _one(self, raw: Msg, handle: Handle) -> None:
        async with self._kept_alive(raw):
            outputs = await self._work(raw, handle)
            if outputs is not None:
                await self._settle(raw, outputs)

    async def _work(self, raw: Msg, handle: Handle) -> list[Envelope] | None:
        """The events that handling a message leads to; None when it was sent back or buried."""
        event = await self._decoded(raw)
        if event is None:
            return None
        started = time.monotonic()
        try:
            with metrics.IN_FLIGHT.labels(self.name).track_inprogress():
                outputs = await handle(event)
        except Exception as error:
            await self._failed(raw, event, error)
            return None
        finally:
            metrics.SECONDS.labels(self.name).observe(time.monotonic() - started)
        return [
            events.envelope(event, output, self.producer, ordinal) for ordinal, output in enumerate(outputs)
        ]

    async def _settle(self, raw: Msg, outgoing: Sequence[Envelope]) -> None:
        """Publish, wait for the server's word, and only then acknowledge the input."""
        try:
            await publish(self.js, *outgoing)
        except Exception as error:
            await self._failed(raw, await self._decoded(raw), error)
        else:
            await raw.ack()
            metrics.HANDLED.labels(self.name, "ok").inc()

    async def _bulk(self, messages: Sequence[Msg], handle: HandleBulk) -> None:
        batch = [(raw, event) for raw in messages if (event := await self._decoded(raw)) is not None]
        if not batch:
            return
        try:
            async with contextlib.AsyncExitStack() as stack:
                for raw, _ in batch:
                    await stack.enter_async_context(self._kept_alive(raw))
                await handle([(event, raw.data) for raw, event in batch])
        except Permanent as error:
            if len(batch) == 1:
                await self._bury(*batch[0], error)
                return
            # One bad event must not keep its neighbours out: find it.
            for raw, _ in batch:
                await self._bulk([raw], handle)
        except Exception as error:
            log.warning("%s: a batch of %d goes back: %s", self.name, len(batch), error)
            if isinstance(error, Halt):
                await self._halt(error)
            for raw, _ in batch:
                await raw.nak(delay=_backoff(raw))
            metrics.HANDLED.labels(self.name, "retry").inc(len(batch))
        else:
            for raw, _ in batch:
                await raw.ack()
            metrics.HANDLED.labels(self.name, "ok").inc(len(batch))

    async def _decoded(self, raw: Msg) -> Envelope | None:
        try:
            return events.decode(raw.data)
        except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
            await self._bury(raw, None, error)
            return None

    async def _failed(self, raw: Msg, event: Envelope | None, error: Exception) -> None:
        match error:
            case Halt():
                await self._halt(error)
            case NoSpace():
                await self._halt(Halt(str(error)))
            case Hold():
                log.debug("%s: %s is held: %s", self.name, raw.subject, error)
                metrics.HANDLED.labels(self.name, "held").inc()
                await raw.nak(delay=HOLD_S)
                return None
            case Retry() | NotStored():
                log.warning("%s: %s comes back later: %s", self.name, raw.subject, error)
            case Permanent() | TooLarge():
                return await self._bury(raw, event, error)
            case _ if raw.metadata.num_delivered >= self.settings.max_deliver:
                return await self._bury(raw, event, error)
            case _:
                log.warning(
                    "%s: %s failed, delivery %d of %d",
                    self.name,
                    raw.subject,
                    raw.metadata.num_delivered,
                    self.settings.max_deliver,
                    exc_info=error,
                )
        metrics.HANDLED.labels(self.name, "retry").inc()
        await raw.nak(delay=_backoff(raw))
        return None

    async def _halt(self, reason: Halt) -> None:
        # Whatever else is under way fails for the same reason: once said is enough.
        log.log(logging.DEBUG if self._halting else logging.ERROR, "%s stops: %s", self.name, reason)
        self._halting = True
        with contextlib.suppress(NatsError):
            await self.connection.publish(
                HALTED, json.dumps({"stage": self.name, "reason": str(reason)}).encode()
            )
        self.app.exit()

    async def _bury(self, raw: Msg, event: Envelope | None, error: Exception) -> None:
        """Publish the dead letter, then take the message out of the queue."""
        if raw.subject.startswith(f"{topology.DEAD}."):
            return await self._bury_letter(raw, error)
        subject = f"{topology.DEAD}.{event.subject if event else raw.subject}"
        cause_id = event.event_id if event else events.derive_id(raw.subject, raw.data)
        log.error("%s: dead letter %s (%s): %s", self.name, subject, cause_id, error)
        dialogue = getattr(event.body, "dialogue", None) if event else None
        ends = dialogue is not None and self.name not in topology.SIDE_STAGES
        dead = Envelope(
            event_id=events.derive_id(cause_id, subject, self.producer, raw.metadata.sequence.stream),
            subject=subject,
            run_id=event.run_id if event else "",
            dialogue_id=event.dialogue_id if event else "",
            round=event.round if event else 0,
            causation_id=event.event_id if event else "",
            produced_at=datetime.now(UTC),
            producer=self.producer,
            body=events.Dead(
                stage=self.name,
                input_subject=raw.subject,
                error=f"{type(error).__name__}: {error}"[:4000],
                traceback="".join(traceback.format_exception(error))[-8000:],
                deliveries=raw.metadata.num_delivered,
                # A dialogue that ends here starts anew; any other message is sent again as it was.
                input="" if ends else raw.data[:2_000_000].decode("utf-8", "backslashreplace"),
                dialogue=dialogue if ends else None,
                ends_dialogue=ends,
            ),
        )
        try:
            await publish(self.js, dead)
        except (NotStored, NoSpace, TooLarge) as problem:
            log.warning("%s: the dead letter could not be stored, it comes back: %s", self.name, problem)
            await raw.nak(delay=_backoff(raw))
        else:
            await raw.term()
            metrics.HANDLED.labels(self.name, "dead").inc()
        return None

    async def _bury_letter(self, raw: Msg, error: Exception) -> None:
        """A letter about a letter would have the same fault, without end: the log is the last resort."""
        if raw.metadata.num_delivered < self.settings.max_deliver:
            await raw.nak(delay=_backoff(raw))
            return
        log.critical("%s gives up %s: %s\n%s", self.name, raw.subject, error, raw.data)
        await raw.term()
        metrics.HANDLED.labels(self.name, "given_up").inc()

    @contextlib.asynccontextmanager
    async def _kept_alive(self, raw: Msg) -> AsyncIterator[None]:
        """Tell the server every third of `ack_wait` that the message is still worked on."""
        # A timer, not a task: most messages are done long before the first beat.
        beat = _Heartbeat(raw, self.settings.ack_wait_s / 3)
        try:
            yield
        finally:
            beat.timer.cancel()

    async def _serve_metrics(self) -> None:
        if self.settings.metrics_port is not None:
            metrics.serve(self.settings.metrics_port, self.settings.metrics_host)


_NO_CONTEXT = contextvars.Context()
"""A timer that was cancelled waits in the loop's heap for its time, and its context with it. FastStream keeps
the message in the context: thousands of them would stay in memory for nothing."""


class _Heartbeat:
    def __init__(self, raw: Msg, every: float) -> None:
        self.raw, self.every = raw, every
        self.task: asyncio.Task[None] | None = None
        self.timer = asyncio.get_running_loop().call_later(every, self._fire, context=_NO_CONTEXT)

    def _fire(self) -> None:
        self.task = asyncio.create_task(self._beat())
        self.timer = asyncio.get_running_loop().call_later(self.every, self._fire, context=_NO_CONTEXT)

    async def _beat(self) -> None:
        with contextlib.suppress(NatsError):
            await self.raw.in_progress()


def _backoff(raw: Msg) -> float:
    """Seconds until the next delivery: 1, 2, 4 … 30."""
    return float(min(30, 2 ** min(5, raw.metadata.num_delivered - 1)))


def _keep_fetched_messages() -> None:
    """Let every time-out of `fetch` be the kind that FastStream expects.

    nats-py 2.16 documents `nats.errors.TimeoutError`, but raises the builtin one where the first answer
    comes at the end of the window. FastStream 0.7's batch loop takes that for a crash and starts
    anew, without the messages collected so far; they would come again only after `ack_wait`.
    """
    fetch = JetStreamContext.PullSubscription.fetch

    @functools.wraps(fetch)
    async def kept(*args: Any, **kwargs: Any) -> list[Msg]:
        try:
            return await fetch(*args, **kwargs)
        except NatsTimeout:
            raise
        except TimeoutError as error:
            raise NatsTimeout from error

    JetStreamContext.PullSubscription.fetch = kept  # type: ignore[method-assign]  # see above


_keep_fetched_messages()


async def _as_it_is(message: StreamMessage[T]) -> T:
    """FastStream's decoder would turn JSON into dicts; the stage decodes the bytes itself.

    FastStream keeps what this gives in the message. Were it the message, the two would be a cycle, and the
    bytes would stay until the collector comes by: a gigabyte of them where messages are large.
    """
    return message.raw_message
