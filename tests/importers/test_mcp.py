"""MCP servers, real ones: a process over stdio, streamable HTTP on this machine."""

import shlex
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from consumers.sampler.importers import SourceError, mcp_servers, read_tools

pytest.importorskip("mcp")

SERVER = '''
import sys
from pydantic import BaseModel
from mcp.server.mcpserver import MCPServer

class Weather(BaseModel):
    degrees: float

app = MCPServer("weather service")

@app.tool()
def weather(city: str, days: int = 1) -> Weather:
    """Tells the weather."""
    return Weather(degrees=0)

@app.tool()
def now() -> str:
    """Tells the time."""
    return ""

if __name__ == "__main__":
    print("this server talks", file=sys.stderr)
    app.run()
'''

PAGES = """
import asyncio
import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

GOOD = {"type": "object"}
SCHEMAS = [GOOD, {"type": "object", "properties": {"x": {"type": "strnig"}}}, GOOD]

async def listed(context, params):
    page = int(params.cursor) if params and params.cursor else 0
    tool = types.Tool(name=f"tool{page}", title=f"Title {page}", input_schema=SCHEMAS[page % 3])
    return types.ListToolsResult(tools=[tool], next_cursor=LAST(page))

async def main():
    server = Server("pages", on_list_tools=listed)
    async with stdio_server() as streams:
        await server.run(*streams, server.create_initialization_options())

asyncio.run(main())
"""


@pytest.fixture
def stdio(tmp_path):
    """Writes a program; gives the source that starts it."""

    def write(code: str, *arguments: str) -> str:
        path = tmp_path / "my server.py"
        path.write_text(code)
        return "mcp:" + shlex.join([sys.executable, str(path), *arguments])

    return write


def check_weather(source: str) -> None:
    pool = read_tools(source)
    weather, now = pool.tools
    assert weather.name == "weather"
    assert weather.description == "Tells the weather."
    assert weather.properties["city"]["type"] == "string"
    assert weather.required == ("city",)
    assert weather.returns is not None
    assert weather.returns["properties"]["degrees"]["type"] == "number"
    assert now.name == "now"
    assert {tool.source for tool in pool.tools} == {"mcp:weather service"}
    assert pool.notes[1] == "2 tools of the MCP server weather service"


def test_a_server_is_started_asked_and_stopped(stdio, capfd):
    check_weather(stdio(SERVER))
    assert capfd.readouterr().err == "", "what a server says is nobody's business while it works"


@pytest.fixture
def http(tmp_path) -> Iterator[str]:
    """The address of a server on a free port."""
    import uvicorn

    scope: dict[str, Any] = {"__name__": "served"}
    exec(compile(SERVER, "server.py", "exec"), scope)
    app = scope["app"].streamable_http_app()
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        # It listens already, so that nobody has to wait for the server.
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
        server.should_exit = True
        thread.join()


def test_a_server_is_asked_over_http(http):
    check_weather(f"mcp:{http}?key=SECRET")
    check_weather(f"mcp+{http}")
    assert read_tools(f"mcp:{http}?key=SECRET").source == http


def test_a_server_that_is_something_else_is_said(http):
    with pytest.raises(SourceError, match=r"http://127\.0\.0\.1:\d+/other: did not answer as an MCP server"):
        read_tools(f"mcp:{http.replace('/mcp', '/other')}?key=SECRET")


def test_every_page_is_read_and_an_unusable_tool_is_left_out_by_name(stdio):
    pool = read_tools(stdio("LAST = lambda page: str(page + 1) if page < 3 else None\n" + PAGES))
    assert [tool.name for tool in pool.tools] == ["tool0", "tool2", "tool3"]
    assert pool.tools[0].description == "Title 0", "the title, where there is no description"
    assert pool.notes[-1] == "  'tool1': /properties/x/type: unknown type 'strnig'; did you mean 'string'?"


@pytest.mark.parametrize("last", ["'0'", "str(page + 1)"], ids=["the-same-page", "ever-new-pages"])
def test_a_list_without_end_is_refused(stdio, monkeypatch, last):
    monkeypatch.setattr(mcp_servers, "MAX_TOOLS", 20)
    with pytest.raises(SourceError, match="lists tools without end, or more than 20"):
        read_tools(stdio(f"LAST = lambda page: {last}\n" + PAGES))


def test_a_server_that_dies_is_shown_with_its_last_words(stdio):
    code = "import sys\nfor n in range(30): print('line', n, file=sys.stderr)\nsys.exit('no TOKEN is set')"
    with pytest.raises(SourceError) as caught:
        read_tools(stdio(code))
    first, *said = str(caught.value).splitlines()
    assert "did not answer as an MCP server" in first
    assert first.endswith("; its standard error ends with")
    assert said[-1] == "  no TOKEN is set"
    assert said[0] == "  line 19"
    assert len(said) == mcp_servers.TAIL


def test_a_server_that_hangs_is_given_up_and_killed(stdio, monkeypatch, tmp_path):
    monkeypatch.setattr(mcp_servers, "TIMEOUT", 0.5)
    ended = tmp_path / "ended"
    code = f"import sys, pathlib\nsys.stdin.read()\npathlib.Path({str(ended)!r}).write_text('')"
    with pytest.raises(SourceError, match="did not list its tools within"):
        read_tools(stdio(code))
    assert ended.exists(), "its input was closed, and it was waited for"


def test_a_server_that_talks_nonsense_is_given_up(stdio, monkeypatch, capfd):
    monkeypatch.setattr(mcp_servers, "TIMEOUT", 0.5)
    with pytest.raises(SourceError, match="did not"):
        read_tools(stdio("print('hello'); print('{}'); import sys; sys.stdin.read()"))
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("mcp:", "names no server; write mcp:COMMAND ARGUMENTS or mcp:https://host/path"),
        (
            "mcp:nowhere-to-be-found --x",
            "nowhere-to-be-found --x: cannot be started: No such file or directory",
        ),
        ("mcp:'x", "is no command line: No closing quotation"),
    ],
)
def test_a_server_that_cannot_be_started_is_said(source, message):
    with pytest.raises(SourceError, match=message):
        read_tools(source)


def test_a_server_that_is_not_there_is_said():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with pytest.raises(SourceError, match=r"did not answer as an MCP server: .*connection"):
            read_tools(f"mcp:http://127.0.0.1:{bound.getsockname()[1]}/mcp")


def test_without_the_sdk_the_command_to_install_it_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "mcp", None)
    with pytest.raises(SourceError, match=r"pip install 'genesisfunc\[mcp\]'"):
        read_tools("mcp:python my_server.py")
