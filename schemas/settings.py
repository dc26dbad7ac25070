"""Every knob and its default, on one screen.

Sources, the first that speaks wins: command line, environment (`GENESISFUNC_…`, nested names joined by two
underscores: `GENESISFUNC_ROLES__JUDGE__MODEL`), the settings file (TOML), the defaults below.
`OPENAI_BASE_URL` and `OPENAI_API_KEY` are read as every OpenAI client reads them.
"""

import hashlib
import os
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

RoleName = Literal["sample", "user", "assistant", "function", "judge", "memory", "checker", "repair"]
ROLES: tuple[RoleName, ...] = (
    "sample",
    "user",
    "assistant",
    "function",
    "judge",
    "memory",
    "checker",
    "repair",
)

OFFLINE_MODEL = "offline-teacher"


class SettingsError(ValueError):
    """The settings file or the environment cannot be used; the message says which value and why."""


class Price(BaseModel):
    """What a model costs, in US dollars a million tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    usd_per_mtok_in: float | None = Field(default=None, ge=0)
    usd_per_mtok_cached: float | None = Field(default=None, ge=0)
    """Prompt tokens the endpoint had cached; None: as `usd_per_mtok_in`."""
    usd_per_mtok_out: float | None = Field(default=None, ge=0)

    @property
    def known(self) -> bool:
        """Both prices are stated; 0 is a price."""
        return self.usd_per_mtok_in is not None and self.usd_per_mtok_out is not None

    def of(self, tokens_in: int, cached: int, tokens_out: int) -> float:
        """US dollars of one call; `cached` are those of `tokens_in` that the endpoint had cached.

        What is not stated counts as nothing.
        """
        usd_in = self.usd_per_mtok_in or 0.0
        usd_cached = usd_in if self.usd_per_mtok_cached is None else self.usd_per_mtok_cached
        usd_out = self.usd_per_mtok_out or 0.0
        return ((tokens_in - cached) * usd_in + cached * usd_cached + tokens_out * usd_out) / 1e6


class Endpoint(Price):
    """A model behind an OpenAI-compatible endpoint, and how to use it.

    Prices left out are those of `[prices]` for its model.
    """

    model: str = ""
    base_url: str = ""
    api_key: SecretStr = SecretStr("")
    temperature: float | None = Field(default=None, ge=0, le=2)
    """None: the role's own default (0 for sample, judge, memory, checker and repair; 1 for the writers)."""
    concurrency: int = Field(default=32, ge=1)
    """Requests under way at once, in one process."""
    max_tokens: int = Field(default=4096, ge=1)
    timeout_s: float = Field(default=120.0, gt=0)


