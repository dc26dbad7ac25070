"""Benchmark questions are known by their hashes alone, and a dialogue that repeats one does not pass.

BFCL's questions come from the installed package, a few at a time; none stands here.
"""

import random
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from nats.aio.client import Client

from cli.hosting import environment_of
from cli.questions import questions
from consumers.rule_checker.app import build
from consumers.rule_checker.contamination import (
    LEAST_WORDS,
    PASSAGE,
    Forbidden,
    IndexUnusable,
    N,
    Overlap,
    Source,
    grams,
    hashed,
    read_index,
    words,
)
from consumers.rule_checker.core import VERSION, Checker, check
from consumers.sampler.importers import read_tools
from consumers.sampler.importers.bfcl import BFCLError, data_folder
from schemas.dialogue import Dialogue, Task, Turn, TurnKind
from schemas.events import Judged, RuleChecked, RuleFinding, decode
from schemas.settings import Settings
from schemas.tools import ToolSpec
from streams import topology
from streams.publisher import publish
from tests.build import event
from tests.rule_checker.good_dialogues import GOOD, answer, single, user, with_message
from tests.teacher.play import say

ASKED = "Which museum near the old harbour lets dogs in on rainy Sunday mornings?"
AROUND = "Good morning, I have a meeting in a minute and hope you can help. {} Thanks a lot, you are a gem!"


def forbidding(*asked: str, **changes: float) -> Forbidden:
    return Forbidden([hashed("mine", asked)], **changes)


def overlap(index: Forbidden, text: str, *definitions: str) -> Overlap | None:
    return next((found for _, found in index.overlaps([text], definitions)), None)


def overlaps(dialogue: Dialogue, index: Forbidden | None) -> list[RuleFinding]:
    return [
        finding
        for finding in Checker(forbidden=index).check(dialogue)
        if finding.rule == "overlaps_benchmark"
    ]


texts = st.text(max_size=120)
VOCABULARY = ("alpha", "beta", "gamma", "delta", "épsilon", "Ζήτα", "θ", "東京", "7", "42nd", "O'Hara")
spoken = st.lists(st.sampled_from(VOCABULARY), max_size=60)


# Normal form


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("What's  the WEATHER, in Paris?", "whats the weather in paris"),
        ("What’s the weather—in Paris", "whats the weather in paris"),
        ("snake_case and Wi-Fi", "snake case and wi fi"),
        ("ﬁnd Ⅳ Straße CAFÉ", "find iv strasse café"),
        ("Cafe\N{COMBINING ACUTE ACCENT}", "café"),
        ("東京の天気は?", "東 京 の 天 気 は"),
        ("", ""),
    ],
)
def test_a_text_is_compared_in_its_normal_form(text, normal):
    assert " ".join(words(text)) == normal


@given(texts)
def test_the_normal_form_is_its_own_normal_form(text):
    assert words(" ".join(words(text))) == words(text)


@given(st.text(st.characters(max_codepoint=127)))
def test_plain_text_has_the_same_words_on_the_quick_way(text):
    assert words(text) == words(text + " é")[:-1]


# Hashes


def test_the_hashes_stay_what_old_files_hold():
    """Whoever changes them gives the files another number."""
    assert grams(words("Keep this as it is."), 3) == [
        108532079208385180,
        252893676039916428,
        75384362203437018,
    ]


@given(texts, st.integers(2, 8))
def test_there_is_a_hash_for_every_n_words(text, n):
    found = grams(words(text), n)
    assert len(found) == max(0, len(words(text)) - n + 1)
    assert all(0 <= gram < 1 << 64 for gram in found)


def test_the_order_of_words_counts():
    [one], [other], [third] = (grams(text.split(), 3) for text in ("a b c", "b a c", "c b a"))
    assert len({one, other, third}) == 3


@given(spoken, st.integers(2, 8))
def test_every_n_gram_of_a_question_is_kept(asked, n):
    kept = {gram for passage in hashed("q", [" ".join(asked)], n).passages() for gram in passage}
    said = words(" ".join(asked))
    assert kept == (set(grams(said, n)) if len(said) >= max(n, LEAST_WORDS) else set())


