from collections.abc import Iterator
from pathlib import Path

import pytest

from sinks.store import EventStore


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EventStore]:
    """One store a module: tests keep apart by run. Closed before the next module opens its own."""
    folder: Path = tmp_path_factory.mktemp("store")
    with EventStore(f"chdb://{folder}") as opened:
        yield opened
