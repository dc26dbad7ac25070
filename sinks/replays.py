"""What a replay changes: the old verdicts on its dialogues beside the new ones.

ClickHouse counts; only the examples' dialogues are read, so that a million verdicts take no more memory here
than a thousand. The SQL of most questions is `replay_pairs.sql` and a file of its own after it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any, Literal, TypeVar

import msgspec

from schemas.dialogue import Dialogue
from schemas.events import (
    AspectFinding,
    DialogueRepaired,
    Envelope,
    Judged,
    ModelChecked,
    RuleChecked,
    decode,
)
from schemas.findings import RuleFinding
from schemas.replays import ReplayStage
from sinks.sql import load
from sinks.store import Queryable, QueryError, StoreError

T = TypeVar("T")

EXAMPLES = 5
"""Examples of each change and rule."""
LISTED = 20
"""Faults and reasons that are named; the rest is rare."""
RULE_ERROR = "rule_error"
"""What the rule checker calls a rule that raised."""
_PAGE = 50
"""Events read at once; about 1 MB."""
_CHECKED: dict[ReplayStage, str] = {"rule": "checked.rule", "model": "checked.model"}
"""Subject of the events that hold a stage's old verdicts."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Verdict = Literal["pass", "fail", "none"]
VERDICTS: tuple[Verdict, ...] = ("pass", "fail", "none")
Change = Literal["fails_now", "passes_now", "fails_otherwise", "no_verdict"]
CHANGES: dict[Change, str] = {
    "fails_now": "Passed before, fails now",
    "passes_now": "Failed before, passes now",
    "fails_otherwise": "Failed before, fails now by other rules",
    "no_verdict": "No new verdict",
}


class ReplayNotFound(StoreError):
    """No replay has that name."""


@dataclass(frozen=True)
class Replay:
    """How a replay was started, and how far it is."""

    name: str
    stage: ReplayStage
    checker: str
    """Producer of the new verdicts."""
    source: str
    """Where the checker came from, as the user named it."""
    run: str
    scenario: str
    sample: float
    """Share of the dialogues, in (0, 1]."""
    since: str
    until: str
    """Ends of the time selected; empty: open."""
    dialogues: int
    """How many the selection has."""
    started_at: datetime
    checked: int
    """Dialogues with an answer, failures among them."""
    passed: int
    failures: int
    """Answers that are no verdict."""
    promoted_at: datetime | None

    @property
    def complete(self) -> bool:
        return self.checked >= self.dialogues

    @property
    def selection(self) -> str:
        """Which dialogues it is about, in words."""
        parts = [
            f"run {self.run}" if self.run else "",
            self.scenario,
            f"from {self.since}" if self.since else "",
            f"before {self.until}" if self.until else "",
            f"a sample of {100 * self.sample:g} %" if self.sample < 1 else "",
        ]
        return ", ".join(filter(None, parts)) or "all dialogues"


@dataclass(frozen=True)
class Confusion:
    """Dialogues by old and new verdict; an old `none` was not checked before, a new one has no verdict."""

    counts: Mapping[tuple[Verdict, Verdict], int]

    def of(self, old: Verdict, new: Verdict) -> int:
        return self.counts.get((old, new), 0)

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def kept(self) -> int:
        """Those with the same verdict as before."""
        return self.of("pass", "pass") + self.of("fail", "fail")

    @property
    def without_old(self) -> int:
        return self.of("none", "pass") + self.of("none", "fail")

    @property
    def without_new(self) -> int:
        return sum(self.of(old, "none") for old in VERDICTS)


@dataclass(frozen=True)
class Promotion:
    """What the verdicts would do if they took effect now."""

    revoked: int
    """Acceptances by the pipeline that would be taken back."""
    kept: int
    """Acceptances by people that stay although the dialogue fails."""
    passed_on: int
    """Dialogues that wait for a person because they failed, and would go on."""


