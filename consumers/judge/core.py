"""Choose a round's candidate.

    dialogue.candidates -> dialogue.judged.next (the dialogue goes on) | dialogue.judged.done (it ends)

Candidates are shown in an order drawn from the event's id. On a share of the choices the judge is asked
again with the order reversed; where the two rankings disagree, the sum of ranks decides.
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
            judged = Judged(_with(drafted, 0, ""), drafted.candidates, 0, (0,))
        else:
            judged = await self._choose(event, drafted)
        return [Output(_next_subject(judged.dialogue, event.round, drafted.closing), judged)]

    async def _choose(self, event: Envelope, drafted: CandidatesDrafted) -> Judged:
        dialogue, candidates = drafted.dialogue, drafted.candidates
        rng = random.Random(event.event_id)
        order = rng.sample(range(len(candidates)), len(candidates))
        turn = dialogue.turns[event.round - 1]
        key = f"{dialogue.id}/{event.round}/judge"
        first = await judge.choose(self.llm, where(event), dialogue, turn, candidates, order, key)
        ranking, swap = first.ranking, None
        if rng.random() < dialogue.spec.swap_share:
            again = await judge.choose(
                self.llm, where(event), dialogue, turn, candidates, order[::-1], f"{key}/swapped"
            )
            swap = SwapTest(again.ranking[0], again.ranking[0] == first.ranking[0], tuple(order))
            ranking = merged(first.ranking, again.ranking)
        return Judged(
            dialogue=_with(drafted, ranking[0], first.type_label),
            candidates=candidates,
            chosen=ranking[0],
            ranking=ranking,
            assessments=first.assessments,
            swap=swap,
        )


def merged(first: Sequence[int], again: Sequence[int]) -> tuple[int, ...]:
    """Two rankings as one, by the sum of ranks; the first ranking breaks ties."""
    return tuple(sorted(first, key=lambda i: (first.index(i) + again.index(i), first.index(i))))


def _with(drafted: CandidatesDrafted, chosen: int, label: str) -> Dialogue:
    dialogue = drafted.dialogue
    return msgspec.structs.replace(
        dialogue,
        messages=dialogue.messages + drafted.candidates[chosen].messages,
        type_label=label or dialogue.type_label,
    )


def _next_subject(dialogue: Dialogue, round_: int, closing: bool) -> str:
    ends = closing or (round_ >= len(dialogue.turns) and not dialogue.open_calls)
    return JUDGED_DONE if ends else JUDGED_NEXT
