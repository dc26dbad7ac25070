"""`genesisfunc replay …`: what a new checker version says of stored dialogues."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.errors import CommandError
from cli.options import AsJson, DataDir, Model, SettingsFile, guarded, settings_of
from schemas.dialogue import Scenario

app = typer.Typer(
    help="Replay stored dialogues into a new checker version, see what would change, and let it take effect.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Name = Annotated[str, typer.Argument(help="Name of the replay: letters, digits, `-` and `_`.")]


def share(text: str) -> float:
    """`10%` or `0.1` as 0.1."""
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        raise CommandError(f"--sample {text}: a share above 0 and up to 100% is wanted, such as 10% or 0.1")
    return value


@app.command()
def start(
    name: Name,
    stage: Annotated[
        Literal["rule", "model"], typer.Option(help="`rule`: the rule checker; `model`: the model checker.")
    ] = "rule",
    checker: Annotated[
        str | None,
        typer.Option(
            help="The new checker: a Python file of rules (stage rule), a settings file with models and "
            "threshold (stage model), or a version such as `1+3f9c2a1d` that is to be the installed one. "
            "[default: what is installed and set]"
        ),
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(help="Only dialogues that were judged at or after this time (UTC).")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(help="Only dialogues that were judged before this time (UTC).")
    ] = None,
    run: Annotated[str, typer.Option(help="Only this run. [default: all runs]")] = "",
    scenario: Annotated[Scenario | None, typer.Option(help="Only this scenario.")] = None,
    sample: Annotated[
        str, typer.Option(help="Only this share of the dialogues, such as `10%`; the same ones each time.")
    ] = "100%",
    workers: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Checker processes to start here; 0: they run elsewhere, with GENESISFUNC_REPLAY set to the "
            "name. [default: one a core]",
        ),
    ] = None,
    model: Model = None,
    data_dir: DataDir = None,
    settings: SettingsFile = None,
    json: AsJson = False,
) -> None:
    """Check stored dialogues again, by a new version.

    Live traffic is not touched: a replay has subjects, queues and a table of its own. Uses the pipeline that
    works in the data folder, or starts what it needs. Ctrl-C stops; the same command goes on where the
    verdicts end. `replay diff NAME` then says what is different.
    """
    from cli.replay import Order, replay

    def work() -> None:
        order = Order(
            name=name,
            stage=stage,
            checker=checker,
            since=since,
            until=until,
            run=run,
            scenario=scenario.value if scenario else "",
            sample=share(sample),
            workers=workers,
        )
        replay(order, settings_of(settings, data_dir, model), json)

    guarded(work)


@app.command()
def diff(
    name: Name,
    to: Annotated[
        Path | None, typer.Option(help="HTML file. [default: reports/replay-NAME.html in the data folder]")
    ] = None,
    examples: Annotated[int, typer.Option(min=0, help="Dialogues shown a kind of change.")] = 5,
    data_dir: DataDir = None,
    settings: SettingsFile = None,
    json: AsJson = False,
) -> None:
    """Old verdicts against new ones: who changes sides, by which rule, with dialogues to read.

    On the terminal and as one self-contained HTML page.
    """
    from cli.replay_diff import show_diff

    guarded(lambda: show_diff(settings_of(settings, data_dir), name, to, examples, json))


@app.command("list")
def list_replays(data_dir: DataDir = None, settings: SettingsFile = None, json: AsJson = False) -> None:
    """Every replay, and how far it is."""
    from cli.replay_diff import show_list

    guarded(lambda: show_list(settings_of(settings, data_dir), json))


@app.command()
def promote(
    name: Name,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    model: Model = None,
    data_dir: DataDir = None,
    settings: SettingsFile = None,
    json: AsJson = False,
) -> None:
    """Let a replay's verdicts take effect, by new events; no old one is changed.

    Acceptances that the new version does not confirm are revoked. What was held back and passes now goes on:
    past new rules to the model checker, past a new model checker to acceptance. What a person accepted or
    rejected stays. Safe to repeat.
    """
    from cli.promote import promote

    guarded(lambda: promote(name, settings_of(settings, data_dir, model), dry_run, json))
