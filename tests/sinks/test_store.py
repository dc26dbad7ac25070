"""What goes into the store comes out of it, once."""

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from schemas.dialogue import NEW_TASK, Scenario, Task, Turn, TurnKind
from schemas.events import ToolsSampled, decode, encode
from sinks.store import EventStore, QueryError, QueryResult, StoreError
from tests.sinks.build import Run, mixed_run


def count(store: EventStore, run_id: str) -> int:
    counted = store.query("SELECT count() FROM events FINAL WHERE run_id = {run:String}", {"run": run_id})
    return counted.rows[0][0]


def test_an_event_comes_back_as_it_was(store):
    run = mixed_run("as-it-was", 5)
    store.insert(run.encoded())

    rows = store.query("SELECT payload FROM events FINAL WHERE run_id = 'as-it-was'").rows

    assert {event.event_id: event for event in run.events} == {
        (event := decode(payload)).event_id: event for (payload,) in rows
    }


@pytest.mark.parametrize("sizes", [(10_000, 10_000), (7, 10_000), (10_000, 7), (1, 3)])
def test_inserting_again_in_whatever_batches_changes_nothing(store, sizes):
    run = mixed_run(f"again-{sizes}", 6)
    for size in sizes:
        for batch in run.batches(size):
            store.insert(batch)

    assert count(store, run.run_id) == len(run.events)


def test_a_repeated_batch_is_not_even_written(store):
    batch = mixed_run("token", 3).encoded()
    for _ in range(3):
        store.insert(batch)

    assert store.query("SELECT count() FROM events WHERE run_id = 'token'").rows == [(len(batch),)]


def test_columns_are_read_from_the_payload(store):
    run = Run("columns")
    dialogue = run.dialogue("accepted", index=3)
    call = run.llm("judge", None, dialogue.id, outcome="timeout")
    store.insert(run.encoded())

    (found,) = store.query(
        "SELECT scenario, slot, attempt, tools, tasks, turns, calls, request, type_label, how, body_type "
        "FROM events FINAL WHERE run_id = 'columns' AND subject = 'review.accepted'"
    ).rows
    assert found == (
        dialogue.scenario,
        3,
        0,
        [tool.name for tool in dialogue.tools],
        1,
        1,
        [call.name for call in dialogue.calls],
        dialogue.messages[0].content,
        dialogue.type_label,
        "automatic",
        "ReviewAccepted",
    )
    (asked,) = store.query(
        "SELECT role, outcome, prompt_tokens FROM llm_calls WHERE event_id = {id:UUID}", {"id": call.event_id}
    ).rows
    assert asked == ("judge", "timeout", call.body.prompt_tokens)


@pytest.mark.parametrize("kind", TurnKind)
def test_the_kinds_of_turn_mean_the_same_in_sql(store, kind):
    """New tasks and special kinds are listed in schemas and in the columns' expressions."""
    run = Run(f"kind-{kind}")
    dialogue = msgspec.structs.replace(
        run.compose(Scenario.SPECIAL, 0),
        turns=(Turn(kind=TurnKind.FOLLOW_UP), Turn(kind=kind, tasks=(Task("a"), Task("b")))),
        cluster="trains.search",
        declined="Not fit.",
    )
    run.emit("tools.sampled", ToolsSampled(dialogue), dialogue_id=dialogue.id)
    store.insert(run.encoded())

    (found,) = store.query(
        "SELECT tasks, special_kind, cluster, language, declined, targets FROM dialogues "
        "WHERE run_id = {run:String}",
        {"run": run.run_id},
    ).rows

    assert found == (
        2 if kind in NEW_TASK else 0,
        dialogue.special_kind or "",
        "trains.search",
        "English",
        "Not fit.",
        list(dialogue.targets),
    )


