"""`genesisfunc tools curate` as a person runs it."""

import asyncio
import json
import signal
from contextlib import asynccontextmanager

import msgspec
import nats
import pytest
from aiohttp import web
from typer.testing import CliRunner

from cli.main import app
from consumers.sampler.importers import read_tools
from schemas import events
from streams.embedded import nats_server
from tests.agents.endpoint import Script, refuses, says, served
from tests.curation.build import tool
from tests.curation.test_asking import answers_rightly
from tests.e2e.command import TOOLS, command, last_json, started, until_line

CIRCLES = [
    tool("calculate_circle_area", "Calculate the area of a circle given its radius.", "radius"),
    tool("calculateCircleArea", "Calculate the area of a circle, given its radius.", "radius"),
    tool("geometry.area_of_circle", "Computes the area of a circle.", "radius"),
    tool("calculate_square_area", "Calculate the area of a square given its side.", "side"),
    tool("nothing", "", "x"),
]


@pytest.fixture
def circles(tmp_path):
    path = tmp_path / "circles.json"
    path.write_bytes(msgspec.json.encode([{"function": tool} for tool in CIRCLES]))
    return path


def curate(tmp_path, *arguments, **changes):
    return command(
        *("tools", "curate", *arguments),
        *("--to", tmp_path / "out" / "pool.json", "--data-dir", tmp_path / "data"),
        **changes,
    )


def refused(tmp_path, *arguments):
    """What the command says in this process, where it ends before it starts anything."""
    named = [] if "--to" in arguments else ["--to", str(tmp_path / "out" / "pool.json")]
    done = CliRunner().invoke(
        app, ["tools", "curate", *map(str, arguments), *named, "--data-dir", str(tmp_path / "data")]
    )
    assert done.exit_code == 2
    assert not (tmp_path / "out" / "pool.json").exists()
    assert not (tmp_path / "data").exists()
    return " ".join(done.stderr.split())


async def recorded(tmp_path):
    """The model calls on the ledger of the data folder, as the sink will get them."""
    async with nats_server(tmp_path / "data" / "nats") as url:
        nc = await nats.connect(url)
        subscription = await nc.jetstream().pull_subscribe("llm.called.>", durable="sink", stream="LLM")
        messages = await subscription.fetch(100, timeout=5)
        await nc.close()
    return [events.decode(message.data) for message in messages]


async def test_a_pool_its_decisions_and_a_page_and_nothing_asked_twice(tmp_path, circles):
    out = tmp_path / "out"
    arguments = (circles, TOOLS, "--target", "10", "--page", out / "page.html", "--json")

    first = await asyncio.to_thread(curate, tmp_path, *arguments)

    assert first.returncode == 0, first.stderr
    figures = last_json(first.stdout)
    assert figures["definitions"] == 17
    assert figures["left_out"] == 1
    assert figures["merged_by"] == {"cheap": 1, "model": 1}
    assert figures["kept"] == 10
    assert figures["not_chosen"] == 4
    assert figures["llm"]["calls"] - figures["llm"]["failed"] > 0
    assert "offline teacher" in first.stderr
    decisions = [json.loads(line) for line in (out / "pool.decisions.jsonl").read_text().splitlines()]
    assert len(decisions) == 17
    assert all(decision["reason"] for decision in decisions)
    pool = read_tools(str(out / "pool.json"))
    assert len(pool.tools) == 10
    assert {tool.source for tool in pool.tools} == {"file:circles.json", "file:tools.json"}
    written = {path.name: path.read_bytes() for path in out.iterdir()}

    again = await asyncio.to_thread(curate, tmp_path, TOOLS, circles, *arguments[2:])

    assert last_json(again.stdout)["llm"]["calls"] == 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} != {}
    for name in ("pool.json", "pool.decisions.jsonl"):
        assert (out / name).read_bytes() == written[name]
    calls = await recorded(tmp_path)
    assert {(event.run_id, event.dialogue_id, event.body.role) for event in calls} == {
        ("curation", "", "sample")
    }
    assert sum(event.body.outcome == "ok" for event in calls) == last_json(again.stdout)["llm"]["from_ledger"]


