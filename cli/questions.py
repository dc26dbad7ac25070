"""Which texts of a benchmark file are questions, whatever the benchmark looks like.

Only they may be kept away from: tool definitions and system prompts are what honest dialogues share with a
benchmark. Everything here is a generator; a question lives until the next one is asked for.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TEXT = frozenset({".txt", ".md"})
"""Suffixes of files with a question a line."""
JSON = frozenset({".json", ".jsonl", ".ndjson"})

_QUESTION_KEYS = "question questions query queries instruction user input prompt utterance request content"
_ASKED = frozenset(_QUESTION_KEYS.split())
"""Keys with the user's words under them, however deep."""
_OTHER_KEYS = (
    "function functions tool tools api apis schema parameters arguments description system assistant profile "
    "answer answers ground_truth gold possible_answer output outputs response responses completion result "
    "results label labels target targets initial_config"
)
_NEVER = frozenset(_OTHER_KEYS.split())
"""Keys with nothing of the user's under them."""
_USERS = frozenset({"user", "human"})

_TAGGED = re.compile(r"<user>(.*?)(?:</user>|\Z)", re.DOTALL | re.IGNORECASE)
_SPEAKER = re.compile(
    r"^\s*(user|human|system|assistant|agent|bot|gpt|tool|function|observation)\s*:",
    re.MULTILINE | re.IGNORECASE,
)
_LISTS_TOOLS = re.compile(r'"(?:parameters|properties)"\s*:\s*\{')
LEAST_LONG = 8
"""Words of a text that counts as a question where no key says which do."""


class QuestionsError(ValueError):
    """A benchmark file cannot be read; the message says which and where."""


def questions(path: Path) -> Iterator[str]:
    """The questions of a file: its lines, or the texts under keys such as `question`, `prompt` or `user`.

    Of messages with roles and of transcripts only the user's part is taken.

    Raises:
        QuestionsError: the file cannot be read.
    """
    if path.suffix.lower() in TEXT:
        yield from (line.decode("utf-8", "replace") for line in _lines(path))
    else:
        for row in _rows(path):
            yield from _asked(row, False)


def long_texts(path: Path) -> Iterator[str]:
    """Every longer text of a JSON file that is not under a key for something else.

    Raises:
        QuestionsError: the file cannot be read.
    """
    for row in _rows(path):
        yield from (text for text in _texts(row) if len(text.split()) >= LEAST_LONG)


def _asked(value: Any, asked: bool) -> Iterator[str]:
    """The user's words in a JSON value; `asked`: it stands under a key for them."""
    match value:
        case str() if asked:
            yield from users_words(value)
        case list():
            for child in value:
                yield from _asked(child, asked)
        case {"role": str(role)} | {"from": str(role)}:
            if role.casefold() in _USERS:
                yield from _texts([child for key, child in value.items() if key not in ("role", "from")])
        case dict():
            for key, child in value.items():
                if key.casefold() not in _NEVER:
                    yield from _asked(child, asked or key.casefold() in _ASKED)


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield from users_words(value)
        case list():
            for child in value:
                yield from _texts(child)
        case dict():
            for key, child in value.items():
                if key.casefold() not in _NEVER:
                    yield from _texts(child)


def users_words(text: str) -> Iterator[str]:
    """The user's part of a text: all of it, or in a transcript what follows `user:` or `<user>`."""
    if _LISTS_TOOLS.search(text):
        return
    if tagged := _TAGGED.findall(text):
        yield from tagged
        return
    before, *spoken = _SPEAKER.split(text)
    if before.strip():
        yield before
    for speaker, words in zip(spoken[::2], spoken[1::2], strict=True):
        if speaker.casefold() in _USERS:
            yield words


def _rows(path: Path) -> Iterator[Any]:
    """The values of a file of JSON lines, or the one value of a JSON file."""
    for number, line in enumerate(_lines(path), start=1):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            if number > 1:
                raise QuestionsError(f"{path}: row {number} is no JSON: {error}") from None
            yield _whole(path)
            return
        yield row


def _whole(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise QuestionsError(f"{path} is neither JSON nor JSON lines: {error}") from None


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from (line for line in map(bytes.strip, file) if line)
    except OSError as error:
        raise QuestionsError(f"{path} cannot be read: {error.strerror}") from None
