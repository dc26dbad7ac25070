"""Every way to damage a good dialogue is found, on the hand-written ones."""

import random

import pytest

from benchmarks.checker.mutations import MUTATIONS, Mutation
from consumers.rule_checker.core import check, passed
from schemas.dialogue import Dialogue
from tests.rule_checker.good_dialogues import GOOD

SEEDS = range(3)
WEAK = {"value_of_another_slot", "option_not_asked_for"}
"""Found where the request says enough; `docs/checkers.md` names what is missed."""


def damaged(mutation: Mutation) -> list[Dialogue]:
    return [
        spoilt
        for build in GOOD.values()
        for seed in SEEDS
        if (spoilt := mutation.run(build(), random.Random(f"{seed}{build.__name__}"))) is not None
    ]


@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=MUTATIONS.keys())
def test_a_damaged_dialogue_is_found(mutation: Mutation) -> None:
    spoilt = damaged(mutation)
    missed = sum(passed(check(dialogue)) for dialogue in spoilt)
    if mutation.name not in WEAK:
        assert missed <= len(spoilt) * (0.05 if mutation.kind == "structural" else 0.2)


def test_each_mutation_fits_some_dialogue() -> None:
    assert [name for name, mutation in MUTATIONS.items() if not damaged(mutation)] == []


def test_a_mutation_changes_what_is_said_and_nothing_else() -> None:
    for mutation in MUTATIONS.values():
        for build in GOOD.values():
            before = build()
            after = mutation.run(before, random.Random(1))
            if after is not None:
                assert after.messages != before.messages
                assert (after.tools, after.turns, after.id) == (before.tools, before.turns, before.id)


def test_a_mutation_is_the_same_for_the_same_seed() -> None:
    for mutation in MUTATIONS.values():
        for build in GOOD.values():
            assert mutation.run(build(), random.Random(5)) == mutation.run(build(), random.Random(5))