def test_fewer_than_wanted_are_all_kept_and_that_is_said(tmp_path):
    done = curate(tmp_path, TOOLS)
    assert done.returncode == 0, done.stderr
    assert "1,000 were wanted, and 12 distinct tools are all there are" in done.stderr
    assert len(read_tools(str(tmp_path / "out" / "pool.json")).tools) == 12


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(("/nowhere.json",), "/nowhere.json", id="no-such-file"),
        pytest.param((TOOLS, "--target", "0"), "--target", id="no-tools-wanted"),
        pytest.param((TOOLS, "--page", "/"), "cannot be written", id="the-page-is-a-folder"),
    ],
)
def test_bad_input_is_named_and_nothing_is_written(tmp_path, arguments, says):
    assert says in refused(tmp_path, *arguments)


def test_a_source_is_not_written_over(tmp_path, circles):
    before = circles.read_bytes()
    assert "is read from" in refused(tmp_path, circles, "--to", circles)
    assert circles.read_bytes() == before


def test_one_file_is_not_two(tmp_path, circles):
    page = tmp_path / "out" / "pool.json"
    assert "must name different files" in refused(tmp_path, circles, "--page", page)


def test_tools_that_nobody_could_use_make_no_pool(tmp_path):
    path = tmp_path / "mute.json"
    path.write_text('[{"name": "a", "description": "", "parameters": {"type": "object", "properties": {}}}]')
    assert "no tool has a sound definition" in refused(tmp_path, path)


def test_an_endpoint_without_a_model_is_refused(tmp_path, circles, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert "--model" in refused(tmp_path, circles)


async def test_a_wrong_key_is_found_by_one_request(tmp_path, circles):
    script = Script([refuses(401, "Incorrect API key provided")])
    async with served(script) as url:
        done = await asyncio.to_thread(
            lambda: curate(tmp_path, circles, "--model", "m", OPENAI_BASE_URL=url, OPENAI_API_KEY="wrong")
        )
    assert done.returncode == 3
    assert "Incorrect API key provided" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(script.requests) == 1


@asynccontextmanager
async def slow_endpoint():
    """Answers the pairs only once it may; gives its URL, two events, and how many pairs were asked about."""
    asked, may_answer, requests = asyncio.Event(), asyncio.Event(), []

    async def handle(request):
        body = json.loads(await request.read())
        if "<pairs>" not in str(body):
            return says("yes")(body)
        requests.append(body)
        asked.set()
        await may_answer.wait()
        return answers_rightly(body)

    server = web.Application()
    server.router.add_post("/v1/chat/completions", handle)
    runner = web.AppRunner(server)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}/v1", asked, may_answer, requests
    finally:
        await runner.cleanup()


async def test_ctrl_c_keeps_the_answers_that_were_paid_for(tmp_path, circles):
    arguments = ("tools", "curate", circles, "--to", tmp_path / "pool.json", "--data-dir", tmp_path / "data")
    async with slow_endpoint() as (url, asked, may_answer, requests):
        with started(*arguments, "--model", "m", OPENAI_BASE_URL=url, OPENAI_API_KEY="k") as process:
            async with asyncio.timeout(60):
                await asked.wait()
            looked = await asyncio.to_thread(
                command, "sql", "SELECT count() FROM events", "--data-dir", tmp_path / "data"
            )
            assert looked.returncode == 0, "nobody else has the store"
            process.send_signal(signal.SIGINT)
            await asyncio.to_thread(until_line, process, lambda line: "stopping" in line)
            may_answer.set()
            _, said = await asyncio.to_thread(process.communicate, timeout=60)
        assert process.returncode == 130
        assert "interrupted; the same command goes on" in said
        assert not (tmp_path / "pool.json").exists()
        paid = len(requests)

        again = await asyncio.to_thread(
            lambda: command(*arguments, "--model", "m", "--json", OPENAI_BASE_URL=url, OPENAI_API_KEY="k")
        )

    assert again.returncode == 0, again.stderr
    assert last_json(again.stdout)["llm"]["from_ledger"] == paid
    assert (tmp_path / "pool.json").exists()
