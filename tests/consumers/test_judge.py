"""The judge's choice, with a scripted endpoint behind it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.judge.core import Judge, merged
from schemas.dialogue import AssistantMessage, RunSpec, Task, Turn, TurnKind, UserMessage
from schemas.events import Candidate, CandidatesDrafted
from tests.agents.endpoint import says, scripted
from tests.build import TALK, dialogue, event

CANDIDATES = tuple(
    Candidate((UserMessage(f"request {i}"), AssistantMessage(calls=TALK[1].calls, action="call")))
    for i in range(4)
)


def verdict(*groups: str, none_fits: str = "") -> str:
    """A reply that ranks: each argument a group of letters of equal worth."""
    return json.dumps(
        {
            "marks": [
                {"candidate": letter, "comment": "", "significance": 4, "appropriateness": 5}
                for letter in "ABCD"
            ],
            "ranking": [list(group) for group in groups],
            "none_fits": none_fits,
            "type_label": "Weekend Weather!",
        }
    )


def drafted(candidates=CANDIDATES, *, closing=False, attempt=0, swap_share=0.0, **changes):
    start = dialogue(messages=(), type_label="", spec=RunSpec(pool="p", swap_share=swap_share), **changes)
    return event("dialogue.candidates", CandidatesDrafted(start, candidates, closing, attempt))


async def judged(cause, *answers):
    async with scripted(*answers) as (llm, script, _):
        [output] = await Judge(llm).handle(cause)
    return output, script


async def test_the_chosen_candidate_becomes_the_turn_and_the_others_are_kept():
    output, script = await judged(drafted(), says(verdict("C", "A", "B", "D")))
    shown = json.loads(
        script.requests[0]["messages"][1]["content"].split("<candidates>\n")[1].split("\n</candidates>")[0]
    )
    best = next(item for item in shown if item["candidate"] == "C")

    assert output.body.dialogue.messages[0].content == best["messages"][0]["content"]
    assert output.body.dialogue.messages == CANDIDATES[output.body.chosen].messages
    assert output.body.candidates == CANDIDATES
    assert output.body.dialogue.type_label == "weekend-weather"
    assert sorted(output.body.ranking) == [0, 1, 2, 3]


async def test_candidates_are_shown_in_another_order_each_time():
    orders = set()
    for i in range(6):
        cause = event("dialogue.candidates", drafted().body, dialogue_id=f"d{i}")
        _, script = await judged(cause, says(verdict("A", "B", "C", "D")))
        content = script.requests[0]["messages"][1]["content"]
        orders.add(tuple(sorted(range(4), key=lambda i: content.index(f"request {i}"))))
    assert len(orders) > 2


async def test_a_judge_that_likes_the_first_place_is_found_out_by_the_swap():
    output, script = await judged(drafted(swap_share=1.0), says(verdict("A", "B", "C", "D")))
    assert len(script.requests) == 2
    assert output.body.swap is not None
    assert not output.body.swap.agreed
    assert output.body.swap.first_shown[0] == output.body.ranking[0]


async def test_the_order_shown_stays_with_the_choice():
    output, script = await judged(drafted(), says(verdict("B", "A", "C", "D")))
    content = script.requests[0]["messages"][1]["content"]
    assert output.body.shown == tuple(sorted(range(4), key=lambda i: content.index(f"request {i}")))
    assert output.body.shown.index(output.body.chosen) == 1
    assert output.body.tied == ()


async def test_between_equals_the_lot_decides_and_no_place_wins_by_habit():
    places = []
    for i in range(60):
        cause = event("dialogue.candidates", drafted().body, dialogue_id=f"d{i}")
        output, _ = await judged(cause, says(verdict("ABC", "D")))
        places.append(output.body.shown.index(output.body.chosen))
        assert len(output.body.tied) == 3
        assert output.body.ranking[3] == output.body.shown[3]
    assert all(10 <= places.count(place) <= 32 for place in range(3))
    assert 3 not in places


async def test_equals_on_top_agree_with_a_swap_that_picks_one_of_them():
    output, _ = await judged(
        drafted(swap_share=1.0), says(verdict("AB", "C", "D")), says(verdict("C", "D", "B", "A"))
    )
    # B of the first order is C of the reversed one.
    assert output.body.swap.agreed
    assert output.body.chosen == output.body.shown[1]


NONE = "Every candidate calls the wrong tool."


async def test_a_round_without_a_fit_candidate_is_drafted_again():
    output, _ = await judged(drafted(), says(verdict("A", "B", "C", "D", none_fits=NONE)))
    assert output.subject == "dialogue.judged.next"
    assert (output.body.declined, output.body.attempt) == (NONE, 0)
    assert output.body.dialogue == drafted().body.dialogue, "the dialogue is as it was"
    assert output.body.candidates == CANDIDATES


async def test_a_round_declined_twice_ends_the_dialogue_and_says_why():
    output, _ = await judged(drafted(attempt=1), says(verdict("A", "B", "C", "D", none_fits=NONE)))
    assert output.subject == "dialogue.judged.done"
    assert output.body.dialogue.declined == NONE


async def test_one_candidate_is_not_paid_for():
    output, script = await judged(drafted(CANDIDATES[:1]), says("unused"))
    assert script.requests == []
    assert output.body.chosen == 0


async def test_a_ranking_that_forgets_a_candidate_is_asked_for_again():
    output, script = await judged(drafted(), says(verdict("A", "B")), says(verdict("B", "A", "C", "D")))
    assert len(script.requests) == 2
    assert "ranking must hold each of A, B, C, D once" in script.requests[1]["messages"][-1]["content"]
    assert len(output.body.ranking) == 4


ANSWERED = Candidate((UserMessage("thanks?"), AssistantMessage("You are welcome.")))
REQUEST = Turn(kind=TurnKind.REQUEST, tasks=(Task("get_weather"),))


@pytest.mark.parametrize(
    ("candidate", "turns", "closing", "subject"),
    [
        pytest.param(CANDIDATES[0], 1, False, "dialogue.judged.next", id="calls-without-results"),
        pytest.param(ANSWERED, 1, False, "dialogue.judged.done", id="answered-in-the-last-turn"),
        pytest.param(ANSWERED, 2, False, "dialogue.judged.next", id="more-turns-planned"),
        pytest.param(CANDIDATES[0], 1, True, "dialogue.judged.done", id="closing"),
    ],
)
async def test_when_a_dialogue_ends(candidate, turns, closing, subject):
    output, _ = await judged(drafted((candidate,), closing=closing, turns=(REQUEST,) * turns), says("unused"))
    assert output.subject == subject


groupings = st.permutations(range(4)).flatmap(
    lambda order: st.sets(st.integers(1, 3)).map(
        lambda cuts: tuple(
            tuple(order[a:b]) for a, b in zip((0, *sorted(cuts)), (*sorted(cuts), 4), strict=True)
        )
    )
)


@given(groupings, groupings)
def test_merged_rankings_hold_everyone_and_agree_with_agreement(first, again):
    both = merged(first, again)
    assert sorted(i for group in both for i in group) == [0, 1, 2, 3]
    assert [set(group) for group in merged(first, first)] == [set(group) for group in first]
    assert {frozenset(group) for group in both} == {frozenset(group) for group in merged(again, first)}
    common = set(first[0]) & set(again[0])
    if len(first[0]) == len(again[0]) == 1 and common:
        assert set(both[0]) == common