class RoleOverride(Price):
    """What one role does differently; a field left out is as in `[llm]`.

    Prices go with the model: those of `[llm]` are not taken over by a role that names another one.
    """

    model: str | None = None
    base_url: str | None = None
    api_key: SecretStr | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    concurrency: int | None = Field(default=None, ge=1)
    max_tokens: int | None = Field(default=None, ge=1)
    timeout_s: float | None = Field(default=None, gt=0)


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="GENESISFUNC_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    nats_url: str = "nats://127.0.0.1:4222"
    clickhouse_url: str = ""
    """`clickhouse://user:password@host:8123/database` is a server; `chdb:///folder` the embedded engine.
    Empty: the embedded engine in the data folder."""
    data_dir: Path = Path("genesisfunc-data")
    forbidden: Path | None = None
    """Index of the benchmark questions that no dialogue may repeat, which then has to exist; None:
    `forbidden.index` in the data folder, where there is one."""

    rules: tuple[Path, ...] = ()
    """Python files with rules of one's own, laid over the built-in ones; see `docs/checkers.md`."""

    replay: str = ""
    """Name of a replay that a rule or model checker works for, instead of live traffic."""

    llm: Endpoint = Endpoint()
    roles: dict[RoleName, RoleOverride] = {}
    committee: tuple[RoleOverride, ...] = ()
    """Models that check each dialogue, the majority of them deciding; a name alone will do. A field left
    out is as for the role checker, which alone decides where this is empty."""
    prices: dict[str, Price] = {}
    """By model, for all roles and endpoints that use it and state no prices of their own."""

    confidence_threshold: float = Field(default=0.75, ge=0, le=1)
    """The model checker passes a dialogue from here on (paper: 0.75)."""
    max_reply_attempts: int = Field(default=3, ge=1)
    """Times a reply that does not parse is asked for, with the error shown to the model."""
    max_call_attempts: int = Field(default=6, ge=1)
    """Tries of one request on 429, 5xx and time-outs before the message goes back to the stream."""
    max_steps: int = Field(default=5, ge=1)
    """Rounds of calls the assistant may make within one turn."""
    max_deliver: int = Field(default=5, ge=1)
    """Deliveries of a message before it is a dead letter."""
    ack_wait_s: float = Field(default=30.0, gt=0)
    ledger_days: float | None = Field(default=None, gt=0)
    """How long answers of models are kept for reuse, about 3 kB each; None: for ever."""
    workers: int = Field(default=32, ge=1)
    """Messages under way at once in one process of an LLM stage."""
    metrics_port: int | None = None
    """Serve Prometheus metrics here; None: not at all. 0 picks a free port."""
    metrics_host: str = "127.0.0.1"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # The file arrives as init values below, so the environment has to come before it.
        return env_settings, init_settings

    @field_validator("committee", mode="before")
    @classmethod
    def _names_alone(cls, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return value
        return [{"model": each} if isinstance(each, str) else each for each in value]

    @field_validator("committee")
    @classmethod
    def _told_apart(
        cls, committee: tuple[RoleOverride, ...], info: ValidationInfo
    ) -> tuple[RoleOverride, ...]:
        checker = _laid_over(info.data.get("llm", Endpoint()), info.data.get("roles", {}).get("checker"))
        models = [member.model or checker.model for member in committee]
        if twice := [model for model in models if models.count(model) > 1]:
            raise ValueError(
                f"{twice[0] or 'a member without a model'!r} is in it twice; a member is known by its model"
            )
        return committee

    def endpoint(self, role: RoleName) -> Endpoint:
        """The endpoint of a role: `[llm]` with the role's own fields laid over it."""
        return self._priced(_laid_over(self.llm, self.roles.get(role)))

    def endpoints(self, role: RoleName) -> tuple[Endpoint, ...]:
        """All that answer for a role: one, or as the checker the members of the committee."""
        if role != "checker" or not self.committee:
            return (self.endpoint(role),)
        own = _laid_over(self.llm, self.roles.get(role))
        return tuple(self._priced(_laid_over(own, member)) for member in self.committee)

    def _priced(self, own: Endpoint) -> Endpoint:
        listed = self.prices.get(own.model, Price())
        missing = {name: getattr(listed, name) for name in Price.model_fields if getattr(own, name) is None}
        return own.model_copy(update=missing)

    @property
    def _all_endpoints(self) -> tuple[Endpoint, ...]:
        return tuple(endpoint for role in ROLES for endpoint in self.endpoints(role))

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Models whose price is not known; the offline teacher has none and needs none."""
        found = {each.model for each in self._all_endpoints if not each.known}
        return tuple(sorted(model for model in found if model and not model.startswith(OFFLINE_MODEL)))

    @property
    def forbidden_index(self) -> Path:
        """Where the benchmark questions are that no dialogue may repeat."""
        return self.forbidden or self.data_dir / "forbidden.index"

    @property
    def planted_labels(self) -> Path:
        """Where the offline teacher of the data folder labels the faults it plants."""
        return self.data_dir / "teacher" / "defects.jsonl"

    @property
    def store_url(self) -> str:
        """Where events stay."""
        return self.clickhouse_url or f"chdb://{(self.data_dir / 'clickhouse').resolve()}"

    @property
    def offline(self) -> bool:
        """No endpoint is named anywhere: the offline teacher answers.

        Names that begin with its own may stand in the committee, so that one can be tried.
        """
        roles = any(each.base_url or each.model for each in map(self.endpoint, ROLES))
        members = self.endpoints("checker") if self.committee else ()
        return not roles and not any(
            each.base_url or not each.model.startswith(OFFLINE_MODEL) for each in members
        )


def _laid_over(base: Endpoint, override: RoleOverride | None) -> Endpoint:
    if override is None:
        return base
    changes = override.model_dump(exclude_none=True)
    if override.model not in (None, base.model):
        changes = dict.fromkeys(Price.model_fields) | changes
    return base.model_copy(update=changes)


def load(path: Path | None = None) -> Settings:
    """Read the settings once.

    Args:
        path: a TOML file; None: `$GENESISFUNC_SETTINGS`, else none.

    Raises:
        SettingsError: the file is missing or malformed, or a value is out of range.
    """
    path = path or (Path(found) if (found := os.environ.get("GENESISFUNC_SETTINGS")) else None)
    values: dict[str, Any] = {}
    if path is not None:
        try:
            values = tomllib.loads(path.read_text())
        except FileNotFoundError:
            raise SettingsError(f"settings file {path} does not exist") from None
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise SettingsError(f"settings file {path} cannot be read: {error}") from None
    llm = values.setdefault("llm", {})
    if not isinstance(llm, dict):
        raise SettingsError(f"settings file {path}: [llm] must be a table")
    for field, variable in (
        ("base_url", "OPENAI_BASE_URL"),
        ("api_key", "OPENAI_API_KEY"),
        ("model", "OPENAI_MODEL"),
    ):
        if field not in llm and (found := os.environ.get(variable)):
            llm[field] = found
    try:
        return Settings(**values)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()
        )
        raise SettingsError(f"settings{f' ({path})' if path else ''}: {problems}") from None


def behaviour_hash(*parts: object) -> str:
    """Eight hex digits over whatever decides a stage's behaviour: prompts, thresholds, model names."""
    return hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()[:8]
