"""`genesisfunc tools forbid`: benchmark questions that no dialogue may repeat."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.errors import OUTSIDE, CommandError
from cli.folder import DataFolder
from cli.questions import JSON, TEXT, QuestionsError, long_texts, questions
from consumers.rule_checker.contamination import (
    LEAST_WORDS,
    Forbidden,
    IndexUnusable,
    Source,
    hashed,
    read_index,
)
from schemas.settings import Settings

BFCL = "bfcl"


def forbid(
    sources: Sequence[str], settings: Settings, *, n: int | None, limit: float | None, show: bool, clear: bool
) -> None:
    """Add benchmarks to the index, and say what is in it.

    Raises:
        CommandError: a file cannot be read or has no questions, or the index cannot. It stays as it was.
    """
    if not (sources or show or clear or limit is not None):
        raise CommandError(
            "name what to keep away from: `bfcl`, a file or a folder; or give --list or --clear"
        )
    path = settings.forbidden_index
    console = Console(highlight=False, soft_wrap=True)
    before = Forbidden() if clear else _index(settings)
    if before.sources and n not in (None, before.n):
        raise CommandError(f"{path} holds n-grams of {before.n} words; --clear makes it anew with others")
    size = n or before.n
    found = [read for source in sources for read in _read(source, size, console)]
    after = Forbidden((*before.sources, *found), n=size, limit=limit or before.limit)
    changed = bool(sources or clear or limit) and _replace(after, settings)
    if show:
        console.print(_table(after))
    console.print(
        f"{escape(str(path))}: {_count(sum(source.questions for source in after.sources), 'question')} of "
        f"{_count(len(after.sources), 'file')} as {after.grams:,} hashed n-grams of {after.n} words, "
        f"limit {after.limit:.0%}"
        if after.sources
        else f"{escape(str(path))}: nothing is forbidden"
    )
    if changed and DataFolder(settings.data_dir).is_owned():
        console.print("[yellow]the pipeline that runs here takes it up when it is started again[/]")


def usable_index(settings: Settings) -> Forbidden | None:
    """The index that the rule checker will start with; None: there is none.

    Raises:
        CommandError: it could not start.
    """
    try:
        return read_index(settings)
    except IndexUnusable as error:
        raise CommandError(str(error)) from None


def _index(settings: Settings) -> Forbidden:
    """What is there; an index that a setting names may still be to be made."""
    there = settings.forbidden_index.exists()
    return (usable_index(settings) if there else None) or Forbidden()


def _replace(index: Forbidden, settings: Settings) -> bool:
    """Write the index, or take the file away if it is empty; whether that changes anything."""
    path = settings.forbidden_index
    content = index.to_bytes() if index.sources else b""
    try:
        if content == (path.read_bytes() if path.exists() else b""):
            return False
        if not content:
            path.unlink()
            return True
        if settings.forbidden is None:
            DataFolder(settings.data_dir).create()
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.tmp")
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}", OUTSIDE) from None
    return True


def _read(source: str, n: int, console: Console) -> Iterator[Source]:
    try:
        if source == BFCL:
            yield from _bfcl(n)
        elif (path := Path(source)).is_dir():
            yield from _folder(path, n, console)
        else:
            yield _file(path, path.name, n, console)
    except QuestionsError as error:
        raise CommandError(str(error)) from None


def _bfcl(n: int) -> Iterator[Source]:
    from consumers.sampler.importers.bfcl import BFCLError, data_folder

    try:
        data = data_folder()
    except BFCLError as error:
        raise CommandError(str(error)) from None
    paths = sorted((*data.glob("BFCL_v4_*.json"), *data.glob("memory_prereq_conversation/*.json")))
    found = [hashed(f"bfcl:{path.stem.removeprefix('BFCL_v4_')}", questions(path), n) for path in paths]
    if not any(source.questions for source in found):
        raise CommandError(f"no questions of BFCL are in {data}")
    yield from (source for source in found if source.questions)


def _folder(path: Path, n: int, console: Console) -> Iterator[Source]:
    files = [
        file for file in sorted(path.rglob("*")) if file.suffix.lower() in TEXT | JSON and file.is_file()
    ]
    found = [hashed(str(Path(path.name, file.relative_to(path))), questions(file), n) for file in files]
    if not any(source.questions for source in found):
        raise CommandError(f"{path} has no file with questions ({_suffixes()}, as described in --help)")
    if without := [source.name for source in found if not source.questions]:
        console.print(
            f"[dim]{_count(len(without), 'file')} left out, since no key says which texts are questions: "
            f"{escape(', '.join(without[:3]))}{' …' if len(without) > 3 else ''}[/]"
        )
    yield from (source for source in found if source.questions)


def _file(path: Path, name: str, n: int, console: Console) -> Source:
    if path.suffix.lower() not in TEXT | JSON:
        why = f"only {_suffixes()} files are read" if path.exists() else "there is no such file"
        raise CommandError(f"{path}: {why}")
    source = hashed(name, questions(path), n)
    if source.questions or path.suffix.lower() in TEXT:
        found = source
    else:
        console.print(
            f"[dim]{escape(name)}: no key in it says which texts are questions, so all longer ones are[/]"
        )
        found = hashed(name, long_texts(path), n)
    if not found.questions:
        raise CommandError(f"{path} has no question of {max(n, LEAST_WORDS)} words or more")
    return found


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _suffixes() -> str:
    return ", ".join(sorted(TEXT | JSON))


def _table(index: Forbidden) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 3, 0, 0))
    table.add_column("source", overflow="fold")
    for column in ("questions", "too short", "content"):
        table.add_column(column, justify="right")
    for source in index.sources:
        table.add_row(escape(source.name), f"{source.questions:,}", f"{source.short:,}", source.digest)
    return table
