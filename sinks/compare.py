"""Two runs side by side: what was asked for differently, and what came of it.

A difference of shares has Newcombe's 95 % interval, one of means or ratios a bootstrap's over whole
dialogues. Where the interval leaves out 0 the difference is marked. Runs count as independent of each other;
two with the same seed share tools and scenarios, which makes the intervals rather too wide than too narrow.
One interval in twenty leaves out 0 by chance, so that of many marks some mean nothing.

Words and types fall behind as a set grows, whoever wrote it. So variety is measured on equally many dialogues
of each run, drawn with a fixed seed. Dialogues of one run repeat each other, or see to it that they do not,
so that most of these measures have no interval; clusters of kin tools know nothing of each other, and can be
resampled.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from sinks.figures import Figures, switched_off, wishes
from sinks.intervals import Interval, Parts, bootstrap, newcombe, ratio, wilson
from sinks.judging import Choices
from sinks.page import NOTHING, number, percent
from sinks.statistics import Facts, Statistics, describe, share

RULES_SHOWN = 12

Kind = Literal["share", "ratio", "mean", "count", "money"]
"""How a value reads: a share as percent, a ratio with three digits, a mean with two, a count as it is."""


@dataclass(frozen=True)
class Value:
    value: float | None
    """None: there was nothing to measure."""
    hits: int | None = None
    of: int | None = None
    """For a share: how many of how many."""
    interval: Interval | None = None
    """For a share: Wilson's."""


@dataclass(frozen=True)
class Row:
    """One measure of both runs."""

    key: str
    label: str
    kind: Kind
    a: Value
    b: Value
    interval: Interval | None
    """95 %, of b - a."""
    meaning: str

    @property
    def difference(self) -> float | None:
        """b - a."""
        if self.a.value is None or self.b.value is None:
            return None
        return self.b.value - self.a.value

    @property
    def differs(self) -> bool:
        return self.interval is not None and self.interval.excludes_zero


@dataclass(frozen=True)
class Section:
    title: str
    note: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Comparison:
    a: Figures
    b: Figures
    names: tuple[str, str]
    """What to call the runs."""
    asked: dict[str, tuple[str, str]]
    """What differs in what was asked for and who made it: name -> (a, b)."""
    same: dict[str, str]
    """What was asked for alike."""
    drawn: int
    """Dialogues of each run on which variety is measured."""
    variety: tuple[Statistics, Statistics]
    """Of the dialogues drawn."""
    sections: tuple[Section, ...]

    @property
    def rows(self) -> list[Row]:
        return [row for section in self.sections for row in section.rows]

    @property
    def differing(self) -> list[Row]:
        return [row for row in self.rows if row.differs]

    @property
    def tested(self) -> int:
        """How many differences have an interval."""
        return sum(row.interval is not None for row in self.rows)


def compare(a: Figures, b: Figures, names: tuple[str, str] | None = None) -> Comparison:
    """All measures of both runs.

    Args:
        names: what to call them; their ids, where these differ, say enough.
    """
    asked, same = _asked(a, b)
    drawn = min(len(a.accepted), len(b.accepted))
    variety = describe(draw(a.accepted, drawn)), describe(draw(b.accepted, drawn))
    return Comparison(
        a,
        b,
        names or (f"A {a.run_id}", f"B {b.run_id}"),
        asked,
        same,
        drawn,
        variety,
        (
            Section(
                "From sample to data set", "Shares of the dialogues that came so far.", (*_outcome(a, b),)
            ),
            Section(
                "Variety",
                f"On {drawn:,} accepted dialogues of each run, drawn with a fixed seed.",
                (*_variety(*variety),),
            ),
            Section(
                "Shape of the accepted dialogues",
                f"Of all {len(a.accepted):,} and {len(b.accepted):,}.",
                (*_shape(a.accepted, b.accepted),),
            ),
            Section("Tools of the pool", "Accepted dialogues of which a tool is a target.", (*_tools(a, b),)),
            Section("The judge", "Choices between several candidates.", (*_judge(a, b),)),
            Section(
                "What the rules found",
                "Dialogues that a rule found an error in, of those checked by the rules.",
                (*_rules(a, b),),
            ),
            Section("Cost", "All calls of the run over its accepted dialogues.", (*_cost(a, b),)),
        ),
    )


def draw(of: Sequence[Facts], wanted: int) -> list[Facts]:
    """So many of them in their order, always the same ones."""
    chosen = random.Random(0).sample(range(len(of)), wanted)
    return [of[index] for index in sorted(chosen)]


