"""The repair agent: plays the faulty turns again from the fault on, and says what that changes.

The words of the user stand. What the assistant should have done is decided anew (`assistant.decide`), what
the tools return comes from the same world (`function.respond`); a tool that failed for no fault of the call
fails again. Later turns are played again from the first move on that is no longer what the words ask for.
"""

import random
import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from agents.teacher import defects, thinking
from agents.teacher.answers import Outcome, error_of
from agents.teacher.assistant import Move, State, decide, study
from agents.teacher.card import Card
from agents.teacher.defects import Defect
from agents.teacher.function import respond
from agents.teacher.words import humanise, join, word_set

GIVES_UP = 0.04
"""How often it says that nothing can be done although something can, as a model does."""
LEAVES_FAULT = 0.04
"""How often it rewords the end of the faulty turn and leaves the fault in."""
MOST_STEPS = 5
"""Rounds of calls within one turn."""

_OF_MOVES = word_set(
    """
    planned_action question_is_asked needless_question uncalled_for planned_tools_are_called
    refinement_changes_the_call retry_repeats_the_call
    """
)
"""Faults that other words do not mend: the assistant should have made another move."""

Row = dict[str, Any]


def mend(
    cards: tuple[Card, ...],
    conversation: list[Row],
    faults: list[Row],
    rng: random.Random,
    salt: int,
    spoil: bool = False,
) -> tuple[dict[str, Any], Defect | None]:
    """The reply of the role `repair`, and the defect planted in it.

    Args:
        conversation: as the prompt shows it, with numbers.
        faults: likewise: the rule, the message and the problem of each.
        salt: the server's seed; another one makes another world.
        spoil: make a mistake on the way.
    """
    if rng.random() < GIVES_UP:
        return _given_up("I cannot tell what the message should be instead."), None
    if rng.random() < LEAVES_FAULT and conversation and _kind(conversation[-1]) == "answer":
        said = {**conversation[-1], "content": f"{conversation[-1]['content']} Is there anything else?"}
        edit = {"message": len(conversation) - 1, "becomes": [_written(said)]}
        return {"explanation": "I made the end friendlier, which should do.", "edits": [edit]}, None
    player = _Player(cards, conversation, faults, rng, salt, spoil)
    edits = [edit for turn in _turns(conversation) for edit in player.turn(turn)]
    if not edits:
        return _given_up("The messages are what the user's words call for."), None
    rules = join(sorted({str(fault.get("rule")) for fault in faults}))
    numbers = join([str(edit["message"]) for edit in edits])
    noun = "message" if len(edits) == 1 else "messages"
    return {
        "explanation": f"I wrote {noun} {numbers} anew, because of {rules}.",
        "edits": edits,
    }, player.defect


def _given_up(why: str) -> dict[str, Any]:
    return {"explanation": why, "edits": []}


def _turns(conversation: Sequence[Row]) -> Iterator[range]:
    """The messages of each turn, the user's first."""
    starts = [index for index, row in enumerate(conversation) if row.get("role") == "user"]
    for start, end in zip(starts, [*starts[1:], len(conversation)], strict=True):
        yield range(start, end)


