"""A curation as one HTML file: what came in, what was kept, and every decision to look into.

The file needs no network. Its one script is allowed by its hash, and what tools say about themselves
reaches the page as text only, whatever it is: it travels as JSON and is never parsed as HTML.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

import sinks
from consumers.sampler.curation.core import Curation, Decision
from consumers.sampler.curation.definition import Definition
from sinks import charts

SIZES = (1, 2, 3, 4, 5, 6, 11, 21)
"""Where the bars of the histogram begin, in definitions a tool."""

_HERE = Path(__file__).parent
_STYLES = Path(sinks.__file__).parent / "templates"


def render(curation: Curation, sources: Sequence[str], model: str) -> str:
    """The page as HTML text; the same curation gives the same text.

    Args:
        sources: as the user named them.
        model: who was asked about close pairs.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader([_HERE, _STYLES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda value: f"{value:,}"
    script = (_HERE / "curation.js").read_text(encoding="utf-8")
    return environment.get_template("curation.html.j2").render(
        counts=curation.counts,
        target=curation.target,
        sources=sources,
        model=model,
        # Drawings whose every label is ours, a script that is ours, and JSON without a `<`.
        funnel=Markup(_funnel(curation)),  # noqa: S704
        sizes=Markup(_histogram(curation)),  # noqa: S704
        data=Markup(_data(curation)),  # noqa: S704
        script=Markup(script),  # noqa: S704
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def _data(curation: Curation) -> str:
    rows = [
        _row(definition, decision)
        for definition, decision in zip(curation.definitions, curation.decisions, strict=True)
    ]
    # `</script>` would end the element it stands in.
    return msgspec.json.encode(rows).decode().replace("<", "\\u003c")


def _row(definition: Definition, decision: Decision) -> dict[str, Any]:
    tool = definition.tool
    return {
        **msgspec.to_builtins(decision),
        "description": tool.description,
        "parameters": tool.properties,
        "required": tool.required,
        "returns": tool.returns,
        "quality": definition.quality.score,
    }


def _funnel(curation: Curation) -> str:
    counts = curation.counts
    sound = len(curation.definitions) - _count(counts, "left_out")
    steps = {
        "definitions": len(curation.definitions),
        "with a sound schema": sound,
        "not nearly identical": sound - Counter(d.by for d in _merged(curation))["cheap pass"],
        "distinct tools": _count(counts, "clusters"),
        "kept": _count(counts, "kept"),
    }
    return charts.bars(list(steps), [charts.Series("definitions", list(steps.values()))], name="funnel")


def _histogram(curation: Curation) -> str:
    sizes = Counter(d.representative for d in _merged(curation))
    leaders = [d.id for d in curation.decisions if d.decision in ("kept", "not_chosen")]
    found = [1 + sizes[leader] for leader in leaders]
    bins = [*SIZES, max(found, default=0) + 1]
    labels = [str(low) if above - low == 1 else f"{low}–{above - 1}" for low, above in pairwise(SIZES)] + [
        f"{SIZES[-1]}+"
    ]
    values = [sum(low <= size < above for size in found) for low, above in pairwise(bins)]
    return charts.columns(
        labels,
        [charts.Series("tools", values)],
        name="sizes",
        axis="definitions of a tool; the bars count tools",
    )


def _merged(curation: Curation) -> list[Decision]:
    return [decision for decision in curation.decisions if decision.decision == "merged_into"]


def _count(counts: dict[str, object], name: str) -> int:
    value = counts[name]
    assert isinstance(value, int)
    return value
