"""How far the model checker's confidence can be trusted, where the truth is known.

Only dialogues that passed the rules come to the model checker, so this is about what rules do not find.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.committee import confidence_of, passes_up_to
from schemas.events import ModelChecked, Opinion, decode
from sinks.accepted import PAGE
from sinks.intervals import Interval, wilson
from sinks.planted import is_fault, labelled_calls, planted_in, read_labels
from sinks.sql import load
from sinks.store import Queryable

BINS = 10
THRESHOLDS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95)


@dataclass(frozen=True)
class Case:
    """A dialogue that the model checker saw, and what is true of it."""

    confidence: float
    passes_up_to: float
    """The highest threshold at which it would be accepted; negative: at none."""
    sound: bool
    answered: bool = True
    """False: too few usable answers for a confidence."""


@dataclass(frozen=True)
class Bin:
    """The cases with about the same confidence."""

    low: float
    high: float
    confidence: float
    """Their mean."""
    sound: int
    of: int

    @property
    def share(self) -> float:
        return self.sound / self.of

    @property
    def interval(self) -> Interval:
        found = wilson(self.sound, self.of)
        assert found is not None, "a bin holds a case"
        return found


@dataclass(frozen=True)
class Acceptance:
    """What a threshold lets through."""

    threshold: float
    accepted: int
    sound_accepted: int
    sound: int
    """Sound ones, accepted or not."""

    @property
    def precision(self) -> float | None:
        """The share of the accepted that is sound."""
        return self.sound_accepted / self.accepted if self.accepted else None

    @property
    def precision_interval(self) -> Interval | None:
        return wilson(self.sound_accepted, self.accepted)

    @property
    def recall(self) -> float | None:
        """The share of the sound that is accepted."""
        return self.sound_accepted / self.sound if self.sound else None


@dataclass(frozen=True)
class Calibration:
    """Cases of one model, or of a committee."""

    name: str
    cases: tuple[Case, ...]

    @property
    def answered(self) -> tuple[Case, ...]:
        return tuple(case for case in self.cases if case.answered)

    @property
    def sound(self) -> int:
        return sum(case.sound for case in self.cases)

    @property
    def bins(self) -> tuple[Bin, ...]:
        """Bins of equal width over [0, 1], the last one with its upper end; empty ones are left out."""
        by_bin: dict[int, list[Case]] = {}
        for case in self.answered:
            by_bin.setdefault(min(BINS - 1, int(case.confidence * BINS)), []).append(case)
        return tuple(
            Bin(
                low=index / BINS,
                high=(index + 1) / BINS,
                confidence=sum(case.confidence for case in cases) / len(cases),
                sound=sum(case.sound for case in cases),
                of=len(cases),
            )
            for index, cases in sorted(by_bin.items())
        )

    @property
    def error(self) -> float | None:
        """Expected calibration error: how far confidence and share of sound ones are apart in a bin, on the
        average of the cases (Guo et al. 2017); None without cases."""
        cases = len(self.answered)
        apart = sum(each.of * abs(each.confidence - each.share) for each in self.bins)
        return apart / cases if cases else None

    @property
    def auroc(self) -> float | None:
        """How often a sound dialogue has a higher confidence than a faulty one, equal ones counting half
        (the Mann-Whitney statistic); None where one of the kinds is missing."""
        ranked = sorted(self.answered, key=lambda case: case.confidence)
        sound = sum(case.sound for case in ranked)
        pairs = sound * (len(ranked) - sound)
        above, faulty_below = 0.0, 0
        at = 0
        while at < len(ranked):
            end = at
            while end < len(ranked) and ranked[end].confidence == ranked[at].confidence:
                end += 1
            sound_here = sum(case.sound for case in ranked[at:end])
            faulty_here = end - at - sound_here
            above += sound_here * (faulty_below + faulty_here / 2)
            faulty_below += faulty_here
            at = end
        return above / pairs if pairs else None

    def at(self, threshold: float) -> Acceptance:
        accepted = [case for case in self.cases if case.passes_up_to >= threshold]
        return Acceptance(threshold, len(accepted), sum(case.sound for case in accepted), self.sound)


@dataclass(frozen=True)
class Checking:
    """The model checker's verdicts in a run beside the truth."""

    checked: int
    """Dialogues it saw."""
    truth: str
    """Where the truth is from: planted, people, or empty where there is none."""
    threshold: float = 0.0
    committee: Calibration | None = None
    """None: the truth of none is known."""
    members: tuple[Calibration, ...] = ()
    """Each model by itself, where there are several."""

    @property
    def acceptances(self) -> tuple[Acceptance, ...]:
        """By threshold, the run's own among them."""
        assert self.committee is not None
        return tuple(self.committee.at(each) for each in sorted({*THRESHOLDS, self.threshold}))


