"""Reading statements are told from the others before ClickHouse sees them."""

from pathlib import Path

import pytest

import sinks
from sinks.sql import NotReadOnly, load, migrations, require_read_only, split_statements

QUERIES = Path(sinks.__file__).parent / "queries"


def test_a_script_is_split_at_semicolons_that_end_statements_only():
    script = """
    -- one; comment
    SELECT 'a;b', "c;d", `e;f` /* ; */;
    ;
    SELECT 'it\\'s; ''so''' -- end;
    """
    assert split_statements(script) == [
        "-- one; comment\n    SELECT 'a;b', \"c;d\", `e;f` /* ; */",
        "SELECT 'it\\'s; ''so''' -- end;",
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1",
        "  -- why\n(select 1)",
        "WITH 1 AS one SELECT one;",
        "show tables",
        "DESC events",
        "EXPLAIN SELECT 1",
        "SELECT 'drop table x; insert into y into outfile'",
    ],
)
def test_a_reading_statement_passes(statement):
    require_read_only(statement)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("", "no statement"),
        ("-- only a comment", "no statement"),
        ("DROP TABLE events", "DROP is not"),
        ("/* SELECT */ INSERT INTO events SELECT 1", "INSERT is not"),
        ("SET readonly = 0", "SET is not"),
        ("USE system", "USE is not"),
        ("SELECT 1; DROP TABLE events", "one statement"),
        ("SELECT 1 INTO  OUTFILE '/tmp/x'", "OUTFILE writes"),
        ("WITH 1 AS one INSERT INTO FUNCTION file('x.csv') SELECT one", "INSERT INTO writes"),
        ("SELECT 1 FORMAT JSON", "leave out FORMAT JSON"),
    ],
)
def test_whatever_else_is_refused_with_its_reason(statement, reason):
    with pytest.raises(NotReadOnly, match=reason):
        require_read_only(statement)


def test_migrations_are_numbered_without_gaps():
    assert [version for version, _, _ in migrations()] == list(range(1, len(migrations()) + 1))


@pytest.mark.parametrize("name", sorted(file.stem for file in QUERIES.glob("*.sql")))
def test_a_query_file_says_in_its_first_line_what_it_answers(name):
    assert load(name).startswith("-- ")
