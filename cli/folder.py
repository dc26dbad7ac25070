"""The data folder: who works in it, which version made it, and how to reach whoever does."""

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cli.errors import OUTSIDE, CommandError

VERSION = "1"
LEAST_FREE_BYTES = 200_000_000


@dataclass(frozen=True)
class Owner:
    """The process that works in a data folder."""

    pid: int
    mode: str
    """run, up or tools curate."""
    nats_url: str
    models: dict[str, str] = field(default_factory=dict)
    """Role -> model."""
    unpriced: list[str] = field(default_factory=list)
    """Those of the models whose price is not known here."""

    @property
    def has_store(self) -> bool:
        """Whether it has a sink, and with it the embedded store to itself."""
        return self.mode in ("run", "up")


class DataFolder:
    """
    VERSION, lock, endpoint.json   this file's
    nats/  clickhouse/             the embedded servers'
    exports/<run>/  reports/       what runs leave
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._endpoint = path / "endpoint.json"

    def check_version(self) -> None:
        """Raises CommandError when the folder was made by another version, or is somebody else's."""
        try:
            found = (self.path / "VERSION").read_text().strip()
        except FileNotFoundError:
            if self.path.is_dir() and any(self.path.iterdir()):
                raise CommandError(
                    f"{self.path} holds other things than GenesisFunc data; name an empty or new folder "
                    "with --data-dir"
                ) from None
            return
        except OSError as error:
            raise CommandError(f"data folder {self.path} cannot be used: {error.strerror}") from None
        if found != VERSION:
            raise CommandError(
                f"data folder {self.path} is of version {found[:20]!r}, this program reads version "
                f"{VERSION!r}; use the program that made it, or another --data-dir. Nothing was changed."
            )

    def create(self) -> None:
        """Make the folder where there is none yet.

        Raises:
            CommandError: it is of another version or somebody else's, or it cannot be written.
        """
        self.check_version()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / "VERSION").write_text(VERSION + "\n")
        except OSError as error:
            raise CommandError(f"data folder {self.path} cannot be written: {error.strerror}") from None

    def exists(self) -> bool:
        return (self.path / "VERSION").exists()

    @contextlib.contextmanager
    def owned(self) -> Iterator[None]:
        """Hold the folder: one host at a time.

        Raises:
            CommandError: another process has it, it is of another version, or it cannot be written.
        """
        self.create()
        try:
            free = shutil.disk_usage(self.path).free
            if free < LEAST_FREE_BYTES:
                raise CommandError(
                    f"only {free // 1_000_000} MB are free under {self.path}, "
                    f"{LEAST_FREE_BYTES // 1_000_000} MB are needed",
                    OUTSIDE,
                )
            lock = (self.path / "lock").open("a+")
        except OSError as error:
            raise CommandError(f"data folder {self.path} cannot be written: {error.strerror}") from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                owner = self.owner()
                who = f"`genesisfunc {owner.mode}` (process {owner.pid})" if owner else "another process"
                raise CommandError(f"{who} already works in {self.path}") from None
            try:
                yield
            finally:
                self._endpoint.unlink(missing_ok=True)

    def announce(
        self, mode: str, nats_url: str, models: dict[str, str], unpriced: Sequence[str] = ()
    ) -> None:
        """Say how to reach this process, for commands that come while it works."""
        temporary = self._endpoint.with_suffix(".tmp")
        temporary.write_text(json.dumps(asdict(Owner(os.getpid(), mode, nats_url, models, list(unpriced)))))
        temporary.replace(self._endpoint)

    def is_owned(self) -> bool:
        """Somebody works here now, or is about to."""
        try:
            with (self.path / "lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def owner(self) -> Owner | None:
        """Who works here and can be reached; None when nobody can, whatever a killed process left behind."""
        if self.is_owned():
            with contextlib.suppress(OSError, ValueError, TypeError):
                return Owner(**json.loads(self._endpoint.read_text()))
        return None