@given(st.lists(spoken.map(" ".join), max_size=5))
def test_no_text_is_kept(asked):
    content = Forbidden([hashed("q", asked)]).to_bytes()
    assert not any(word.encode() in content for text in asked for word in text.split() if len(word) > 3)


# The index


sources = st.builds(
    hashed, st.sampled_from(["a", "b", "c"]), st.lists(spoken.map(" ".join), min_size=1, max_size=4)
)


@given(st.lists(sources, max_size=4), st.randoms())
def test_an_index_is_the_same_to_the_byte_in_whatever_order_it_was_loaded(found, rng):
    shuffled = [*found, *found]
    rng.shuffle(shuffled)
    assert Forbidden(shuffled).to_bytes() == Forbidden(found).to_bytes()


@given(st.lists(sources, max_size=4), st.integers(2, 8), st.floats(0.01, 1))
def test_an_index_comes_back_as_it_was(found, n, limit):
    index = Forbidden(found, n=n, limit=limit)
    again = Forbidden.from_bytes(index.to_bytes())
    assert (again.sources, again.n, again.limit, again.digest) == (index.sources, n, limit, index.digest)


@given(st.data())
def test_a_damaged_index_is_refused(data):
    content = bytearray(forbidding(ASKED).to_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(IndexUnusable):
        Forbidden.from_bytes(bytes(content))


@given(st.integers(0, len(forbidding(ASKED).to_bytes()) - 1))
def test_half_an_index_is_refused(length):
    with pytest.raises(IndexUnusable):
        Forbidden.from_bytes(forbidding(ASKED).to_bytes()[:length])


def test_a_question_asked_twice_counts_once_and_a_short_one_is_left_out():
    source = hashed("q", [ASKED, ASKED.upper(), "Yes please!", "yes, please", ""])
    assert (source.questions, source.short, len(list(source.passages()))) == (1, 1, 1)


# Overlap


@given(spoken, texts, texts)
def test_a_question_is_found_word_for_word_whatever_is_said_around_it(asked, before, after):
    assume(len(words(" ".join(asked))) >= LEAST_WORDS)
    found = overlap(forbidding(" ".join(asked)), f"{before} {' '.join(asked)} {after}")
    assert found is not None
    assert found.share == 1


@pytest.mark.parametrize(
    "text",
    [
        ASKED,
        ASKED.upper().replace(" ", ", "),
        AROUND.format(ASKED),
        ASKED.replace("museum", "restaurant"),
        ASKED.replace("museum", "restaurant").replace("Sunday mornings", "Sunday afternoons"),
    ],
    ids=["verbatim", "case-and-punctuation", "embedded", "one-word", "two-words"],
)
def test_what_is_nearly_a_question_is_found(text):
    assert overlap(forbidding(ASKED), text)


@pytest.mark.parametrize(
    "text",
    [
        "Does the museum near the old harbour sell postcards?",
        "Which museum lets dogs in?",
        "Mornings Sunday rainy on in dogs lets harbour old the near museum which?",
        "",
    ],
    ids=["half", "shorter", "backwards", "empty"],
)
def test_what_only_sounds_alike_is_not(text):
    assert overlap(forbidding(ASKED), text) is None


def test_an_overlap_says_how_much_where_from_and_which_words():
    text = "I wonder: which museum near the old HARBOUR sells tea, and lets dogs in on rainy Sunday mornings?"
    assert overlap(forbidding(ASKED), text) == Overlap(
        share=9 / 11,
        source="mine",
        words="which museum near the old harbour … lets dogs in on rainy sunday mornings",
        longest_run=7,
    )


def test_the_limit_decides():
    text = ASKED.replace("old harbour", "new station")
    assert overlap(forbidding(ASKED, limit=0.6), text)
    assert overlap(forbidding(ASKED, limit=0.7), text) is None


def test_a_part_of_a_long_question_is_enough():
    numbers = [f"w{i}" for i in range(10 * PASSAGE)]
    index = forbidding(" ".join(numbers))
    assert overlap(index, " ".join(numbers[100 : 100 + 2 * PASSAGE]))
    assert overlap(index, " ".join(numbers[100 : 100 + PASSAGE // 3])) is None


def test_few_words_in_common_are_chance_unless_they_are_all_of_a_question():
    index = forbidding("Tell me a joke about physics and cheese")
    assert overlap(index, "Tell me a joke about football") is None
    assert overlap(forbidding("Tell me a joke about physics"), "Please tell me a joke about physics now.")


def test_two_messages_are_not_read_as_one():
    first, second = ASKED[:43], ASKED[43:]
    index = forbidding(ASKED, limit=0.8)
    assert overlap(index, f"{first} {second}")
    assert list(index.overlaps([first, second])) == []


def test_words_of_the_tools_definition_do_not_count():
    definition = "Calculate the angle between the hour and minute hands of a clock."
    index = forbidding("Find the angle between the hour and minute hands of a clock at half past three")
    honest = "What is the angle between the hour and minute hands of a clock, if it is noon?"
    copied = "Find the angle between the hour and minute hands of a clock at half past nine"
    assert overlap(index, honest)
    assert overlap(index, honest, definition) is None
    assert overlap(index, copied + " at half past three", definition)
    assert overlap(forbidding(definition), f"Please {definition}", definition), (
        "the whole of a question counts"
    )


# The rule


def test_without_an_index_nothing_is_found_and_nothing_changes():
    asked = single(said=ASKED)
    assert overlaps(asked, None) == []
    assert Checker().version == VERSION


def test_user_and_assistant_are_both_read():
    index = forbidding(ASKED)
    by_user = overlaps(with_message(single(), 0, user(AROUND.format(ASKED))), index)
    by_assistant = overlaps(with_message(single(), 3, answer(ASKED)), index)
    assert [finding.message for finding in (*by_user, *by_assistant)] == [0, 3]


def test_a_finding_shows_the_dialogue_s_words_and_says_how_much_they_are():
    [finding] = overlaps(single(said=ASKED), forbidding(ASKED))
    assert finding.problem == (
        "the message has 100% of a question of mine (limit 50%, 13 words in a row): "
        '"which museum near the old harbour lets dogs in on rainy sunday mornings"'
    )
    assert finding.severity == "error"


@pytest.mark.parametrize("build_one", GOOD.values(), ids=GOOD.keys())
def test_a_sound_dialogue_stays_sound(build_one):
    assert Checker(forbidden=forbidding(ASKED)).check(build_one()) == check(build_one())


def test_each_set_of_questions_and_each_limit_is_a_version_of_its_own():
    indexes = (forbidding(ASKED), forbidding(ASKED, limit=0.6), forbidding(AROUND), Forbidden())
    assert len({VERSION, *(Checker(forbidden=index).version for index in indexes)}) == 5
    assert Checker(forbidden=forbidding(ASKED)).version == Checker(forbidden=forbidding(ASKED)).version


# The stage


def settings_with(path: Path, index: Forbidden, **changes: object) -> Settings:
    path.write_bytes(index.to_bytes())
    return Settings(data_dir=path.parent, **changes)


def test_the_index_lies_in_the_data_folder_or_where_the_setting_says(tmp_path):
    assert read_index(Settings(data_dir=tmp_path)) is None
    settings = settings_with(tmp_path / "forbidden.index", forbidding(ASKED))
    found = read_index(settings)
    assert found is not None
    assert found.digest == forbidding(ASKED).digest
    with pytest.raises(IndexUnusable, match=r"elsewhere.* does not exist"):
        read_index(settings.model_copy(update={"forbidden": tmp_path / "elsewhere"}))


def test_processes_of_our_own_are_told_where_it_is(tmp_path, monkeypatch):
    settings = settings_with(tmp_path / "mounted", Forbidden(), forbidden=tmp_path / "mounted")
    for name, value in environment_of(settings).items():
        monkeypatch.setenv(name, value)
    assert Settings().forbidden_index == tmp_path / "mounted"


async def test_a_stage_does_not_start_with_an_index_it_cannot_read(settings, tmp_path):
    (tmp_path / "index").write_bytes(forbidding(ASKED).to_bytes()[:-1])
    stage = build(settings.model_copy(update={"forbidden": tmp_path / "index"}))
    with pytest.raises(IndexUnusable, match=r"index cannot be read: .*damaged.*tools forbid --clear"):
        await stage.app.start()


async def test_the_running_stage_rejects_and_names_its_version(settings: Settings, nc: Client):
    settings.data_dir.mkdir()
    settings.forbidden_index.write_bytes(forbidding(ASKED).to_bytes())
    subscription = await nc.subscribe(topology.CHECKED_RULE)
    await nc.flush()
    stage = build(settings)
    await stage.app.start()
    try:
        await publish(nc.jetstream(), event(topology.JUDGED_DONE, Judged(single(said=AROUND.format(ASKED)))))
        checked = decode((await subscription.next_msg(timeout=20)).data)
    finally:
        await stage.app.stop()
    assert checked.producer == f"rule-checker@{Checker(forbidden=forbidding(ASKED)).version}"
    assert isinstance(checked.body, RuleChecked)
    assert not checked.body.passed
    assert "overlaps_benchmark" in {finding.rule for finding in checked.body.findings}


# BFCL


@pytest.fixture(scope="module")
def bfcl() -> Forbidden:
    return Forbidden(sources_of_bfcl())


def sources_of_bfcl() -> list[Source]:
    return [hashed(path.stem, questions(path), N) for path in files_of_bfcl()]


def files_of_bfcl() -> list[Path]:
    try:
        return sorted(data_folder().glob("BFCL_v4_*.json"))
    except BFCLError:
        pytest.skip("needs the package bfcl-eval")


def sample(seed: int) -> list[str]:
    """Sixty of BFCL's questions of ten words or more."""
    asked = {text for path in files_of_bfcl() for text in questions(path) if len(words(text)) >= 10}
    return random.Random(seed).sample(sorted(asked), 60)


def rejected(said: str, index: Forbidden) -> bool:
    cause = event(topology.JUDGED_DONE, Judged(with_message(single(), 0, user(said))))
    [output] = Checker(forbidden=index).handle(cause)
    assert isinstance(output.body, RuleChecked)
    found = any(finding.rule == "overlaps_benchmark" for finding in output.body.findings)
    assert not (found and output.body.passed)
    return found


@pytest.mark.parametrize(
    "told",
    [
        lambda text: text,
        lambda text: ", ".join(words(text)).upper() + "!?",
        AROUND.format,
    ],
    ids=["verbatim", "case-and-punctuation", "embedded"],
)
def test_bfcl_s_questions_are_rejected_however_they_are_written(bfcl, told):
    assert all(rejected(told(text), bfcl) for text in sample(1))


def test_most_of_bfcl_s_questions_are_rejected_with_words_changed(bfcl):
    def changed(text: str) -> str:
        new = words(text)
        for place in random.Random(len(text)).sample(range(len(new)), len(new) // 10):
            new[place] = "zebra"
        return " ".join(new)

    assert sum(rejected(changed(text), bfcl) for text in sample(2)) >= 54


def test_our_own_requests_for_bfcl_s_tools_are_not(bfcl):
    rng = random.Random(3)
    tools = rng.sample([tool for tool in read_tools("bfcl").tools if tool.required], 150)
    alarms = [tool.name for tool in tools if list(bfcl.overlaps([request(tool, rng)], [tool.description]))]
    assert len(alarms) <= 1, alarms


def request(tool: ToolSpec, rng: random.Random) -> str:
    turn = Turn(kind=TurnKind.REQUEST, tasks=(Task(tool.name, tool.required),))
    return say(turn, [tool], [], rng).content