def checking(store: Queryable, run_id: str, labels: Path | None = None) -> Checking:
    """Read how the model checker did in a run.

    What the offline teacher planted is the truth where a label of the file belongs to the run; else it is
    what people decided, where they did.

    Args:
        labels: the teacher's label file; one that does not exist, or None, holds no label.
    """
    index = dict(store.query(load("model_checks"), {"run_id": run_id}).rows)
    judged = [*_planted(store, run_id, index, labels)] if labels is not None else []
    truth = "planted" if judged else ""
    if not judged:
        judged = [*_decided(store, run_id, index)]
        truth = "people" if judged else ""
    if not judged:
        return Checking(len(index), truth)
    by_model: dict[str, list[Case]] = {}
    for checked, sound in judged:
        for opinion in checked.opinions:
            by_model.setdefault(opinion.model, []).append(_case([opinion], sound))
    return Checking(
        checked=len(index),
        truth=truth,
        threshold=judged[-1][0].threshold,
        committee=Calibration("committee", tuple(_case(_opinions(c), sound) for c, sound in judged)),
        members=tuple(Calibration(model, tuple(cases)) for model, cases in by_model.items())
        if len(by_model) > 1
        else (),
    )


Judged = tuple[ModelChecked, bool]
"""A verdict, and whether the dialogue is sound."""


def _planted(store: Queryable, run_id: str, index: dict[str, str], path: Path) -> Iterator[Judged]:
    """All verdicts beside what was planted; none where no label belongs to the run."""
    labels = read_labels(path)
    if not labels:
        return
    found: list[Judged] = []
    belongs = False
    for ids in _pages([*index]):
        verdicts = dict(_verdicts(store, run_id, {id: index[id] for id in ids}))
        calls = labelled_calls(store, run_id, ids, labels)
        belongs = belongs or bool(calls)
        dialogues = {id: checked.dialogue for id, checked in verdicts.items()}
        planted = planted_in(dialogues, calls, labels)
        found += [(checked, not any(map(is_fault, planted.get(id, ())))) for id, checked in verdicts.items()]
    if belongs:
        yield from found


def _decided(store: Queryable, run_id: str, index: dict[str, str]) -> Iterator[Judged]:
    sound = {id: bool(is_sound) for id, is_sound in store.query(load("decisions"), {"run_id": run_id}).rows}
    for ids in _pages([id for id in index if id in sound]):
        for id, checked in _verdicts(store, run_id, {id: index[id] for id in ids}):
            yield checked, sound[id]


def _pages(ids: list[str]) -> Iterator[list[str]]:
    """As many as one answer of the store may carry."""
    return (ids[start : start + PAGE] for start in range(0, len(ids), PAGE))


def _verdicts(store: Queryable, run_id: str, events: dict[str, str]) -> Iterator[tuple[str, ModelChecked]]:
    wanted = {"run_id": run_id, "dialogue_ids": [*events], "event_ids": [*events.values()]}
    payloads = dict(store.query(load("payloads"), wanted).rows)
    for dialogue_id, event_id in events.items():
        body = decode(payloads[event_id]).body
        assert isinstance(body, ModelChecked)
        yield dialogue_id, body


def _opinions(checked: ModelChecked) -> Sequence[Opinion]:
    """Those of an event; one from before there was a committee went by the confidence alone."""
    return checked.opinions or (Opinion("", checked.passed, checked.confidence),)


def _case(opinions: Sequence[Opinion], sound: bool) -> Case:
    failed = sum(bool(opinion.failure) for opinion in opinions)
    return Case(confidence_of(opinions), passes_up_to(opinions), sound, answered=2 * failed < len(opinions))
