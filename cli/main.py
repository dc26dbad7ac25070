"""The `genesisfunc` command."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec
import typer
from pydantic import SecretStr

from cli import replays as replay_commands
from cli import tools as tool_commands
from cli.errors import CommandError
from cli.options import AsJson, DataDir, Model, RuleFiles, RunId, SettingsFile, guarded, settings_of
from schemas.dialogue import Relevance, Scenario

app = typer.Typer(
    name="genesisfunc",
    help="Tools in, verified function-calling training data out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

K = TypeVar("K")


def as_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def weights_of(option: str, text: str | None, key: Callable[[str], K], names: str) -> dict[K, float]:
    """`high=2,low` as weights, 1 where none is given; empty for no text.

    Raises:
        CommandError: a name or a weight is none, or all weights are 0.
    """
    found: dict[K, float] = {}
    for part in filter(None, (piece.strip() for piece in (text or "").split(","))):
        name, equals, weight = part.partition("=")
        try:
            value = float(weight) if equals else 1.0
            if not 0 <= value < 1e9:
                raise ValueError
            found[key(name.strip())] = value
        except ValueError:
            raise CommandError(
                f"{option}: {part!r} is no NAME=WEIGHT; the names are {names}, a weight is 0 or more"
            ) from None
    if text is not None and not any(found.values()):
        raise CommandError(f"{option}: at least one weight must be above 0")
    return found


def mix_of(text: str | None) -> dict[Scenario, float]:
    """`single-single=2,special=1` as weights; a scenario left out is not generated."""
    from consumers.sampler.schedule import DEFAULT_MIX

    names = ", ".join(scenario.value for scenario in Scenario)
    return weights_of("--scenario-mix", text, Scenario, names) or DEFAULT_MIX


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"genesisfunc {version('genesisfunc')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Tools in, verified function-calling training data out."""


@app.command()
def run(
    tools: Annotated[
        str,
        typer.Option(
            help="A file, folder or URL of tools (JSON, OpenAPI, Python), `bfcl`, or `mcp:COMMAND`; "
            "`genesisfunc tools import --help` shows all."
        ),
    ],
    dialogues: Annotated[int, typer.Option(min=1, help="Accepted dialogues wanted.")],
    scenario_mix: Annotated[
        str | None,
        typer.Option(help="Weights, such as `single-single=2,multi-multi=1`. [default: the paper's]"),
    ] = None,
    candidates: Annotated[int, typer.Option(min=1, max=26, help="Candidates the judge chooses from.")] = 4,
    dialogues_per_tool: Annotated[
        int, typer.Option(min=1, help="Dialogues with a tool as first target before the next tools' turn.")
    ] = 5,
    slot_strategy: Annotated[
        Literal["dynamic", "max", "min"],
        typer.Option(help="Optional parameters users fill: `dynamic` is a random subset."),
    ] = "dynamic",
    swap_share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the judge's choices asked again in reverse order.")
    ] = 0.1,
    distractors: Annotated[
        str | None,
        typer.Option(
            help="Weights of the bands of relevance that unneeded tools are drawn from. "
            "[default: `high=2,medium=2,low=1`]"
        ),
    ] = None,
    languages: Annotated[
        str | None, typer.Option(help="Users' languages with weights, such as `English=3,German=1`.")
    ] = None,
    thinking: Annotated[
        bool, typer.Option("--thinking", help="The assistant's moves carry their reasoning, for GRPO.")
    ] = False,
    mishap_share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the turns with calls in which a tool fails.")
    ] = 0.05,
    judge: Annotated[
        bool, typer.Option("--judge/--no-judge", help="Choose from the candidates; without, take the first.")
    ] = True,
    memory: Annotated[
        bool, typer.Option("--memory/--no-memory", help="Keep new dialogues apart from those before.")
    ] = True,
    repair: Annotated[
        bool, typer.Option("--repair", help="Let a model correct, once, what a rule found wrong.")
    ] = False,
    evaluation: Annotated[
        bool,
        typer.Option("--evaluation/--no-evaluation", help="Hold back what rules or the model checker doubt."),
    ] = True,
    attempts: Annotated[
        int, typer.Option(min=1, help="Dialogues tried for a place in the data set before it is given up.")
    ] = 8,
    in_flight: Annotated[int, typer.Option(min=1, help="Dialogues under way at once.")] = 64,
    rules: RuleFiles = None,
    seed: Annotated[int, typer.Option(help="Seed of all sampling.")] = 0,
    model: Model = None,
    budget_usd: Annotated[
        float | None,
        typer.Option(min=0, help="Stop when the run's model calls, earlier starts included, cost this much."),
    ] = None,
    budget_tokens: Annotated[
        int | None, typer.Option(min=0, help="The same in tokens of prompts and replies together.")
    ] = None,
    defect_rate: Annotated[
        float, typer.Option(min=0, max=1, help="How often the offline teacher errs on purpose.")
    ] = 0.05,
    data_dir: DataDir = None,
    settings: SettingsFile = None,
    json: AsJson = False,
) -> None:
    """Generate checked dialogues for your tools.

    Starts everything embedded, shows what happens, and ends with a data set in two formats and a report.
    Without an endpoint (`OPENAI_BASE_URL`/`OPENAI_API_KEY` with `--model`, or a settings file) the offline
    teacher answers: its text is templated, good for trying things out, not for training.

    Ctrl-C stops cleanly. The same command goes on where it stopped; no model call is paid for twice.
    """
    from cli.budget import Budget
    from cli.generate import generate

    guarded(
        lambda: generate(
            tools=tools,
            dialogues=dialogues,
            shape={
                "mix": mix_of(scenario_mix),
                "candidates": candidates,
                "dialogues_per_tool": dialogues_per_tool,
                "slot_strategy": slot_strategy,
                "swap_share": swap_share,
                "distractors": weights_of("--distractors", distractors, Relevance, "high, medium, low"),
                "languages": weights_of("--languages", languages, str.strip, "languages by English name"),
                "thinking": thinking,
                "mishap_share": mishap_share,
                "judge": judge,
                "memory": memory,
                "repair": repair,
                "evaluation": evaluation,
                "max_attempts": attempts,
                "in_flight": in_flight,
                "seed": seed,
            },
            defect_rate=defect_rate,
            budget=Budget(budget_usd, budget_tokens),
            settings=settings_of(settings, data_dir, model, rules),
            as_json=json,
        )
    )


