"""Whether a pattern is worth searching for, told in linear time.

Python's `re` tries every alternative of a pattern at every character: 50 µs for a page of text in which there
is nothing to find. The native validator brings an automaton (the Rust crate `regex`, as JSON Schema's
`pattern`) that says so in one. The two disagree on what a word or a space is, so a screen asks for less than
the pattern it stands before: whatever `re` finds, the screen lets through. `re` has the last word.
"""

import re
from collections.abc import Callable

import jsonschema_rs

Screen = Callable[[str], bool]
"""False: the pattern is certainly not in the text."""

_LOOK_AROUND = re.compile(r"\(\?<?[=!]")
_NOT_ASCII = r"\u0080-\U0010ffff"
_WIDER = {
    "w": rf"\w{_NOT_ASCII}",
    "d": rf"\d{_NOT_ASCII}",
    "s": rf"\s\x1c-\x1f{_NOT_ASCII}",
}
"""Escape -> what may stand in a class for it: all that is not ASCII may be a word, a digit, a space."""
_ANY = r"[\x00-\U0010ffff]"
_TURKISH = "[\u0130\u0131]"
"""To `re` these are an `i` where case does not count; to the automaton they are not."""


def screen(*patterns: re.Pattern[str]) -> Screen:
    """A test that holds for every text in which one of the patterns is found, and for few others."""
    flags = "".join(
        letter
        for flag, letter in ((re.IGNORECASE, "i"), (re.MULTILINE, "m"))
        if any(pattern.flags & flag for pattern in patterns)
    )
    prefix = f"(?{flags})" if flags else ""
    ascii_only = [loosened(pattern.pattern, boundaries=True) for pattern in patterns]
    widest = [loosened(pattern.pattern) for pattern in patterns] + [_TURKISH] * ("i" in flags)
    in_ascii, in_any = (_automaton(prefix + "|".join(branches)) for branches in (ascii_only, widest))

    def may_match(text: str) -> bool:
        try:
            return in_ascii(text) if text.isascii() else in_any(text)
        except ValueError:  # a lone surrogate, which no automaton over UTF-8 can read
            return True

    return may_match


def _automaton(pattern: str) -> Screen:
    return jsonschema_rs.Draft202012Validator(
        {"pattern": pattern}, pattern_options=jsonschema_rs.RegexOptions(), offline=True
    ).is_valid


def loosened(pattern: str, boundaries: bool = False) -> str:
    """A pattern that matches wherever this one does: no look-around, wider classes.

    Args:
        boundaries: keep `\\b`, on which the two engines agree in ASCII alone.
    """
    out: list[str] = []
    place = 0
    while place < len(pattern):
        if look := _LOOK_AROUND.match(pattern, place):
            place = _end_of_group(pattern, look.end())
        elif pattern[place] == "[":
            end = _end_of_class(pattern, place)
            out.append(_class(pattern[place + 1 : end - 1]))
            place = end
        elif pattern[place] == "\\":
            is_kept = boundaries and pattern[place + 1] == "b"
            out.append(r"\b" if is_kept else _escape(pattern[place + 1]))
            place += 2
        elif pattern[place] == "$":
            out.append(r"(?:\n?$)")  # to `re`, the end may have a line feed after it
            place += 1
        else:
            out.append(pattern[place])
            place += 1
    return "".join(out)


def _escape(letter: str) -> str:
    if letter in "bB":
        return ""
    if letter in _WIDER:
        return f"[{_WIDER[letter]}]"
    return _ANY if letter in "WDS" else f"\\{letter}"


def _class(inner: str) -> str:
    escapes = re.findall(r"\\([wdsWDS])", inner)
    if any(letter.isupper() for letter in escapes) or (inner.startswith("^") and escapes):
        return _ANY
    return "[" + re.sub(r"\\([wds])", lambda match: _WIDER[match[1]], inner).replace("[", r"\[") + "]"


def _end_of_class(pattern: str, start: int) -> int:
    place = start + 1 + pattern.startswith("^", start + 1)
    place += pattern.startswith("]", place)
    while pattern[place] != "]":
        place += 2 if pattern[place] == "\\" else 1
    return place + 1


def _end_of_group(pattern: str, place: int) -> int:
    """Where the group that is open at a place ends."""
    depth = 1
    while depth:
        if pattern[place] == "[":
            place = _end_of_class(pattern, place)
            continue
        depth += {"(": 1, ")": -1}.get(pattern[place], 0)
        place += 2 if pattern[place] == "\\" else 1
    return place
