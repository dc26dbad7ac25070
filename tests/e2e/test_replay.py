"""Stored dialogues through a new checker version: the whole way, on real servers."""

import os
import signal
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from consumers.rule_checker.core import BUILT_IN
from schemas.dialogue import Dialogue, Repair
from schemas.events import (
    Body,
    DialogueRepaired,
    Envelope,
    Judged,
    ModelChecked,
    ReviewAccepted,
    ReviewNeeded,
    RuleChecked,
    RuleFinding,
    ToolsSampled,
    decode,
    derive_id,
    encode,
)
from sinks.store import EventStore
from tests.e2e.command import SOON, command, last_json, started, until_line
from tests.rule_checker.good_dialogues import answer, single, user, with_message

WHEN = datetime(2026, 3, 1, tzinfo=UTC)

NO_SUNSHINE = '''"""House rules."""

from consumers.rule_checker import Problem, View, rule

WITHOUT = ("invented_number",)


@rule("grounding", "error", "Do not praise the weather.")
def no_praise(view: View):
    """No answer is enthusiastic."""
    for index, message in enumerate(view.messages):
        if "splendid" in message.content:
            yield Problem("the weather is praised", index)


@rule("structure", "warning", "Never mind.")
def stumbles(view: View):
    """Nothing: it cannot stand dialogues of the name d5."""
    if view.dialogue.id == "d5":
        raise KeyError("oops")
    return ()
'''


def told(name: str, said: str) -> Dialogue:
    """A dialogue whose answer says so; the request is worded as the offline teacher words it."""
    asked = with_message(
        single(), 0, user("What is the weather forecast for the city of Lisbon? It is for 3 days.")
    )
    return msgspec.structs.replace(with_message(asked, 3, answer(said)), id=name)


SOUND = "In Lisbon expect mostly sunny skies at 21.5 degrees."
PRAISED = "In Lisbon expect splendid, sunny skies at 21.5 degrees."
INVENTED = "In Lisbon expect mostly sunny skies at 99.9 degrees."


class Written:
    """Events as live stages would have stored them."""

    def __init__(self) -> None:
        self.events: list[tuple[Envelope, bytes]] = []

    def event(self, subject: str, dialogue: Dialogue, body: Body, cause: str = "") -> Envelope:
        made = Envelope(
            event_id=derive_id(subject, dialogue.id),
            subject=subject,
            run_id="r1",
            dialogue_id=dialogue.id,
            round=1,
            causation_id=cause,
            produced_at=WHEN + timedelta(seconds=len(self.events)),
            producer=f"{subject.partition('.')[0]}@1+00000000",
            body=body,
        )
        self.events.append((made, encode(made)))
        return made

    def judged(self, dialogue: Dialogue) -> Envelope:
        sampled = self.event("tools.sampled", dialogue, ToolsSampled(dialogue))
        return self.event("dialogue.judged.done", dialogue, Judged(dialogue), sampled.event_id)

    def ended(self, dialogue: Dialogue, how: str = "automatic", blamed_by: str = "") -> None:
        """Judged, checked by the rules of the day, and accepted or held back."""
        cause = self.judged(dialogue)
        findings = (RuleFinding(blamed_by, "grounding", "error", "not good"),) if blamed_by else ()
        checked = self.event(
            "checked.rule",
            dialogue,
            RuleChecked(dialogue, not findings, findings),
            cause.event_id,
        )
        if not findings:
            model = ModelChecked(dialogue, True, 0.9, 0.75)
            checked = self.event("checked.model", dialogue, model, checked.event_id)
            self.event("review.accepted", dialogue, ReviewAccepted(dialogue, how), checked.event_id)
        else:
            needed = ReviewNeeded(dialogue, (f"{blamed_by}: not good",), 1.0)
            self.event("review.needed", dialogue, needed, checked.event_id)

    def store(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "VERSION").write_text("1\n")
        with EventStore(f"chdb://{folder / 'clickhouse'}") as store:
            store.insert(self.events)


def rows(folder: Path, sql: str) -> list[dict[str, Any]]:
    with EventStore(f"chdb://{folder / 'clickhouse'}") as store:
        return store.query(sql).dicts()


