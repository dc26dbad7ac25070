"""SQL as text: reading the query files, splitting scripts, and telling reads from writes."""

import re
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent

# What can hide a semicolon or a keyword in ClickHouse SQL: comments, quoted text, heredocs.
_OPAQUE = re.compile(
    r"""
    (?P<comment>--[^\n]*|\#[\ !][^\n]*|/\*.*?\*/)
    |'(?:[^'\\]|\\.|'')*'
    |"(?:[^"\\]|\\.|"")*"
    |`(?:[^`\\]|\\.|``)*`
    |(?P<heredoc>\$\w*\$).*?(?P=heredoc)
    """,
    re.DOTALL | re.VERBOSE,
)
_READS = frozenset({"select", "with", "show", "describe", "desc", "explain", "exists"})


class NotReadOnly(ValueError):
    """The statement does more than read."""


@cache
def load(name: str) -> str:
    """The text of `queries/<name>.sql`; its first line is a comment that says what it answers."""
    return (_FOLDER / "queries" / f"{name}.sql").read_text(encoding="utf-8")


def migrations() -> list[tuple[int, str, Path]]:
    """(version, name, file) of every migration, oldest first."""
    files = sorted((_FOLDER / "migrations").glob("[0-9][0-9][0-9][0-9]_*.sql"))
    return [(int(file.stem[:4]), file.stem[5:], file) for file in files]


def split_statements(script: str) -> list[str]:
    """The statements of a script, without their semicolons and without parts that are all comment."""
    cuts = [match.start() for match in re.finditer(";", _mask(script))]
    starts = [0, *(cut + 1 for cut in cuts)]
    ends = [*cuts, len(script)]
    parts = (script[start:end].strip() for start, end in zip(starts, ends, strict=True))
    return [part for part in parts if _mask(part).strip()]


def require_read_only(statement: str) -> None:
    """Refuse what is not one reading statement.

    ClickHouse's own `readonly` does not cover this alone: it lets `INTO OUTFILE` and `INSERT INTO
    FUNCTION file(...)` write files, and lets `USE` change the connection for later queries.

    Raises:
        NotReadOnly: with the reason.
    """
    bare = _mask(statement).strip().rstrip(";").strip().lower()
    if not bare:
        raise NotReadOnly("there is no statement")
    if ";" in bare:
        raise NotReadOnly("one statement at a time, please")
    first = re.match(r"[\s(]*(\w*)", bare)
    word = first.group(1) if first else ""
    if word not in _READS:
        raise NotReadOnly(
            f"{word.upper() or bare[:1]} is not a reading statement: "
            "SELECT, WITH, SHOW, DESCRIBE, EXPLAIN and EXISTS are"
        )
    for clause in (r"into\s+outfile", r"insert\s+into"):
        if found := re.search(rf"\b{clause}\b", bare):
            raise NotReadOnly(f"{found.group().upper()} writes")
    if found := re.search(r"\bformat\s+\w+$", bare):
        raise NotReadOnly(f"leave out {found.group().upper()}: rows are wanted here, not text")


def _mask(text: str) -> str:
    """The text at the same length, with comments as blanks and quoted text as underscores."""

    def cover(match: re.Match[str]) -> str:
        return (" " if match["comment"] else "_") * len(match[0])

    return _OPAQUE.sub(cover, text)