def test_a_judgement_tells_where_the_winner_stood(store):
    run = Run("judgement")
    run.choice((2, 0, 3, 1), (3,), declined="Poor.", attempt=1)
    run.choice((2, 0, 3, 1), (3, 1))
    store.insert(run.encoded())

    rows = store.query(
        "SELECT shown, best, place, draft, declined, given_up FROM judgements "
        "WHERE run_id = 'judgement' ORDER BY draft DESC"
    ).rows

    assert rows == [
        ([2, 0, 3, 1], [3], 3, 1, "Poor.", False),
        ([2, 0, 3, 1], [3, 1], None, 0, "", False),
    ]


def test_every_column_has_a_comment(store):
    rows = store.query(
        "SELECT name FROM system.columns WHERE database = 'genesisfunc' AND table = 'events' AND comment = ''"
    ).rows
    assert rows == []


def test_an_id_that_is_no_uuid_does_not_spoil_the_batch(store):
    run = Run("foreign")
    run.request(1)
    foreign = msgspec.structs.replace(run.events[0], event_id="not a uuid", causation_id="neither")
    for _ in range(2):
        store.insert([(event, encode(event)) for event in (run.events[0], foreign)])

    assert count(store, "foreign") == 2


def test_hostile_text_in_an_event_stays_text(store):
    run = Run("hostile'; DROP TABLE events; --")
    run.dialogue("accepted", request="'); DROP TABLE events; -- \\ \u202e \x00 {x:String} 🙂")
    store.insert(run.encoded())

    (row,) = store.query(
        "SELECT request FROM dialogues WHERE run_id = {run:String}", {"run": run.run_id}
    ).rows
    assert row == ("'); DROP TABLE events; -- \\ \u202e \x00 {x:String} 🙂",)


def test_threads_may_read_and_insert_at_once(store):
    run = mixed_run("threads", 12)
    with ThreadPoolExecutor(4) as pool:
        inserts = [pool.submit(store.insert, batch) for batch in run.batches(10)]
        reads = [pool.submit(count, store, "threads") for _ in range(10)]
        for job in (*inserts, *reads):
            job.result()

    assert count(store, "threads") == len(run.events)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT nope FROM events", "nope.*UNKNOWN_IDENTIFIER"),
        ("SELECT 1 2", "Syntax error.*SYNTAX_ERROR"),
        ("SELECT {x:String}", "UNKNOWN_QUERY_PARAMETER"),
        ("DROP TABLE events", "not a reading statement"),
        ("SELECT 1 SETTINGS readonly = 0", "READONLY"),
    ],
)
def test_a_refused_query_says_why_in_one_line(store, sql, message):
    with pytest.raises(QueryError, match=message) as error:
        store.query(sql)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300


def test_the_reading_connection_cannot_write_even_past_the_check(store, monkeypatch):
    monkeypatch.setattr("sinks.sql.require_read_only", lambda statement: None)
    with pytest.raises(QueryError, match="READONLY"):
        store.query("TRUNCATE TABLE events")


def test_a_result_without_rows_still_has_its_columns(store):
    assert store.query("SELECT run_id, round FROM events WHERE run_id = 'no such run'") == QueryResult(
        ("run_id", "round"), []
    )


def test_frames_carry_ids_as_text_and_times_in_utc(store):
    run = Run("frame")
    run.request(1)
    store.insert(run.encoded())

    frame = store.frame(
        "SELECT event_id, causation_id, produced_at FROM events WHERE run_id = {run:String}", {"run": "frame"}
    )

    assert frame.rows() == [(run.events[0].event_id, None, run.events[0].produced_at)]


def test_a_closed_store_says_so():
    with pytest.raises(StoreError, match="not open"):
        EventStore("chdb:///nowhere").query("SELECT 1")


@pytest.mark.parametrize("url", ["chdb://relative/path", "sqlite:///x", "chdb:///x?mode=ro"])
def test_a_url_that_is_no_store_is_refused(url):
    with pytest.raises(StoreError, match="is no store"):
        EventStore(url).open()


def test_a_server_that_is_not_there_is_reported_without_the_password():
    with pytest.raises(StoreError, match=r"ada:\*\*\*@127\.0\.0\.1.*refused"):
        EventStore("clickhouse://ada:secret@127.0.0.1:1/db").open()
