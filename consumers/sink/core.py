"""Store every event, and answer questions about them.

    everything -> ClickHouse
    store.query (request) -> columns and rows (reply)

chDB allows one process a folder, so while the sink has it, others ask the sink.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from schemas.events import Envelope
from schemas.replays import ReplayChecked
from sinks.store import EventStore, QueryError, StoreError
from streams.stage import Halt, Permanent, Retry

VERSION = "1"
MAX_REPLY = 7_500_000
"""Bytes; NATS carries 8 MB here."""

_NO_SPACE = ("NOT_ENOUGH_SPACE", "No space left", "CANNOT_WRITE_TO_FILE_DESCRIPTOR")


class Question(msgspec.Struct, frozen=True):
    sql: str
    parameters: dict[str, Any] = {}


class Rows(msgspec.Struct, frozen=True):
    """An answer; `error` says why there is none."""

    columns: tuple[str, ...] = ()
    rows: list[tuple[Any, ...]] = []
    error: str = ""


class Sink:
    def __init__(self, store: EventStore) -> None:
        self.store = store

    async def insert(self, events: Sequence[tuple[Envelope, bytes]]) -> None:
        """One batch, one insert. Inserting again is harmless, so a batch that failed may come back whole.

        The verdicts of a replay have a table of their own: they are many, small, and not yet in effect.
        """
        facts = [each for each in events if not isinstance(each[0].body, ReplayChecked)]
        verdicts = [event for event, _ in events if isinstance(event.body, ReplayChecked)]
        try:
            await asyncio.to_thread(self.store.insert, facts)
            await asyncio.to_thread(self.store.insert_verdicts, verdicts)
        except QueryError as error:
            if any(word in str(error) for word in _NO_SPACE):
                raise Halt(f"ClickHouse cannot store more: {error}; is the disk full?") from error
            raise Permanent(str(error)) from error
        except StoreError as error:
            raise Retry(str(error)) from error

    async def answer(self, request: bytes) -> bytes:
        try:
            question = msgspec.msgpack.decode(request, type=Question)
            found = await asyncio.to_thread(self.store.query, question.sql, question.parameters)
            reply = msgspec.msgpack.encode(Rows(found.columns, found.rows))
            if len(reply) > MAX_REPLY:
                reply = _error(f"the answer has {len(reply):,} bytes, {MAX_REPLY:,} can be sent: add a LIMIT")
        except (StoreError, msgspec.DecodeError, TypeError) as error:
            reply = _error(str(error))
        return reply


def _error(text: str) -> bytes:
    return msgspec.msgpack.encode(Rows(error=text))