@app.command()
def up(
    model: Model = None,
    rules: RuleFiles = None,
    seed: Annotated[int, typer.Option(help="Seed of the offline teacher.")] = 0,
    defect_rate: Annotated[
        float, typer.Option(min=0, max=1, help="How often the offline teacher errs on purpose.")
    ] = 0.05,
    data_dir: DataDir = None,
    settings: SettingsFile = None,
) -> None:
    """Start every stage as its own process on the embedded servers.

    A stage that dies is started again. `genesisfunc run` with the same data folder then uses these stages.
    Ctrl-C stops all of them.
    """
    from cli.errors import OUTSIDE
    from cli.run import up as host

    def work() -> None:
        configured = settings_of(settings, data_dir, model, rules)
        halted = asyncio.run(host(configured, seed=seed, defect_rate=defect_rate))
        if halted:
            raise CommandError(f"{halted}. Nothing is lost: the same command goes on.", OUTSIDE)

    guarded(work)


@app.command()
def status(
    run: RunId = None, data_dir: DataDir = None, settings: SettingsFile = None, json: AsJson = False
) -> None:
    """Where a run stands, and the proof that no dialogue was lost.

    sampled = in flight + accepted + needs review + rejected + dead. Works during and after a run.
    Exits 1 when the sum does not hold.
    """
    from cli.inspect import show_status

    guarded(lambda: show_status(settings_of(settings, data_dir), run, json))


@app.command()
def sql(
    statement: Annotated[str, typer.Argument(help="A reading statement; `SHOW TABLES` says about what.")],
    data_dir: DataDir = None,
    settings: SettingsFile = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a row.")] = False,
) -> None:
    """Ask the event store anything, during and after a run.

    Tables: `events`; views: `dialogues`, `llm_calls`, `judgements`, `rule_findings`, `calls`.

    Example: genesisfunc sql "SELECT state, count() FROM dialogues GROUP BY state"
    """
    from cli.inspect import run_sql

    guarded(lambda: run_sql(settings_of(settings, data_dir), statement, json))


@app.command()
def trace(
    dialogue_id: Annotated[str, typer.Argument(help="Dialogue id, or the start of it.")],
    data_dir: DataDir = None,
    settings: SettingsFile = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object an event.")] = False,
) -> None:
    """One dialogue's whole life: every event, the prompts' versions and the model calls behind it."""
    from cli.inspect import show_trace

    guarded(lambda: show_trace(settings_of(settings, data_dir), dialogue_id, json))


@app.command()
def export(
    run: RunId = None,
    to: Annotated[Path | None, typer.Option(help="Folder. [default: exports/RUN in the data folder]")] = None,
    data_dir: DataDir = None,
    settings: SettingsFile = None,
) -> None:
    """Write the accepted dialogues as OpenAI messages and in Alpaca format."""
    from cli.inspect import write_export

    guarded(lambda: write_export(settings_of(settings, data_dir), run, to))


@app.command()
def report(
    run: RunId = None,
    to: Annotated[
        Path | None, typer.Option(help="File. [default: reports/RUN.html in the data folder]")
    ] = None,
    data_dir: DataDir = None,
    settings: SettingsFile = None,
) -> None:
    """Write one self-contained HTML page that shows what a run made."""
    from cli.inspect import write_html

    guarded(lambda: write_html(settings_of(settings, data_dir), run, to))


@app.command()
def compare(
    run_a: Annotated[str, typer.Argument(metavar="RUN_A", help="Run id, or the start of it.")],
    run_b: Annotated[str, typer.Argument(metavar="RUN_B", help="The run to compare it with.")],
    data_dir_b: Annotated[
        Path | None, typer.Option(help="Data folder of RUN_B. [default: that of RUN_A]")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(help="HTML file. [default: reports/compare-RUN_A-RUN_B.html in the data folder]"),
    ] = None,
    data_dir: DataDir = None,
    settings: SettingsFile = None,
    json: AsJson = False,
) -> None:
    """Two runs side by side: what was asked for differently, and what came of it.

    Differences come with 95 % intervals; those whose interval leaves out 0 are marked. On the terminal and as
    one self-contained HTML page.
    """
    from cli.compare import show_comparison

    guarded(lambda: show_comparison(settings_of(settings, data_dir), run_a, run_b, data_dir_b, to, json))


@app.command()
def teacher(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 picks a free one.")
    ] = 8321,
    seed: Annotated[int, typer.Option(help="Same seed and same request: same answer.")] = 0,
    defect_rate: Annotated[float, typer.Option(min=0, max=1, help="Share of replies with a defect.")] = 0.05,
    error_rate: Annotated[
        float, typer.Option(min=0, max=1, help="Share of requests answered 429 or 500.")
    ] = 0.01,
    labels: Annotated[Path | None, typer.Option(help="JSON-lines file for the planted defects.")] = None,
    api_key: Annotated[str | None, typer.Option(help="Answer 401 to any other key.")] = None,
) -> None:
    """Serve the offline teacher: an OpenAI-compatible endpoint that answers every role without a model.

    Its dialogues are templated: for the first five minutes, tests, load and rehearsal.
    """
    from cli.teacher import serve

    guarded(lambda: serve(port, seed, defect_rate, error_rate, labels, SecretStr(api_key or "")))


dead = typer.Typer(help="Messages no stage could handle.", no_args_is_help=True)
rules = typer.Typer(help="The rule checker's rules.", no_args_is_help=True)
app.add_typer(tool_commands.app, name="tools")
app.add_typer(dead, name="dead")
app.add_typer(rules, name="rules")
app.add_typer(replay_commands.app, name="replay")


@dead.command("list")
def dead_list(
    run: Annotated[str | None, typer.Option("--run", help="Run id. [default: all runs]")] = None,
    data_dir: DataDir = None,
    settings: SettingsFile = None,
) -> None:
    """List dead letters, the newest first."""
    from cli.dead import show

    guarded(lambda: show(settings_of(settings, data_dir), run or ""))


@dead.command("retry")
def dead_retry(
    letter: Annotated[str, typer.Argument(help="Id of the dead letter, or the start of it.")],
    data_dir: DataDir = None,
    settings: SettingsFile = None,
) -> None:
    """Give a dead letter's message back to its stage. A pipeline has to be running (`genesisfunc up`)."""
    from cli.dead import retry

    guarded(lambda: retry(settings_of(settings, data_dir), letter))


@rules.command("list")
def rules_list(rules: RuleFiles = None, data_dir: DataDir = None, settings: SettingsFile = None) -> None:
    """Every rule, by aspect: built in, of installed packages, and of your own files."""
    from cli.rules import list_rules

    guarded(lambda: list_rules(settings_of(settings, data_dir, rules=rules)))


@rules.command("explain")
def rules_explain(
    rule: Annotated[str, typer.Argument(help="A rule's name.")],
    rules: RuleFiles = None,
    data_dir: DataDir = None,
    settings: SettingsFile = None,
) -> None:
    """What a rule looks at, why, and how to mend what it finds."""
    from cli.rules import explain_rule

    guarded(lambda: explain_rule(settings_of(settings, data_dir, rules=rules), rule))


def main() -> None:
    logging.basicConfig(level=logging.ERROR, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    app()


if __name__ == "__main__":
    main()
