"""What a set of dialogues is like, in numbers.

Every measure is a pure function with its definition in the docstring. `facts` reads a dialogue once and keeps
little more than figures, so that a large run fits into memory; `describe` sums them up.
"""

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from schemas.dialogue import (
    NEW_TASK,
    SPECIAL_KINDS,
    AssistantMessage,
    Dialogue,
    Scenario,
    ToolMessage,
    TurnKind,
    UserMessage,
)
from schemas.results import is_failure

BINS = 5
"""Bins of the slot-filling ratio, as in the paper (section 4)."""
BIN_LABELS = [f"{index / BINS:g}–{(index + 1) / BINS:g}" for index in range(BINS)]
MOST_BARS = 8
"""Bars of a histogram of counts."""

_MULTI_TURN = (Scenario.MULTI_SINGLE, Scenario.MULTI_MULTI)
_MULTI_TASK = (Scenario.SINGLE_MULTI, Scenario.MULTI_MULTI)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is kept of a dialogue."""

    scenario: Scenario
    special_kind: TurnKind | None
    language: str
    persona: str
    cluster: str
    type_label: str
    request: str
    """The first user message."""
    targets: tuple[str, ...]
    turns: int
    """User messages."""
    tasks: int
    """Tasks that the plan brings up."""
    tools_on_table: int
    tools_called: int
    """Different ones."""
    calls: int
    call_ratios: tuple[float, ...]
    """See `slot_filling_of_calls`."""
    table_ratio: float | None
    """See `slot_filling_of_table`."""
    results: int
    errors: int
    """Results that say that the call failed; see `is_error`."""
    calling: int
    """Assistant messages with calls."""
    parallel: int
    """Those with two calls or more."""
    failure_planned: bool
    """A turn of the plan has a tool fail."""
    dependent: bool
    """A task of the plan takes a value from another task's result."""

    @property
    def multi_turn(self) -> bool:
        return self.scenario in _MULTI_TURN

    @property
    def multi_task(self) -> bool:
        return self.scenario in _MULTI_TASK


@dataclass(frozen=True)
class Shape:
    """Means of the dialogues of one scenario."""

    dialogues: int
    turns: float
    tasks: float
    calls: float
    tools_on_table: float
    tools_called: float


@dataclass(frozen=True)
class Statistics:
    """Figures of a set of dialogues; None where there is nothing to measure."""

    dialogues: int
    distinct_requests: float | None
    """Different first user messages over all of them; see `unique_share`."""
    distinct_1: float | None
    """Of the first user messages; see `distinct_n`."""
    distinct_2: float | None
    distinct_3: float | None
    types: int | None
    """Different type labels; None where no dialogue has one, as in a run without a judge."""
    distinct_types: float | None
    """Different type labels over labelled dialogues."""
    type_entropy: float | None
    """Of the type labels, in bits; see `entropy`."""
    type_evenness: float | None
    """`type_entropy` as a share of what equally common labels would have."""
    cluster_variety: dict[str, tuple[int, int]]
    """See `cluster_variety`."""
    distinct_in_cluster: float | None
    """Different type labels within each cluster over its dialogues, all clusters together."""
    tools_on_table: float | None
    """Mean number of tools a dialogue may use."""
    tools_called: float | None
    """Mean number of different tools a dialogue calls."""
    calls: int
    turns: float | None
    """Mean number of user messages of a multi-turn dialogue."""
    tasks: float | None
    """Mean number of tasks that a multi-task dialogue brings up."""
    call_filling: tuple[int, ...]
    """Calls in each of the five bins of `slot_filling_of_calls`."""
    table_filling: tuple[int, ...]
    """Dialogues in each of the five bins of `slot_filling_of_table`."""
    scenarios: dict[str, Shape]
    special_kinds: dict[str, int]
    """Special dialogues of each of the `SPECIAL_KINDS`; empty without a special dialogue."""
    failures_planned: int
    """Dialogues in whose plan a tool fails."""
    results: int
    errors: int
    """Results that say that the call failed."""
    dependent: int
    """Dialogues with a call that takes a value from another's result."""
    calling: int
    """Assistant messages with calls."""
    parallel: int
    """Assistant messages with two calls or more."""
    languages: dict[str, int]
    """Dialogues by the user's language, the most common first."""
    personas: int
    """Different ones."""


def facts(dialogue: Dialogue) -> Facts:
    """What is kept of a dialogue."""
    said = [message.content for message in dialogue.messages if isinstance(message, UserMessage)]
    moves = [message for message in dialogue.messages if isinstance(message, AssistantMessage)]
    results = [message for message in dialogue.messages if isinstance(message, ToolMessage)]
    made = dialogue.calls
    tasks = [task for turn in dialogue.turns for task in turn.tasks]
    return Facts(
        scenario=dialogue.scenario,
        special_kind=dialogue.special_kind if dialogue.scenario is Scenario.SPECIAL else None,
        language=dialogue.language or "English",
        persona=dialogue.persona,
        cluster=dialogue.cluster,
        type_label=dialogue.type_label,
        request=said[0] if said else "",
        targets=tuple(dict.fromkeys(dialogue.targets)),
        turns=len(said),
        tasks=sum(len(turn.tasks) for turn in dialogue.turns if turn.kind in NEW_TASK),
        tools_on_table=len(dialogue.tools),
        tools_called=len({call.name for call in made}),
        calls=len(made),
        call_ratios=tuple(slot_filling_of_calls(dialogue)),
        table_ratio=slot_filling_of_table(dialogue),
        results=len(results),
        errors=sum(is_error(result.content) for result in results),
        calling=sum(bool(move.calls) for move in moves),
        parallel=sum(len(move.calls) > 1 for move in moves),
        failure_planned=any(turn.fails for turn in dialogue.turns),
        dependent=any(task.links for task in tasks),
    )


def describe(of: Sequence[Facts]) -> Statistics:
    """All figures of a set of dialogues."""
    requests = [one.request for one in of if one.request]
    types = Counter(one.type_label for one in of if one.type_label)
    bits = entropy(types.values())
    clusters = cluster_variety(of)
    kinds = Counter(one.special_kind for one in of if one.special_kind)
    return Statistics(
        dialogues=len(of),
        distinct_requests=unique_share(requests),
        distinct_1=distinct_n(requests, 1),
        distinct_2=distinct_n(requests, 2),
        distinct_3=distinct_n(requests, 3),
        types=len(types) or None,
        distinct_types=len(types) / types.total() if types else None,
        type_entropy=bits,
        type_evenness=None if bits is None else bits / math.log2(len(types)) if len(types) > 1 else 1.0,
        cluster_variety=clusters,
        distinct_in_cluster=share(
            sum(types for types, _ in clusters.values()), sum(dialogues for _, dialogues in clusters.values())
        ),
        tools_on_table=mean([one.tools_on_table for one in of]),
        tools_called=mean([one.tools_called for one in of]),
        calls=sum(one.calls for one in of),
        turns=mean([one.turns for one in of if one.multi_turn]),
        tasks=mean([one.tasks for one in of if one.multi_task]),
        call_filling=histogram((ratio for one in of for ratio in one.call_ratios), BINS),
        table_filling=histogram((one.table_ratio for one in of if one.table_ratio is not None), BINS),
        scenarios=shapes(of),
        special_kinds={str(kind): kinds[kind] for kind in SPECIAL_KINDS} if kinds else {},
        failures_planned=sum(one.failure_planned for one in of),
        results=sum(one.results for one in of),
        errors=sum(one.errors for one in of),
        dependent=sum(one.dependent for one in of),
        calling=sum(one.calling for one in of),
        parallel=sum(one.parallel for one in of),
        languages=dict(
            sorted(Counter(one.language for one in of).items(), key=lambda item: (-item[1], item))
        ),
        personas=len({one.persona for one in of if one.persona}),
    )


def shapes(of: Iterable[Facts]) -> dict[str, Shape]:
    """Means of each scenario's dialogues; scenarios without one are left out."""
    by_scenario: dict[Scenario, list[Facts]] = defaultdict(list)
    for one in of:
        by_scenario[one.scenario].append(one)

    def average(group: Sequence[Facts], figure: Callable[[Facts], int]) -> float:
        return sum(map(figure, group)) / len(group)

    return {
        str(scenario): Shape(
            dialogues=len(group),
            turns=average(group, lambda one: one.turns),
            tasks=average(group, lambda one: one.tasks),
            calls=average(group, lambda one: one.calls),
            tools_on_table=average(group, lambda one: one.tools_on_table),
            tools_called=average(group, lambda one: one.tools_called),
        )
        for scenario in Scenario
        if (group := by_scenario[scenario])
    }


def words(text: str) -> list[str]:
    """Lower-case runs of letters, digits and underscores, in order."""
    return re.findall(r"\w+", text.lower())


def distinct_n(texts: Iterable[str], n: int) -> float | None:
    """Different word n-grams over all word n-grams of the texts (distinct-n, Li et al. 2016).

    1 means that no n-gram ever comes back; it falls as a set grows, so compare sets of like size. N-grams do
    not reach across texts. None where no text has n words.
    """
    seen: set[tuple[str, ...]] = set()
    total = 0
    for text in texts:
        tokens = words(text)
        for start in range(len(tokens) - n + 1):
            seen.add(tuple(tokens[start : start + n]))
            total += 1
    return len(seen) / total if total else None


def unique_share(texts: Sequence[str]) -> float | None:
    """Different texts over all texts, two texts being equal when their words are. None for no texts."""
    return len({tuple(words(text)) for text in texts}) / len(texts) if texts else None


def cluster_variety(of: Iterable[Facts]) -> dict[str, tuple[int, int]]:
    """For each cluster of kin tools: its different type labels, and its labelled dialogues.

    A cluster's dialogues share a memory that tells the next one which types are taken, so the two numbers
    are equal where memory works. Clusters with one labelled dialogue cannot tell, and are left out.
    """
    labels: dict[str, list[str]] = defaultdict(list)
    for one in of:
        if one.cluster and one.type_label:
            labels[one.cluster].append(one.type_label)
    return {name: (len(set(found)), len(found)) for name, found in sorted(labels.items()) if len(found) > 1}


def slot_filling_of_calls(dialogue: Dialogue) -> list[float]:
    """For each call, its arguments over the parameters of its tool, in [0, 1].

    Only arguments that the tool has count. Calls of tools without parameters, or of unknown tools, have no
    ratio and are left out.
    """
    ratios = []
    for call in dialogue.calls:
        tool = dialogue.tool(call.name)
        if tool is not None and tool.properties:
            ratios.append(len(call.arguments.keys() & tool.properties.keys()) / len(tool.properties))
    return ratios


def slot_filling_of_table(dialogue: Dialogue) -> float | None:
    """Parameters that got a value in some call, over all parameters of all tools on the table, in [0, 1].

    A parameter of a tool counts once, however often it is called. This is what the sampler spreads evenly,
    by the number of tools that it puts on the table. None for a dialogue without a call, or a table
    without parameters.
    """
    calls = dialogue.calls
    slots = {(tool.name, name) for tool in dialogue.tools for name in tool.properties}
    if not calls or not slots:
        return None
    filled = {(call.name, name) for call in calls for name in call.arguments}
    return len(filled & slots) / len(slots)


def is_error(content: str) -> bool:
    """Whether a tool's result says that the call failed (`schemas.results`); what is no JSON does not."""
    try:
        return is_failure(json.loads(content))
    except (ValueError, RecursionError):
        return False


@dataclass(frozen=True)
class Coverage:
    """How often the tools of a pool are targets of accepted dialogues."""

    pool: int
    """Tools of the pool."""
    never: int
    """Tools that are no dialogue's target."""
    under_quota: int
    """Tools with fewer dialogues than the run plans for each, those without any among them."""
    quota: int
    least: int
    middle: float
    """The median."""
    most: int
    counts: tuple[int, ...]
    """Dialogues of each tool, in no order that means something."""


def tool_coverage(of: Iterable[Facts], pool: int, quota: int) -> Coverage | None:
    """How often each tool of the pool is a target; None for a pool of nothing.

    Args:
        pool: its number of tools. Those that no dialogue names are known by this number alone; where it
            is smaller than the number of tools seen, these are taken for the pool.
        quota: dialogues that the run plans for each tool.
    """
    seen = Counter(target for one in of for target in one.targets)
    counts = [*seen.values(), *[0] * (pool - len(seen))]
    if not counts:
        return None
    return Coverage(
        pool=len(counts),
        never=counts.count(0),
        under_quota=sum(count < quota for count in counts),
        quota=quota,
        least=min(counts),
        middle=float(median(counts)),
        most=max(counts),
        counts=tuple(counts),
    )


def count_histogram(counts: Sequence[int], top: int, bars: int = MOST_BARS) -> dict[str, int]:
    """How many of the counts are in each of at most so many ranges: 0 alone, then ranges of equal width.

    Args:
        top: the largest count that has to have a range; two sets with the same top have the same ranges.

    Returns:
        Range, such as `0` or `1` to `3`, as text -> counts in it.
    """
    width = max(1, math.ceil(top / (bars - 1)))
    found = Counter(math.ceil(count / width) for count in counts)
    edges = [(0, 0), *((low, low + width - 1) for low in range(1, top + 1, width))]
    return {
        str(low) if low == high else f"{low}–{high}": found[index] for index, (low, high) in enumerate(edges)
    }


def histogram(ratios: Iterable[float], bins: int) -> tuple[int, ...]:
    """Values of [0, 1] in each of `bins` equal bins; a bin holds its upper edge, the first also 0."""
    # Rounded first, so that no edge slips a bin by the last digit of a float.
    found = Counter(max(0, math.ceil(round(ratio * bins, 9)) - 1) for ratio in ratios)
    return tuple(found[index] for index in range(bins))


def entropy(counts: Iterable[int]) -> float | None:
    """Shannon entropy of a distribution given by counts, in bits; None for no counts."""
    present = [count for count in counts if count]
    total = sum(present)
    if not total:
        return None
    # abs: a single label gives -0.0.
    return abs(-sum(count / total * math.log2(count / total) for count in present))


def mean(values: Sequence[float]) -> float | None:
    """The arithmetic mean; None for no values."""
    return sum(values) / len(values) if values else None


def share(hits: int, of: int) -> float | None:
    """Hits over all; None for a share of nothing."""
    return hits / of if of else None