def _asked(a: Figures, b: Figures) -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
    """What the runs were asked for, and who made them: what differs, and what does not."""
    one, other = _wished(a), _wished(b)
    made, made_other = _versions(a), _versions(b)
    # A stage that had nothing to do in one of the runs says nothing about its version there.
    for name in sorted(made.keys() & made_other.keys()):
        one[name], other[name] = made[name], made_other[name]
    differing, same = {}, {}
    for name in dict.fromkeys((*one, *other)):
        pair = one.get(name, NOTHING), other.get(name, NOTHING)
        if pair[0] == pair[1]:
            same[name] = pair[0]
        else:
            differing[name] = pair
    return differing, same


def _wished(figures: Figures) -> dict[str, str]:
    found: dict[str, str] = {}
    if request := figures.request:
        found["tools from"] = f"{request.pool_source or NOTHING}: {request.pool_size:,} tools"
        found["dialogues wanted"] = f"{figures.status['target']:,}"
    found |= wishes(figures.spec) if figures.spec else {}
    found["models"] = ", ".join(sorted(figures.made_by["models"])) or "none"
    return found


def _versions(figures: Figures) -> dict[str, str]:
    """The version, or versions, of each stage."""
    found: dict[str, str] = {}
    for producer in sorted(figures.made_by["producers"]):
        stage, _, version = producer.partition("@")
        name = f"{stage} version"
        found[name] = f"{found[name]}, {version}" if name in found else version
    return found


def _share(key: str, label: str, a: tuple[int, int], b: tuple[int, int], meaning: str) -> Row:
    """A row of two shares, each as hits and all."""
    one, other = (Value(share(*pair), *pair, wilson(*pair)) for pair in (a, b))
    return Row(key, label, "share", one, other, newcombe(*a, *b), meaning)


def _ratio(
    key: str,
    label: str,
    a: Parts,
    b: Parts,
    meaning: str,
    kind: Kind = "mean",
    spent: tuple[float, float] = (0.0, 0.0),
) -> Row:
    """A row of two means or ratios, given by what each dialogue or cluster adds to them."""
    one, other = Value(ratio(a, spent[0])), Value(ratio(b, spent[1]))
    return Row(key, label, kind, one, other, bootstrap(a, b, spent), meaning)


def _plain(key: str, label: str, kind: Kind, a: float | None, b: float | None, meaning: str) -> Row:
    """A row without an interval."""
    return Row(key, label, kind, Value(a), Value(b), None, meaning)


def _outcome(a: Figures, b: Figures) -> Iterator[Row]:
    def row(key: str, label: str, pair: Callable[[Figures], tuple[int, int]], meaning: str) -> Row:
        return _share(key, label, pair(a), pair(b), meaning)

    yield row("accepted", "accepted", lambda of: (of.status["accepted"], of.ended), "of those that ended")
    yield row(
        "passed_rules",
        "passed the rules",
        lambda of: (of.funnel["passed_rules"], of.funnel["checked_by_rules"]),
        "of those checked by the rules",
    )
    if a.held_back and b.held_back:
        yield row(
            "passed_model",
            "passed the model",
            lambda of: (of.funnel["passed_model"], of.funnel["checked_by_model"]),
            "of those checked by the model",
        )
    yield row("dead", "dead", lambda of: (of.status["dead"], of.ended), "of those that ended")
    yield row(
        "given_up",
        "ended by the judge",
        lambda of: (of.judging.all.given_up, of.ended),
        "no candidate of a round was fit, of those that ended",
    )


def _variety(a: Statistics, b: Statistics) -> Iterator[Row]:
    measures: tuple[tuple[str, str, Kind, str], ...] = (
        ("types", "types", "count", "different type labels"),
        ("type_evenness", "type evenness", "ratio", "entropy of the labels over that of equally common ones"),
        ("distinct_requests", "distinct requests", "ratio", "different first user messages"),
        ("distinct_1", "distinct-1", "ratio", "different words over all words of the first user messages"),
        ("distinct_2", "distinct-2", "ratio", "the same for pairs of words"),
        ("distinct_3", "distinct-3", "ratio", "the same for runs of three words"),
        ("personas", "personas", "count", "different users"),
    )
    for key, label, kind, meaning in measures:
        yield _plain(key, label, kind, getattr(a, key), getattr(b, key), meaning)
    yield _ratio(
        "distinct_in_cluster",
        "distinct in a cluster",
        [*a.cluster_variety.values()],
        [*b.cluster_variety.values()],
        "types within a cluster of kin tools over its dialogues; resampled by cluster",
        "ratio",
    )


