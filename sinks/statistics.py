"""What a set of dialogues is like, in numbers.

Every measure is a pure function with its definition in the docstring. `describe` computes them all in one
pass over the dialogues, and keeps of each dialogue only its figures and the user's words.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemas.dialogue import NEW_TASK, Dialogue, Scenario, UserMessage

BINS = 5
"""Bins of the slot-filling ratio, as in the paper (section 4)."""

_MULTI_TURN = (Scenario.MULTI_SINGLE, Scenario.MULTI_MULTI)
_MULTI_TASK = (Scenario.SINGLE_MULTI, Scenario.MULTI_MULTI)


@dataclass(frozen=True)
class Statistics:
    """Figures of a set of dialogues; None where there is nothing to measure."""

    dialogues: int
    distinct_requests: float | None
    """Different first user messages over all of them; see `unique_share`."""
    distinct_2: float | None
    """Of all user messages; see `distinct_n`."""
    distinct_3: float | None
    tools_on_table: float | None
    """Mean number of tools a dialogue may use."""
    tools_called: float | None
    """Mean number of different tools a dialogue calls."""
    calls: int
    turns: float | None
    """Mean number of user messages of a multi-turn dialogue."""
    tasks: float | None
    """Mean number of tasks that a multi-task dialogue brings up."""
    types: int
    """Different type labels."""
    type_entropy: float | None
    """Of the type labels, in bits; see `entropy`."""
    type_evenness: float | None
    """`type_entropy` as a share of what equally common labels would have."""
    slot_filling: tuple[int, ...]
    """Calls in each of the five bins of the slot-filling ratio; see `slot_filling_ratios`."""


def describe(dialogues: Iterable[Dialogue]) -> Statistics:
    """All figures of the dialogues, in one pass."""
    count = calls = 0
    requests: list[str] = []
    messages: list[str] = []
    tools_on_table: list[int] = []
    tools_called: list[int] = []
    turns: list[int] = []
    tasks: list[int] = []
    ratios: list[float] = []
    types: Counter[str] = Counter()
    for dialogue in dialogues:
        count += 1
        said = [message.content for message in dialogue.messages if isinstance(message, UserMessage)]
        requests += said[:1]
        messages += said
        made = dialogue.calls
        calls += len(made)
        tools_on_table.append(len(dialogue.tools))
        tools_called.append(len({call.name for call in made}))
        ratios += slot_filling_ratios(dialogue)
        if dialogue.scenario in _MULTI_TURN:
            turns.append(len(said))
        if dialogue.scenario in _MULTI_TASK:
            tasks.append(sum(len(turn.tasks) for turn in dialogue.turns if turn.kind in NEW_TASK))
        if dialogue.type_label:
            types[dialogue.type_label] += 1
    bits = entropy(types.values())
    return Statistics(
        dialogues=count,
        distinct_requests=unique_share(requests),
        distinct_2=distinct_n(messages, 2),
        distinct_3=distinct_n(messages, 3),
        tools_on_table=mean(tools_on_table),
        tools_called=mean(tools_called),
        calls=calls,
        turns=mean(turns),
        tasks=mean(tasks),
        types=len(types),
        type_entropy=bits,
        type_evenness=None if bits is None else bits / math.log2(len(types)) if len(types) > 1 else 1.0,
        slot_filling=histogram(ratios, BINS),
    )


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


def slot_filling_ratios(dialogue: Dialogue) -> list[float]:
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


def mean(values: Sequence[int]) -> float | None:
    """The arithmetic mean; None for no values."""
    return sum(values) / len(values) if values else None
