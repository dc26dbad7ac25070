"""Tasks that have to end."""

import asyncio
from typing import Any


async def cancelled(task: "asyncio.Task[Any]") -> None:
    """Cancel a task until it has ended, however it does.

    Once is not enough: in some places nats-py takes a cancellation for a time-out, and who waits out
    time-outs goes on.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.1)
