"""How several models decide, and who they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from cli.hosting import environment_of, models_of
from schemas.committee import NEVER, confidence_of, majority_level, passes_up_to
from schemas.events import AspectFinding, Opinion
from schemas.settings import Endpoint, Settings, SettingsError, load


def opinion(confidence: float, *, ok: bool = True, failure: str = "") -> Opinion:
    return Opinion("m", False, confidence, findings=(AspectFinding("consistency", ok, "x"),), failure=failure)


@pytest.mark.parametrize(
    ("opinions", "passed"),
    [
        pytest.param([opinion(0.75)], True, id="one-at-the-threshold"),
        pytest.param([opinion(0.74)], False, id="one-under-it"),
        pytest.param([opinion(0.99, ok=False)], False, id="one-that-found-a-fault"),
        pytest.param([opinion(0.99, failure="no JSON")], False, id="one-without-an-answer"),
        pytest.param([opinion(0.9), opinion(0.9)], True, id="two-of-two"),
        pytest.param([opinion(0.9), opinion(0.2)], False, id="a-tie"),
        pytest.param([opinion(0.9), opinion(0.9), opinion(0.1)], True, id="two-of-three"),
        pytest.param([opinion(0.9), opinion(0.9, ok=False), opinion(0.1)], False, id="one-of-three"),
        pytest.param(
            [opinion(0.9), opinion(0.8), opinion(0.9, ok=False), opinion(0.1)], False, id="two-of-four"
        ),
        pytest.param(
            [opinion(0.9), opinion(0.9), opinion(0.0, failure="x")], True, id="two-of-three-answered"
        ),
    ],
)
def test_more_than_half_have_to_pass(opinions, passed):
    assert (passes_up_to(opinions) >= 0.75) is passed


OPINIONS = st.lists(
    st.builds(opinion, st.floats(0, 1), ok=st.booleans(), failure=st.sampled_from(["", "", "", "no JSON"])),
    min_size=1,
    max_size=7,
)


@given(OPINIONS, st.floats(0, 1))
def test_the_level_says_at_which_thresholds_a_majority_passes(opinions, threshold):
    votes = sum(
        not o.failure and all(f.ok for f in o.findings) and o.confidence >= threshold for o in opinions
    )
    assert (passes_up_to(opinions) >= threshold) == (2 * votes > len(opinions))


@given(OPINIONS)
def test_what_passes_has_a_confidence_from_the_threshold_on(opinions):
    """So the confidence of an event can be held against its threshold."""
    assert confidence_of(opinions) >= passes_up_to(opinions)


def test_the_confidence_of_an_even_committee_is_the_doubtful_one_s():
    assert majority_level([0.9, 0.3]) == 0.3
    assert majority_level([0.9, 0.8, 0.3]) == 0.8
    assert passes_up_to([opinion(1.0, ok=False)]) == NEVER
    with pytest.raises(ValueError, match="without members"):
        majority_level([])


FILE = """
committee = ["b", "c"]
[llm]
model = "a"
base_url = "http://one/v1"
usd_per_mtok_in = 1.0
usd_per_mtok_out = 2.0
[roles.checker]
timeout_s = 7
"""


def read(tmp_path, text: str) -> Settings:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    return load(path)


def test_without_a_committee_the_checker_decides_alone(tmp_path):
    settings = read(tmp_path, FILE.replace('committee = ["b", "c"]', ""))
    assert [each.model for each in settings.endpoints("checker")] == ["a"]


def test_a_member_is_the_checker_with_another_model(tmp_path):
    settings = read(tmp_path, FILE)
    assert [(m.model, m.base_url, m.timeout_s) for m in settings.endpoints("checker")] == [
        ("b", "http://one/v1", 7),
        ("c", "http://one/v1", 7),
    ]
    assert [each.model for each in settings.endpoints("judge")] == ["a"]
    assert models_of(settings)["checker"] == "b, c"
    assert not settings.offline


def test_a_member_s_price_is_not_the_checker_s(tmp_path):
    assert read(tmp_path, FILE).unpriced == ("b", "c")
    priced = FILE + "[prices.b]\nusd_per_mtok_in = 1\nusd_per_mtok_out = 1\n"
    assert read(tmp_path, priced).unpriced == ("c",)


def test_a_member_can_be_somewhere_else(tmp_path):
    tables = """
[[committee]]
model = "b"
base_url = "http://two/v1"
concurrency = 3
[[committee]]
temperature = 0.5
"""
    first, second = read(tmp_path, FILE.replace('committee = ["b", "c"]', "") + tables).endpoints("checker")
    assert (first.model, first.base_url, first.concurrency) == ("b", "http://two/v1", 3)
    assert (second.model, second.temperature) == ("a", 0.5)


@pytest.mark.parametrize("members", ['["b", "b"]', '["a", {}]'])
def test_a_model_has_one_vote(tmp_path, members):
    with pytest.raises(SettingsError, match=r"committee: .*is in it twice"):
        read(tmp_path, FILE.replace('["b", "c"]', members))


def test_a_committee_of_offline_teachers_is_offline_and_of_others_is_not(tmp_path):
    assert read(tmp_path, 'committee = ["offline-teacher", "offline-teacher-b"]').offline
    assert not read(tmp_path, 'committee = ["offline-teacher", "gpt-4.1"]').offline
    assert not read(tmp_path, '[[committee]]\nmodel = "offline-teacher"\nbase_url = "http://x/v1"').offline


def test_processes_of_one_s_own_get_the_whole_committee(tmp_path, monkeypatch):
    tables = '[[committee]]\nmodel = "b"\napi_key = "secret"\n[[committee]]\nmodel = "c"\n'
    settings = read(tmp_path, tables + '[llm]\nmodel = "a"\n')
    for name, value in environment_of(settings).items():
        monkeypatch.setenv(name, value)

    members = load().endpoints("checker")

    assert [member.model for member in members] == ["b", "c"]
    assert members[0].api_key.get_secret_value() == "secret"


def test_settings_show_no_key_of_a_member():
    settings = Settings(committee=[Endpoint(model="b", api_key=SecretStr("secret")).model_dump()])
    assert "secret" not in repr(settings)
