"""One world inside a dialogue: what was returned once stays so.

A tool's result is drawn from its call alone (`function.result`). Here it is held against all that the
dialogue's tools returned before: the same call returns the same again, and what is known of a thing (an
order, a hotel, the weather in Lisbon) is repeated wherever a later result speaks of it.

A thing is known by an id or a name that stands in a result or an argument, or by the arguments that say
what a call is about. Figures, dates and states belong to the circumstances of the call that returned
them: the price on another day may be another one, the product's name may not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from agents.teacher.answers import error_of
from agents.teacher.words import split_name, word_set

Fields = Mapping[str, Any]

_IDS = word_set("id uuid guid reference ref number no code key symbol ticker sku isbn vin")
_NAMES = word_set("name title email username")
_STATES = word_set("status state message success result value summary score note details confirmed valid")
"""Fields that speak of the call, or of a moment, rather than of a thing."""
_PASSING = word_set("date time condition unit currency")
_CIRCUMSTANCES = word_set(
    """
    unit units format language lang limit page size offset sort order verbose detailed mode locale max
    min top include type timezone date time start end from to year month day days currency period
    """
)
"""Parameters that say how, when or how much, not about what."""


def is_identity(name: str, value: Any) -> bool:
    """Whether a field tells which thing is meant."""
    last = (split_name(name) or ("",))[-1]
    if isinstance(value, str):
        return len(value) > 1 and last in _IDS | _NAMES
    return isinstance(value, int) and not isinstance(value, bool) and last in ("id", "number", "code")


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


def _is_lasting(name: str, value: Any) -> bool:
    """The field stays the same whatever the circumstances: names, addresses, ids."""
    tokens = set(split_name(name))
    return isinstance(value, str) and not tokens & (_STATES | _PASSING)


def _subject(arguments: Fields) -> frozenset[tuple[str, Any]]:
    """What a call is about, without its circumstances."""
    return frozenset(
        (name, value)
        for name, value in arguments.items()
        if isinstance(value, str | int | float)
        and not isinstance(value, bool)
        and not set(split_name(name)) & _CIRCUMSTANCES
    )


def _conflict(left: Fields, right: Fields) -> bool:
    return any(name in right and right[name] != value for name, value in left.items())


def call_key(name: str, arguments: Fields) -> bytes:
    """Equal for calls that ask the same."""
    return msgspec.json.encode([name, arguments], order="deterministic")


@dataclass(frozen=True)
class _Fact:
    """Fields of a thing, and the call that returned them."""

    fields: Fields
    tool: str
    arguments: Fields
    identity: tuple[str, Any] | None = None
    """Field and value that say which thing it is; None: the arguments together do."""

    def is_of(self, name: str, value: Any) -> bool:
        """Whether an argument or a field stands for this thing."""
        if self.identity is None or self.identity[1] != value or type(self.identity[1]) is not type(value):
            return False
        # Numbers are unique among things of one sort only.
        return isinstance(value, str) or name == self.identity[0] or "id" in (name, self.identity[0])


@dataclass
class World:
    """What the tools of a dialogue returned so far."""

    results: dict[bytes, Any] = field(default_factory=dict)
    """Call -> its last result that was no error."""
    facts: list[_Fact] = field(default_factory=list)
    """The newest last."""

    @classmethod
    def of(cls, conversation: list[dict[str, Any]]) -> "World":
        """The world after a conversation (`agents.role.conversation_view`)."""
        world = cls()
        calls: dict[str, tuple[str, dict[str, Any]]] = {}
        for message in conversation:
            for call in message.get("calls") or ():
                calls[str(call.get("id"))] = (str(call.get("name")), call.get("arguments") or {})
            if message.get("role") == "tool" and (call := calls.get(str(message.get("call_id")))) is not None:
                try:
                    world.add(*call, msgspec.json.decode(str(message.get("content"))))
                except msgspec.DecodeError:
                    continue
        return world

    def add(self, name: str, arguments: Fields, result: Any) -> None:
        """Remember what a call returned."""
        if error_of(result):
            return
        self.results[call_key(name, arguments)] = result
        for thing in _things(result):
            fields = {key: value for key, value in thing.items() if _is_plain(value)}
            for key, value in fields.items():
                if is_identity(key, value):
                    self.facts.append(_Fact(fields, name, arguments, (key, value)))
        if not isinstance(result, dict):
            return
        fields = {key: value for key, value in result.items() if _is_plain(value)}
        for key, value in arguments.items():
            if is_identity(key, value):
                self.facts.append(_Fact({key: value, **fields}, name, arguments, (key, value)))
        if _subject(arguments):
            self.facts.append(_Fact(fields, name, arguments))

    def again(self, name: str, arguments: Fields) -> Any | None:
        """What the same call returned before; None if it never succeeded."""
        return self.results.get(call_key(name, arguments))

    def settled(self, name: str, arguments: Fields, result: Any, changes: bool, computes: bool) -> Any:
        """The result of a new call, in agreement with what is known.

        Args:
            changes: the call makes something new of things, so that states and references are its own.
            computes: the call works something out, so that figures are its own.
        """
        if _rows(result):
            return [self._settled_row(row, arguments) for row in result]
        if not isinstance(result, dict):
            return result
        known = self.about(arguments)
        if not changes:
            known = self._like(name, arguments) | known
        made = {}
        for key, value in result.items():
            if _rows(value):
                made[key] = [self._settled_row(row, arguments) for row in value]
            elif (
                key in known
                and key not in arguments
                and not (changes and (is_identity(key, value) or set(split_name(key)) & _STATES))
                and not (computes and isinstance(value, int | float))
                and _alike(known[key], value)
            ):
                made[key] = known[key]
            else:
                made[key] = value
        return made

    def _settled_row(self, row: dict[str, Any], arguments: Fields) -> dict[str, Any]:
        """An entry of a list, with what is known of it."""
        named = next(((key, value) for key, value in row.items() if is_identity(key, value)), None)
        known = self._of_thing(*named, arguments) if named is not None else {}
        return {
            key: known[key] if key in known and _alike(known[key], value) else value
            for key, value in row.items()
        }

    def about(self, arguments: Fields) -> dict[str, Any]:
        """What is known of the things that ids and names among the arguments stand for; the first counts."""
        known: dict[str, Any] = {}
        for key, value in reversed(list(arguments.items())):
            if isinstance(value, str) or is_identity(key, value):
                known |= self._of_thing(key, value, {k: v for k, v in arguments.items() if k != key})
        return known

    def _like(self, tool: str, arguments: Fields) -> dict[str, Any]:
        """What kin tools returned for the same subject: the weather in Lisbon, asked for in two ways."""
        subject = _subject(arguments)
        known: dict[str, Any] = {}
        for fact in self.facts:
            if fact.identity is not None or not subject or not _kin(fact.tool, tool):
                continue
            other = _subject(fact.arguments)
            if (subject <= other or other <= subject) and not _conflict(fact.arguments, arguments):
                known |= {k: v for k, v in fact.fields.items() if not set(split_name(k)) & _STATES}
        return known

    def _of_thing(self, name: str, value: Any, arguments: Fields) -> dict[str, Any]:
        known: dict[str, Any] = {}
        for fact in self.facts:
            if not fact.is_of(name, value):
                continue
            if _conflict(fact.arguments, arguments):
                known |= {key: value for key, value in fact.fields.items() if _is_lasting(key, value)}
            else:
                known |= fact.fields
        return known


_VERBS = word_set(
    "get find fetch retrieve list search show check lookup look current info information details"
)


def _kin(left: str, right: str) -> bool:
    """Two tools are about the same sort of thing, as far as their names say."""
    a, b = (frozenset(split_name(name)) - _VERBS for name in (left, right))
    return left == right or 2 * len(a & b) > min(len(a), len(b))


def _rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _things(result: Any) -> Iterator[dict[str, Any]]:
    """Every object in a result, the outer ones first."""
    if isinstance(result, dict):
        yield result
        for child in result.values():
            yield from _things(child)
    elif isinstance(result, list):
        for child in result:
            yield from _things(child)


def _alike(known: Any, made: Any) -> bool:
    """Both are of the same sort, so that one can stand for the other."""
    if isinstance(known, bool) or isinstance(made, bool):
        return type(known) is type(made)
    return _is_plain(made) and isinstance(known, str) is isinstance(made, str)
