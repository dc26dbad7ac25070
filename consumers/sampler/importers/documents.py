"""Documents in: the bytes of a file or of a URL, and YAML as the JSON it stands for, all within bounds."""

import difflib
import math
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit, urlunsplit

import msgspec
import yaml

from consumers.sampler.importers.collect import SourceError

MAX_BYTES = 256 * 1024 * 1024
"""Of a file."""
MAX_FETCHED = 20 * 1024 * 1024
MAX_REDIRECTS = 5
TIMEOUT = 30.0
"""Seconds for the whole of a download."""
MAX_YAML_BYTES = 64 * 1024 * 1024
"""Of the JSON that YAML stands for, with everything that aliases repeat written out."""
MAX_YAML_DEPTH = 200
READ = (".json", ".jsonl", ".ndjson", ".yaml", ".yml")
"""Endings of the files a folder is searched for."""


# --- files ---------------------------------------------------------------------------------------


def read_bytes(path: Path) -> bytes:
    """A file's content, which is UTF-8, without a byte order mark.

    Raises:
        SourceError: it cannot be read, is empty, too large, or no UTF-8.
    """
    try:
        with path.open("rb") as file:
            # One byte more than allowed: pipes and devices do not tell their size beforehand.
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise SourceError(path, [f"does not exist{_nearby(path)}"]) from None
    except OSError as error:
        raise SourceError(path, [f"cannot be read: {error.strerror or error}"]) from None
    if len(data) > MAX_BYTES:
        raise SourceError(path, [f"is larger than {MAX_BYTES // 1024**2} MiB; split it"])
    return checked_text(data, str(path))


def checked_text(data: bytes, source: str) -> bytes:
    """The bytes without a byte order mark, once they are known to be UTF-8 with something in it."""
    if data.startswith(b"\x1f\x8b"):
        raise SourceError(source, ["is compressed with gzip; unpack it first"])
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SourceError(source, ["is not UTF-8 but UTF-16; save it as UTF-8"])
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        raise SourceError(
            source, [f"is not UTF-8: line {line} has the byte 0x{byte:02x}; save it as UTF-8"]
        ) from None
    data = data.removeprefix(b"\xef\xbb\xbf")
    if not data.strip():
        raise SourceError(source, ["is empty"])
    return data


def _nearby(path: Path) -> str:
    """What the user may have meant by a path that does not exist."""
    if not path.parent.is_dir():
        return f", and neither does the folder {path.parent}"
    names = [entry.name for entry in path.parent.iterdir()]
    near = [str(path.with_name(name)) for name in difflib.get_close_matches(path.name, names, n=3)]
    if str(path) == path.name and difflib.get_close_matches(path.name, ["bfcl"]):
        near.insert(0, "bfcl (the tools of that benchmark)")
    if near:
        return f"; did you mean {', '.join(near)}?"
    beside = sorted(entry.name for entry in path.parent.iterdir() if entry.suffix in READ)[:3]
    return f"; beside it: {', '.join(beside)}" if beside else ""


# --- URLs ----------------------------------------------------------------------------------------


