"""Does the assistant turn down what it could do, in the stock phrases of chat models?"""

import re
from collections.abc import Iterator

from consumers.rule_checker.rules.registry import Problem, rule
from consumers.rule_checker.rules.wording import LEAK
from consumers.rule_checker.screen import screen
from consumers.rule_checker.view import Span, View
from schemas.dialogue import EXPECTED_ACTION, TurnKind

_SELF = (
    r"\bas an? (?:\w+ )?(?:ai|artificial intelligence|(?:large )?language model|chatbot|"
    r"virtual assistant)\b(?! to\b)",
    r"\bi(?:['’]?m| am) (?:(?:just|only|merely|simply) )?an? (?:\w+ )?(?:ai|(?:large )?language model|"
    r"chatbot|bot)\b",
    r"\b(?:against|violates?|not (?:allowed|permitted) by|due to) (?:my|our|openai['’]?s|the) "
    r"(?:(?:content|usage|safety) )?(?:guidelines|polic(?:y|ies)|programming|training)\b",
    r"\bi(?:['’]?m| am) (?:not )?(?:programmed|trained) to\b",
    r"\bmy (?:knowledge|training|last update)\b[^.!?\n]{0,40}\b(?:cut-?off|data|20\d\d)\b",
)
"""What models say of themselves, and no assistant with tools has cause to."""

_ACCESS = (
    r"\bi (?:do not|don['’]?t|cannot|can['’]?t)(?: currently| directly)? (?:have )?(?:the ability to )?"
    r"(?:access|browse|connect)(?: to)? (?:to )?(?:\w+ ){0,2}"
    r"(?:real[- ]time|live|external|the internet|the web|current|up-to-date)\b",
    r"\bi (?:do not|don['’]?t) have (?:the )?(?:ability|capability|capabilities|access) to (?:\w+ ){0,2}"
    r"(?:real[- ]time|live|external|the internet|the web|tools|do (?:that|this)|perform)\b",
)
"""Talk of what a model without tools lacks."""

_NO_HELP = (
    r"\bi(?:['’]?m| am)? ?(?:sorry[^.!?\n]{0,24}?i(?:['’]?m| am)? ?)?"
    r"(?:cannot|can['’]?t|can not|could not|couldn['’]?t|(?:not able|unable) to|won['’]?t) (?:be able to )?"
    r"(?:assist|help|fulfil+|comply|do that|process (?:this|that|your request))(?: you)?"
    r"(?: with)?\b(?: (?:that|this|it|your|the|such)(?: \w+)?)?",
    r"\b(?:beyond|outside) (?:of )?(?:my|the) (?:capabilities|scope|abilities)\b",
)
"""Stock phrases that turn a request down."""

_SELF_TALK, _ACCESS_TALK, _NO_HELP_TALK = (
    re.compile("|".join(phrases), re.IGNORECASE) for phrases in (_SELF, _ACCESS, _NO_HELP)
)
# Beside the prompt's leaks, of which many start otherwise, the automaton reads a text once and does not look
# for every "i" in it: a fifth of the time. Where it lets a leak through, the patterns say no.
_may_refuse = screen(_SELF_TALK, _ACCESS_TALK, _NO_HELP_TALK, LEAK)

_NOTHING_FITS = (TurnKind.NO_TOOL, TurnKind.ALMOST, TurnKind.PARTIAL, TurnKind.CANNOT_FILL)


def _can_help(view: View, span: Span, index: int) -> bool:
    """A tool could do what the turn is for, or has done it."""
    if span.plan is not None and span.plan.kind in _NOTHING_FITS:
        return False
    results = [result for result in view.results if span.first < result.index < index]
    if results:
        return not any(result.is_error for result in results)
    return span.plan is not None and EXPECTED_ACTION[span.plan.kind] == "call"


@rule(
    "grounding",
    "error",
    "Do it with the tools on the table, or say which part they cannot do.",
    when=lambda view: _may_refuse(view.spoken),
)
def refusal_boilerplate(view: View) -> Iterator[Problem]:
    """No stock refusal: talk of being a model, or "I can't assist with that" where a tool can.

    "As an AI…", "my guidelines…" are never right. That it has no access or cannot help, an assistant may say
    where no tool fits or a call failed.
    """
    for span in view.spans:
        for index, message in span.assistant:
            text = message.content
            if not text or not _may_refuse(text):
                continue
            found = _SELF_TALK.search(text)
            if found is None and _can_help(view, span, index):
                found = _ACCESS_TALK.search(text) or _NO_HELP_TALK.search(text)
            if found is not None:
                yield Problem(f"the assistant refuses as chat models do: {found[0].strip()!r}", index)
