"""MCP servers -> tool definitions: what a server lists, over stdio or streamable HTTP."""

import asyncio
import contextlib
import logging
import os
import shlex
import tempfile
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import urlsplit

from consumers.sampler.importers.collect import Finding, Found, SourceError, collect
from consumers.sampler.importers.documents import shown
from consumers.sampler.importers.pool import Definitions, count

if TYPE_CHECKING:
    from mcp import Client

TIMEOUT = 30.0
"""Seconds from starting the server to the end of its list."""
MAX_TOOLS = 10_000
TAIL = 12
"""Lines of a server's standard error shown when it fails."""
INSTALL = "pip install 'genesisfunc[mcp]'"


def read_mcp(source: str) -> Definitions:
    """Read the tools of an MCP server; none is called.

    Args:
        source: `mcp:COMMAND ARGUMENTS` starts a server here and stops it again. It gets the few environment
            variables the SDK holds harmless; others are given by `mcp:env NAME=VALUE COMMAND ARGUMENTS`.
            `mcp:https://host/path` or `mcp+https://host/path` asks one that runs.

    Raises:
        SourceError: the SDK is not installed, the server does not start, answer or speak MCP, or it lists no
            tools that can be used.
    """
    address = source.removeprefix("mcp:" if source.startswith("mcp:") else "mcp+")
    is_url = urlsplit(address).scheme in ("http", "https")
    name = shown(address) if is_url else address.removeprefix("stdio ").strip()
    try:
        import mcp  # noqa: F401 - asked for before a server is started for nothing
    except ImportError:
        raise SourceError(name, [f"needs the MCP SDK; run: {INSTALL}"]) from None
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as stderr, _quiet():
        try:
            server, tools = asyncio.run(_listed(address if is_url else _command(name), stderr))
        except Exception as error:
            raise SourceError(name or source, [_reason(error) + _tail(stderr)]) from None
    label = f"mcp:{server or (urlsplit(address).hostname if is_url else name.split()[0])}"
    found = tuple(Found("", tool, label) for tool in tools)
    return collect(Finding(found, (f"{count(len(found), 'tool')} of the MCP server {label[4:]}",)), name)


def _command(text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise SourceError(text, [f"is no command line: {error}"]) from None
    if not words:
        raise SourceError(text, ["names no server; write mcp:COMMAND ARGUMENTS or mcp:https://host/path"])
    return words


# --- asking --------------------------------------------------------------------------------------


async def _listed(server: str | list[str], stderr: TextIO) -> tuple[str, list[dict[str, Any]]]:
    """The server's name, if it says one, and all its tools."""
    async with asyncio.timeout(TIMEOUT), _client(server, stderr) as client:
        tools: list[dict[str, Any]] = []
        cursors: set[str | None] = {None}
        cursor: str | None = None
        while True:
            page = await client.list_tools(cursor=cursor)
            tools += [_definition(tool.model_dump(by_alias=True, mode="json")) for tool in page.tools]
            cursor = page.next_cursor
            if cursor is None:
                return (client.server_info.name if client.server_info else ""), tools
            if cursor in cursors or len(tools) > MAX_TOOLS:
                raise _Endless
            cursors.add(cursor)


@contextlib.asynccontextmanager
async def _client(server: str | list[str], stderr: TextIO) -> AsyncIterator["Client"]:
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client

    transport: Any = server
    if isinstance(server, list):
        transport = stdio_client(StdioServerParameters(command=server[0], args=server[1:]), errlog=stderr)
    async with Client(transport) as client:
        yield client


def _definition(tool: dict[str, Any]) -> dict[str, Any]:
    kept = {key: tool[key] for key in ("name", "inputSchema", "outputSchema") if tool.get(key) is not None}
    return kept | {"description": tool.get("description") or tool.get("title") or ""}


# --- what went wrong -----------------------------------------------------------------------------


class _Endless(Exception):
    """The list of tools goes on for ever, or nearly."""


def _reason(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    match error:
        case SourceError():
            return "; ".join(error.problems)
        case TimeoutError():
            return f"did not list its tools within {TIMEOUT:.0f} s"
        case _Endless():
            return f"lists tools without end, or more than {MAX_TOOLS:,}"
        case FileNotFoundError() | PermissionError():
            return f"cannot be started: {error.strerror}: {error.filename!r}"
    return f"did not answer as an MCP server: {str(error) or type(error).__name__}"


def _tail(stderr: TextIO) -> str:
    """What a server that was started here said last."""
    stderr.flush()
    stderr.seek(max(0, os.fstat(stderr.fileno()).st_size - 16 * 1024))
    lines = [line.rstrip() for line in stderr.read().splitlines() if line.strip()][-TAIL:]
    return (
        "\n".join(["; its standard error ends with", *(f"  {line[:200]}" for line in lines)]) if lines else ""
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The SDK logs with tracebacks what comes back as an exception, or does no harm."""
    logger = logging.getLogger("mcp")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)
