"""A replay: what a checker version says of dialogues that were judged long ago."""

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from schemas.findings import RuleFinding

ReplayStage = Literal["rule", "model"]


class Selection(Struct, frozen=True, kw_only=True):
    """Which stored dialogues a replay is about."""

    stored_until: datetime
    """Events that the store took in later do not belong to it, so that it has an end."""
    since: datetime | None = None
    """By the time of the stored event, this moment included."""
    until: datetime | None = None
    """The same, this moment left out."""
    run: str = ""
    scenario: str = ""
    sample: float = 1.0
    """Share of the dialogues; the same ones whenever the share is the same."""


class ReplayStarted(Struct, frozen=True, tag=True):
    name: str
    stage: ReplayStage
    checker: str
    """Producer of the new verdicts: `rule-checker@1+3f9c2a1d`."""
    source: str
    """Where the checker came from, as the user named it."""
    selection: Selection
    dialogues: int
    """How many the selection has."""


class ReplayItem(Struct, frozen=True):
    """A stored event, as it is stored: whoever checks it also says whether it can be read."""

    input_id: str
    run_id: str
    dialogue_id: str
    event: msgspec.Raw
    """JSON of the envelope; a row that is no JSON at all comes as a JSON text of itself."""


class ReplayBatch(Struct, frozen=True, tag=True):
    """Work for whoever replays: many dialogues a message, since messages cost more than rules."""

    name: str
    checker: str
    """The version that is wanted; another one must not answer."""
    items: tuple[ReplayItem, ...]


class ReplayVerdict(Struct, frozen=True, kw_only=True):
    input_id: str
    """The event that was replayed."""
    run_id: str
    dialogue_id: str
    scenario: str = ""
    passed: bool
    confidence: float | None = None
    threshold: float | None = None
    """Confidence needed; both are the model checker's."""
    findings: tuple[RuleFinding, ...] = ()
    """Those of the rules, or a finding for each question of the model checker that failed."""
    failure: str = ""
    """Why there is no verdict: the event cannot be read, or the model's answer."""


class ReplayChecked(Struct, frozen=True, tag=True):
    name: str
    verdicts: tuple[ReplayVerdict, ...]


class ReplayPromoted(Struct, frozen=True, tag=True):
    """The verdicts of a replay took effect."""

    name: str
    revoked: int
    """Acceptances taken back."""
    passed_on: int
    """Dialogues that were held back and go on now."""
    kept: int
    """Dialogues that people had accepted and the new checker would not; they stay accepted."""
