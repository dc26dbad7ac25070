"""Rules of one's own: laid over the built-in ones, and refused with a reason when they cannot be used."""

import sys
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from consumers.rule_checker import RULES, own_rules
from consumers.rule_checker.core import BUILT_IN
from consumers.rule_checker.own_rules import RulesUnusable, checker
from tests.rule_checker.good_dialogues import single

SHORT = '''
from consumers.rule_checker import Problem, View, rule


@rule("structure", "error", "Say less.")
def short_texts(view: View):
    """No text has more than three words."""
    for index, message in enumerate(view.messages):
        if len(message.content.split()) > 3:
            yield Problem("too long", index)
'''


@pytest.fixture
def written(tmp_path: Path):
    def write(source: str, name: str = "house.py") -> Path:
        file = tmp_path / name
        file.write_text(source)
        return file

    return write


def test_without_files_the_checker_is_the_built_in_one():
    assert checker().rules == RULES
    assert checker().version == BUILT_IN.version


def test_a_rule_in_a_file_runs_beside_the_built_in_ones(written):
    in_use = checker([written(SHORT)])
    assert set(in_use.rules) == {*RULES, "short_texts"}
    assert {(finding.rule, finding.problem) for finding in in_use.check(single())} == {
        ("short_texts", "too long")
    }


def test_the_built_in_rules_stay_as_they_are(written):
    before = dict(RULES)
    checker([written(SHORT)])
    assert before == RULES


def test_a_rule_of_a_built_in_name_takes_its_place(written):
    in_use = checker([written(SHORT.replace("short_texts", "too_long"))])
    assert set(in_use.rules) == set(RULES)
    assert in_use.rules["too_long"].hint == "Say less."


def test_rules_can_be_left_out(written):
    in_use = checker([written('WITHOUT = ("too_long", "placeholder")\n')])
    assert set(RULES) - set(in_use.rules) == {"too_long", "placeholder"}


def test_a_later_file_is_laid_over_an_earlier(written):
    in_use = checker([written(SHORT), written('WITHOUT = ("short_texts",)\n', "again.py")])
    assert set(in_use.rules) == set(RULES)


def test_the_version_is_that_of_the_content(written):
    first = checker([written(SHORT)]).version
    assert first != BUILT_IN.version
    assert checker([written(SHORT, "elsewhere.py")]).version == first
    assert checker([written(SHORT.replace("three", "four"))]).version != first


def test_a_file_that_changed_is_read_anew(written):
    written(SHORT)
    assert "short_texts" in checker([written(SHORT)]).rules
    assert "brief_texts" in checker([written(SHORT.replace("short_texts", "brief_texts"))]).rules


@pytest.mark.parametrize(
    ("source", "said"),
    [
        pytest.param("import nothing_of_the_kind", "line 1: ModuleNotFoundError", id="import"),
        pytest.param("x = 1\ny = x / 0", "line 2: ZeroDivisionError", id="raises"),
        pytest.param("def broken(:", "SyntaxError", id="syntax"),
        pytest.param("x = 1", "holds no rule", id="empty"),
        pytest.param('WITHOUT = ("no_such_rule",)', "'no_such_rule', which is no rule", id="unknown"),
        pytest.param("WITHOUT = 'no_such_rule'", "'no_such_rule', which is no rule", id="one-as-text"),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_why(written, source: str, said: str):
    file = written(source)
    with pytest.raises(RulesUnusable, match=said) as raised:
        checker([file])
    assert str(file) in str(raised.value)


def test_a_file_that_is_not_there_is_said(tmp_path: Path):
    with pytest.raises(RulesUnusable, match="cannot be read"):
        checker([tmp_path / "nowhere.py"])


def test_a_file_that_is_no_python_file_is_said(written):
    with pytest.raises(RulesUnusable, match=r"ends with \.py"):
        checker([written(SHORT, "rules.txt")])


def test_an_installed_package_brings_rules_by_its_entry_point(written, monkeypatch: pytest.MonkeyPatch):
    file = written(SHORT, "house_rules_for_a_test.py")
    monkeypatch.syspath_prepend(str(file.parent))
    point = EntryPoint("house", "house_rules_for_a_test", own_rules.GROUP)
    monkeypatch.setattr(own_rules, "entry_points", lambda group: EntryPoints([point]).select(group=group))
    try:
        assert "short_texts" in checker().rules
        assert "short_texts" in checker().rules  # a module that is imported already counts as well
    finally:
        sys.modules.pop("house_rules_for_a_test", None)


def test_an_entry_point_that_cannot_be_imported_is_named(monkeypatch: pytest.MonkeyPatch):
    point = EntryPoint("house", "nothing_of_the_kind", own_rules.GROUP)
    monkeypatch.setattr(own_rules, "entry_points", lambda group: EntryPoints([point]).select(group=group))
    with pytest.raises(RulesUnusable, match="entry point 'house'"):
        checker()