class _Player:
    """Plays a conversation turn by turn; `played` is the conversation as it should have been."""

    def __init__(
        self,
        cards: tuple[Card, ...],
        conversation: list[Row],
        faults: list[Row],
        rng: random.Random,
        salt: int,
        spoil: bool,
    ) -> None:
        self.cards = cards
        self.conversation = conversation
        self.faults = faults
        self.named = {fault.get("message") for fault in faults}
        self.rng = rng
        self.salt = salt
        self.spoil = spoil
        self.defect: Defect | None = None
        self.thinks = any(row.get("thinking") for row in conversation)
        self.played: list[Row] = []
        self.start = 0
        """Number of the message after the user's, in the turn that is played."""
        self.changed = False
        """Calls or results of a turn before are no longer what they were."""

    def turn(self, turn: range) -> list[Row]:
        """Play the next turn; its edits."""
        user, *old = (self.conversation[index] for index in turn)
        self.start = turn.start + 1
        edits = []
        if turn.start in self.named and (content := self._without_names(user)) != user["content"]:
            user = {**user, "content": content}
            edits.append({"message": turn.start, "becomes": [_written(user)]})
        self.played.append(user)
        keep = self._sound(turn, old)
        if keep == len(old):
            self.played += old
            return edits
        new = [*old[:keep], *self._played_on(old, keep)]
        if self._of_moves(turn) and [*map(_move_of, old)] == [*map(_move_of, new)]:
            self.played[len(self.played) - len(new) :] = old
            return edits
        self.changed = self.changed or _done(old) != _done(new)
        return edits + _edits(turn.start + 1, old, new)

    def _of_moves(self, turn: range) -> bool:
        """All that is wrong in a turn are the assistant's moves."""
        rules = {fault.get("rule") for fault in self.faults if fault.get("message") in turn}
        return bool(rules) and rules <= _OF_MOVES

    def _without_names(self, user: Row) -> str:
        """The user's words with plain words for the names of tools."""
        text = str(user["content"])
        for card in sorted(self.cards, key=lambda card: -len(card.name)):
            if re.search(r"[_.]|[a-z][A-Z]", card.name):
                text = text.replace(card.name, humanise(card.name))
        return text

    def _sound(self, turn: range, old: Sequence[Row]) -> int:
        """How many of the turn's messages after the user's stand: those before the first fault, or before the
        first move that the conversation does not call for."""
        named = [index - self.start for index in turn[1:] if index in self.named]
        # Of a fault that is the turn's as a whole, or nobody's, the moves have to be looked at.
        doubtful = self.changed or turn.start in self.named or None in self.named
        stand = min(named, default=len(old))
        if doubtful:
            stand = min(stand, self._first_other(old))
        return stand

    def _first_other(self, old: Sequence[Row]) -> int:
        """The first message that is not the move the conversation before calls for."""
        for place, row in enumerate(old):
            if row.get("role") != "assistant":
                continue
            before = [*self.played, *old[:place]]
            state = study(before, self.cards)
            expected = decide(state, random.Random(0))
            if not row.get("calls"):
                rests_on_results = self.changed and state.turn == "user" and state.intent.kind == "question"
                if expected.action != row.get("action", "answer") or rests_on_results:
                    return place
            elif expected.action != "call" or _canonical(expected.calls) != _canonical(_calls(row)):
                return place
        return len(old)

    def _played_on(self, old: Sequence[Row], keep: int) -> list[Row]:
        """The turn from a place on, played anew; `played` gets the whole turn."""
        self.played += old[:keep]
        made: list[Row] = []
        if keep < len(old) and old[keep].get("role") == "tool":
            made += self._results_again(old, keep)
        for _ in range(MOST_STEPS):
            state = study([*self.played, *made], self.cards)
            move = self._move(state)
            if not move.calls:
                said = self._said_already(old, move, [*old[:keep], *made])
                made.append(said or self._row(state, move, len(made)))
                break
            row = self._row(state, move, len(made))
            made.append(row)
            made += self._results(row["calls"], [*self.played, *made[:-1]], state, old)
        self.played += made
        return made

    def _said_already(self, old: Sequence[Row], move: Move, new: Sequence[Row]) -> Row | None:
        """The words that end the turn, where they are sound and speak of the very same results."""
        last = self.start + len(old) - 1
        if (
            self.changed
            or not old
            or last in self.named
            or _kind(old[-1]) != move.action
            or self.defect is not None
        ):
            return None
        results = [row["content"] for row in self._sound_rows(old) if row.get("role") == "tool"]
        return old[-1] if results == [row["content"] for row in new if row.get("role") == "tool"] else None

    def _sound_rows(self, old: Sequence[Row]) -> list[Row]:
        return [row for place, row in enumerate(old) if self.start + place not in self.named]

    def _move(self, state: State) -> Move:
        move = decide(state, self.rng)
        if self.spoil and self.defect is None:
            spoiled = defects.spoil_move(state, move, self.rng)
            if spoiled is not None:
                move, self.defect = spoiled
        return move

    def _row(self, state: State, move: Move, place: int) -> Row:
        row: Row = {"role": "assistant"}
        if self.thinks:
            row["thinking"] = thinking.trace(state, move, self.rng)
        if not move.calls:
            return {**row, "content": move.message, "action": move.action}
        numbered = enumerate(move.calls)
        calls = [
            {"id": f"again_{len(self.played) + place}_{number}", "name": name, "arguments": arguments}
            for number, (name, arguments) in numbered
        ]
        return {**row, "calls": calls}

    def _results(
        self, calls: Sequence[Row], before: list[Row], state: State, old: Sequence[Row]
    ) -> list[Row]:
        """What the calls return. A result that was right stays, and a tool that was down is still down."""
        known = _returned(old, self._sound_rows(old))
        gives = [
            {"call_id": call["id"], "field": name, "schema": task.card.slot[name].schema}
            for call in calls
            for task in state.intent.tasks
            for name in task.links
            if task.card.name != call["name"]
        ]
        values = respond(
            {card.name: card for card in self.cards}, calls, before, {"fails": [], "gives": gives}, self.salt
        )
        rows = []
        for call, value in zip(calls, values, strict=True):
            same = next((o.result for o in known if _key(o) == _key(_outcome(call))), None)
            down = next((o.result for o in known if o.name == call["name"] and self._was_down(o)), None)
            rows.append(_result(call, same if same is not None else down if down is not None else value))
        return rows

    def _results_again(self, old: Sequence[Row], keep: int) -> list[Row]:
        """The results from a faulty one on: that one anew, the others as they are."""
        caller = next((row for row in reversed(old[:keep]) if row.get("calls")), None)
        if caller is None:
            return []
        answered = {row.get("call_id") for row in old[:keep] if row.get("role") == "tool"}
        sound = {row.get("call_id"): row for row in self._sound_rows(old) if row.get("role") == "tool"}
        made: list[Row] = []
        for call in caller["calls"]:
            if call["id"] in answered:
                continue
            if (kept := sound.get(call["id"])) is not None:
                made.append(kept)
                continue
            before = [*self.played, *made]
            [value] = respond({card.name: card for card in self.cards}, [call], before, {}, self.salt)
            made.append(_result(call, value))
        return made

    def _was_down(self, outcome: Outcome) -> bool:
        """A tool failed for no fault of the call: what is wrong with the call itself would be said of it."""
        error = error_of(outcome.result)
        if not error:
            return False
        call = {"id": "", "name": outcome.name, "arguments": outcome.arguments}
        [own] = respond({card.name: card for card in self.cards}, [call], [], {}, self.salt)
        return error_of(own) != error


