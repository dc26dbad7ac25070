"""One way to publish: with the event's id, waiting until JetStream has stored it."""

import asyncio
from collections.abc import Sequence

from nats.errors import Error as NatsError
from nats.errors import MaxPayloadError
from nats.js import JetStreamContext
from nats.js.api import PubAck
from nats.js.errors import APIError

from schemas.events import Envelope, encode
from streams import metrics, topology

TIMEOUT_S = 30.0

_NO_SPACE = frozenset({10023, 10047, 10077})
"""JetStream error codes: insufficient resources, storage exceeded, maximum bytes or messages."""


class NotStored(Exception):
    """JetStream did not confirm in time; publishing again is safe, ids are the same."""


class TooLarge(Exception):
    """The event is larger than the server takes."""


class NoSpace(Exception):
    """The server has no room to store more."""


async def publish(js: JetStreamContext, *outgoing: Envelope) -> None:
    """Store events; return when the server has acknowledged every one.

    Raises:
        NotStored, TooLarge, NoSpace: see there. Some of the events may have been stored.
    """
    waiting: list[asyncio.Future[PubAck]] = []
    try:
        for event in outgoing:
            wire = topology.wire_subject(event)
            waiting.append(
                await js.publish_async(
                    wire,
                    encode(event),
                    stream=topology.stream_of(wire),
                    headers={"Nats-Msg-Id": event.event_id},
                )
            )
        async with asyncio.timeout(TIMEOUT_S):
            await asyncio.gather(*waiting)
    except MaxPayloadError as error:
        raise TooLarge(f"{outgoing[0].subject}: {error}") from error
    except APIError as error:
        if error.err_code in _NO_SPACE or "no space left" in str(error.description).lower():
            raise NoSpace(f"NATS cannot store more: {error.description}; is the disk full?") from error
        raise NotStored(str(error)) from error
    except (TimeoutError, NatsError) as error:
        raise NotStored(f"{type(error).__name__}: {error}") from error
    _count(outgoing)


def _count(outgoing: Sequence[Envelope]) -> None:
    for event in outgoing:
        metrics.PUBLISHED.labels(event.producer.partition("@")[0], event.subject).inc()