def shown(url: str) -> str:
    """A URL without the parts that may hold secrets."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def fetch(url: str) -> bytes:
    """Download a document over HTTP or HTTPS.

    Raises:
        SourceError: it cannot be reached within `TIMEOUT`, is larger than `MAX_FETCHED`, or no UTF-8.
    """
    name = shown(url)
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _FewRedirects(),
    ):
        opener.add_handler(handler)
    request = urllib.request.Request(url, headers={"Accept": "application/json, application/yaml, */*"})  # noqa: S310 - the opener has no handler but HTTP's
    deadline = time.monotonic() + TIMEOUT
    try:
        with opener.open(request, timeout=TIMEOUT) as response:
            data = b"".join(_chunks(response, deadline, name))
    except urllib.error.HTTPError as error:
        raise SourceError(name, [f"answered {error.code} {error.reason}"]) from None
    except (OSError, HTTPException, ValueError) as error:
        if isinstance(error, SourceError):
            raise
        reason = getattr(error, "reason", None) or error
        raise SourceError(name, [f"cannot be fetched: {reason}"]) from None
    return checked_text(data, name)


def _chunks(response: Any, deadline: float, name: str) -> Iterator[bytes]:
    """The body, piece by piece: a server that drips must not hold us."""
    size = 0
    while chunk := response.read1(64 * 1024):
        size += len(chunk)
        if size > MAX_FETCHED:
            raise SourceError(
                name, [f"is larger than {MAX_FETCHED // 1024**2} MiB; download it and pass a path"]
            )
        if time.monotonic() > deadline:
            raise SourceError(name, [f"takes longer than {TIMEOUT:.0f} s; download it and pass a path"])
        yield chunk


class _FewRedirects(urllib.request.HTTPRedirectHandler):
    max_redirections = MAX_REDIRECTS
    max_repeats = 2

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme not in ("http", "https"):
            raise SourceError(shown(req.full_url), [f"redirects to {shown(newurl)}, which is not HTTP"])
        return super().redirect_request(req, fp, code, msg, headers, newurl)


# --- YAML ----------------------------------------------------------------------------------------


def yaml_as_json(data: bytes, source: str) -> bytes:
    """The JSON a YAML document stands for, by the core schema of YAML 1.2 (`no` and `2024-01-01` are text).

    Built from the parser's events, without recursion. What aliases repeat is counted, so that a small
    document that stands for an enormous one is refused before it is written out.

    Raises:
        SourceError: it is no YAML, holds more than one document, or exceeds the bounds.
    """
    builder = _Builder(source)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for event in yaml.parse(data, Loader=loader):
            builder.take(event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1} column {mark.column + 1}" if mark else ""
        reason = getattr(error, "problem", None) or str(error).split("\n", 1)[0]
        raise SourceError(source, [f"malformed YAML{place}: {reason}"]) from None
    return msgspec.json.encode(builder.document())


@dataclass
class _Open:
    """A list or map whose end has not come yet."""

    value: list[Any] | dict[str, Any]
    anchor: str | None
    key: str | None = None
    merged: list[dict[str, Any]] = field(default_factory=list)
    size: int = 2


class _Builder:
    """Puts parser events together."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        """Anchor -> value, and how many bytes of JSON it takes."""
        self._documents: list[Any] = []

    def document(self) -> Any:
        if len(self._documents) != 1:
            raise self._refused(f"holds {len(self._documents)} YAML documents; pass one")
        return self._documents[0]

    def take(self, event: Any) -> None:
        match event:
            case yaml.ScalarEvent():
                value = _scalar(event)
                size = len(value) + 3 if isinstance(value, str) else 8
                self._remember(event.anchor, value, size)
                self._put(value, size)
            case yaml.AliasEvent():
                if event.anchor not in self._anchors:
                    raise self._refused(f"alias *{event.anchor} stands for itself, or for nothing")
                self._put(*self._anchors[event.anchor])
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                if len(self._open) >= MAX_YAML_DEPTH:
                    raise self._refused(f"nests deeper than {MAX_YAML_DEPTH} levels")
                # Until it ends, an anchor of this name means nothing: nothing can hold itself.
                self._anchors.pop(event.anchor, None)
                self._open.append(
                    _Open([] if isinstance(event, yaml.SequenceStartEvent) else {}, event.anchor)
                )
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                done = self._open.pop()
                value = done.value
                if isinstance(value, dict):
                    for parent in done.merged:
                        value = parent | value
                self._remember(done.anchor, value, done.size)
                self._put(value, done.size)

    def _remember(self, anchor: str | None, value: Any, size: int) -> None:
        if anchor is not None:
            self._anchors[anchor] = value, size

    def _put(self, value: Any, size: int) -> None:
        if not self._open:
            self._documents.append(value)
            return
        parent = self._open[-1]
        parent.size += size
        if parent.size > MAX_YAML_BYTES:
            raise self._refused(f"stands for more than {MAX_YAML_BYTES // 1024**2} MiB of JSON")
        if isinstance(parent.value, list):
            parent.value.append(value)
        elif parent.key is None:
            parent.key = self._key(value)
        else:
            key, parent.key = parent.key, None
            if key == "<<":
                parent.merged += self._parents(value)
            else:
                parent.value[key] = value

    def _key(self, value: Any) -> str:
        if isinstance(value, list | dict):
            raise self._refused("has a list or map as a key, which JSON does not have")
        return value if isinstance(value, str) else msgspec.json.encode(value).decode()

    def _parents(self, value: Any) -> list[dict[str, Any]]:
        """The maps under a merge key; of two that have a key the first counts."""
        parents = value if isinstance(value, list) else [value]
        if not all(isinstance(parent, dict) for parent in parents):
            raise self._refused("merges (<<) something that is no map")
        return parents

    def _refused(self, problem: str) -> SourceError:
        return SourceError(self._source, [problem])


_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)")
_WORDS = {"": None, "~": None, **dict.fromkeys(("null", "Null", "NULL"))}
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)
_STRING = "tag:yaml.org,2002:str"


def _scalar(event: yaml.ScalarEvent) -> Any:
    text: str = event.value
    if event.style or event.tag == _STRING or len(text) > 40:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if not _NUMBER.fullmatch(text):
        return text
    number = float(text) if re.search(r"[.eE]", text) else int(text)
    return number if math.isfinite(number) else text
