"""An export is whole or not there, and holds a dialogue once."""

import json
import resource

import msgspec
import pytest

from schemas.dialogue import AssistantMessage, Call, Dialogue, RunSpec, Scenario, ToolMessage, UserMessage
from schemas.tools import ToolSpec
from trainer.export import DATASET_INFO, ExportError, export


def dialogue(id: str) -> Dialogue:
    return Dialogue(
        id=id,
        scenario=Scenario.SINGLE_SINGLE,
        spec=RunSpec(pool="p"),
        tools=(ToolSpec(name="weather.get"),),
        targets=("weather.get",),
        messages=(
            UserMessage(f"Weather for {id}?"),
            AssistantMessage(calls=(Call("c1", "weather.get", {"city": id}),), action="call"),
            ToolMessage("c1", "weather.get", "{}"),
            AssistantMessage("Fine."),
        ),
    )


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_dialogue_is_written_once_in_both_formats(tmp_path):
    result = export(map(dialogue, ["a", "b", "a", "c", "b"]), tmp_path / "new", run_id="r1")

    assert (result.dialogues, result.rows, result.repeated) == (3, 6, 2)
    assert [row["metadata"]["dialogue_id"] for row in lines(result.openai)] == ["a", "b", "c"]
    assert {row["metadata"]["run_id"] for row in lines(result.openai)} == {"r1"}
    assert [row["instruction"] for row in lines(result.alpaca)][::2] == [f"Weather for {id}?" for id in "abc"]


def test_the_description_names_the_files_and_their_columns(tmp_path):
    result = export([dialogue("a")], tmp_path)

    info = json.loads((tmp_path / "dataset_info.json").read_text())
    assert info == DATASET_INFO
    for description in info.values():
        (row, *_) = lines(tmp_path / description["file_name"])
        assert set(description["columns"].values()) <= row.keys()
    assert sorted(file.name for file in result.folder.iterdir()) == [
        "data.alpaca.jsonl",
        "data.openai.jsonl",
        "dataset_info.json",
    ]


def test_the_same_dialogues_give_the_same_bytes(tmp_path):
    first, second = (export(map(dialogue, "ab"), tmp_path / name) for name in ("one", "two"))

    assert first.openai.read_bytes() == second.openai.read_bytes()
    assert first.alpaca.read_bytes() == second.alpaca.read_bytes()


def test_an_export_that_is_cut_short_leaves_the_old_files(tmp_path):
    def cut_short():
        yield dialogue("b")
        raise RuntimeError("the store went away")

    before = contents(export([dialogue("a")], tmp_path).folder)
    with pytest.raises(RuntimeError, match="went away"):
        export(cut_short(), tmp_path)

    assert contents(tmp_path) == before


def test_a_full_disk_leaves_the_old_files(tmp_path):
    before = contents(export([dialogue("a")], tmp_path).folder)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # A limit on the size of files stands in for the disk: the write fails just as late.
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(ExportError, match="make room"):
            export((dialogue(str(number)) for number in range(200)), tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert contents(tmp_path) == before


def test_a_folder_that_is_a_file_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="cannot be written"):
        export([], tmp_path / "file")


def test_lists_and_texts_survive_as_they_are(tmp_path):
    odd = msgspec.structs.replace(
        dialogue("a"), messages=(UserMessage("é\u2028\n🙂"), AssistantMessage("ok"))
    )
    result = export([odd], tmp_path)

    (row,) = lines_by_newline(result.openai)
    assert row["messages"][1]["content"] == "é\u2028\n🙂"


def lines_by_newline(path):
    """As JSON Lines readers split: at newlines only, where str.splitlines would also split at U+2028."""
    return [json.loads(line) for line in path.read_text().rstrip("\n").split("\n")]


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}
