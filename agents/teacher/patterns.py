"""A text that matches a regular expression, for the expressions that schemas use.

Understood are literals, classes, groups, alternatives and counts; look-arounds, back-references and
anything else are not (None), and then the caller makes do with another value.
"""

import random
import re
import string

_WORD = string.ascii_lowercase + string.digits
_CLASSES = {"d": string.digits, "w": _WORD, "s": " ", "D": string.ascii_lowercase, "W": "-", "S": _WORD}
_COUNT = re.compile(r"\{(\d+)(?:(,)(\d*))?\}|[*+?]")
_SPECIAL = frozenset("()[]{}|*+?^$.")


class _Unreadable(Exception):
    pass


def sample(pattern: str, rng: random.Random) -> str | None:
    """A text that the pattern matches from end to end."""
    try:
        text, end = _alternatives(pattern, 0, rng)
    except (_Unreadable, IndexError):
        return None
    try:
        return text if end == len(pattern) and re.search(pattern, text) else None
    except re.error:
        return None


def _alternatives(pattern: str, at: int, rng: random.Random) -> tuple[str, int]:
    options = []
    while True:
        text, at = _sequence(pattern, at, rng)
        options.append(text)
        if pattern[at : at + 1] != "|":
            return rng.choice(options), at
        at += 1


def _sequence(pattern: str, at: int, rng: random.Random) -> tuple[str, int]:
    parts = []
    while at < len(pattern) and pattern[at] not in "|)":
        start = at
        text, at = _atom(pattern, at, rng)
        count = _COUNT.match(pattern, at)
        if count is None:
            parts.append(text)
            continue
        # Each repetition is drawn anew: `\d{4}` is not one digit four times.
        parts += [_atom(pattern, start, rng)[0] for _ in range(_times(count, rng))]
        at = count.end()
        if pattern[at : at + 1] == "?":
            at += 1
    return "".join(parts), at


def _times(count: re.Match[str], rng: random.Random) -> int:
    match count[0]:
        case "*" | "+":
            return rng.randint(1, 4)
        case "?":
            return rng.randint(0, 1)
    low = int(count[1])
    if not count[2]:
        return low
    return rng.randint(low, min(int(count[3]), low + 6) if count[3] else low + 3)


def _atom(pattern: str, at: int, rng: random.Random) -> tuple[str, int]:
    letter = pattern[at]
    match letter:
        case "^" | "$":
            return "", at + 1
        case ".":
            return rng.choice(_WORD), at + 1
        case "\\":
            return _escaped(pattern[at + 1], rng), at + 2
        case "[":
            return _from_class(pattern, at + 1, rng)
        case "(":
            at += 1
            if pattern.startswith("?:", at):
                at += 2
            elif pattern[at] == "?":
                raise _Unreadable
            text, at = _alternatives(pattern, at, rng)
            if pattern[at] != ")":
                raise _Unreadable
            return text, at + 1
    if letter in _SPECIAL:
        raise _Unreadable
    return letter, at + 1


def _escaped(letter: str, rng: random.Random) -> str:
    if letter in _CLASSES:
        return rng.choice(_CLASSES[letter])
    if letter == "b":
        return ""
    if letter.isalnum():
        raise _Unreadable
    return letter


def _from_class(pattern: str, at: int, rng: random.Random) -> tuple[str, int]:
    negated = pattern[at] == "^"
    at += negated
    letters = ""
    first = True
    while pattern[at] != "]" or first:
        first = False
        if pattern[at] == "\\":
            letters += _CLASSES.get(pattern[at + 1], pattern[at + 1])
            at += 2
        elif pattern[at + 1] == "-" and pattern[at + 2] != "]":
            letters += "".join(map(chr, range(ord(pattern[at]), ord(pattern[at + 2]) + 1)))
            at += 3
        else:
            letters += pattern[at]
            at += 1
    if negated:
        letters = "".join(c for c in _WORD if c not in letters)
    if not letters:
        raise _Unreadable
    return rng.choice(letters), at + 1
