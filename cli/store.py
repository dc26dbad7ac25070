"""The event store, wherever it is: opened here, or asked for through the sink that has it."""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Coroutine, Iterator, Mapping
from typing import Any, TypeVar

import msgspec
import nats
from nats.aio.msg import Msg
from nats.errors import ConnectionClosedError, NoRespondersError
from nats.errors import Error as NatsError

from cli.errors import OUTSIDE, CommandError
from cli.folder import DataFolder
from consumers.sink.core import Question, Rows
from schemas.settings import Settings
from sinks.store import EventStore, QueryError, QueryResult, StoreBusyError, StoreError
from streams.topology import STORE_QUERY

T = TypeVar("T")

log = logging.getLogger(__name__)


async def quiet(error: Exception) -> None:
    """For `error_cb`: nats-py would print a traceback; the request that fails says it in words."""
    log.debug("NATS: %s", error)


class StoreGone(StoreError):
    """The pipeline that was asked has stopped; the folder can be opened by whoever asks now."""


class RemoteStore:
    """Asks a running sink; the same `query` as an `EventStore`'s, from any thread."""

    def __init__(self, nats_url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="remote-store")
        self._thread.start()
        try:
            self._nc = self._wait(
                nats.connect(nats_url, connect_timeout=5, allow_reconnect=False, error_cb=quiet), 6.0
            )
        except (OSError, TimeoutError, NatsError) as error:
            self._end_loop()
            raise StoreGone(f"the running pipeline cannot be reached at {nats_url}: {error}") from error

    def query(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        read_only: bool = True,
        timeout_s: float = 60.0,
    ) -> QueryResult:
        """As `EventStore.query`; the sink only reads."""
        if not read_only:
            raise QueryError("a running pipeline's store can be read only; stop the pipeline first")
        request = msgspec.msgpack.encode(Question(sql, dict(parameters or {})))
        try:
            reply = self._wait(self._ask(request, timeout_s), timeout_s + 1)
        except NoRespondersError as error:
            raise StoreGone("no sink is running, so nobody can answer; start it or wait") from error
        except ConnectionClosedError as error:
            raise StoreGone("the pipeline stopped before it answered") from error
        except (TimeoutError, NatsError) as error:
            raise StoreError(f"the sink did not answer: {type(error).__name__} {error}") from error
        rows = msgspec.msgpack.decode(reply.data, type=Rows)
        if rows.error:
            raise QueryError(rows.error)
        return QueryResult(rows.columns, [tuple(row) for row in rows.rows])

    async def _ask(self, request: bytes, timeout_s: float) -> Msg:
        """A request that does not wait for a server that has gone."""
        asked = asyncio.create_task(self._nc.request(STORE_QUERY, request, timeout=timeout_s))
        while not asked.done():
            await asyncio.wait({asked}, timeout=0.2)
            if not asked.done() and not self._nc.is_connected:
                asked.cancel()
                raise ConnectionClosedError
        return asked.result()

    def close(self) -> None:
        with contextlib.suppress(NatsError, TimeoutError, OSError):
            self._wait(self._nc.close(), 3.0)
        self._end_loop()

    def _wait(self, work: Coroutine[Any, Any, T], timeout_s: float) -> T:
        """The result; TimeoutError rather than waiting for a server that will never answer."""
        return asyncio.run_coroutine_threadsafe(asyncio.wait_for(work, timeout_s), self._loop).result(
            timeout_s + 1
        )

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()


PATIENCE_S = 20.0
"""How long to wait for a folder that somebody is just opening, or only looking at."""


@contextlib.contextmanager
def open_store(settings: Settings) -> Iterator["PatientStore"]:
    """The store of a data folder or a ClickHouse server.

    Raises:
        CommandError: there is none, or it cannot be read.
    """
    try:
        store = PatientStore(settings)
    except StoreError as error:
        raise CommandError(str(error), OUTSIDE) from error
    try:
        yield store
    except QueryError as error:
        raise CommandError(str(error)) from error
    except StoreError as error:
        raise CommandError(str(error), OUTSIDE) from error
    finally:
        store.close()


class PatientStore:
    """The store, whoever has it at the moment: a pipeline that stops in the middle is no reason to fail."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._found = _found(settings)

    @property
    def is_remote(self) -> bool:
        return isinstance(self._found, RemoteStore)

    def query(
        self, sql: str, parameters: Mapping[str, Any] | None = None, read_only: bool = True
    ) -> QueryResult:
        """As `EventStore.query`."""
        try:
            return self._found.query(sql, parameters, read_only)
        except StoreGone:
            self._found.close()
            self._found = _found(self._settings)
            return self._found.query(sql, parameters, read_only)

    def close(self) -> None:
        self._found.close()


def _found(settings: Settings) -> EventStore | RemoteStore:
    if settings.clickhouse_url:
        return EventStore(settings.store_url).open()
    folder = DataFolder(settings.data_dir)
    if not folder.exists():
        raise CommandError(
            f"{folder.path} holds no GenesisFunc data; `genesisfunc run` makes some, "
            "--data-dir names another folder"
        )
    folder.check_version()
    deadline = time.monotonic() + PATIENCE_S
    while True:
        late = time.monotonic() > deadline
        if (owner := folder.owner()) is not None and owner.has_store:
            try:
                return _answering(RemoteStore(owner.nats_url))
            except StoreError:
                if late:
                    raise
        elif owner is not None or not folder.is_owned() or late:
            try:
                return EventStore(settings.store_url).open()
            except StoreBusyError:
                if late:
                    raise
        time.sleep(0.2)


def _answering(store: RemoteStore) -> RemoteStore:
    """The store, once its sink has said a word: it may not have come up yet, or be on its way out."""
    try:
        store.query("SELECT 1", timeout_s=2.0)
    except StoreError:
        store.close()
        raise
    return store
