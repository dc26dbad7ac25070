"""What many commands take, and how each of them begins and ends."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from cli.errors import INTERRUPTED, CommandError, fail
from schemas.settings import Settings, SettingsError, load

T = TypeVar("T")

DataDir = Annotated[
    Path | None,
    typer.Option(help="Folder with all data of the embedded servers. [default: ./genesisfunc-data]"),
]
SettingsFile = Annotated[
    Path | None,
    typer.Option("--settings", help="TOML file with models, URLs, prices and limits, per role if wanted."),
]
Model = Annotated[str | None, typer.Option(help="Model for every role the settings file does not name.")]
RunId = Annotated[str | None, typer.Option("--run", help="Run id. [default: the newest run]")]
RuleFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--rules", help="Python file with rules of your own, laid over the built-in ones; repeatable."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")]


def settings_of(
    path: Path | None, data_dir: Path | None, model: str | None = None, rules: list[Path] | None = None
) -> Settings:
    try:
        settings = load(path)
    except SettingsError as error:
        raise CommandError(str(error)) from error
    changes: dict[str, Any] = {}
    if data_dir is not None:
        changes["data_dir"] = data_dir
    if rules is not None:
        # Stages of their own processes may work elsewhere.
        changes["rules"] = tuple(file.resolve() for file in rules)
    if model is not None:
        changes["llm"] = settings.llm.model_copy(update={"model": model})
    return settings.model_copy(update=changes)


def guarded(work: Callable[[], T]) -> T:
    """Run a command; what is wrong with its input ends in one message and an exit code."""
    try:
        return work()
    except CommandError as error:
        fail(error)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
