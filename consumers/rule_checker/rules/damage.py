"""Did a text come to harm: garbled, broken off, or longer than anything that is worth training on?"""

import re
from collections.abc import Iterator

import msgspec

from consumers.rule_checker.rules.registry import Problem, rule
from consumers.rule_checker.rules.wording import some_text_may_be_cut_off
from consumers.rule_checker.screen import screen
from consumers.rule_checker.tool import shorten
from consumers.rule_checker.view import View
from schemas.dialogue import AssistantMessage, ToolMessage

# UTF-8 read as Latin-1 or Windows-1252: an e with its accent turns into Ã©, a pound sign into Â£.
_GARBLED = re.compile(
    "Ã[\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]|"
    "â(?:€|\u0080)|Â[\u00a0-\u00bf]|ðŸ|Ð[\u0080-\u00bf]Ñ|ï»¿"
)
_may_be_garbled = screen(_GARBLED)


@rule("structure", "error", "Decode the text as UTF-8.", when=lambda view: not view.everything.isascii())
def garbled_text(view: View) -> Iterator[Problem]:
    """No text in UTF-8 that was decoded as something else: `cafÃ©`, `itâ€™s`, `Â£20`."""
    for index, message in enumerate(view.messages):
        text = message.content
        if not text.isascii() and _may_be_garbled(text) and (match := _GARBLED.search(text)):
            around = text[max(0, match.start() - 12) : match.end() + 6]
            yield Problem(f"the text is garbled: {around!r}", index)


_LIST_LINE = re.compile(r"\s*(?:[-*•·#>|]|\(?\w{1,3}[.):]\s|\*\*)")
_WORD_AT_END = re.compile(r"[^\W_]\s*$")
_LABEL = re.compile(r"(?:\S+ ){0,3}\S+:\s+\S+(?:\s+\S+){0,2}\s*")


@rule(
    "structure",
    "error",
    "Finish the sentence, and close it with its mark.",
    when=some_text_may_be_cut_off,  # as every text may that ends in a letter
)
def unfinished_sentence(view: View) -> Iterator[Problem]:
    """The assistant's last sentence has its mark at the end: without, it most likely broke off.

    Looked at are sentences of four words or more in scripts that use such marks; the lines of lists, tables
    and code, and lines such as "Total: 20 EUR", may end as they like.
    """
    for index, message in enumerate(view.messages):
        text = message.content
        if not isinstance(message, AssistantMessage) or not text or not _WORD_AT_END.search(text[-8:]):
            continue
        line = text.rstrip().rpartition("\n")[2]
        last = re.split(r"[.!?…]\s+", line)[-1]
        if line.count(" ") < 3 or (not line.isascii() and not view.english):
            continue
        if _LIST_LINE.match(line) or _LABEL.fullmatch(last) or "://" in last:
            continue
        yield Problem(f"the text ends without a mark: {shorten(last[-60:])}", index)


def _some_text_is_in_a_loop(view: View) -> bool:
    return any(len(text) >= 90 and _is_in_a_loop(text) for text in view.said)


def _is_in_a_loop(text: str) -> bool:
    words = text.casefold().split()
    if len(words) < 30:
        return False
    # In sound texts a third of the words has enough different ones already.
    some = len(set(words[: len(words) // 3]))
    return 5 * some < len(words) and 5 * len(set(words)) < len(words)


@rule("structure", "error", "Say it once.", when=_some_text_is_in_a_loop)
def text_in_a_loop(view: View) -> Iterator[Problem]:
    """No message of thirty words or more in which every word stands five times or more on average."""
    for index, message in enumerate(view.messages):
        if isinstance(message, ToolMessage) or len(message.content) < 90:
            continue
        words = message.content.casefold().split()
        if len(words) >= 30 and 5 * len(set(words)) < len(words):
            text = f"{len(words)} words, of which {len(set(words))} differ: {shorten(message.content, 60)}"
            yield Problem(text, index)


RESULT_LIMIT, ARGUMENTS_LIMIT = 20_000, 8_000
"""Characters of a result and of a call's arguments. Beyond, the dialogue no longer fits a context."""
CALLS_LIMIT, MESSAGES_LIMIT = 16, 120
"""Calls in a message, messages in a dialogue. The longest plan has six turns of four tasks."""


def _is_oversized(view: View) -> bool:
    """Some limit may be exceeded. The text of the arguments in Python is longer than their values as text."""
    return (
        len(view.messages) > MESSAGES_LIMIT
        or len(view.calls) > CALLS_LIMIT
        or any(len(result.message.content) > RESULT_LIMIT for result in view.results)
        or any(len(repr(placed.call.arguments)) >= ARGUMENTS_LIMIT // 2 for placed in view.calls)
    )


@rule("structure", "error", "Shorten the result to what the answer needs.", when=_is_oversized)
def overlong_result(view: View) -> Iterator[Problem]:
    """A result keeps within 20,000 characters."""
    for index, message in enumerate(view.messages):
        if isinstance(message, ToolMessage) and len(message.content) > RESULT_LIMIT:
            size = len(message.content)
            yield Problem(f"the result has {size} characters, the limit is {RESULT_LIMIT}", index)


@rule("call", "error", "Pass less: a reference instead of the whole text.", when=_is_oversized)
def overlong_arguments(view: View) -> Iterator[Problem]:
    """The arguments of a call keep within 8,000 characters of JSON."""
    for placed in view.calls:
        # Most calls are far too small to be worth encoding.
        if (
            placed.is_too_deep
            or sum(len(str(value)) for value in placed.call.arguments.values()) < ARGUMENTS_LIMIT // 2
        ):
            continue
        size = len(msgspec.json.encode(placed.call.arguments))
        if size > ARGUMENTS_LIMIT:
            name = placed.call.name
            text = f"the arguments of {name!r} have {size} characters, the limit is {ARGUMENTS_LIMIT}"
            yield Problem(text, placed.message)


@rule(
    "call",
    "error",
    "Make the calls that are needed, in several messages if they are many.",
    when=_is_oversized,
)
def too_many_calls(view: View) -> Iterator[Problem]:
    """A message makes at most 16 calls."""
    for index, message in enumerate(view.messages):
        if isinstance(message, AssistantMessage) and len(message.calls) > CALLS_LIMIT:
            yield Problem(f"{len(message.calls)} calls in one message, the limit is {CALLS_LIMIT}", index)


@rule("structure", "error", "Split the dialogue.", when=_is_oversized)
def too_many_messages(view: View) -> Iterator[Problem]:
    """A dialogue has at most 120 messages."""
    if len(view.messages) > MESSAGES_LIMIT:
        yield Problem(f"{len(view.messages)} messages, the limit is {MESSAGES_LIMIT}")
