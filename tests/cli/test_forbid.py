"""`genesisfunc tools forbid`: what is taken as a question, and what the command says."""

import importlib.util
import json

import pytest

from cli.errors import CommandError
from cli.forbid import forbid
from cli.questions import QuestionsError, long_texts, questions
from consumers.rule_checker.contamination import Forbidden, read_index
from schemas.settings import Settings
from tests.e2e.command import TOOLS, command

ASKED = "Which museum near the old harbour lets dogs in on rainy Sunday mornings?"
THEN = "And how much would a ticket for two adults and a small poodle be?"
ANSWERED = "The Museum of Ropes and Knots lets dogs in until noon every Sunday of the year."
TOOL = {
    "name": "find_museum",
    "description": "Find a museum by place, weather, and by whether it lets dogs and other animals in.",
    "parameters": {"type": "object", "properties": {"query": {"type": "string", "description": ANSWERED}}},
}


def wrote(path, *rows, suffix=".jsonl"):
    path = path / f"bench{suffix}"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return path


def settings_in(folder):
    return Settings(data_dir=folder / "data")


def add(settings, *sources, n=None, limit=None, show=False, clear=False):
    forbid([str(source) for source in sources], settings, n=n, limit=limit, show=show, clear=clear)
    return read_index(settings)


# Which texts are questions


@pytest.mark.parametrize(
    "row",
    [
        {"id": "simple_0", "question": [[{"role": "user", "content": ASKED}]], "function": [TOOL]},
        {"question": ASKED, "function": [TOOL], "profile": ANSWERED},
        {"question": f"user: {ASKED}\nsystem: {ANSWERED}\nuser: {THEN}\n", "function": [TOOL]},
        {"system": f"You have tools. {json.dumps(TOOL)}", "user": ASKED, "answer": [ANSWERED]},
        {"user": f"**History**\n<user>{ASKED}</user>\n<response>{ANSWERED}</response>\n<user>{THEN}</user>"},
        {"messages": [{"role": "system", "content": ANSWERED}, {"role": "user", "content": ASKED}]},
        {"conversations": [{"from": "human", "value": ASKED}, {"from": "gpt", "value": ANSWERED}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": ASKED}]}]},
        {"data": {"items": [{"Query": ASKED, "gold": ANSWERED, "output": ANSWERED}]}},
        {"instruction": f"Tools: {json.dumps([TOOL])}", "input": ASKED},
    ],
    ids=[
        *(
            "rows-of-turns",
            "plain",
            "transcript",
            "system-beside-user",
            "tags",
            "messages",
            "sharegpt",
            "parts",
        ),
        *("nested", "tools-in-the-prompt"),
    ],
)
def test_the_user_s_words_are_questions_and_tools_and_prompts_are_not(tmp_path, row):
    found = [text.strip() for text in questions(wrote(tmp_path, row))]
    assert ASKED in found
    assert set(found) <= {ASKED, THEN, "**History**", "text"}


def test_a_json_file_may_be_one_value_and_a_text_file_has_a_question_a_line(tmp_path):
    whole = wrote(tmp_path, json.dumps([{"question": ASKED}, {"question": THEN}], indent=2), suffix=".json")
    lines = wrote(tmp_path, ASKED, "", THEN, suffix=".txt")
    assert list(questions(whole)) == list(questions(lines)) == [ASKED, THEN]


def test_where_no_key_says_so_longer_texts_are_questions(tmp_path):
    path = wrote(
        tmp_path, {"id": "a long enough id of more than eight words here", "tools": [TOOL], "t": ASKED}
    )
    assert list(questions(path)) == []
    assert ASKED in list(long_texts(path))
    assert ANSWERED not in list(long_texts(path))


def test_a_damaged_row_is_named(tmp_path):
    with pytest.raises(QuestionsError, match=r"bench\.jsonl: row 2 is no JSON"):
        list(questions(wrote(tmp_path, {"question": ASKED}, "{")))
    with pytest.raises(QuestionsError, match="neither JSON nor JSON lines"):
        list(questions(wrote(tmp_path, "{", "]")))


# The command


def test_files_add_up_and_the_same_one_again_changes_nothing(tmp_path):
    settings = settings_in(tmp_path)
    first = wrote(tmp_path, {"question": ASKED})
    once = add(settings, first)
    stamp = settings.forbidden_index.stat().st_mtime_ns
    assert add(settings, first).digest == once.digest
    assert settings.forbidden_index.stat().st_mtime_ns == stamp
    both = add(settings, wrote(tmp_path, THEN, suffix=".txt"))
    assert [source.name for source in both.sources] == ["bench.jsonl", "bench.txt"]


def test_n_and_limit_are_the_whole_index_s(tmp_path):
    settings = settings_in(tmp_path)
    path = wrote(tmp_path, {"question": ASKED})
    assert (add(settings, path, n=4).n, add(settings, limit=0.7).limit) == (4, 0.7)
    with pytest.raises(CommandError, match="n-grams of 4 words; --clear"):
        add(settings, path, n=3)
    again = add(settings, path, n=3, clear=True)
    assert (again.n, again.limit) == (3, 0.5)


def test_clear_forgets_everything_even_what_is_damaged(tmp_path):
    settings = settings_in(tmp_path)
    add(settings, wrote(tmp_path, {"question": ASKED}))
    settings.forbidden_index.write_bytes(b"no index")
    with pytest.raises(CommandError, match=r"forbidden\.index cannot be read.*--clear"):
        add(settings, show=True)
    assert add(settings, clear=True) is None
    assert add(settings, clear=True) is None


def test_a_setting_may_name_another_file(tmp_path):
    settings = Settings(data_dir=tmp_path / "data", forbidden=tmp_path / "mounted" / "index")
    add(settings, wrote(tmp_path, {"question": ASKED}))
    assert Forbidden.from_bytes((tmp_path / "mounted" / "index").read_bytes()).passages == 1
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("nothing.json", None, "cannot be read"),
        ("nothing", None, "no such file"),
        ("table.xlsx", "x", "only .*jsonl.* files are read"),
        ("short.txt", "Yes please", "no question of 5 words"),
        ("tools.json", json.dumps([TOOL]), "no question"),
    ],
)
def test_a_source_without_questions_is_refused_and_nothing_is_written(tmp_path, name, content, says):
    if content is not None:
        (tmp_path / name).write_text(content)
    settings = settings_in(tmp_path)
    with pytest.raises(CommandError, match=says):
        add(settings, wrote(tmp_path, {"question": ASKED}), tmp_path / name)
    assert not settings.data_dir.exists()


