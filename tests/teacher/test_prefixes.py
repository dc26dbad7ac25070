"""Which part of a prompt counts as read before."""

from agents.teacher.prefixes import Prefixes

TOKEN = "word"
LONG = "".join(f"{number:04}" for number in range(2000))
"""2,000 different tokens."""


def test_the_same_prompt_again_is_known_by_whole_steps():
    prefixes = Prefixes()
    assert prefixes.read(LONG) == 0
    assert prefixes.read(LONG) == 2000 // 128 * 128


def test_a_prompt_is_known_up_to_where_it_differs():
    prefixes = Prefixes()
    prefixes.read(LONG)
    assert prefixes.read(LONG[: 1300 * 4] + TOKEN * 700) == 1300 // 128 * 128
    assert prefixes.read(TOKEN + LONG) == 0, "it must agree from the start"


def test_a_growing_conversation_is_known_up_to_its_last_turn():
    prefixes = Prefixes()
    prefixes.read(LONG[: 1500 * 4])
    assert prefixes.read(LONG) == 1500 // 128 * 128


def test_short_beginnings_do_not_count():
    prefixes = Prefixes()
    short = LONG[: 1023 * 4]
    prefixes.read(short)
    assert prefixes.read(short) == 0
    prefixes.read(LONG)
    assert prefixes.read(LONG[: 900 * 4] + TOKEN * 1100) == 0


def test_the_longest_unused_is_forgotten():
    prefixes = Prefixes(room=40)
    prefixes.read(LONG)
    for number in range(10):
        prefixes.read(f"{number:04}" + LONG)
    assert prefixes.read(LONG) == 0
    assert len(prefixes._known) == 40


def test_any_text_can_be_read():
    prefixes = Prefixes(step=1, least=0)
    odd = "日本語 \ud800 é" * 50
    prefixes.read(odd)
    assert prefixes.read(odd) == len(odd) // 4
