"""What many tests need: a real nats-server with the topology, and good dialogues."""

from collections.abc import AsyncIterator
from pathlib import Path

import nats
import pytest
from hypothesis import settings as hypothesis_settings
from nats.aio.client import Client

from schemas.settings import Settings
from streams import topology
from streams.embedded import nats_server

# A busy machine is no failure.
hypothesis_settings.register_profile("steady", deadline=None)
hypothesis_settings.load_profile("steady")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key or URL of the person who runs the tests may reach them."""
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_MODEL", "GENESISFUNC_SETTINGS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def settings(tmp_path: Path) -> AsyncIterator[Settings]:
    """Settings that lead to a nats-server of the test's own, with every stream and durable declared."""
    async with nats_server(tmp_path / "nats") as url:
        own = Settings(nats_url=url, data_dir=tmp_path / "data", ack_wait_s=2.0)
        nc = await nats.connect(url)
        await topology.declare(nc.jetstream(), own)
        await nc.close()
        yield own


@pytest.fixture
async def nc(settings: Settings) -> AsyncIterator[Client]:
    client = await nats.connect(settings.nats_url)
    yield client
    await client.close()
