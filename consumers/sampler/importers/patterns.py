"""Regular expressions that may take exponential time, found by reading them.

A backtracking engine needs exponential time where a repeat encloses another variable repeat and the
same text can be split between the two in several ways: `(a+)+`, `(\\w\\s?)*`. The lint builds the
Glushkov automaton of each outer repeat: which characters may follow which. If a character can go to two
places, or to one place by two ways, the split is ambiguous and the pattern is refused. A separator makes
it unambiguous, so `[a-z]+(-[a-z]+)*` and `([a-z]+\\.)+` pass.

The lint is conservative within nested repeats: it may refuse a harmless one. It does not look for
polynomial time (`\\d+\\d+x`), nor for overlap between alternatives longer than a character without a
repeat in them (`(ab|ab)*`), nor across back references. What it cannot read it lets pass: whether a
pattern is valid is decided elsewhere.
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

MANY = 10
"""A repeat that may go on this often counts as unbounded."""
UNROLLED = 16
"""A counted repeat up to here is unrolled; beyond it is read as a loop."""
MAX_POSITIONS = 600
"""An automaton larger than this is not built, and its pattern refused."""

# ASCII, and letters, a space and a sign beyond it, which \w, \s and negated sets may also match.
_SAMPLE = [chr(code) for code in range(128)] + ["é", "ß", "中", "\u00a0", "€"]
_EVERYTHING = frozenset(_SAMPLE)


@dataclass(frozen=True)
class _Char:
    """One character out of a set."""

    chars: frozenset[str]


@dataclass(frozen=True)
class _Repeat:
    body: "_Node"
    least: int
    most: int | None


@dataclass(frozen=True)
class _Sequence:
    parts: tuple["_Node", ...]


@dataclass(frozen=True)
class _Choice:
    options: tuple["_Node", ...]


_Node = _Char | _Repeat | _Sequence | _Choice
_EMPTY = _Sequence(())


class _Unreadable(Exception):
    """The pattern is not in the syntax this lint reads."""


def catastrophic(pattern: str) -> bool:
    """Whether matching may take time exponential in the length of the text."""
    try:
        node = _Reader(pattern).read()
    except (_Unreadable, RecursionError):
        return False
    return any(_ambiguous(repeat) for repeat in _repeats(node))


# --- reading -------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"""
      \\(?:[pP]\{[^}]*\} | u\{[0-9a-fA-F]+\} | u[0-9a-fA-F]{4} | x[0-9a-fA-F]{2} | k<\w+> | .)
    | \[\^?\]?(?:\\. | \[:\w+:\] | [^\]\\])*\]
    | \((?:\?(?:P?<(?![=!])\w+> | <?[=!] | [a-zA-Z]*(?:-[a-zA-Z]+)?:? | >))?
    | (?: [*+?] | \{\d+(?:,\d*)?\} ) [?+]?
    | .
    """,
    re.VERBOSE | re.DOTALL,
)
_LOOK_AROUND = ("(?=", "(?!", "(?<=", "(?<!")
_ZERO_WIDTH = ("^", "$", r"\b", r"\B", r"\A", r"\Z", r"\z")


class _Reader:
    """Recursive descent over the tokens of a pattern."""

    def __init__(self, pattern: str) -> None:
        self._tokens = _TOKEN.findall(pattern)
        self._next = 0

    def read(self) -> _Node:
        node = self._choice()
        if self._next < len(self._tokens):
            raise _Unreadable
        return node

    def _peek(self) -> str:
        return self._tokens[self._next] if self._next < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self._next += 1
        return token

    def _choice(self) -> _Node:
        options = [self._sequence()]
        while self._peek() == "|":
            self._take()
            options.append(self._sequence())
        return options[0] if len(options) == 1 else _Choice(tuple(options))

    def _sequence(self) -> _Node:
        parts: list[_Node] = []
        while (token := self._peek()) and token not in ("|", ")"):
            parts.append(self._repeated(self._atom()))
        return _Sequence(tuple(parts))

    def _repeated(self, node: _Node) -> _Node:
        while bounds := _bounds(self._peek()):
            self._take()
            node = _Repeat(node, *bounds)
        return node

    def _atom(self) -> _Node:
        token = self._take()
        if token.startswith("("):
            if token.startswith("(?") and token[-1] not in ":>=!":
                return _EMPTY if self._take() == ")" else self._fail()  # flags: (?i)
            node = self._choice()
            if self._take() != ")":
                raise _Unreadable
            # Look-around takes no text. Its own repeats matter, so it stays in the tree, taken zero times.
            return _Repeat(node, 0, 0) if token in _LOOK_AROUND else node
        if _bounds(token):
            raise _Unreadable
        return _EMPTY if token in _ZERO_WIDTH else _Char(_characters(token))

    @staticmethod
    def _fail() -> _Node:
        raise _Unreadable


def _bounds(token: str) -> tuple[int, int | None] | None:
    """How often a quantifier token repeats, as (least, most); None if it is no quantifier."""
    if token[:1] in ("*", "+", "?"):
        return {"*": (0, None), "+": (1, None), "?": (0, 1)}[token[0]]
    if not re.fullmatch(r"\{\d+(,\d*)?\}[?+]?", token):
        return None
    least, comma, most = token.rstrip("?+")[1:-1].partition(",")
    return int(least), (int(most) if most else None) if comma else int(least)


@lru_cache(maxsize=1024)
def _characters(atom: str) -> frozenset[str]:
    """The sampled characters an atom matches; all of them where it cannot be told."""
    if re.match(r"\\[pPk1-9]", atom):
        return _EVERYTHING
    try:
        compiled = re.compile(atom)
    except re.error:
        return _EVERYTHING
    return frozenset(char for char in _SAMPLE if compiled.fullmatch(char))


# --- judging -------------------------------------------------------------------------------------


def _children(node: _Node) -> tuple[_Node, ...]:
    match node:
        case _Repeat(body):
            return (body,)
        case _Sequence(parts):
            return parts
        case _Choice(options):
            return options
        case _Char():
            return ()


def _repeats(node: _Node) -> list[_Repeat]:
    """Every repeat in the tree that may go on for long."""
    found = [repeat for child in _children(node) for repeat in _repeats(child)]
    if isinstance(node, _Repeat) and (node.most is None or node.most >= MANY):
        found.append(node)
    return found


def _variable(node: _Node) -> bool:
    """Whether a repeat in it may take more or less text, or two one-character alternatives overlap."""
    if isinstance(node, _Repeat) and node.least != node.most:
        return True
    if isinstance(node, _Choice):
        single = [char for option in node.options if (char := _only_char(option)) is not None]
        if sum(len(chars) for chars in single) > len(frozenset().union(*single)):
            return True
    return any(_variable(child) for child in _children(node))


def _only_char(node: _Node) -> frozenset[str] | None:
    if isinstance(node, _Sequence) and len(node.parts) == 1:
        node = node.parts[0]
    return node.chars if isinstance(node, _Char) else None


def _ambiguous(repeat: _Repeat) -> bool:
    """Whether text can be split among the rounds of a repeat in more than one way."""
    if not _variable(repeat.body):
        return False
    try:
        if _Automaton().add(repeat.body).empty and repeat.least >= MANY:
            return True  # (a?){30}: which of the thirty rounds are the empty ones?
        automaton = _Automaton()
        automaton.add(_Repeat(repeat.body, repeat.least, None))
    except _Unreadable:
        return True
    return automaton.forks()


@dataclass
class _Part:
    """A piece of the automaton: positions it may begin and end with, whether it may be empty."""

    first: list[int]
    last: list[int]
    empty: bool


class _Automaton:
    """Glushkov's: one state per character position. Each way from one to another is counted."""

    def __init__(self) -> None:
        self.positions: list[frozenset[str]] = []
        self.follow: dict[int, Counter[int]] = {}

    def forks(self) -> bool:
        """Whether some position has two ways to go on with the same character."""
        for ways in self.follow.values():
            seen: set[str] = set()
            for position, count in ways.items():
                chars = self.positions[position]
                if count > 1 or seen & chars:
                    return True
                seen |= chars
        return False

    def add(self, node: _Node) -> _Part:
        match node:
            case _Char(chars):
                if len(self.positions) >= MAX_POSITIONS:
                    raise _Unreadable
                self.positions.append(chars)
                here = len(self.positions) - 1
                return _Part([here], [here], False)
            case _Sequence(parts):
                whole = _Part([], [], True)
                for part in parts:
                    whole = self._then(whole, self.add(part))
                return whole
            case _Choice(options):
                added = [self.add(option) for option in options]
                return _Part(
                    [p for part in added for p in part.first],
                    [p for part in added for p in part.last],
                    any(part.empty for part in added),
                )
            case _Repeat(body, least, most):
                return self._repeat(body, least, most)

    def _repeat(self, body: _Node, least: int, most: int | None) -> _Part:
        if most == 0:
            return _Part([], [], True)
        if most is not None and most <= UNROLLED:
            # x{2,4} is x x (x (x)?)?: built from the inside out, so that each way exists once.
            copies = [self.add(body) for _ in range(most)]
            whole = _Part([], [], True)
            for index in reversed(range(most)):
                whole = self._then(copies[index], whole)
                whole.empty = whole.empty or index >= least
            return whole
        part = self.add(body)
        self._join(part.last, part.first)
        return _Part(part.first, part.last, part.empty or least == 0)

    def _then(self, left: _Part, right: _Part) -> _Part:
        self._join(left.last, right.first)
        return _Part(
            left.first + (right.first if left.empty else []),
            right.last + (left.last if right.empty else []),
            left.empty and right.empty,
        )

    def _join(self, ends: list[int], starts: list[int]) -> None:
        for end in ends:
            self.follow.setdefault(end, Counter()).update(starts)
