"""Accepted dialogues as files that trainers read.

`data.openai.jsonl` holds a dialogue a line, `data.alpaca.jsonl` an assistant message a line, and
`dataset_info.json` tells LLaMA-Factory about both (point its `dataset_dir` at the folder).
"""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from schemas.dialogue import Dialogue
from trainer.formats import to_alpaca, to_openai

OPENAI_FILE = "data.openai.jsonl"
ALPACA_FILE = "data.alpaca.jsonl"
INFO_FILE = "dataset_info.json"

DATASET_INFO: dict[str, Any] = {
    "genesisfunc_alpaca": {
        "file_name": ALPACA_FILE,
        "columns": {
            "prompt": "instruction",
            "query": "input",
            "response": "output",
            "system": "system",
            "history": "history",
        },
    },
    "genesisfunc_openai": {
        "file_name": OPENAI_FILE,
        "formatting": "openai",
        "columns": {"messages": "messages", "tools": "tools"},
        "tags": {
            "role_tag": "role",
            "content_tag": "content",
            "user_tag": "user",
            "assistant_tag": "assistant",
            "observation_tag": "tool",
            "function_tag": "function",
            "system_tag": "system",
        },
    },
}
"""As LLaMA-Factory's `data/README.md` and its OpenAI converter define it."""


class ExportError(Exception):
    """The files could not be written; those of an earlier export are as they were."""


@dataclass(frozen=True)
class ExportResult:
    """What was written, and where."""

    folder: Path
    dialogues: int
    """Lines of the OpenAI file."""
    rows: int
    """Lines of the Alpaca file."""
    repeated: int
    """Dialogues left out because they had been written already."""

    @property
    def openai(self) -> Path:
        return self.folder / OPENAI_FILE

    @property
    def alpaca(self) -> Path:
        return self.folder / ALPACA_FILE


def export(dialogues: Iterable[Dialogue], folder: Path, run_id: str = "") -> ExportResult:
    """Write the dialogues in both formats, each dialogue once.

    The files appear whole or not at all: they are written beside their final names, synced to disk and
    then renamed, so that a crash or a full disk leaves the old ones.

    Args:
        dialogues: read once, one at a time.
        run_id: named in every row's `metadata`, if given.

    Raises:
        ExportError: the folder cannot be written to, or the disk is full.
    """
    seen: set[str] = set()
    rows = repeated = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as files:
            # Entered first, so renamed last: whoever sees the description finds the data.
            info = files.enter_context(_replacing(folder / INFO_FILE))
            alpaca = files.enter_context(_replacing(folder / ALPACA_FILE))
            openai = files.enter_context(_replacing(folder / OPENAI_FILE))
            for dialogue in dialogues:
                if dialogue.id in seen:
                    repeated += 1
                    continue
                seen.add(dialogue.id)
                example = to_openai(dialogue)
                if run_id:
                    example["metadata"]["run_id"] = run_id
                _write_line(openai, example)
                for row in to_alpaca(dialogue):
                    _write_line(alpaca, row)
                    rows += 1
            info.write(json.dumps(DATASET_INFO, indent=2) + "\n")
            for file in (info, alpaca, openai):
                # Here rather than on leaving: a full disk has to show before the first rename.
                _sync(file)
    except OSError as error:
        raise ExportError(
            f"{folder} cannot be written: {error.strerror or error}; make room or name another folder"
        ) from error
    return ExportResult(folder, len(seen), rows, repeated)


@contextmanager
def _replacing(path: Path) -> Iterator[IO[str]]:
    """A file that takes the place of `path` when the block ends well, and vanishes when it does not."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yield file
        # mkstemp makes files for the owner alone; a data set is to be shared like any other new file.
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def _sync(file: IO[str]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _write_line(file: IO[str], row: dict[str, Any]) -> None:
    file.write(json.dumps(row, ensure_ascii=False) + "\n")