@dataclass(frozen=True)
class RuleChange:
    """What became of one rule's findings, in dialogues; all but `first` are of those with both verdicts."""

    rule: str
    appeared: int
    """It fires now and did not before."""
    made_fail: int
    """Those of `appeared` that passed before."""
    vanished: int
    """It fired before and does no longer."""
    let_pass: int
    """Those of `vanished` that pass now."""
    stayed: int
    """It fires as before."""
    first: int
    """It fires in a dialogue that was not checked before."""


@dataclass(frozen=True)
class Confidence:
    """The model checker's confidence over the dialogues that have both an old and a new one."""

    dialogues: int
    shift: float
    """Mean of new - old."""
    old_quantiles: tuple[float, ...]
    """At 5, 25, 50, 75 and 95 %."""
    new_quantiles: tuple[float, ...]
    old_tenths: tuple[int, ...]
    """Dialogues with a confidence in [0, 0.1), [0.1, 0.2), … [0.9, 1]."""
    new_tenths: tuple[int, ...]


@dataclass(frozen=True)
class Fault:
    """A rule that raised: a fault of the checker, not of the dialogues."""

    rule: str
    exception: str
    dialogues: int
    alone: int
    """Those that fail for nothing else."""
    example: str
    """One of the messages."""


@dataclass(frozen=True)
class Failure:
    """Why there is no verdict."""

    reason: str
    dialogues: int


@dataclass(frozen=True)
class Said:
    """What a checker said of a dialogue."""

    verdict: Verdict
    findings: tuple[RuleFinding, ...] = ()
    confidence: float | None = None
    comment: str = ""
    """The model's rationale, or why there is no verdict."""


@dataclass(frozen=True)
class Example:
    run_id: str
    dialogue_id: str
    dialogue: Dialogue | None
    """None: the stored event cannot be read."""
    old: Said
    new: Said


@dataclass(frozen=True)
class Group:
    """Dialogues with the same change by the same rule."""

    change: Change
    rule: str
    """Empty where no rule made the change."""
    dialogues: int
    """How many there are; the examples are some of them."""
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Diff:
    replay: Replay
    producers: Mapping[str, int]
    """Who gave the old verdicts, and how many."""
    all: Confusion
    by_scenario: Mapping[str, Confusion]
    by_state: Mapping[str, Confusion]
    promotion: Promotion
    rules: tuple[RuleChange, ...]
    """Those that changed most first; none for the model checker."""
    confidence: Confidence | None
    faults: tuple[Fault, ...]
    failures: tuple[Failure, ...]
    groups: tuple[Group, ...]


def replays(store: Queryable) -> list[Replay]:
    """The replays there are, the newest first."""
    return [Replay(**row) for row in store.query(load("replays")).dicts()]


def find_replay(store: Queryable, name: str) -> Replay:
    """The replay of a name.

    Raises:
        ReplayNotFound: with the replays there are.
    """
    known = replays(store)
    for replay in known:
        if replay.name == name:
            return replay
    there_are = f"there are {', '.join(replay.name for replay in known)}" if known else "there is none at all"
    raise ReplayNotFound(f"no replay has the name {name!r}; {there_are}")


def diff(store: Queryable, name: str, examples: int = EXAMPLES) -> Diff:
    """The old verdicts on a replay's dialogues beside the new ones.

    Args:
        examples: dialogues to read of each change and rule; always the same ones.

    Raises:
        ReplayNotFound: with the replays there are.
    """
    replay = find_replay(store, name)
    by_rule = replay.stage == "rule"
    cells = _cells(_rows(store, replay, "replay_confusion"))
    table = _confusion(cells)
    rules = tuple(RuleChange(**row) for row in _rows(store, replay, "replay_rules")) if by_rule else ()
    limited = {"replay": name, "limit": LISTED}
    return Diff(
        replay=replay,
        producers=_producers(cells),
        all=table,
        by_scenario=_parts(cells, lambda cell: cell.scenario),
        by_state=_parts(cells, lambda cell: cell.state),
        promotion=_promotion(store, replay),
        rules=rules,
        confidence=None if by_rule else _confidence(_rows(store, replay, "replay_confidence")),
        faults=tuple(Fault(**row) for row in store.query(load("replay_faults"), limited).dicts()),
        failures=tuple(Failure(*row) for row in store.query(load("replay_failures"), limited).rows),
        groups=_groups(store, replay, _sizes(table, rules), examples),
    )


