"""What a person sees while a run works."""

import io

import pytest
from rich.console import Console

from cli.live import View
from streams.topology import STAGES, Lag

STATUS = {
    "accepted": 50,
    "sampled": 80,
    "in_flight": 20,
    "needs_review": 9,
    "rejected": 0,
    "dead": 1,
    "llm": {"calls": 1234, "failed": 7, "prompt_tokens": 99, "completion_tokens": 11, "cost_usd": 1.5},
}


def shown(monkeypatch: pytest.MonkeyPatch, *, later_accepted: int = 70) -> str:
    """The panel after two looks, two seconds apart."""
    clock = iter([100.0, 102.0])
    monkeypatch.setattr("cli.live.time.monotonic", lambda: next(clock))
    console = Console(file=io.StringIO(), force_terminal=True, width=120, color_system=None)
    view = View("run r1", 200, console)
    with view:
        lags = {name: Lag(3, 2, 0, 40) for name in STAGES}
        view.update(STATUS, lags, {"judge": 1})
        lags["judge"] = Lag(3, 2, 4, 60)
        view.update(STATUS | {"accepted": later_accepted}, lags, {"judge": 1})
        renderable = view._live.renderable
    console.file = io.StringIO()
    console.print(renderable)
    return console.file.getvalue()


def row(panel: str, stage: str) -> list[str]:
    return next(line.strip("│ ").split() for line in panel.splitlines() if f" {stage} " in line)


def test_each_stage_has_its_queue_its_throughput_and_its_failures(monkeypatch):
    panel = shown(monkeypatch)
    assert row(panel, "judge") == ["judge", "3", "2", "10.0", "60", "4", "1"]
    assert row(panel, "sink") == ["sink", "3", "2", "0.0", "40", "·", "·"]
    assert all(row(panel, stage) for stage in STAGES)


def test_progress_rate_and_time_left_are_shown(monkeypatch):
    panel = shown(monkeypatch)
    assert "70 of 200 accepted" in panel
    assert "10.0/s" in panel
    assert "ETA 0:13" in panel
    assert "LLM calls 1,234" in panel
    assert "$1.50" in panel


def test_spending_is_shown_beside_its_limit(monkeypatch, capsys):
    limits = {"usd": "1.5000/5.00", "tokens": "110/900"}
    console = Console(file=io.StringIO(), force_terminal=True, width=120, color_system=None)
    with View("run r1", 200, console, lambda: limits) as view:
        view.update(STATUS, {name: Lag(1, 0, 0, 0) for name in STAGES}, {})
        console.print(view._live.renderable)
    assert "budget usd 1.5000/5.00,  tokens 110/900" in console.file.getvalue()

    with View("run r1", 200, Console(file=io.StringIO(), force_terminal=False), lambda: limits) as view:
        view.update(STATUS, {name: Lag(1, 0, 0, 0) for name in STAGES}, {})
    assert "budget_usd=1.5000/5.00 budget_tokens=110/900" in capsys.readouterr().err


def test_a_finished_run_has_no_time_left(monkeypatch):
    assert "ETA done" in shown(monkeypatch, later_accepted=200)


def test_without_a_terminal_it_is_a_line_now_and_then(monkeypatch, capsys):
    clock = iter([100.0, 101.0, 106.0])
    monkeypatch.setattr("cli.live.time.monotonic", lambda: next(clock))
    with View("run r1", 200, Console(file=io.StringIO(), force_terminal=False)) as view:
        for _ in range(3):
            view.update(STATUS, {name: Lag(1, 0, 0, 0) for name in STAGES}, {})
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "accepted=50/200" in lines[0]
    assert f"waiting={len(STAGES)}" in lines[0]
    assert "cost_usd=1.50" in lines[0]
