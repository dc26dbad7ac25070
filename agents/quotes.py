"""Whether words that a model gives as evidence stand in what it was shown."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

_ESCAPE = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_NO_WORD = re.compile(r"[^\w.,-]+|_|(?<!\d)[.,]|[.,](?!\d)|-(?!\d)")
_ELISION = re.compile(r"\.{3,}|…")


def sources(shown: Iterable[Any]) -> tuple[str, ...]:
    """What may be quoted: each message and each tool by itself, since no quote runs over two of them."""
    return tuple(_words(msgspec.json.encode(each).decode()) for each in shown)


def stands(quote: str, sources: Sequence[str]) -> bool:
    """Whether a quote stands in one of the sources, word for word.

    Letter case, spacing, punctuation and JSON's escapes are not compared, for models copy them as they like;
    words and numbers are, whole and in order. Parts divided by an ellipsis have to stand in the same source,
    in that order. A quote without words (`{}`, or nothing) stands nowhere.
    """
    parts = [re.compile(_whole(part)) for part in map(_words, _ELISION.split(quote)) if part]
    return bool(parts) and any(_in_order(parts, source) for source in sources)


def _in_order(parts: Iterable[re.Pattern[str]], source: str) -> bool:
    at = 0
    for part in parts:
        found = part.search(source, at)
        if found is None:
            return False
        at = found.end()
    return True


def _words(text: str) -> str:
    """The words of a text with single spaces between them; decimals and dates stay whole."""
    plain = _ESCAPE.sub(_unescaped, text.casefold())
    return " ".join(_NO_WORD.sub(" ", plain).split())


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16)).casefold()
    return " " if match[2] in 'nrt"/' else match[2]


def _whole(words: str) -> str:
    """A pattern of the words that begins and ends with no piece of another one.

    Scripts without spaces between words have no such pieces, so only the ends of Latin words and of numbers
    are held to it.
    """
    before = r"(?<![0-9a-z-])(?<!\d[.,])" if re.match("[0-9a-z-]", words) else ""
    after = r"(?![0-9a-z])(?![.,-]\d)" if re.search("[0-9a-z]$", words) else ""
    return before + re.escape(words) + after