def states(folder: Path) -> dict[str, str]:
    return {
        row["dialogue_id"]: row["state"] for row in rows(folder, "SELECT dialogue_id, state FROM dialogues")
    }


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("rules") / "house.py"
    file.write_text(NO_SUNSHINE)
    return file


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, rules: Path) -> Path:
    """A store with every kind of dialogue, replayed under the name `house`."""
    written = Written()
    written.ended(told("d1", SOUND))
    written.ended(told("d2", PRAISED))
    written.ended(told("d3", SOUND), blamed_by="a_rule_that_was_too_strict")
    written.ended(told("d4", PRAISED), how="approved")
    written.ended(told("d5", SOUND))
    mended = written.judged(told("d6", INVENTED))
    repaired = msgspec.structs.replace(told("d6", SOUND), repairs=(Repair(("invented_number",), (3,)),))
    written.event("dialogue.repaired", repaired, DialogueRepaired(repaired), mended.event_id)
    # What else a store may hold: a row that is spoilt, one of a newer program, one without what came later.
    for name, change in (
        ("d7", lambda raw: b"{not json"),
        ("d8", lambda raw: raw.replace(b'"schema_version":1', b'"schema_version":99')),
        ("d9", lambda raw: msgspec.json.encode(without(msgspec.json.decode(raw), "repairs", "cluster"))),
    ):
        event = written.judged(told(name, SOUND))
        written.events[-1] = (event, change(encode(event)))
    folder = tmp_path_factory.mktemp("replay") / "data"
    written.store(folder)
    return folder


def without(event: dict[str, Any], *fields: str) -> dict[str, Any]:
    for field in fields:
        del event["body"]["dialogue"][field]
    return event


def replay(folder: Path, name: str, checker: Path | str, *more: str, **changes: str):
    return command(
        *("replay", "start", name, "--checker", checker, "--workers", "1", "--json", "--data-dir", folder),
        *more,
        **changes,
    )


@pytest.fixture(scope="module")
def first(folder: Path, rules: Path) -> dict[str, Any]:
    done = replay(folder, "house", rules)
    assert done.returncode == 1, done.stderr
    assert "2 dialogues have no verdict" in done.stderr
    return last_json(done.stdout)


def test_every_dialogue_has_one_verdict_by_the_new_version(folder: Path, first: dict[str, Any]) -> None:
    assert (first["dialogues"], first["checked"], first["no_verdict"]) == (9, 9, 2)
    assert first["complete"]
    verdicts = {
        row["dialogue_id"]: (row["passed"], row["error_rules"])
        for row in rows(folder, "SELECT dialogue_id, passed, error_rules FROM replay_verdicts FINAL")
    }
    assert verdicts == {
        "d1": (True, []),
        "d2": (False, ["no_praise"]),
        "d3": (True, []),
        "d4": (False, ["no_praise"]),
        "d5": (False, ["rule_error"]),
        "d6": (True, []),  # as it is after its repair
        "d7": (False, []),
        "d8": (False, []),
        "d9": (True, []),
    }


def test_a_row_that_cannot_be_read_says_why(folder: Path, first: dict[str, Any]) -> None:
    why = {
        row["dialogue_id"]: row["failure"]
        for row in rows(folder, "SELECT dialogue_id, failure FROM replay_verdicts FINAL WHERE failure != ''")
    }
    assert set(why) == {"d7", "d8"}
    assert "cannot be read" in why["d7"]
    assert "schema version 99" in why["d8"]


def test_the_live_verdicts_and_states_are_as_they_were(folder: Path, first: dict[str, Any]) -> None:
    assert rows(folder, "SELECT count() AS n FROM events WHERE subject = 'checked.rule'") == [{"n": 5}]
    assert Counter(states(folder).values()) == {"accepted": 4, "needs_review": 1, "in_flight": 4}


def test_the_same_command_again_has_nothing_left_to_do(
    folder: Path, rules: Path, first: dict[str, Any]
) -> None:
    again = last_json(replay(folder, "house", rules).stdout)
    assert again["fed"] == 0
    assert again["checked"] == 9


def test_a_name_in_use_is_not_given_to_another_replay(
    folder: Path, rules: Path, first: dict[str, Any]
) -> None:
    done = replay(folder, "house", rules, "--scenario", "single-single")
    assert done.returncode == 2
    assert "'house' is in use by another replay (scenario any, not single-single)" in done.stderr


def test_a_selection_that_holds_nothing_is_said(folder: Path, rules: Path) -> None:
    done = replay(folder, "empty", rules, "--since", "2030-01-01")
    assert done.returncode == 2
    assert "nothing stored fits" in done.stderr


