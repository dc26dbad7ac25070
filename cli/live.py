"""What a person sees while a run works: a live table on a terminal, a line now and then in a log."""

import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from streams.topology import STAGES, Lag, StageName

WINDOW_S = 10.0
"""Rates are means over this long."""
LINE_EVERY_S = 5.0


@dataclass
class Sample:
    at: float
    handled: Mapping[StageName, int]
    calls: int
    accepted: int


@dataclass
class View:
    """Feed it with `update`; it shows itself on standard error."""

    title: str
    target: int
    console: Console = field(default_factory=lambda: Console(stderr=True))
    against_limits: Callable[[], Mapping[str, str]] = dict
    """Spent over limit, of each budget there is."""
    _samples: deque[Sample] = field(default_factory=deque)
    _live: Live | None = None
    _last_line: float = 0.0
    _told_of_one: bool = False

    def __enter__(self) -> "View":
        if self.console.is_terminal:
            self._live = Live(console=self.console, refresh_per_second=4, transient=True)
            self._live.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._live is not None:
            self._live.__exit__(None, None, None)

    def update(
        self, status: Mapping[str, Any], lags: Mapping[StageName, Lag], dead: Mapping[str, int]
    ) -> None:
        now = time.monotonic()
        self._samples.append(
            Sample(
                now,
                {name: lag.handled for name, lag in lags.items()},
                status["llm"]["calls"],
                status["accepted"],
            )
        )
        while len(self._samples) > 2 and now - self._samples[0].at > WINDOW_S:
            self._samples.popleft()
        if self._live is not None:
            self._live.update(self._panel(status, lags, dead))
        elif now - self._last_line >= LINE_EVERY_S or (status["accepted"] and not self._told_of_one):
            self._last_line = now
            self._told_of_one = status["accepted"] > 0  # the first one is news
            sys.stderr.write(self._line(status, lags) + "\n")

    def _rate(self, of: str, stage: StageName | None = None) -> float:
        if len(self._samples) < 2:
            return 0.0
        first, last = self._samples[0], self._samples[-1]
        if stage is not None:
            done = last.handled.get(stage, 0) - first.handled.get(stage, 0)
        else:
            done = getattr(last, of) - getattr(first, of)
        return float(done / max(1e-3, last.at - first.at))

    def _eta(self, accepted: int) -> str:
        rate = self._rate("accepted")
        if accepted >= self.target:
            return "done"
        if rate <= 0:
            return "…"
        seconds = int((self.target - accepted) / rate)
        return f"{seconds // 60}:{seconds % 60:02d}"

    def _panel(
        self, status: Mapping[str, Any], lags: Mapping[StageName, Lag], dead: Mapping[str, int]
    ) -> Panel:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column("stage")
        for name in ("waiting", "under way", "done/s", "done", "again", "dead"):
            table.add_column(name, justify="right")
        for name in STAGES:
            lag = lags.get(name, Lag(0, 0, 0, 0))
            buried = dead.get(name, 0)
            table.add_row(
                name,
                _quiet(lag.pending),
                _quiet(lag.unacked),
                f"{self._rate('', name):.1f}",
                f"{lag.handled:,}",
                _quiet(lag.redelivered, "yellow"),
                _quiet(buried, "bold red"),
            )
        accepted = status["accepted"]
        progress = Table.grid(padding=(0, 2))
        progress.add_row(
            ProgressBar(total=self.target, completed=accepted, width=44),
            f"[bold]{accepted:,}[/] of {self.target:,} accepted",
            f"{self._rate('accepted'):.1f}/s",
            f"ETA {self._eta(accepted)}",
        )
        llm = status["llm"]
        states = Text.assemble(
            ("sampled ", "dim"), f"{status['sampled']:,}   ",
            ("in flight ", "dim"), f"{status['in_flight']:,}   ",
            ("needs review ", "dim"), f"{status['needs_review']:,}   ",
            ("rejected ", "dim"), f"{status['rejected']:,}   ",
            ("dead ", "dim"), f"{status['dead']:,}",
        )  # fmt: skip
        calls = Text.assemble(
            ("LLM calls ", "dim"), f"{llm['calls']:,} ({self._rate('calls'):.0f}/s)   ",
            ("failed ", "dim"), f"{llm['failed']:,}   ",
            ("tokens ", "dim"), f"{llm['prompt_tokens']:,} in, {llm['completion_tokens']:,} out   ",
            ("cost ", "dim"), f"${llm['cost_usd']:.2f}",
        )  # fmt: skip
        shown: list[RenderableType] = [progress, Text(), table, Text(), states, calls]
        if limits := self.against_limits():
            shown.append(Text.assemble(("budget ", "dim"), ",  ".join(f"{k} {v}" for k, v in limits.items())))
        return Panel(Group(*shown), title=self.title, title_align="left")

    def _line(self, status: Mapping[str, Any], lags: Mapping[StageName, Lag]) -> str:
        values = {
            "accepted": f"{status['accepted']}/{self.target}",
            "rate": f"{self._rate('accepted'):.1f}/s",
            "in_flight": status["in_flight"],
            "needs_review": status["needs_review"],
            "rejected": status["rejected"],
            "dead": status["dead"],
            "waiting": sum(lag.pending for lag in lags.values()),
            "llm_calls": status["llm"]["calls"],
            "llm_failed": status["llm"]["failed"],
            "cost_usd": f"{status['llm']['cost_usd']:.2f}",
            **{f"budget_{name}": text for name, text in self.against_limits().items()},
            "eta": self._eta(status["accepted"]),
        }
        return " ".join(f"{name}={value}" for name, value in values.items())


def _quiet(count: int, style: str = "") -> Text:
    """A zero is no news."""
    return Text(f"{count:,}", style) if count else Text("·", "dim")
