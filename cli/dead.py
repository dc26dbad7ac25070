"""`genesisfunc dead`: what no stage could handle, and the way back."""

import asyncio
from datetime import UTC, datetime

import msgspec
from rich.console import Console
from rich.table import Table

from cli import hosting
from cli.errors import CommandError
from cli.folder import DataFolder
from cli.store import open_store
from schemas.events import Dead, Envelope, ToolsSampled, decode, derive_id
from schemas.settings import Settings
from sinks.dead import dead_letter, dead_letters
from streams import topology
from streams.publisher import publish


def show(settings: Settings, run_id: str) -> None:
    with open_store(settings) as store:
        letters = dead_letters(store, run_id)
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for column in ("id", "run", "stage", "subject", "error"):
        table.add_column(column, overflow="fold")
    for letter in letters:
        table.add_row(
            str(letter["event_id"])[:8],
            letter["run_id"],
            letter["stage"],
            letter["subject"],
            letter["error"][:200],
        )
    Console().print(table if letters else "no dead letters")


def retry(settings: Settings, prefix: str) -> None:
    """The dialogue starts again from its plan, on its own: its lane has moved on since it died."""
    owner = DataFolder(settings.data_dir).owner()
    if owner is None:
        raise CommandError("no pipeline is running here; start one with `genesisfunc up`, then retry")
    with open_store(settings) as store:
        letter = dead_letter(store, prefix)
    again = revived(letter)

    async def send() -> None:
        async with hosting.connected(owner.nats_url) as nc:
            await publish(nc.jetstream(), again)

    asyncio.run(send())
    Console().print(f"sent again as {again.dialogue_id or again.event_id}", highlight=False)


def revived(letter: Envelope) -> Envelope:
    """The event that gives a dead letter's work another chance.

    A dialogue that ended gets a new id, since the ledger would answer the old one's requests as before; it
    drives no lane. What a side stage could not handle is sent again as it was.

    Raises:
        CommandError: there is nothing in the letter that could be tried again.
    """
    dead = letter.body
    assert isinstance(dead, Dead)
    if dead.dialogue is None:
        try:
            # Under its old id JetStream would take it for a repetition, and drop it.
            return msgspec.structs.replace(decode(dead.input), event_id=derive_id("again", letter.event_id))
        except ValueError as error:
            raise CommandError(f"the letter's message is no event, and stays one: {error}") from None
    dialogue_id = derive_id("again", letter.event_id)
    return Envelope(
        event_id=derive_id(letter.event_id, topology.TOOLS_SAMPLED),
        subject=topology.TOOLS_SAMPLED,
        run_id=letter.run_id,
        dialogue_id=dialogue_id,
        causation_id=letter.event_id,
        produced_at=datetime.now(UTC),
        producer="cli@1",
        body=ToolsSampled(
            msgspec.structs.replace(dead.dialogue, id=dialogue_id, slot=None, messages=(), type_label="")
        ),
    )