def _shape(a: Sequence[Facts], b: Sequence[Facts]) -> Iterator[Row]:
    def mean(key: str, label: str, figure: Callable[[Facts], float | None], meaning: str) -> Row:
        """The mean of a figure over the dialogues that have one."""

        def parts(of: Sequence[Facts]) -> Parts:
            return [(0.0, 0.0) if (found := figure(one)) is None else (found, 1.0) for one in of]

        return _ratio(key, label, parts(a), parts(b), meaning)

    def over(key: str, label: str, part: Callable[[Facts], tuple[float, float]], meaning: str) -> Row:
        """A ratio of sums, as percent."""
        return _ratio(key, label, [part(one) for one in a], [part(one) for one in b], meaning, "share")

    def dialogues(key: str, label: str, test: Callable[[Facts], bool], meaning: str) -> Row:
        """The share of dialogues of which something is true."""
        return _share(key, label, (sum(map(test, a)), len(a)), (sum(map(test, b)), len(b)), meaning)

    yield mean("turns", "turns", lambda one: one.turns if one.multi_turn else None, "of multi-turn dialogues")
    yield mean("tasks", "tasks", lambda one: one.tasks if one.multi_task else None, "of multi-task dialogues")
    yield mean("tools_on_table", "tools on the table", lambda one: one.tools_on_table, "a dialogue")
    yield mean("tools_called", "tools called", lambda one: one.tools_called, "a dialogue")
    yield mean("calls", "calls", lambda one: one.calls, "a dialogue")
    yield over(
        "call_filling",
        "slots filled in a call",
        lambda one: (sum(one.call_ratios), len(one.call_ratios)),
        "mean share of the tool's parameters",
    )
    yield over(
        "table_filling",
        "slots filled of the table",
        lambda one: (0.0, 0.0) if one.table_ratio is None else (one.table_ratio, 1.0),
        "mean share of all parameters on the table",
    )
    yield dialogues("dependent", "dependent calls", lambda one: one.dependent, "dialogues with such")
    yield dialogues(
        "failure_planned", "planned failures", lambda one: one.failure_planned, "dialogues with such"
    )
    yield over("errors", "failed calls", lambda one: (one.errors, one.results), "of the results")
    yield over(
        "parallel", "parallel calls", lambda one: (one.parallel, one.calling), "of the messages with calls"
    )


def _tools(a: Figures, b: Figures) -> Iterator[Row]:
    # The pool is not a sample of anything: no intervals.
    one, other = a.coverage, b.coverage
    if one is None or other is None:
        return
    for key, label, meaning in (
        ("pool", "tools in the pool", "that were given"),
        ("never", "never a target", "tools without an accepted dialogue"),
        ("under_quota", "under the plan", "tools with fewer dialogues than planned for each"),
    ):
        yield _plain(key, label, "count", getattr(one, key), getattr(other, key), meaning)
    yield _plain("middle", "median", "mean", one.middle, other.middle, "dialogues of a tool")
    yield _plain("most", "most", "count", one.most, other.most, "dialogues of a tool")


def _judge(a: Figures, b: Figures) -> Iterator[Row]:
    def row(key: str, label: str, pair: Callable[[Choices], tuple[int, int]], meaning: str) -> Row:
        return _share(key, label, pair(a.judging.all), pair(b.judging.all), meaning)

    yield row("ties", "ties", lambda all: (all.ties, all.choices), "of the choices; the lot decided")
    yield row(
        "declined", "declined", lambda all: (all.declined, all.choices), "choices with no fit candidate"
    )
    yield row(
        "agreed", "agreed when swapped", lambda all: (all.agreed, all.repeated), "of the repeated choices"
    )
    yield row(
        "first_twice",
        "first place won twice",
        lambda all: (all.first_twice, all.decided_twice),
        "of the repeated choices without ties: the place alone decided",
    )
    for one, other in same_lists(a, b):
        for place, (won, won_b) in enumerate(zip(one.wins, other.wins, strict=True), start=1):
            yield _share(
                f"place_{place}_of_{one.candidates}",
                f"place {place} of {one.candidates} won",
                (won, one.decided),
                (won_b, other.decided),
                f"of the choices without ties; {percent(1 / one.candidates)} without a liking",
            )


def same_lists(a: Figures, b: Figures) -> list[tuple[Choices, Choices]]:
    """The choices of both runs between the usual number of candidates, where that is the same in both."""
    one, other = a.judging.usual, b.judging.usual
    if one is None or other is None or one.candidates != other.candidates:
        return []
    return [(one, other)]


