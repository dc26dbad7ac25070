"""Choose a round's candidate.

    dialogue.candidates -> dialogue.judged.next (the dialogue goes on, or the round is drafted once more)
                         | dialogue.judged.done (it ends)

Candidates are shown in an order drawn from the event's id. On a share of the choices the judge is asked
again with the order reversed; where the two rankings disagree, the sum of ranks decides. Between candidates
of the same worth the lot decides, so that no place in the list wins by habit.
"""

import random
from collections.abc import Sequence

import msgspec

from agents.client import LLM
from agents.roles import judge
from consumers.llm import where
from schemas.dialogue import Dialogue
from schemas.events import CandidatesDrafted, Envelope, Judged, Output, SwapTest
from schemas.settings import Settings, behaviour_hash
from streams.topology import JUDGED_DONE, JUDGED_NEXT

REDRAFTS = 1
"""Times that a round is drafted again because no candidate was fit; after that the dialogue ends."""


def version(settings: Settings) -> str:
    return "1+" + behaviour_hash(judge.ROLE.version, settings.endpoint("judge").model)


class Judge:
    def __init__(self, llm: LLM) -> None:
        self.llm = llm

    async def handle(self, event: Envelope) -> Sequence[Output]:
        drafted = event.body
        if not isinstance(drafted, CandidatesDrafted):
            raise TypeError(f"the judge does not know what to do with {type(drafted).__name__}")
        # One candidate is no choice, and no reason to pay for one.
        if len(drafted.candidates) == 1:
            judged = Judged(_with(drafted, 0, ""), drafted.candidates, 0, (0,), attempt=drafted.attempt)
        else:
            judged = await self._choose(event, drafted)
        return [Output(_next_subject(judged, event.round, drafted.closing), judged)]

    async def _choose(self, event: Envelope, drafted: CandidatesDrafted) -> Judged:
        dialogue, candidates = drafted.dialogue, drafted.candidates
        rng = random.Random(event.event_id)
        order = rng.sample(range(len(candidates)), len(candidates))
        turn = dialogue.turns[event.round - 1]
        key = f"{dialogue.id}/{event.round}/judge" + (f"/{drafted.attempt}" if drafted.attempt else "")
        first = await judge.choose(self.llm, where(event), dialogue, turn, candidates, order, key)
        groups, swap = first.groups, None
        if rng.random() < dialogue.spec.swap_share:
            again = await judge.choose(
                self.llm, where(event), dialogue, turn, candidates, order[::-1], f"{key}/swapped"
            )
            best_again = rng.choice(again.groups[0])
            swap = SwapTest(
                best_again,
                agreed=not {*first.groups[0]}.isdisjoint(again.groups[0]),
                first_shown=tuple(order),
                best=tuple(sorted(first.groups[0])),
                best_again=tuple(sorted(again.groups[0])),
            )
            groups = merged(first.groups, again.groups)
        ranking = tuple(i for group in groups for i in rng.sample(group, len(group)))
        declined = first.declined
        if declined and drafted.attempt < REDRAFTS:
            going_on = dialogue
        else:
            going_on = _with(drafted, ranking[0], first.type_label)
            if declined:
                going_on = msgspec.structs.replace(going_on, declined=declined)
        return Judged(
            dialogue=going_on,
            candidates=candidates,
            chosen=ranking[0],
            ranking=ranking,
            assessments=first.assessments,
            swap=swap,
            shown=tuple(order),
            tied=tuple(sorted(groups[0])) if len(groups[0]) > 1 else (),
            declined=declined,
            attempt=drafted.attempt,
        )


Groups = Sequence[Sequence[int]]


def merged(first: Groups, again: Groups) -> tuple[tuple[int, ...], ...]:
    """Two rankings in groups as one, by the sum of ranks; equal sums are equal worth.

    A candidate's rank is the mean place of its group, so that a large group of equals weighs no less
    than as many in a row.
    """
    ranks = _ranks(first), _ranks(again)
    sums = {i: ranks[0][i] + ranks[1][i] for i in ranks[0]}
    return tuple(
        tuple(sorted(i for i, found in sums.items() if found == total))
        for total in sorted(set(sums.values()))
    )


def _ranks(groups: Groups) -> dict[int, float]:
    ranks: dict[int, float] = {}
    for group in groups:
        place = len(ranks) + (len(group) - 1) / 2
        ranks |= dict.fromkeys(group, place)
    return ranks


def _with(drafted: CandidatesDrafted, chosen: int, label: str) -> Dialogue:
    dialogue = drafted.dialogue
    return msgspec.structs.replace(
        dialogue,
        messages=dialogue.messages + drafted.candidates[chosen].messages,
        type_label=label or dialogue.type_label,
    )


def _next_subject(judged: Judged, round_: int, closing: bool) -> str:
    dialogue = judged.dialogue
    if judged.declined:
        return JUDGED_DONE if dialogue.declined else JUDGED_NEXT
    ends = closing or (round_ >= len(dialogue.turns) and not dialogue.open_calls)
    return JUDGED_DONE if ends else JUDGED_NEXT
