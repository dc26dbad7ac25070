"""What the HTML pages share: their templates' filters, and writing a page whole or not at all.

A page needs no network and no script, and a policy in its head forbids both: what models and tools wrote is
shown as text, whatever it says.
"""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TEMPLATES = Path(__file__).parent / "templates"
NOTHING = "–"


@dataclass(frozen=True)
class Chart:
    title: str
    note: str
    svg: str


def fill(template: str, values: Mapping[str, Any]) -> str:
    """A template of this folder with the values in it; text is escaped."""
    # Imported here: `genesisfunc status` has no use for a template engine.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    environment.filters["percent"] = percent
    environment.filters["duration"] = duration
    environment.filters["chance"] = chance
    # Only for drawings of `charts`, whose every label has been escaped.
    environment.filters["drawing"] = Markup
    return environment.get_template(template).render(values)


def write_whole(path: Path, text: str) -> Path:
    """Write a file whose old content stays until the new one is complete; returns the path.

    Raises:
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
    return path


def number(value: float | None, digits: int = 0) -> str:
    return NOTHING if value is None else f"{value:,.{digits}f}"


def percent(share: float | None, digits: int = 1) -> str:
    return NOTHING if share is None else f"{100 * share:.{digits}f} %"


def chance(p: float | None) -> str:
    """The p of a test: `p = 0.032`, `p < 0.001`."""
    if p is None:
        return NOTHING
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def duration(seconds: float) -> str:
    """`45 s`, `3 min 20 s` or `2 h 5 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
