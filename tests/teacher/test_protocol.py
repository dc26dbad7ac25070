"""The endpoint as an OpenAI client sees it, over real HTTP."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from openai import (
    AsyncOpenAI,
    AuthenticationError,
    BadRequestError,
    DefaultAioHttpClient,
    InternalServerError,
    NotFoundError,
    RateLimitError,
)

from agents.role import conversation_view
from agents.roles import assistant, user
from agents.teacher.server import TeacherConfig, serve
from schemas.dialogue import UserMessage
from tests.build import TRAINS, WEATHER
from tests.teacher.play import request, views

SUNNY = UserMessage("Could you get the weather forecast for Lisbon for 3 days?")
ACT = assistant.ROLE.prompt(tools=views([WEATHER, TRAINS]), conversation=conversation_view((SUNNY,)))
SPEAK = user.ROLE.prompt(
    tools=views([WEATHER]),
    persona="a museum guide, friendly and chatty",
    memory={"summary": "", "avoid": []},
    conversation=[],
    turn=user.turn_view(request(WEATHER)),
)
NATIVE = [
    {
        "type": "function",
        "function": {"name": t.name, "description": t.description, "parameters": t.parameters},
    }
    for t in (WEATHER, TRAINS)
]


async def test_what_a_prompt_shares_with_an_earlier_one_counts_as_cached():
    long = [{"role": "system", "content": "Be brief. " * 600}, {"role": "user", "content": "One."}]
    async with teacher() as client:
        usages = [
            (await client.chat.completions.create(model="m", messages=messages)).usage
            for messages in (long, [*long[:1], {"role": "user", "content": "Two."}], long[1:])
        ]
    cached = [usage.prompt_tokens_details.cached_tokens for usage in usages]
    assert cached == [0, 1408, 0]
    assert usages[1].prompt_tokens > 1408


def schema(role) -> dict:
    return {"type": "json_schema", "json_schema": {"name": role.name, "schema": role.schema, "strict": True}}


@asynccontextmanager
async def teacher(key: str = "none", path: str = "/v1", **settings):
    """A client of a running teacher; it errs only where a test asks for it."""
    config = TeacherConfig(**({"defect_rate": 0.0, "error_rate": 0.0} | settings))
    ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    server = asyncio.create_task(serve(config, port=0, on_ready=ready.set_result, stop=stop))
    port = await ready
    client = AsyncOpenAI(
        base_url=f"http://127.0.0.1:{port}{path}",
        api_key=key,
        max_retries=0,
        http_client=DefaultAioHttpClient(),
    )
    try:
        yield client
    finally:
        await client.close()
        stop.set()
        await server


async def complete(client, messages=ACT, role=assistant.ROLE, **options):
    given = {"model": "any", "messages": messages, "response_format": schema(role)} | options
    return await client.chat.completions.create(**{k: v for k, v in given.items() if v is not None})


@pytest.mark.parametrize("path", ["/v1", ""])
async def test_a_role_is_answered_with_its_typed_reply(path):
    async with teacher(path=path) as client:
        reply = await complete(client)

    move = assistant.Move.model_validate_json(reply.choices[0].message.content)
    assert move.action == "call"
    assert move.calls[0].value == {"city": "Lisbon", "days": 3}
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens > 100


@pytest.mark.parametrize("response_format", [{"type": "json_object"}, {"type": "text"}, None])
async def test_a_role_is_known_by_its_prompt_alone(response_format):
    async with teacher() as client:
        reply = await complete(client, response_format=response_format)

    assert assistant.Move.model_validate_json(reply.choices[0].message.content).action == "call"


async def test_n_choices_differ_and_a_seed_repeats_them():
    async with teacher() as client:
        first = await complete(client, SPEAK, user.ROLE, n=4, seed=1)
        again = await complete(client, SPEAK, user.ROLE, n=4, seed=1)
        other = await complete(client, SPEAK, user.ROLE, n=4, seed=2)
    async with teacher(seed=9) as client:
        elsewhere = await complete(client, SPEAK, user.ROLE, n=4, seed=1)

    texts = [
        [choice.message.content for choice in reply.choices] for reply in (first, again, other, elsewhere)
    ]
    assert len(set(texts[0])) == 4
    assert texts[0] == texts[1]
    assert first.id == again.id
    assert len({text for found in texts for text in found}) == 12


async def test_native_tools_get_real_tool_calls_and_their_results_an_answer():
    talk = [{"role": "system", "content": "Be helpful."}, {"role": "user", "content": SUNNY.content}]
    async with teacher() as client:
        reply = await complete(client, talk, response_format=None, tools=NATIVE)
        [call] = reply.choices[0].message.tool_calls
        talk += [
            reply.choices[0].message.model_dump(exclude_none=True),
            {"role": "tool", "tool_call_id": call.id, "content": '{"forecast": "sunny", "high": 24}'},
        ]
        answer = await complete(client, talk, response_format=None, tools=NATIVE)
        refused = await complete(client, talk[:2], response_format=None, tools=NATIVE, tool_choice="none")

    assert reply.choices[0].finish_reason == "tool_calls"
    assert json.loads(call.function.arguments) == {"city": "Lisbon", "days": 3}
    assert call.function.name == "get_weather"
    assert "sunny" in answer.choices[0].message.content
    assert "24" in answer.choices[0].message.content
    assert not refused.choices[0].message.tool_calls


async def test_a_plain_chat_gets_a_plain_answer():
    async with teacher() as client:
        reply = await complete(client, [{"role": "user", "content": "Say yes."}], response_format=None)
        models = await client.models.list()

    assert reply.choices[0].message.content == "Yes."
    assert [model.id for model in models.data] == ["offline-teacher"]


async def test_a_foreign_schema_gets_a_fitting_instance():
    wanted = {"type": "object", "properties": {"mood": {"enum": ["good", "bad"]}}, "required": ["mood"]}
    given = {"type": "json_schema", "json_schema": {"name": "mood", "schema": wanted}}
    async with teacher() as client:
        reply = await complete(client, [{"role": "user", "content": "How are you?"}], response_format=given)

    assert json.loads(reply.choices[0].message.content)["mood"] in ("good", "bad")


async def test_a_reply_is_cut_at_max_tokens():
    async with teacher() as client:
        reply = await complete(client, max_tokens=5)

    assert reply.choices[0].finish_reason == "length"
    assert reply.usage.completion_tokens == 5
    assert len(reply.choices[0].message.content) == 20


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "nobody", "content": "hi"}]}, "role"),
        ({"messages": [{"role": "user", "content": 3}]}, "content"),
        ({"messages": [{"role": "user", "content": "no sections"}]}, "section"),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": "<tools>\nnonsense\n</tools>\n\n<conversation>\n[]\n</conversation>",
                    }
                ]
            },
            "JSON",
        ),
        ({"n": 0}, "'n'"),
        ({"temperature": 3}, "temperature"),
        ({"response_format": {"type": "poem"}}, "response_format"),
        ({"tools": [{"type": "function"}]}, "tools[0]"),
        ({"stream": True}, "stream"),
    ],
)
async def test_a_malformed_request_is_refused_in_words(options, word):
    async with teacher() as client:
        with pytest.raises(BadRequestError) as caught:
            await complete(client, **options)

    assert caught.value.type == "invalid_request_error"
    assert word in caught.value.message


async def test_a_body_that_is_no_json_is_refused():
    async with (
        teacher() as client,
        aiohttp.ClientSession() as session,
        session.post(f"{client.base_url}chat/completions", data=b"{") as reply,
    ):
        status, body = reply.status, await reply.json()

    assert status == 400
    assert "no JSON" in body["error"]["message"]


async def test_a_wrong_key_is_refused():
    async with teacher(key="wrong", api_key="right") as client:
        with pytest.raises(AuthenticationError):
            await complete(client)
    async with teacher(key="right", api_key="right") as client:
        await complete(client)


async def test_an_unknown_path_is_not_found():
    async with teacher() as client:
        with pytest.raises(NotFoundError):
            await client.embeddings.create(model="any", input="x", encoding_format="float")


async def test_mishaps_come_at_the_set_rate_and_pass_when_tried_again():
    async with teacher(error_rate=0.5, seed=3) as client:
        outcomes = []
        for _ in range(60):
            try:
                await complete(client)
                outcomes.append("ok")
            except RateLimitError as error:
                outcomes.append(error.response.headers["retry-after"])
            except InternalServerError:
                outcomes.append("500")

    assert set(outcomes) == {"ok", "0.05", "500"}
    assert 15 < outcomes.count("ok") < 45


async def test_every_defect_is_labelled(tmp_path):
    path = tmp_path / "labels.jsonl"
    async with teacher(defect_rate=1.0, labels_path=path) as client:
        replies = [await complete(client, seed=seed) for seed in range(40)]
        await complete(client, seed=0)
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{client.base_url}teacher/labels") as reply,
        ):
            served = await reply.json()

    labels = [json.loads(line) for line in path.read_text().splitlines()]
    assert served == labels
    assert [label["response_id"] for label in labels] == [reply.id for reply in replies], "once each"
    kinds = {label["defect"] for label in labels}
    assert kinds == {
        "unknown_tool",
        "missing_argument",
        "mistyped_argument",
        "unmentioned_value",
        "wrong_action",
        "truncated_json",
    }
    for reply, label in zip(replies, labels, strict=True):
        assert is_really(label["defect"], reply.choices[0].message.content)


def is_really(defect: str, text: str) -> bool:
    """Whether a move on the weather in Lisbon over 3 days has the defect."""
    if defect == "truncated_json":
        with suppress(ValueError):
            json.loads(text)
            return False
        return True
    move = assistant.Move.model_validate_json(text)
    if defect == "wrong_action":
        return move.action != "call"
    call = move.calls[0]
    days, city = call.value.get("days"), call.value.get("city")
    return {
        "unknown_tool": call.name not in ("get_weather", "find_trains"),
        "missing_argument": city is None,
        "mistyped_argument": (days, city) != (3, "Lisbon"),
        "unmentioned_value": (days, city) != (3, "Lisbon") or "units" in call.value,
    }[defect]


async def test_no_defect_means_no_label():
    async with teacher() as client:
        await complete(client, SPEAK, user.ROLE, n=20)
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{client.base_url}teacher/labels") as reply,
        ):
            assert await reply.json() == []


async def test_a_broken_reply_can_be_repaired():
    """The client shows a model its bad reply; that is another request, with another chance."""
    async with teacher(defect_rate=0.5) as client:
        for seed in range(100):
            reply = await complete(client, seed=seed)
            text = reply.choices[0].message.content
            try:
                assistant.Move.model_validate_json(text)
            except ValueError:
                break
        again = [
            *ACT,
            {"role": "assistant", "content": text},
            {"role": "user", "content": "That reply cannot be used: EOF. Give the whole reply again."},
        ]
        repaired = 0
        for seed in range(40):
            reply = await complete(client, again, seed=seed)
            with suppress(ValueError):
                move = assistant.Move.model_validate_json(reply.choices[0].message.content)
                repaired += move.action == "call" and move.calls[0].value == {"city": "Lisbon", "days": 3}

    assert repaired >= 10


@pytest.mark.parametrize("name", ["defect_rate", "error_rate"])
def test_a_rate_beyond_one_is_refused(name):
    with pytest.raises(ValueError, match=name):
        TeacherConfig(**{name: 1.5})


def test_the_command_serves_until_it_is_told_to_stop(tmp_path):
    port_file = tmp_path / "port"
    command = [sys.executable, "-m", "agents.teacher", "--port-file", str(port_file)]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    process.send_signal(signal.SIGTERM)

    assert process.wait(20) == 0
    assert url == f"http://127.0.0.1:{port_file.read_text()}/v1"
    assert [path.name for path in tmp_path.iterdir()] == ["port"]
    process.stdout.close()


def test_a_taken_port_is_reported():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "agents.teacher", "--port", str(port)],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            env=os.environ,
            timeout=60,
            check=False,
        )

    assert done.returncode == 1
    assert f"cannot serve on 127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr
