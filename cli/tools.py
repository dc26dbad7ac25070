"""`genesisfunc tools`: read tools from anywhere, keep the best of them, keep benchmarks out."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import AsJson, DataDir, Model, SettingsFile, guarded, settings_of

app = typer.Typer(
    help="Tools to generate for, and benchmark questions to keep away from.", no_args_is_help=True
)


@app.command("import")
def import_(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE…", help="Files, folders, URLs, `bfcl`, MCP servers, Python."),
    ],
    to: Annotated[Path, typer.Option(help="JSON file to write, in OpenAI's format.")],
    prefix: Annotated[str, typer.Option(help="Put this before every tool's name.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Write over an existing file.")] = False,
    json: AsJson = False,
) -> None:
    """Read tools from anywhere, clean their schemas, write them to one file.

    `genesisfunc run --tools` takes a SOURCE as well; a file shows what there is, keeps it as it is today,
    and joins several. Of a name's definitions the best described is kept.

    - `bfcl`: the tools of the installed package bfcl-eval

    - `tools.json`, `data.jsonl`: OpenAI, Anthropic, Gemini, MCP or plain definitions, or rows of a data set
      with tools in them (BFCL, ACEBench, API-Bank); only the tools of a row are read

    - `openapi.yaml`, `https://api.example.com/openapi.json`: a tool an operation of OpenAPI 3

    - `acebench/en/`: every such file of a folder

    - `"mcp:npx my-server"`, `mcp:https://example.com/mcp`: what an MCP server lists
      (`pip install 'genesisfunc[mcp]'`)

    - `my_tools.py`, `my_tools.py:book`, `python:package.module`: public functions. **The module is imported,
      so its code runs.**

    What was cleaned and what was left out is said; `--json` says it tool by tool.

    Example: genesisfunc tools import bfcl my_tools.py --to tools.json
    """
    from cli.imports import import_tools

    guarded(lambda: import_tools(sources, to, prefix=prefix, force=force, as_json=json))


@app.command()
def forbid(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE…", help="`bfcl` (the installed package), JSON, JSON lines or text files, folders."
        ),
    ] = None,
    n: Annotated[
        int | None, typer.Option("--n", min=2, max=8, help="Words an n-gram, for all sources. [default: 3]")
    ] = None,
    limit: Annotated[
        float | None,
        typer.Option(
            min=0.01, max=1, help="Share of a question's n-grams that a message may not have. [default: 0.5]"
        ),
    ] = None,
    show: Annotated[bool, typer.Option("--list", help="Show what is forbidden, file by file.")] = False,
    clear: Annotated[bool, typer.Option("--clear", help="Forget everything first.")] = False,
    data_dir: DataDir = None,
    settings: SettingsFile = None,
) -> None:
    """Keep dialogues away from benchmark questions: the rule `overlaps_benchmark` stops what repeats one.

    Questions are read from lines of text, or from keys such as `question`, `prompt`, `query` or `user`; of
    messages and transcripts only the user's part, never tools or system prompts. Kept are hashes of their
    n-grams, in `forbidden.index` of the data folder, or in the file that the setting `forbidden` names
    (`GENESISFUNC_FORBIDDEN`). No text is kept. Files add up; the same one again changes nothing.

    `genesisfunc run` and `up` use what is there when they start; what runs already takes a change up when it
    is started again.

    Example: genesisfunc tools forbid bfcl acebench/ my_eval.jsonl
    """
    from cli.forbid import forbid as add

    guarded(
        lambda: add(sources or [], settings_of(settings, data_dir), n=n, limit=limit, show=show, clear=clear)
    )


@app.command()
def curate(
    sources: Annotated[
        list[str], typer.Argument(metavar="SOURCE…", help="`bfcl`, a file, or whatever `run --tools` takes.")
    ],
    to: Annotated[Path, typer.Option(help="File for the pool, which `run --tools` reads.")],
    target: Annotated[int, typer.Option(min=1, help="Tools wanted.")] = 1000,
    page: Annotated[Path | None, typer.Option(help="HTML page that shows every decision.")] = None,
    decisions: Annotated[
        Path | None,
        typer.Option(help="JSON-lines file with every decision. [default: beside the pool]"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides between equally good choices.")] = 0,
    model: Model = None,
    data_dir: DataDir = None,
    settings: SettingsFile = None,
    json: AsJson = False,
) -> None:
    """Make a pool of good, distinct tools from any number of definitions.

    Leaves out unsound definitions, merges what is the same tool into its best definition, and chooses a
    diverse set where more remain than wanted. Nearly identical definitions are merged by their words; a model
    (that of the role `sample`) decides about the close ones, once: its answers are kept in the data folder.
    """
    from cli.curate import curate as work

    guarded(
        lambda: work(
            sources=sources,
            target=target,
            to=to,
            page=page,
            decisions=decisions,
            seed=seed,
            settings=settings_of(settings, data_dir, model),
            as_json=json,
        )
    )