def _rules(a: Figures, b: Figures) -> Iterator[Row]:
    def failed(of: Figures, rule: str) -> tuple[int, int]:
        return of.status["rejections_by_rule"].get(rule, 0), of.funnel["checked_by_rules"]

    rules = {**a.status["rejections_by_rule"], **b.status["rejections_by_rule"]}
    order = sorted(rules, key=lambda rule: (-failed(a, rule)[0] - failed(b, rule)[0], rule))
    for rule in order[:RULES_SHOWN]:
        yield _share(f"rule_{rule}", rule, failed(a, rule), failed(b, rule), "")


def _cost(a: Figures, b: Figures) -> Iterator[Row]:
    measures: tuple[tuple[str, str, Kind, tuple[str, ...]], ...] = (
        ("calls", "LLM calls", "mean", ("calls",)),
        ("tokens", "tokens", "count", ("prompt_tokens", "completion_tokens")),
    )
    for key, label, kind, keys in measures:

        def parts(of: Figures, key: str = key) -> Parts:
            return [(getattr(one, key), one.accepted) for one in of.spending]

        def besides(of: Figures, key: str = key, keys: Sequence[str] = keys) -> float:
            """What was spent for no dialogue, such as rating the pool's tools."""
            return float(
                sum(of.status["llm"][name] for name in keys) - sum(getattr(one, key) for one in of.spending)
            )

        spent = besides(a), besides(b)
        yield _ratio(f"{key}_per_accepted", label, parts(a), parts(b), "an accepted dialogue", kind, spent)

    def dollars(of: Figures) -> float | None:
        usd: float = of.status["llm"]["cost_usd"]
        return usd / accepted if (accepted := of.status["accepted"]) else None

    yield _plain("usd_per_accepted", "dollars", "money", dollars(a), dollars(b), "an accepted dialogue")


def shown(kind: Kind, value: Value) -> str:
    """A value for people: `87.0 % (60 of 69)`, `4.54`, `1,803`."""
    if value.value is None:
        return NOTHING
    match kind:
        case "share":
            of = "" if value.of is None else f" ({value.hits:,} of {value.of:,})"
            return percent(value.value) + of
        case "ratio":
            return number(value.value, 3)
        case "mean":
            return number(value.value, 2)
        case "count":
            return number(value.value)
        case "money":
            return f"${value.value:,.4f}"


def shown_difference(kind: Kind, difference: float | None) -> str:
    """A difference for people, with its sign; of shares in percentage points."""
    if difference is None:
        return NOTHING
    scaled, digits = {
        "share": (100 * difference, 1),
        "ratio": (difference, 3),
        "mean": (difference, 2),
        "count": (difference, 0),
        "money": (difference, 4),
    }[kind]
    text = f"{scaled:+,.{digits}f}"
    return f"{0:.{digits}f}" if not text.strip("+-0.,") else text.replace("-", "−")


def shown_interval(kind: Kind, interval: Interval | None) -> str:
    """Both ends, with their signs."""
    if interval is None:
        return ""
    return f"{shown_difference(kind, interval.low)} to {shown_difference(kind, interval.high)}"


def as_json(comparison: Comparison) -> dict[str, Any]:
    """The comparison as plain values.

    Returns:
        a and b {run_id, accepted, ended, without, scenarios, special_kinds, languages, call_filling,
        table_filling, place_wins}; asked and same; drawn; sections {title: [rows]}, a row being {key, label,
        kind, a, b, difference, interval, differs}; tested; differing [keys].
    """

    def side(of: Figures) -> dict[str, Any]:
        statistics = of.statistics
        return {
            "run_id": of.run_id,
            "accepted": of.status["accepted"],
            "ended": of.ended,
            "without": switched_off(of.spec) if of.spec else (),
            "scenarios": statistics.scenarios,
            "special_kinds": statistics.special_kinds,
            "languages": statistics.languages,
            "call_filling": statistics.call_filling,
            "table_filling": statistics.table_filling,
            "place_wins": {choices.candidates: choices.wins for choices in of.judging.by_candidates},
        }

    def plain(row: Row) -> dict[str, Any]:
        return {
            "key": row.key,
            "label": row.label,
            "kind": row.kind,
            "a": row.a,
            "b": row.b,
            "difference": row.difference,
            "interval": row.interval,
            "differs": row.differs,
        }

    found: dict[str, Any] = msgspec.to_builtins(
        {
            "a": side(comparison.a),
            "b": side(comparison.b),
            "asked": comparison.asked,
            "same": comparison.same,
            "drawn": comparison.drawn,
            "sections": {
                section.title: [plain(row) for row in section.rows] for section in comparison.sections
            },
            "tested": comparison.tested,
            "differing": [row.key for row in comparison.differing],
        },
        str_keys=True,
    )
    return found
