"""The event store: ClickHouse, embedded (chDB) or a server, behind one class.

    with EventStore("chdb:///var/lib/genesisfunc/store") as store:
        store.insert([(event, encode(event))])
        store.query("SELECT state, count() FROM dialogues GROUP BY state")

Errors, by what the caller can do about them: `StoreBusyError` (ask the process that has the folder, or
wait), `StoreUnavailableError` (try again later), `StoreVersionError` (upgrade), `QueryError` (change the
statement). All are `StoreError`.

Not covered: chDB hangs in a forked child, even one that only inherited the import. Spawn instead.
"""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import msgspec

from schemas.events import Envelope, derive_id
from schemas.replays import ReplayChecked
from sinks import sql as sql_files

if TYPE_CHECKING:
    import polars
    import pyarrow
    from clickhouse_connect.driver.client import Client

DATABASE = "genesisfunc"

_INSERTED = (
    "event_id",
    "subject",
    "run_id",
    "dialogue_id",
    "round",
    "causation_id",
    "produced_at",
    "producer",
    "schema_version",
    "payload",
)
_VERDICT = (
    "replay",
    "run_id",
    "dialogue_id",
    "input_id",
    "scenario",
    "producer",
    "passed",
    "confidence",
    "threshold",
    "error_rules",
    "findings",
    "failure",
    "checked_at",
)
_UNKNOWN_DATABASE = "(UNKNOWN_DATABASE)"


class StoreError(Exception):
    """The event store could not do what was asked."""


class StoreBusyError(StoreError):
    """Another process has the embedded store open; one process at a time can."""


class StoreUnavailableError(StoreError):
    """The ClickHouse server cannot be reached, or gave up half-way."""


class StoreVersionError(StoreError):
    """The store was made by a newer version of GenesisFunc."""


class QueryError(StoreError):
    """ClickHouse refused the statement; the message is ClickHouse's, in one line."""


