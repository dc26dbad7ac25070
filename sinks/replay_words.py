"""What a replay changes, in words and as plain values."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from sinks.replays import VERDICTS, Confusion, Diff, Example, Replay, RuleChange


def in_words(diff: Diff) -> str:
    """The difference in a paragraph for people."""
    table, done = diff.all, diff.promotion
    fails, passes = table.of("pass", "fail"), table.of("fail", "pass")
    of = f"Of {_dialogues(table.total)} {table.kept:,} keep{_s(table.kept)} {_their(table.kept)} verdict"
    parts = [
        of,
        f"{fails:,} that passed fail{_s(fails)} now{_mostly(diff.rules, lambda row: row.made_fail)}",
        f"{passes:,} that failed pass{_s(passes, 'es')} now{_mostly(diff.rules, lambda row: row.let_pass)}",
    ]
    if first := table.without_old:
        bad = table.of("none", "fail")
        fate = f"{bad:,} of which fail{_s(bad)}" if bad else "none of which fails"
        parts.append(f"{first:,} {_were(first)} not checked before, {fate}")
    if table.without_new:
        parts.append(f"{table.without_new:,} {'has' if table.without_new == 1 else 'have'} no new verdict")
    sentences = ["; ".join(parts)]
    if alone := sum(fault.alone for fault in diff.faults):
        sentences.append(
            f"{_dialogues(alone)} fail{_s(alone)} only because a rule raised: a fault of the checker, so "
            "that promoting would leave them as they are"
        )
    if diff.confidence:
        shift = diff.confidence.shift
        sentences.append(
            f"The mean confidence {'rises' if shift > 0 else 'falls'} by {abs(shift):.3f}"
            if abs(shift) >= 0.0005
            else "The mean confidence stays as it was"
        )
    if diff.replay.complete and diff.replay.promoted_at is None:
        against = f"; {_count(done.kept, 'acceptance')} by people would stay against it" if done.kept else ""
        sentences.append(
            f"Promoted now, it would take back {_count(done.revoked, 'acceptance')} and let "
            f"{_dialogues(done.passed_on)} go on that wait{_s(done.passed_on)} for a person{against}"
        )
    return ". ".join(sentences) + "."


def _mostly(rules: Sequence[RuleChange], figure: Callable[[RuleChange], int]) -> str:
    """The rules behind a change, the two most common ones."""
    named = sorted((row for row in rules if figure(row)), key=lambda row: (-figure(row), row.rule))
    if not named:
        return ""
    listed = " and ".join(f"{row.rule} ({figure(row):,})" for row in named[:2])
    return f", {'mostly ' if len(named) > 2 else ''}by {listed}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _dialogues(number: int) -> str:
    return _count(number, "dialogue")


def _s(number: int, ending: str = "s") -> str:
    """The ending of a verb with so many subjects."""
    return ending if number == 1 else ""


def _their(number: int) -> str:
    return "its" if number == 1 else "their"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def as_json(diff: Diff) -> dict[str, Any]:
    """The difference as plain values.

    Returns:
        replay {name, stage, checker, …, complete}; producers {old producer: verdicts}; summary; verdicts,
        by_scenario and by_state, each {old: {new: dialogues}}; promotion; rules; confidence; faults;
        failures; groups with their examples, a dialogue as its messages.
    """

    def table(of: Confusion) -> dict[str, dict[str, int]]:
        return {old: {new: of.of(old, new) for new in VERDICTS} for old in VERDICTS}

    def example(of: Example) -> dict[str, Any]:
        messages = of.dialogue.messages if of.dialogue else None
        return {
            "run_id": of.run_id,
            "dialogue_id": of.dialogue_id,
            "old": of.old,
            "new": of.new,
            "messages": messages,
        }

    found: dict[str, Any] = msgspec.to_builtins(
        {
            "replay": replay_json(diff.replay),
            "producers": diff.producers,
            "summary": in_words(diff),
            "verdicts": table(diff.all),
            "by_scenario": {name: table(of) for name, of in diff.by_scenario.items()},
            "by_state": {name: table(of) for name, of in diff.by_state.items()},
            "promotion": diff.promotion,
            "rules": diff.rules,
            "confidence": diff.confidence,
            "faults": diff.faults,
            "failures": diff.failures,
            "groups": [
                {
                    "change": group.change,
                    "rule": group.rule,
                    "dialogues": group.dialogues,
                    "examples": [example(one) for one in group.examples],
                }
                for group in diff.groups
            ],
        }
    )
    return found


def replay_json(replay: Replay) -> dict[str, Any]:
    """A replay as plain values."""
    found: dict[str, Any] = msgspec.to_builtins(replay)
    return found | {"complete": replay.complete}
