"""A run in numbers: all that the report and the comparison show, read from the store."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from schemas.dialogue import Dialogue, RunSpec
from schemas.events import RunRequested, decode
from sinks.accepted import accepted_dialogues
from sinks.judging import Judging
from sinks.page import percent
from sinks.sql import load
from sinks.statistics import Coverage, Facts, Statistics, describe, facts, tool_coverage
from sinks.status import status
from sinks.store import Queryable


@dataclass(frozen=True)
class Spent:
    """What one dialogue cost."""

    accepted: int
    """1 or 0."""
    calls: int
    tokens: int


@dataclass(frozen=True)
class Figures:
    run_id: str
    status: dict[str, Any]
    """See `sinks.status.status`."""
    made_by: dict[str, Any]
    """started_at, and the producers and models of the run."""
    funnel: dict[str, int]
    """Dialogues that came to each stage and past it."""
    request: RunRequested | None
    """The latest one; None where its event is not in the store."""
    spec: RunSpec | None
    """Of the request, or else of the dialogues."""
    accepted: tuple[Facts, ...]
    statistics: Statistics
    coverage: Coverage | None
    judging: Judging
    spending: tuple[Spent, ...]
    """One a dialogue, accepted or not."""

    @property
    def ended(self) -> int:
        """Sampled dialogues that are no longer under way."""
        return int(self.status["sampled"] - self.status["in_flight"])

    @property
    def held_back(self) -> bool:
        """Whether the run let rules and model checker hold dialogues back."""
        return self.spec is None or self.spec.evaluation


def gather(
    store: Queryable,
    run_id: str,
    through: Callable[[Iterable[Dialogue]], Iterator[Dialogue]] = iter,
) -> Figures:
    """Read a run's figures.

    Args:
        through: passes the accepted dialogues on, for who wants to see them on the way.

    Raises:
        RunNotFound: the store holds no event of the run.
    """
    of_run = {"run_id": run_id}
    found = status(store, run_id)
    spec: RunSpec | None = None
    accepted = []
    for dialogue in through(accepted_dialogues(store, run_id)):
        spec = spec or dialogue.spec
        accepted.append(facts(dialogue))
    request = _latest(store, run_id)
    spec = request.spec if request else spec
    return Figures(
        run_id=run_id,
        status=found,
        made_by=store.query(load("provenance"), of_run).dicts()[0],
        funnel=store.query(load("funnel"), of_run).dicts()[0],
        request=request,
        spec=spec,
        accepted=tuple(accepted),
        statistics=describe(accepted),
        coverage=tool_coverage(
            accepted, request.pool_size if request else 0, spec.dialogues_per_tool if spec else 0
        ),
        judging=Judging.of(store, run_id),
        spending=tuple(Spent(*row) for row in store.query(load("spending"), of_run).rows),
    )


def _latest(store: Queryable, run_id: str) -> RunRequested | None:
    for (payload,) in store.query(load("requests"), {"run_id": run_id}).rows:
        body = decode(payload).body
        if isinstance(body, RunRequested):
            return body
    return None


def wishes(spec: RunSpec) -> dict[str, str]:
    """What a run was asked for, one line a switch, in words."""

    def weights(of: dict[Any, float]) -> str:
        total = sum(of.values())
        return ", ".join(f"{name} {percent(weight / total, 0)}" for name, weight in of.items() if weight)

    return {
        "tool pool": spec.pool,
        "seed": str(spec.seed),
        "scenarios": weights(spec.mix) or "the paper's mix",
        "candidates a round": str(spec.candidates),
        "judge": _on(spec.judge),
        "swap tests": f"{percent(spec.swap_share, 0)} of the choices",
        "memory": _on(spec.memory),
        "evaluation": _on(spec.evaluation),
        "repair": _on(spec.repair),
        "dialogues per tool": str(spec.dialogues_per_tool),
        "optional slots": spec.slot_strategy,
        "distractors": weights(spec.distractors) or "the sampler's mix",
        "languages": weights(spec.languages) or "English",
        "thinking": _on(spec.thinking),
        "planned tool failures": f"{percent(spec.mishap_share, 0)} of the turns with calls",
        "attempts at a slot": str(spec.max_attempts),
        "dialogues at once": str(spec.in_flight),
    }


def switched_off(spec: RunSpec) -> tuple[str, ...]:
    """The parts of the algorithm that a run does without, as an ablation does."""
    parts = {"judge": spec.judge, "memory": spec.memory, "evaluation": spec.evaluation}
    return tuple(part for part, on in parts.items() if not on)


def _on(switch: bool) -> str:
    return "on" if switch else "off"