class QueryResult(NamedTuple):
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def dicts(self) -> list[dict[str, Any]]:
        """One dict a row, keyed by column."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class Queryable(Protocol):
    """Whatever answers a reading statement: the store, or someone who asks the process that has it open."""

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> QueryResult: ...


class EventStore:
    """Where every event stays.

    Args:
        url: `chdb:///folder` for the embedded engine; `clickhouse://user:password@host:8123/database`
            or an `http(s)://` URL of the same form for a server. Without a database: `genesisfunc`.

    Threads may share a store. Reads have a connection of their own, so they do not wait for inserts.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._writer: Client | None = None
        self._reader: Client | None = None

    def open(self) -> Self:
        """Connect, make the database if there is none, and bring its schema up to date.

        Raises:
            StoreBusyError, StoreUnavailableError, StoreVersionError, QueryError
        """
        if self._writer is not None:
            return self
        folder = _chdb_folder(self.url)
        if folder is not None:
            _prepare(folder)
        try:
            with _translated(self.url):
                self._writer = self._connect_or_create()
                self._migrate(self._writer)
                # readonly=2 lets a query set anything but that; see require_read_only for what it misses.
                self._reader = self._connect(_database(self.url), readonly="2")
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """Let go of the store; harmless when it is closed already."""
        for client in (self._reader, self._writer):
            if client is not None:
                client.close()
        self._reader = self._writer = None

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def insert(self, events: Sequence[tuple[Envelope, bytes]]) -> None:
        """Store events with their encoded form, in one batch; storing one again changes nothing.

        A batch that is repeated as it was is not even written: its token is a hash of its ordered ids.
        Events that come again in another batch collapse on their id.

        Raises:
            StoreUnavailableError: nothing is known to be stored; insert the same batch again.
            QueryError: ClickHouse refused the batch, for example because the disk is full.
        """
        if not events:
            return
        rows = [_row(event, payload) for event, payload in events]
        token = hashlib.sha256("\n".join(event.event_id for event, _ in events).encode()).hexdigest()
        with _translated(self.url):
            self._open_writer.insert(
                "events",
                rows,
                column_names=_INSERTED,
                # An asynchronous insert would be acknowledged by a buffer, before the data is safe.
                settings={"insert_deduplication_token": token, "async_insert": 0},
            )

    def insert_verdicts(self, events: Sequence[Envelope]) -> None:
        """Store what replays found; a verdict takes the place of an earlier one on the same dialogue.

        Args:
            events: with bodies `ReplayChecked`.

        Raises:
            as `insert`.
        """
        rows = [row for event in events for row in _verdict_rows(event)]
        if not rows:
            return
        token = hashlib.sha256("\n".join(event.event_id for event in events).encode()).hexdigest()
        with _translated(self.url):
            self._open_writer.insert(
                "replay_verdicts",
                rows,
                column_names=_VERDICT,
                settings={"insert_deduplication_token": token, "async_insert": 0},
            )

    def query(
        self, sql: str, parameters: Mapping[str, Any] | None = None, read_only: bool = True
    ) -> QueryResult:
        """Run one statement.

        Args:
            sql: ClickHouse SQL with `{name:Type}` parameters.
            parameters: their values.
            read_only: refuse whatever changes something.

        Raises:
            QueryError: it is no reading statement, or ClickHouse refused it.
        """
        client = self._client(sql, read_only)
        with _translated(self.url):
            result = client.query(_trim(sql), parameters=dict(parameters or {}))
            columns = tuple(result.column_names) or self._columns_of(client, sql, parameters)
        return QueryResult(columns, [tuple(row) for row in result.result_rows])

    def arrow(self, sql: str, parameters: Mapping[str, Any] | None = None) -> "pyarrow.Table":
        """The result of a reading statement as an Arrow table; UUIDs come as text."""
        import pyarrow as pa

        client = self._client(sql, read_only=True)
        with _translated(self.url):
            table = client.query_arrow(_trim(sql), parameters=dict(parameters or {}))
        for index, field in enumerate(table.schema):
            if isinstance(field.type, pa.UuidType):
                # Polars reads the 16 bytes as opaque binary, which nobody can join or print.
                texts = [value and str(value) for value in table.column(index).to_pylist()]
                table = table.set_column(index, field.name, pa.array(texts, pa.string()))
        return table

    def frame(self, sql: str, parameters: Mapping[str, Any] | None = None) -> "polars.DataFrame":
        """The result of a reading statement as a Polars frame; UUIDs come as text."""
        import polars as pl

        frame = pl.from_arrow(self.arrow(sql, parameters))
        assert isinstance(frame, pl.DataFrame)
        return frame

    @property
    def version(self) -> int:
        """The newest migration that ran here; 0 before the first."""
        return _applied_version(self._open_writer)

    @property
    def _open_writer(self) -> "Client":
        if self._writer is None:
            raise StoreError("the store is not open: call open() first")
        return self._writer

    def _client(self, sql: str, read_only: bool) -> "Client":
        writer = self._open_writer
        if not read_only:
            return writer
        try:
            sql_files.require_read_only(sql)
        except sql_files.NotReadOnly as error:
            raise QueryError(str(error)) from None
        assert self._reader is not None
        return self._reader

    @staticmethod
    def _columns_of(client: "Client", sql: str, parameters: Mapping[str, Any] | None) -> tuple[str, ...]:
        """The columns of a result without rows, which chDB does not send."""
        if not re.match(r"\s*(select|with)\b", sql, re.IGNORECASE):
            return ()
        found = client.query(f"DESCRIBE TABLE (\n{_trim(sql)}\n)", parameters=dict(parameters or {}))
        return tuple(row[0] for row in found.result_rows)

    def _connect(self, database: str | None, **settings: str) -> "Client":
        # Imported here: the driver takes a while, and chdb more, for those who only want the names above.
        from clickhouse_connect.driver import create_client

        folder = _chdb_folder(self.url)
        if folder is not None:
            return create_client(
                interface="chdb", path=str(folder), database=database, settings=settings, tz_mode="aware"
            )
        parts = urlsplit(self.url)
        return create_client(
            dsn=urlunsplit(parts._replace(path="")),
            interface="https" if parts.scheme in ("https", "clickhouses") else None,
            database=database,
            settings=dict(settings),
            tz_mode="aware",
            # A session would refuse a second query while one is under way in another thread.
            autogenerate_session_id=False,
        )

    def _connect_or_create(self) -> "Client":
        from clickhouse_connect.driver.exceptions import ClickHouseError

        database = _database(self.url)
        try:
            return self._connect(database)
        except ClickHouseError as error:
            if _UNKNOWN_DATABASE not in str(error):
                raise
        client = self._connect(None)
        try:
            client.command(f"CREATE DATABASE IF NOT EXISTS `{database}`")
        finally:
            client.close()
        return self._connect(database)

    def _migrate(self, client: "Client") -> None:
        known = sql_files.migrations()
        newest = max(version for version, _, _ in known)
        applied = _applied_version(client)
        if applied > newest:
            raise StoreVersionError(
                f"{_shown(self.url)} is at schema {applied}, this version of GenesisFunc knows up to "
                f"{newest}: upgrade GenesisFunc, or name another store"
            )
        if applied == newest:
            return  # A reader without the right to create tables must get past here.
        client.command(
            "CREATE TABLE IF NOT EXISTS schema_migrations "
            "(version UInt32, name String, applied_at DateTime DEFAULT now()) "
            "ENGINE = ReplacingMergeTree ORDER BY version COMMENT 'Which migrations ran'"
        )
        for version, name, file in known:
            if version <= applied:
                continue
            for statement in sql_files.split_statements(file.read_text(encoding="utf-8")):
                client.command(statement)
            client.insert("schema_migrations", [[version, name]], column_names=["version", "name"])


