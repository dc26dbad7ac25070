"""Every stage as its own process, and one of them killed in the middle of a run."""

import json
import os
import random
import re
import signal
import threading
import time

from streams.topology import STAGES
from tests.e2e.command import SOON, adds_up, command, last_json, run_arguments, started


def test_killing_stages_loses_and_repeats_nothing(tmp_path):
    folder = tmp_path / "data"
    seed = random.SystemRandom().randrange(10_000)
    rng = random.Random(seed)
    with started("up", "--data-dir", folder, **SOON) as up:
        assert up.stderr is not None
        pids: dict[str, int] = {}
        for line in up.stderr:
            if found := re.search(r" (\S+) started \(process (\d+)\)", line):
                pids[found[1]] = int(found[2])
            if len(pids) == len(STAGES):
                break
        said: list[str] = []
        reader = threading.Thread(target=lambda: said.extend(up.stderr or ()), daemon=True)
        reader.start()

        result: list[object] = []
        running = threading.Thread(target=lambda: result.append(command(*run_arguments(folder, 30))))
        running.start()
        # Kill when the run is under way, by what it has done rather than by the clock.
        victims = rng.sample(sorted(pids), 3)
        for number, victim in enumerate(victims):
            deadline = time.monotonic() + 60
            while running.is_alive() and time.monotonic() < deadline:
                shown = command("status", "--json", "--data-dir", folder)
                if shown.returncode == 0 and last_json(shown.stdout)["accepted"] >= 4 * number + 1:
                    break
            os.kill(pids[victim], signal.SIGKILL)
        running.join(timeout=110)
        [done] = result
        foreign = command(*run_arguments(folder, 1, "--model", "another"), OPENAI_API_KEY="k")
        up.send_signal(signal.SIGINT)
        up.wait(timeout=60)
        reader.join(timeout=10)

    assert done.returncode == 0, (seed, victims, done.stderr, said)
    status = last_json(done.stdout)
    assert (status["accepted"], status["in_flight"], status["conflicts"]) == (30, 0, 0), (seed, victims)
    assert adds_up(status), (seed, victims)
    for victim in victims:
        assert any(f"{victim} ended (killed by SIGKILL)" in line for line in said), (seed, victim, said)

    export = tmp_path / "export"
    assert command("export", "--to", export, "--data-dir", folder).returncode == 0
    rows = [json.loads(line) for line in (export / "data.openai.jsonl").read_text().splitlines()]
    assert len({row["metadata"]["dialogue_id"] for row in rows}) == len(rows) == 30
    assert last_json(command("status", "--json", "--data-dir", folder).stdout)["conserved"]

    assert foreign.returncode == 2
    assert "with other models (offline-teacher, not another)" in foreign.stderr
    # The run that `up` worked on is the one that a host of its own goes on with.
    alone = last_json(command(*run_arguments(folder, 30)).stdout)
    assert (alone["run_id"], alone["llm"]["calls"]) == (status["run_id"], status["llm"]["calls"])