def test_promoting_revokes_and_passes_on_by_new_events_alone(folder: Path, first: dict[str, Any]) -> None:
    before = rows(
        folder, "SELECT toString(event_id) AS id, payload FROM events FINAL WHERE run_id = 'r1' ORDER BY id"
    )
    looked = command("replay", "promote", "house", "--dry-run", "--json", "--data-dir", folder)
    assert last_json(looked.stdout) == {
        "name": "house",
        "revoked": 1,
        "passed_on": 1,
        "kept": 1,
        "dry_run": True,
    }
    assert states(folder)["d2"] == "accepted"

    done = command("replay", "promote", "house", "--json", "--data-dir", folder)
    assert done.returncode == 0, done.stderr
    now = states(folder)
    assert (now["d1"], now["d2"]) == ("accepted", "rejected")
    assert now["d3"] == "accepted"  # past the model checker
    assert now["d4"] == "accepted"  # a person had approved it
    assert now["d5"] == "accepted"  # a rule raised: that says nothing of the dialogue
    assert Counter(now.values()) == {"accepted": 4, "rejected": 1, "in_flight": 4}
    after = {
        row["id"]: row["payload"]
        for row in rows(
            folder, "SELECT toString(event_id) AS id, payload FROM events FINAL WHERE run_id = 'r1'"
        )
    }
    assert all(after[row["id"]] == row["payload"] for row in before)

    [revoked] = rows(
        folder,
        "SELECT payload, toString(causation_id) AS cause FROM events FINAL "
        "WHERE subject = 'review.revoked' AND dialogue_id = 'd2'",
    )
    assert revoked["cause"] == derive_id("review.accepted", "d2")
    assert decode(revoked["payload"]).body.reasons == ("no_praise: the weather is praised",)

    again = command("replay", "promote", "house", "--json", "--data-dir", folder)
    assert last_json(again.stdout)["revoked"] == 0
    export = command("export", "--run", "r1", "--to", folder / "out", "--data-dir", folder)
    assert export.returncode == 0, export.stderr
    assert len((folder / "out" / "data.openai.jsonl").read_text().splitlines()) == 4


def test_what_a_promotion_took_back_another_one_gives_back(folder: Path, first: dict[str, Any]) -> None:
    """Runs after the promotion above, whose work it undoes; alone it has nothing to undo."""
    command("replay", "promote", "house", "--data-dir", folder)
    mild = folder.parent / "mild.py"
    mild.write_text('WITHOUT = ("repeated_call",)\n')
    replay(folder, "mild", mild)
    assert command("replay", "promote", "mild", "--data-dir", folder).returncode == 0
    assert states(folder)["d2"] == "accepted"


def test_a_model_checker_is_replayed_over_what_passed_the_rules(folder: Path) -> None:
    strict = folder.parent / "strict.toml"
    strict.write_text("confidence_threshold = 0.999\n")
    done = replay(folder, "strict", strict, "--stage", "model", "--until", "2026-06-01")
    assert done.returncode == 0, done.stderr
    told_last = last_json(done.stdout)
    assert told_last["checker"].startswith("model-checker@")
    assert (told_last["dialogues"], told_last["checked"]) == (4, 4)
    [shape] = rows(
        folder,
        "SELECT uniq(threshold) AS thresholds, max(confidence) < 0.999 AS unsure, countIf(passed) AS passed "
        "FROM replay_verdicts FINAL WHERE replay = 'strict'",
    )
    assert shape == {"thresholds": 1, "unsure": 1, "passed": 0}


def test_rules_that_cannot_be_imported_are_refused_before_anything_starts(folder: Path) -> None:
    broken = folder.parent / "broken.py"
    broken.write_text("from consumers.rule_checker import rule\n\nimport nothing_of_the_kind\n")
    done = replay(folder, "broken", broken)
    assert done.returncode == 2
    assert "broken.py cannot be imported: line 3: ModuleNotFoundError" in done.stderr


def test_a_version_that_is_not_installed_is_refused(folder: Path) -> None:
    done = replay(folder, "old", "1+deadbeef")
    assert done.returncode == 2
    assert f"installed and set here is {BUILT_IN.version}" in done.stderr


def test_a_replay_that_is_killed_goes_on_and_counts_nothing_twice(tmp_path: Path, rules: Path) -> None:
    written, many = Written(), 6000
    for number in range(many):
        written.judged(told(f"d{number:05}x", SOUND))
    folder = tmp_path / "data"
    written.store(folder)
    arguments = ("replay", "start", "long", "--checker", rules, "--workers", "1", "--data-dir", folder)
    with started(*arguments, **SOON) as process:
        until_line(process, lambda line: "checked=" in line and "checked=0 " not in line)
        os.killpg(process.pid, signal.SIGKILL)
    with started(*arguments, **SOON) as process:
        until_line(process, lambda line: "rule-checker started" in line)
        os.kill(int((folder / "nats" / "nats.pid").read_text()), signal.SIGKILL)
        assert process.stderr is not None
        said = process.stderr.read()
        assert process.wait(60) == 3
        assert "nats-server ended" in said
        assert "the same command goes on" in said
    done = replay(folder, "long", rules, **SOON)
    assert done.returncode == 0, done.stderr
    told_last = last_json(done.stdout)
    assert (told_last["dialogues"], told_last["checked"], told_last["passed"]) == (many, many, many)