def _database(url: str) -> str:
    """The database a URL names; chDB folders have one only."""
    if url.startswith("chdb:"):
        return DATABASE
    return urlsplit(url).path.strip("/").split("/")[0] or DATABASE


def _row(event: Envelope, payload: bytes) -> list[Any]:
    return [
        _uuid(event.event_id),
        event.subject,
        event.run_id,
        event.dialogue_id,
        event.round,
        _uuid(event.causation_id) if event.causation_id else None,
        event.produced_at,
        event.producer,
        event.schema_version,
        payload,
    ]


def _verdict_rows(event: Envelope) -> Iterator[list[Any]]:
    assert isinstance(event.body, ReplayChecked)
    for verdict in event.body.verdicts:
        errors = {finding.rule for finding in verdict.findings if finding.severity == "error"}
        yield [
            event.body.name,
            verdict.run_id,
            verdict.dialogue_id,
            _uuid(verdict.input_id),
            verdict.scenario,
            event.producer,
            verdict.passed,
            verdict.confidence,
            verdict.threshold,
            sorted(errors),
            msgspec.json.encode(verdict.findings) if verdict.findings else b"[]",
            verdict.failure,
            event.produced_at,
        ]


def _uuid(text: str) -> UUID:
    """An id as a UUID. One that is none is hashed into one: it must not spoil the whole batch."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(derive_id("foreign id", text))


def _applied_version(client: "Client") -> int:
    if not client.query("EXISTS TABLE schema_migrations").result_rows[0][0]:
        return 0
    return int(client.query("SELECT max(version) FROM schema_migrations").result_rows[0][0])


def _trim(sql: str) -> str:
    return sql.strip().rstrip(";")


def _shown(url: str) -> str:
    """The URL without its password."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return urlunsplit(parts._replace(netloc=f"{parts.username}:***@{parts.netloc.rpartition('@')[2]}"))


def _chdb_folder(url: str) -> Path | None:
    """The folder of a chDB URL, None for a server's."""
    if not url.startswith("chdb:"):
        scheme = urlsplit(url).scheme
        if scheme not in ("clickhouse", "clickhouses", "http", "https"):
            raise StoreError(
                f"{_shown(url)!r} is no store: use chdb:///folder or clickhouse://user:password@host:8123/db"
            )
        return None
    path = url.removeprefix("chdb:").removeprefix("//")
    if not path.startswith("/") or "?" in path:
        raise StoreError(f"{url!r} is no store: write chdb:// and an absolute path, without options")
    return Path(path)


def _prepare(folder: Path) -> None:
    """Make the folder, and see that no other process has it.

    chDB would notice by itself, but says why only on the process's standard error.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be made: {error.strerror}") from None
    owner = _owner(folder)
    if owner not in (None, os.getpid()):
        raise StoreBusyError(
            f"{folder} is open in process {owner or '(unknown)'}: ask that process, stop it, "
            "or name another store"
        )


def _owner(folder: Path) -> int | None:
    """Who holds ClickHouse's lock on the folder: a process id, 0 for unknown, None for nobody."""
    import fcntl

    try:
        with (folder / "status").open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                found = re.search(r"PID: (\d+)", file.read())
                return int(found.group(1)) if found else 0
    except FileNotFoundError:
        pass
    return None


@contextmanager
def _translated(url: str) -> Iterator[None]:
    """The driver's errors as ours."""
    from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError

    try:
        yield
    except OperationalError as error:
        raise StoreUnavailableError(f"{_shown(url)}: {_one_line(error)}") from error
    except ClickHouseError as error:
        text = str(error)
        if "already initialized with path" in text:
            raise StoreBusyError(
                f"this process has another chDB folder open, and can have one only: {_one_line(error)}"
            ) from error
        if "Error initializing EmbeddedServer" in text:
            raise StoreBusyError(
                f"{_chdb_folder(url)} cannot be opened: another process has it, or it is no chDB folder"
            ) from error
        raise QueryError(_one_line(error)) from error


def _one_line(error: Exception) -> str:
    """ClickHouse's message without the codes around it and the list of all tokens it hoped for."""
    text = " ".join(str(error).split())
    if found := re.search(r"\[Errno -?\d+\] ([^\"')]+)", text):
        return found.group(1).lower()  # The driver wraps a refused connection in three layers of prose.
    text = re.sub(r"^.*?(?:Code: \d+\. )?DB::Exception: ", "", text)
    text = re.sub(r" FORMAT Native\. Expected one of: .*?(?=\(\w+\)$)", " ", text)
    text = re.sub(r"\.? ?Expected one of: .*?(?=\(\w+\)$)", " ", text)
    return re.sub(r" \((?:for url|version) [^)]*(?:\([^)]*\))?\)", "", text)
