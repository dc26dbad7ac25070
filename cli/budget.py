"""What a run may spend, what it has spent, and the permit that follows from both.

`genesisfunc run` watches: it counts each model call's event as it is published, on top of what the store
holds of the run, and renews the run's permit (`streams.control`) while something is left. The moment nothing
is left it withdraws the permit, and the stages pay for no call of this run any more. Calls under way at that
moment are paid for and kept.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from cli.errors import OUTSIDE, CommandError
from cli.tasks import cancelled
from schemas import events
from schemas.events import Envelope, LLMCalled
from sinks.cost import spent_before
from sinks.store import Queryable, StoreError
from streams import topology
from streams.control import Permit, permit

LEASE_S = 15.0
"""How long a run may pay after its watcher was last heard of."""
RENEW_S = 5.0
PATIENCE_S = 30.0
"""How long counting waits for a sink that is just coming up."""


@dataclass(frozen=True)
class Spent:
    usd: float = 0.0
    tokens: int = 0
    """Of prompts and replies together."""

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.usd + other.usd, self.tokens + other.tokens)


@dataclass(frozen=True)
class Budget:
    """Limits of a whole run, earlier starts included; None: no limit."""

    usd: float | None = None
    tokens: int | None = None

    @property
    def limited(self) -> bool:
        return self.usd is not None or self.tokens is not None

    def used_up_by(self, spent: Spent) -> str:
        """Why nothing more may be paid for; empty while something is left."""
        if self.usd is not None and spent.usd >= self.usd:
            return f"its budget of ${self.usd:,.2f} is used up, ${spent.usd:,.4f} are spent"
        if self.tokens is not None and spent.tokens >= self.tokens:
            return f"its budget of {self.tokens:,} tokens is used up, {spent.tokens:,} are spent"
        return ""


class Spending:
    """What a run spends, as it is spent."""

    def __init__(self, nc: Client, run_id: str, budget: Budget) -> None:
        self.budget = budget
        self.spent = Spent()
        self.used_up = ""
        """Why the run pays for nothing any more; empty while it pays."""
        self.finished = False
        """Set when nothing of the run is left to pay for."""
        self._nc = nc
        self._run_id = run_id
        self._counting: dict[str, Spent] | None = None
        """Calls by event id, while older ones are being counted."""
        self._reconnects = 0
        self._permits = asyncio.Lock()
        """Permits are written in the order in which they were decided."""

    def against_limits(self) -> dict[str, str]:
        """Spent over limit, of each limit there is."""
        shown = {}
        if self.budget.usd is not None:
            shown["usd"] = f"{self.spent.usd:.4f}/{self.budget.usd:.2f}"
        if self.budget.tokens is not None:
            shown["tokens"] = f"{self.spent.tokens}/{self.budget.tokens}"
        return shown

    def as_dict(self) -> dict[str, Any]:
        return {
            "usd": self.budget.usd,
            "tokens": self.budget.tokens,
            "spent_usd": round(self.spent.usd, 6),
            "spent_tokens": self.spent.tokens,
            "used_up": bool(self.used_up),
        }

    @contextlib.asynccontextmanager
    async def watched(self, store: Queryable) -> AsyncIterator[None]:
        """Count, and let the run pay while something is left; without limits it pays freely.

        Raises:
            CommandError: what was spent before cannot be found out, or the permit cannot be given.
        """
        try:
            calls = await self._listen(store)
        except (NatsError, TimeoutError) as error:
            raise CommandError(f"the run's permit to pay cannot be given: {error}", OUTSIDE) from error
        if calls is None:
            yield
            return
        renewing = asyncio.create_task(self._keep(store))
        try:
            yield
        finally:
            await cancelled(renewing)
            # Where NATS has gone, the lease ends by itself.
            with contextlib.suppress(NatsError, TimeoutError):
                await calls.unsubscribe()
                await self._permit(leaving=True)

    async def _listen(self, store: Queryable) -> Subscription | None:
        if not self.budget.limited:
            await permit(self._nc.jetstream(), self._run_id, None)
            return None
        calls = await self._nc.subscribe(f"{topology.LLM_CALLED}.>", cb=self._on_call)
        await self._nc.flush()
        await self._count(store)
        return calls

    async def _count(self, store: Queryable) -> None:
        """Count anew: what the store holds, what is on its way there, and what is heard meanwhile."""
        began, reconnects = datetime.now(UTC), self._nc.stats["reconnects"]
        self._counting = {}
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while True:
            try:
                await self._read_unstored()
                found = await asyncio.to_thread(
                    spent_before, store, self._run_id, began, tuple(self._counting)
                )
                break
            except (StoreError, NatsError, TimeoutError) as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise CommandError(f"the run's spending cannot be counted: {error}", OUTSIDE) from error
                await asyncio.sleep(0.2)
        self.spent = sum(self._counting.values(), Spent(*found))
        self._counting, self._reconnects = None, reconnects
        self.used_up = self.used_up or self.budget.used_up_by(self.spent)
        await self._permit()

    async def _read_unstored(self) -> None:
        """Calls that the sink has not acknowledged: they may be stored or not."""
        assert self._counting is not None
        js = self._nc.jetstream()
        info = await js.consumer_info("LLM", "sink")
        sequence = info.ack_floor.stream_seq if info.ack_floor else 0
        while True:
            try:
                found = await js.get_msg(
                    "LLM", seq=sequence + 1, subject=f"{topology.LLM_CALLED}.>", direct=True, next=True
                )
            except NotFoundError:
                return
            sequence = found.seq or 0
            self._add(events.decode(found.data or b""))

    async def _on_call(self, message: Msg) -> None:
        with contextlib.suppress(ValueError):  # whatever it is, it is not a call of this version
            self._add(events.decode(message.data))
        if not self.used_up and (why := self.budget.used_up_by(self.spent)):
            self.used_up = why
            # Where this fails the next renewal says it again, or the lease ends.
            with contextlib.suppress(NatsError, TimeoutError):
                await self._permit()

    def _add(self, event: Envelope) -> None:
        if event.run_id != self._run_id or not isinstance(event.body, LLMCalled):
            return
        call = event.body
        cost = Spent(call.cost_usd, call.prompt_tokens + call.completion_tokens)
        if self._counting is None:
            self.spent += cost
        else:
            self._counting[event.event_id] = cost

    async def _keep(self, store: Queryable) -> None:
        """Renew the permit; after a lost connection count anew, for calls may have gone unheard.

        While they cannot be counted nothing is renewed, and the lease ends.
        """
        while True:
            await asyncio.sleep(RENEW_S)
            with contextlib.suppress(NatsError, TimeoutError, CommandError):
                if self._nc.stats["reconnects"] != self._reconnects:
                    await self._count(store)
                else:
                    await self._permit()

    async def _permit(self, *, leaving: bool = False) -> None:
        async with self._permits:
            now = datetime.now(UTC)
            if self.used_up:
                given: Permit | None = Permit(now, self.used_up)
            elif leaving:
                given = None if self.finished else Permit(now, _UNWATCHED)
            else:
                given = Permit(now + timedelta(seconds=LEASE_S), _UNWATCHED)
            await permit(self._nc.jetstream(), self._run_id, given)


_UNWATCHED = "nobody watches its budget; the same `genesisfunc run` goes on"