def _outcome(call: Row) -> Outcome:
    return Outcome(str(call["name"]), call.get("arguments") or {}, None)


def _key(outcome: Outcome) -> bytes:
    return msgspec.json.encode([outcome.name, outcome.arguments], order="deterministic")


def _returned(turn: Sequence[Row], rows: Sequence[Row]) -> list[Outcome]:
    """The calls of a turn with what came of them, by some of its rows."""
    calls = {call["id"]: call for row in turn for call in row.get("calls") or ()}
    found = []
    for row in rows:
        call = calls.get(row.get("call_id"))
        if row.get("role") != "tool" or call is None:
            continue
        try:
            value = msgspec.json.decode(str(row.get("content")))
        except msgspec.DecodeError:
            continue
        found.append(_outcome(call)._replace(result=value))
    return found


def _calls(row: Row) -> tuple[tuple[str, dict[str, Any]], ...]:
    return tuple((str(call.get("name")), call.get("arguments") or {}) for call in row["calls"])


def _canonical(calls: Sequence[tuple[str, dict[str, Any]]]) -> list[bytes]:
    return sorted(msgspec.json.encode(call, order="deterministic") for call in calls)


def _done(rows: Sequence[Row]) -> list[Any]:
    """The calls of a turn and what they returned, without the words around them."""
    return [
        _canonical(_calls(row)) if row.get("calls") else row["content"]
        for row in rows
        if row.get("calls") or row.get("role") == "tool"
    ]


def _result(call: Row, value: Any) -> Row:
    content = msgspec.json.encode(value).decode()
    return {"role": "tool", "call_id": call["id"], "name": call["name"], "content": content}


# Edits


def _edits(start: int, old: Sequence[Row], new: Sequence[Row]) -> list[Row]:
    """What makes one stretch of messages of another: message by message where they match in kind."""
    head = 0
    while head < min(len(old), len(new)) and _same(old[head], new[head]):
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and _same(old[-1 - tail], new[-1 - tail]):
        tail += 1
    gone, come = old[head : len(old) - tail], new[head : len(new) - tail]
    first = start + head
    if [_kind(row) for row in gone] == [_kind(row) for row in come]:
        return [
            {"message": first + place, "becomes": [_written(after)]}
            for place, (before, after) in enumerate(zip(gone, come, strict=True))
            if not _same(before, after)
        ]
    written = [_written(row) for row in come]
    if gone:
        rest = [{"message": first + place, "becomes": []} for place in range(1, len(gone))]
        return [{"message": first, "becomes": written}, *rest]
    if head:
        return [{"message": first - 1, "becomes": [_written(old[head - 1]), *written]}]
    return [{"message": first, "becomes": [*written, _written(old[0])]}] if old else []


def _kind(row: Row) -> str:
    match row.get("role"):
        case "tool":
            return "result"
        case "user":
            return "user"
        case _:
            return "call" if row.get("calls") else str(row.get("action", "answer"))


def _move_of(row: Row) -> tuple[str, list[bytes]]:
    return _kind(row), _canonical(_calls(row)) if row.get("calls") else []


def _same(left: Row, right: Row) -> bool:
    if _kind(left) != _kind(right):
        return False
    if left.get("calls"):
        return _calls(left) == _calls(right)
    return bool(left.get("content") == right.get("content"))


def _written(row: Row) -> Row:
    """A message as the reply spells it."""
    kind = _kind(row)
    calls = row.get("calls") or ()
    return {
        "kind": kind,
        "thinking": str(row.get("thinking") or ""),
        "text": "" if kind == "call" else str(row.get("content")),
        "calls": [
            {"name": call["name"], "arguments": msgspec.json.encode(call["arguments"]).decode()}
            for call in calls
        ],
    }