def _rows(store: Queryable, replay: Replay, question: str, **parameters: Any) -> list[dict[str, Any]]:
    """The answer to a question about the replay's pairs of verdicts."""
    of_replay = {
        "replay": replay.name,
        "subject": _CHECKED[replay.stage],
        "checker": replay.checker,
        "started_at": (replay.started_at.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1),
    }
    return store.query(load("replay_pairs") + load(question), of_replay | parameters).dicts()


@dataclass(frozen=True)
class _Cell:
    """Dialogues that are alike in all that the tables tell apart."""

    old: Verdict
    new: Verdict
    producer: str
    scenario: str
    state: str
    dialogues: int


def _cells(rows: Iterable[Mapping[str, Any]]) -> list[_Cell]:
    return [_Cell(**row) for row in rows]


def _confusion(cells: Iterable[_Cell]) -> Confusion:
    counts: Counter[tuple[Verdict, Verdict]] = Counter()
    for cell in cells:
        counts[cell.old, cell.new] += cell.dialogues
    return Confusion(counts)


def _parts(cells: Sequence[_Cell], key: Callable[[_Cell], str]) -> dict[str, Confusion]:
    """A table for each value of the key, by its name."""
    parts = groupby(sorted(cells, key=key), key)
    return {name or "unknown": _confusion(part) for name, part in parts}