def test_a_folder_that_is_somebody_else_s_is_left_alone(tmp_path):
    path = wrote(tmp_path, {"question": ASKED})
    with pytest.raises(CommandError, match="other things"):
        add(Settings(data_dir=tmp_path), path)


@pytest.mark.skipif(importlib.util.find_spec("bfcl_eval") is None, reason="needs the package bfcl-eval")
def test_bfcl_and_a_folder_as_a_person_gives_them(tmp_path):
    (tmp_path / "bench").mkdir()
    wrote(tmp_path / "bench", {"question": ASKED})
    done = command("tools", "forbid", "bfcl", tmp_path / "bench", "--list", "--data-dir", tmp_path / "data")
    assert done.returncode == 0, done.stderr
    assert "bfcl:live_simple" in done.stdout
    assert "bench/bench.jsonl" in done.stdout
    assert "hashed n-grams of 3 words, limit 50%" in done.stdout
    content = (tmp_path / "data" / "forbidden.index").read_bytes()
    assert b"museum" not in content
    assert len(content) < 3_000_000


def test_a_run_does_not_begin_without_the_index_it_was_told_of(tmp_path):
    missing = str(tmp_path / "gone.index")
    arguments = ("run", "--tools", TOOLS, "--dialogues", "1", "--data-dir", tmp_path / "data")
    done = command(*arguments, GENESISFUNC_FORBIDDEN=missing)
    assert done.returncode == 2
    assert "gone.index, which the setting `forbidden` names, does not exist" in done.stderr
    assert "Traceback" not in done.stderr
