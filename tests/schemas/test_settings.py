"""Where settings come from, and who wins."""

import pytest

from schemas.settings import ROLES, Price, Settings, SettingsError, load


def write(tmp_path, text):
    path = tmp_path / "settings.toml"
    path.write_text(text)
    return path


def test_without_any_endpoint_the_offline_teacher_answers():
    assert load().offline


def test_a_role_overlays_the_common_endpoint(tmp_path):
    settings = load(
        write(tmp_path, '[llm]\nmodel = "a"\nbase_url = "u"\nconcurrency = 8\n[roles.judge]\nmodel = "b"\n')
    )
    assert (settings.endpoint("judge").model, settings.endpoint("judge").concurrency) == ("b", 8)
    assert {settings.endpoint(role).model for role in ROLES} == {"a", "b"}
    assert not settings.offline


def test_the_environment_wins_over_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("GENESISFUNC_CONFIDENCE_THRESHOLD", "0.9")
    monkeypatch.setenv("GENESISFUNC_ROLES__JUDGE__MODEL", "c")
    settings = load(write(tmp_path, 'confidence_threshold = 0.5\n[roles.judge]\nmodel = "b"\n'))
    assert settings.confidence_threshold == 0.9
    assert settings.endpoint("judge").model == "c"


def test_openai_s_own_variables_are_read(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:8000/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setenv("OPENAI_MODEL", "m")
    endpoint = load().endpoint("user")
    assert (endpoint.base_url, endpoint.model) == ("http://localhost:8000/v1", "m")
    assert endpoint.api_key.get_secret_value() == "secret"


def test_a_key_is_not_shown(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    assert "very-secret" not in repr(load()) + str(load().model_dump())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("confidence_threshold = 3", "confidence_threshold", id="out-of-range"),
        pytest.param("[roles.jugde]\nmodel = 'x'", "jugde", id="unknown-role"),
        pytest.param("[llm]\nmodle = 'x'", "llm.modle", id="unknown-key"),
        pytest.param("llm = 3", "table", id="no-table"),
        pytest.param("confidence = ", "cannot be read", id="no-toml"),
    ],
)
def test_a_bad_file_is_refused_with_the_place(tmp_path, text, says):
    with pytest.raises(SettingsError, match=says):
        load(write(tmp_path, text))


def test_models_share_a_table_of_prices(tmp_path):
    settings = load(
        write(
            tmp_path,
            """
            llm.model = "a"
            roles.judge.model = "b"
            roles.checker = { model = "b", usd_per_mtok_out = 9.0 }
            [prices.a]
            usd_per_mtok_in = 2.0
            usd_per_mtok_out = 8.0
            [prices."b"]
            usd_per_mtok_in = 1.0
            usd_per_mtok_cached = 0.25
            usd_per_mtok_out = 4.0
            """,
        )
    )
    user, judge, checker = map(settings.endpoint, ("user", "judge", "checker"))
    assert (user.usd_per_mtok_in, user.usd_per_mtok_cached, user.usd_per_mtok_out) == (2.0, None, 8.0)
    assert (judge.usd_per_mtok_in, judge.usd_per_mtok_cached, judge.usd_per_mtok_out) == (1.0, 0.25, 4.0)
    assert (checker.usd_per_mtok_in, checker.usd_per_mtok_out) == (1.0, 9.0), "its own field wins"
    assert settings.unpriced == ()


def test_prices_go_with_their_model(tmp_path):
    text = '[llm]\nmodel = "a"\nusd_per_mtok_in = 1.0\nusd_per_mtok_out = 2.0\n[roles.{}]\nmodel = "{}"'
    settings = load(write(tmp_path, text.format("judge", "b")))
    assert settings.endpoint("judge").usd_per_mtok_in is None
    assert settings.endpoint("user").usd_per_mtok_in == 1.0
    assert settings.unpriced == ("b",)
    assert load(write(tmp_path, text.format("judge", "a"))).unpriced == ()


def test_nothing_is_a_price_but_half_a_price_is_none(tmp_path):
    free = "usd_per_mtok_in = 0\nusd_per_mtok_out = 0\n"
    assert load(write(tmp_path, f'[llm]\nmodel = "a"\n{free}')).unpriced == ()
    assert load(write(tmp_path, '[llm]\nmodel = "a"\nusd_per_mtok_in = 1\n')).unpriced == ("a",)
    assert load().unpriced == (), "the offline teacher"


@pytest.mark.parametrize(
    ("price", "usd"),
    [
        pytest.param(Price(usd_per_mtok_in=2.0, usd_per_mtok_out=8.0), 1000 * 2.0 + 100 * 8.0, id="plain"),
        pytest.param(
            Price(usd_per_mtok_in=2.0, usd_per_mtok_cached=0.5, usd_per_mtok_out=8.0),
            400 * 2.0 + 600 * 0.5 + 100 * 8.0,
            id="cached",
        ),
        pytest.param(Price(), 0.0, id="unknown"),
    ],
)
def test_a_call_costs_what_its_tokens_do(price, usd):
    assert price.of(tokens_in=1000, cached=600, tokens_out=100) == pytest.approx(usd / 1e6)


def test_processes_of_our_own_get_the_same_settings(tmp_path, monkeypatch):
    from cli.hosting import environment_of

    settings = load(
        write(
            tmp_path,
            '[llm]\nmodel = "a"\napi_key = "k"\n[roles.judge]\nmodel = "b"\ntemperature = 0.5\n'
            '[prices."org/b-2.5"]\nusd_per_mtok_in = 0.1\n',
        )
    ).model_copy(update={"nats_url": "nats://127.0.0.1:1", "workers": 3})
    for name, value in environment_of(settings).items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings
