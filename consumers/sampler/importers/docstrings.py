"""Docstrings in Google's, NumPy's and Sphinx's style: what the function does, each parameter, the result."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Parameter:
    text: str
    kind: str = ""
    """The type as written there: `int`, `list of str`."""


@dataclass(frozen=True)
class Docstring:
    description: str = ""
    parameters: dict[str, Parameter] = field(default_factory=dict)
    returns: str = ""


_PARAMETERS = (
    *("args", "arguments", "parameters", "params"),
    *("other parameters", "keyword args", "keyword arguments"),
)
_RETURNS = ("returns", "return", "yields", "yield")
_DROPPED = (
    "raises",
    "raise",
    "examples",
    "example",
    "see also",
    "references",
    "attributes",
    "methods",
    "todo",
)
_TITLES = (*_PARAMETERS, *_RETURNS, *_DROPPED)

_GOOGLE_ITEM = re.compile(r"\*{0,2}(?P<name>\w+)(?:\s*\((?P<kind>.*?)\))?\s*:(?:\s+|$)(?P<text>.*)")
_NUMPY_ITEM = re.compile(r"(?P<names>\*{0,2}\w+(?:\s*,\s*\*{0,2}\w+)*)\s*(?::\s*(?P<kind>.*))?")
_FIELD = re.compile(r":(?P<field>\w+)(?:\s+(?P<about>[^:]*))?:\s*(?P<text>.*)")
_KIND_FIRST = re.compile(r"[\w.]+(?:\[[^:]*\])?(?:\s*\|\s*[\w.]+(?:\[[^:]*\])?)*:\s+(?P<text>.+)", re.DOTALL)


def parse(text: str | None) -> Docstring:
    """Read a docstring; what has no style that is known is all description."""
    description: list[str] = []
    parameters: dict[str, Parameter] = {}
    returns: list[str] = []
    for title, numpy, lines in _sections(inspect.cleandoc(text or "").splitlines()):
        if title in _PARAMETERS:
            parameters |= dict(_numpy_items(lines) if numpy else _google_items(lines))
        elif title in _RETURNS:
            returns.append(_numpy_result(lines) if numpy else _google_result(lines))
        elif not title:
            description += lines
    fields = _fields(description)
    return Docstring(
        description=re.sub(r"\n{3,}", "\n\n", "\n".join(fields.rest)).strip(),
        parameters={**parameters, **fields.parameters},
        returns=" ".join(filter(None, (*returns, fields.returns))),
    )


# --- Google and NumPy: sections ------------------------------------------------------------------


def _sections(lines: list[str]) -> Iterator[tuple[str, bool, list[str]]]:
    """Title in lower case (empty for running text), whether it is underlined as NumPy's are, the lines."""
    title, numpy, held = "", False, list[str]()
    skip = False
    for index, line in enumerate(lines):
        if skip:
            skip = False
            continue
        underlined = index + 1 < len(lines) and re.fullmatch(r"-{3,}", lines[index + 1].rstrip()) is not None
        heading = line.rstrip().lower()
        new_title = heading.rstrip(":") if underlined or heading.endswith(":") else ""
        if new_title in _TITLES or (underlined and numpy):
            yield title, numpy, held
            title, numpy, held, skip = new_title, underlined, [], underlined
        elif title and not numpy and line.strip() and not line[0].isspace():
            # Google's sections are indented; what is not goes on with the text.
            yield title, numpy, held
            title, held = "", ["", line]
        else:
            held.append(line)
    yield title, numpy, held


def _items(lines: list[str]) -> Iterator[tuple[str, str]]:
    """The lines at the left edge, each with the text that hangs below it."""
    kept = [line for line in lines if line.strip()]
    edge = min((_indent(line) for line in kept), default=0)
    heads = [index for index, line in enumerate(kept) if _indent(line) == edge]
    for start, end in zip(heads, [*heads[1:], len(kept)], strict=True):
        yield kept[start].strip(), " ".join(line.strip() for line in kept[start + 1 : end])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _google_items(lines: list[str]) -> Iterator[tuple[str, Parameter]]:
    for head, below in _items(lines):
        if found := _GOOGLE_ITEM.fullmatch(head):
            yield found["name"], Parameter(f"{found['text']} {below}".strip(), _kind(found["kind"]))


def _numpy_items(lines: list[str]) -> Iterator[tuple[str, Parameter]]:
    for head, below in _items(lines):
        if found := _NUMPY_ITEM.fullmatch(head):
            for name in found["names"].split(","):
                yield name.strip(" *"), Parameter(below, _kind(found["kind"]))


def _google_result(lines: list[str]) -> str:
    text = " ".join(line.strip() for line in lines if line.strip())
    found = _KIND_FIRST.fullmatch(text)
    return found["text"] if found else text


def _numpy_result(lines: list[str]) -> str:
    return " ".join(below for _, below in _items(lines) if below)


def _kind(text: str | None) -> str:
    """`int, optional` and `int, default 5` say `int`."""
    return re.split(r",\s*(?:optional|default)|\s+\(?optional", text or "", maxsplit=1)[0].strip()


# --- Sphinx: fields ------------------------------------------------------------------------------


@dataclass
class _Fields:
    rest: list[str] = field(default_factory=list)
    """Lines that belong to no field."""
    parameters: dict[str, Parameter] = field(default_factory=dict)
    returns: str = ""


def _fields(lines: list[str]) -> _Fields:
    found = _Fields()
    texts: dict[tuple[str, str], str] = {}
    current: tuple[str, str] | None = None
    for line in lines:
        if match := _FIELD.fullmatch(line.strip()):
            current = match["field"].lower(), (match["about"] or "").strip()
            texts[current] = match["text"]
        elif current and line.strip() and line[0].isspace():
            texts[current] += f" {line.strip()}"
        else:
            current = None
            found.rest.append(line)
    kinds = {about: text for (name, about), text in texts.items() if name == "type"}
    for (name, about), text in texts.items():
        if name in ("param", "parameter", "arg", "argument", "keyword") and about:
            # ":param int size:" has the type in between.
            *kind, parameter = about.split()
            parameter = parameter.lstrip("*\\")
            found.parameters[parameter] = Parameter(text, _kind(kinds.get(parameter) or " ".join(kind)))
        elif name in ("return", "returns"):
            found.returns = text
    return found