def _producers(cells: Iterable[_Cell]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for cell in cells:
        if cell.old != "none":
            counts[cell.producer] += cell.dialogues
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _promotion(store: Queryable, replay: Replay) -> Promotion:
    """The plan of `promotion.plan`, counted where the data is."""
    sql = load("replay_promotion").format(plan=load("promote_plan"))
    wanted = {"name": replay.name, "stage": replay.checker.partition("@")[0]}
    counts = dict(store.query(sql, wanted).rows)
    return Promotion(counts.get("revoke", 0), counts.get("keep", 0), counts.get("pass on", 0))


def _confidence(rows: Iterable[Mapping[str, Any]]) -> Confidence | None:
    """The only row, if there is one."""
    for row in rows:
        return msgspec.convert(row, Confidence)
    return None


def _sizes(table: Confusion, rules: Sequence[RuleChange]) -> dict[tuple[str, str], int]:
    """How many dialogues have which change by which rule."""
    sizes = {
        ("no_verdict", ""): table.without_new,
        ("fails_now", ""): table.of("pass", "fail"),
        ("passes_now", ""): table.of("fail", "pass"),
    }
    for row in rules:
        sizes["fails_now", row.rule] = row.made_fail
        sizes["passes_now", row.rule] = row.let_pass
        sizes["fails_otherwise", row.rule] = row.appeared - row.made_fail + row.vanished - row.let_pass
    return sizes


def _groups(
    store: Queryable, replay: Replay, sizes: Mapping[tuple[str, str], int], each: int
) -> tuple[Group, ...]:
    """The examples by change and rule; changes in their order, then the most common rules first."""
    if not each:
        return ()
    rows = _rows(store, replay, "replay_examples", each=each, by_rule=replay.stage == "rule")
    examples = _examples(store, replay, rows)
    found: dict[tuple[Change, str], list[Example]] = {}
    for row in rows:
        found.setdefault((row["change"], row["rule"]), []).append(examples[row["run_id"], row["dialogue_id"]])
    order = [*CHANGES]
    groups = [
        Group(change, rule, sizes.get((change, rule), 0), (*those,))
        for (change, rule), those in found.items()
    ]
    return tuple(sorted(groups, key=lambda group: (order.index(group.change), -group.dialogues, group.rule)))


def _examples(
    store: Queryable, replay: Replay, rows: Sequence[Mapping[str, Any]]
) -> dict[tuple[str, str], Example]:
    """Each dialogue of the rows with both verdicts."""
    found = {}
    by_run = sorted({(row["run_id"], row["dialogue_id"], row["old_event"] or row["input"]) for row in rows})
    checked = {(row["run_id"], row["dialogue_id"]): bool(row["old_event"]) for row in rows}
    for run_id, of_run in groupby(by_run, lambda wanted: wanted[0]):
        ids = [(dialogue_id, event_id) for _, dialogue_id, event_id in of_run]
        fresh = dict(_fresh(store, replay.name, run_id, [dialogue_id for dialogue_id, _ in ids]))
        events = dict(_payloads(store, run_id, ids))
        for dialogue_id, event_id in ids:
            event = _read(events.get(event_id))
            old = _said(event) if checked[run_id, dialogue_id] else Said("none")
            found[run_id, dialogue_id] = Example(
                run_id, dialogue_id, _dialogue(event), old, fresh[dialogue_id]
            )
    return found


def _fresh(store: Queryable, replay: str, run_id: str, ids: Sequence[str]) -> Iterator[tuple[str, Said]]:
    """The new verdicts on dialogues of a run."""

    def page(part: Sequence[str]) -> list[tuple[Any, ...]]:
        wanted = {"replay": replay, "run_id": run_id, "dialogue_ids": [*part]}
        return store.query(load("replay_findings"), wanted).rows

    for dialogue_id, passed, confidence, findings, failure in _paged(ids, page):
        verdict: Verdict = "none" if failure else "pass" if passed else "fail"
        found = msgspec.json.decode(findings, type=tuple[RuleFinding, ...])
        yield dialogue_id, Said(verdict, found, confidence, failure)


def _payloads(store: Queryable, run_id: str, ids: Sequence[tuple[str, str]]) -> Iterator[tuple[Any, ...]]:
    """The stored events of a run by (dialogue id, event id)."""

    def page(part: Sequence[tuple[str, str]]) -> list[tuple[Any, ...]]:
        wanted = {
            "run_id": run_id,
            "dialogue_ids": [dialogue_id for dialogue_id, _ in part],
            "event_ids": [event_id for _, event_id in part],
        }
        return store.query(load("payloads"), wanted).rows

    yield from _paged(ids, page)


def _paged(
    of: Sequence[T], ask: Callable[[Sequence[T]], list[tuple[Any, ...]]], size: int = _PAGE
) -> Iterator[tuple[Any, ...]]:
    """The rows of all, page by page; a page too large for one answer is asked for in smaller ones."""
    for start in range(0, len(of), size):
        page = of[start : start + size]
        try:
            yield from ask(page)
        except QueryError as error:
            # A sink that is asked over NATS cannot send more than a message holds.
            if len(page) == 1 or "LIMIT" not in str(error):
                raise
            yield from _paged(page, ask, max(1, len(page) // 4))


def _read(payload: str | None) -> Envelope | None:
    """A stored event; None where it cannot be read, which the new checker could not either."""
    try:
        return decode(payload) if payload else None
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None


def _dialogue(event: Envelope | None) -> Dialogue | None:
    match event:
        case Envelope(body=RuleChecked() | ModelChecked() | Judged() | DialogueRepaired() as body):
            return body.dialogue
        case _:
            return None


def _said(event: Envelope | None) -> Said:
    """The old verdict, of the event that has it."""
    match event:
        case Envelope(body=RuleChecked(passed=passed, findings=findings)):
            return Said("pass" if passed else "fail", findings)
        case Envelope(body=ModelChecked() as body):
            found = tuple(
                RuleFinding(finding.aspect, finding.aspect, "error", _doubt(finding))
                for finding in body.findings
                if not finding.ok
            )
            return Said("pass" if body.passed else "fail", found, body.confidence, body.rationale)
        case _:
            return Said("none")


def _doubt(finding: AspectFinding) -> str:
    """What the model found, with the words it rests on."""
    parts = (
        finding.reason,
        f"“{finding.evidence}”" if finding.reason and finding.evidence else finding.evidence,
    )
    return " ".join(filter(None, parts))
