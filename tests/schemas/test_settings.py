"""Where settings come from, and who wins."""

import pytest

from schemas.settings import ROLES, Settings, SettingsError, load


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


def test_processes_of_our_own_get_the_same_settings(tmp_path, monkeypatch):
    from cli.hosting import environment_of

    settings = load(
        write(tmp_path, '[llm]\nmodel = "a"\napi_key = "k"\n[roles.judge]\nmodel = "b"\ntemperature = 0.5\n')
    ).model_copy(update={"nats_url": "nats://127.0.0.1:1", "workers": 3})
    for name, value in environment_of(settings).items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings
