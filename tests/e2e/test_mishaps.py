"""Mishaps around a run: lookers-on, servers that die, slots that were given up, impatience."""

import asyncio
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

from tests.agents.endpoint import Script, refuses, says, served
from tests.e2e.command import (
    SOON,
    TOOLS,
    adds_up,
    command,
    last_json,
    run_arguments,
    some_accepted,
    started,
    until_line,
)


def test_lookers_on_disturb_neither_a_run_nor_each_other(tmp_path):
    folder = tmp_path / "data"
    assert command(*run_arguments(folder, 4)).returncode == 0
    with ThreadPoolExecutor(4) as pool:
        looks = list(pool.map(lambda _: command("status", "--data-dir", folder), range(4)))
    assert [look.returncode for look in looks] == [0] * 4, [look.stderr for look in looks]

    over = threading.Event()
    seen: list[int] = []

    def look() -> None:
        while not over.is_set():
            seen.append(command("status", "--data-dir", folder).returncode)

    looker = threading.Thread(target=look)
    looker.start()
    done = command(*run_arguments(folder, 8))
    over.set()
    looker.join()
    assert done.returncode == 0, done.stderr
    assert last_json(done.stdout)["accepted"] == 8
    assert set(seen) == {0}


def test_a_run_whose_nats_server_dies_says_so_at_once_and_can_go_on(tmp_path):
    folder = tmp_path / "data"
    with started(*run_arguments(folder, 30), **SOON) as process:
        until_line(process, some_accepted)
        os.kill(int((folder / "nats" / "nats.pid").read_text()), signal.SIGKILL)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 3
    assert "nats-server ended (exit -9)" in errors
    assert "Traceback" not in errors

    done = command(*run_arguments(folder, 30), **SOON)
    assert done.returncode == 0, done.stderr
    assert adds_up(last_json(done.stdout))


def test_a_second_ctrl_c_ends_it_on_the_spot(tmp_path):
    with started(*run_arguments(tmp_path / "data", 40)) as process:
        until_line(process, lambda line: "accepted=" in line)
        process.send_signal(signal.SIGINT)
        until_line(process, lambda line: "again: at once" in line)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 130


async def test_slots_that_were_given_up_are_tried_again_by_the_same_command(tmp_path):
    """An endpoint that only chatters: every dialogue dies. Later it refuses the key; a retry finds out."""
    folder = tmp_path / "data"
    script = Script([says("yes"), says("I would rather not.")])
    async with served(script) as url:

        def run():
            return command(
                *(
                    "run",
                    "--tools",
                    TOOLS,
                    "--dialogues",
                    "2",
                    "--data-dir",
                    folder,
                    "--model",
                    "m",
                    "--attempts",
                    "2",
                    "--json",
                ),
                OPENAI_BASE_URL=url,
                OPENAI_API_KEY="k",
            )

        first = await asyncio.to_thread(run)
        assert first.returncode == 1
        status = last_json(first.stdout)
        assert (status["accepted"], status["sampled"], status["dead"]) == (0, 4, 4)
        assert "4 dialogues died, `genesisfunc dead list` says of what" in first.stderr

        again = await asyncio.to_thread(run)
        assert last_json(again.stdout)["sampled"] == 8

        script.requests.clear()
        script.answers = [says("yes"), refuses(401, "Key was revoked")]
        later = await asyncio.to_thread(run)
        assert later.returncode == 3
        assert "Key was revoked" in later.stderr, "it asked again, with what the endpoint now says"
        assert adds_up(last_json(later.stdout))
