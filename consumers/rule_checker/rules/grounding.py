"""Do arguments, results and answers agree: is everything that is used or told known from somewhere?"""

import math
import re
from collections.abc import Iterator
from typing import Any

from consumers.rule_checker.dates import dates, times
from consumers.rule_checker.numerals import readings
from consumers.rule_checker.rules.registry import Problem, rule
from consumers.rule_checker.rules.wording import leaves
from consumers.rule_checker.text import STOPWORDS, Sources, Text, Trace, normal, stem
from consumers.rule_checker.tool import Path, shorten, spell
from consumers.rule_checker.view import PlacedCall, Result, Span, View
from schemas.dialogue import AssistantMessage, TurnKind


def _traces(view: View) -> Iterator[tuple[PlacedCall, Path, Any, Trace]]:
    """Every value in every call, with how much of it was said before."""
    for placed in view.calls:
        sources = view.sources(placed)
        for path, value in leaves(placed.call.arguments):
            trace = _trace(value, sources)
            if trace == Trace.NONE and not view.english and _may_be_in_words(value):
                trace = Trace.SOME
            yield placed, path, value, trace


def _may_be_in_words(value: Any) -> bool:
    """A small whole number: number words are read in English alone."""
    return isinstance(value, int | float) and 0 <= value <= 100 and value == int(value)


def _trace(value: Any, sources: Sources) -> Trace:
    # Yes and no are said in countless ways, and null says nothing.
    if value is None or isinstance(value, bool):
        return Trace.FULL
    if isinstance(value, int | float):
        return sources.number(value) if math.isfinite(value) else Trace.NONE
    return sources.text(str(value))


def _is_composed(value: Any) -> bool:
    """A text that the assistant writes rather than passes on: a mail, a query, code, a formula."""
    return isinstance(value, str) and (len(value.split()) >= 6 or bool(re.search(r"[=(){}\[\]*^<>]", value)))


def _is_label(value: Any) -> bool:
    """A plain lower-case word or two ("residential"): the tool's word, perhaps, for what the user said."""
    return isinstance(value, str) and bool(re.fullmatch(r"[a-z][a-z_ -]*|[A-Za-z]{1,3}", value))


@rule("grounding", "error", "Use a value from the conversation or a result; if there is none, ask for it.")
def ungrounded_argument(view: View) -> Iterator[Problem]:
    """No argument whose value stands nowhere: not in the talk, earlier results, or the tool's definition."""
    for placed, path, value, trace in _traces(view):
        if trace == Trace.NONE and not _is_composed(value) and not _is_label(value):
            text = f"{placed.call.name}: {spell(path)} is {shorten(value)}, which nobody mentioned"
            yield Problem(text, placed.message)


@rule("grounding", "warning", "Check that the value follows from what was said.")
def loosely_grounded_argument(view: View) -> Iterator[Problem]:
    """An argument of which only a part was said, or that is the assistant's own wording."""
    for placed, path, value, trace in _traces(view):
        doubtful = trace == Trace.NONE and (_is_composed(value) or _is_label(value))
        if trace == Trace.SOME or doubtful:
            text = f"{placed.call.name}: {spell(path)} is {shorten(value)}, which was not said like this"
            yield Problem(text, placed.message)


@rule("grounding", "error", "Return the result as JSON text.")
def result_is_json(view: View) -> Iterator[Problem]:
    """Every result is valid JSON (NaN and Infinity are not)."""
    for result in view.results:
        if fault := result.parsed[1]:
            yield Problem(f"the result of {result.message.name!r} is no JSON: {fault}", result.index)


@rule("grounding", "error", "Return the shape that the tool's `returns` states.")
def result_fits_returns(view: View) -> Iterator[Problem]:
    """A result fits the tool's `returns` where that is given. An error result has a shape of its own."""
    for result in view.results:
        tool = view.by_name.get(result.message.name)
        if tool is None or tool.returns is None or result.parsed[1] or result.is_error:
            continue
        for error in list(tool.returns.iter_errors(result.value))[:3]:
            where = "" if not error.instance_path else f"{spell(tuple(error.instance_path))}: "
            yield Problem(f"the result of {tool.name!r}: {where}{error.message[:200]}", result.index)


_ADMISSIONS = (
    r"error|fail\w*|unable|unfortunately|unsuccessful\w*|unavailable|sorry|apologi\w+|regret|problem|issue|trouble",
    r"invalid|wrong|missing|incorrect|unrecogni[sz]ed|unknown|impossible|unauthori[sz]ed|expired|blocked|none",
    r"denied|rejected|declined|refused|exceed\w*|down|timed? ?out|limit\w*|try again|went amiss|no longer",
    r"not|cannot|can't|couldn't|didn't|doesn't|wasn't|isn't|weren't|hasn't|haven't|won't|without success",
    r"no (?:\w+ ){0,3}(?:found|available|match\w*|results?|such)",
)
_ADMITS = re.compile(rf"\b(?:{'|'.join(_ADMISSIONS)})\b", re.IGNORECASE)


def _answers(view: View) -> Iterator[tuple[Span, int, AssistantMessage]]:
    """(turn, index, message) of the texts that answer."""
    for span in view.spans:
        for index, message in span.assistant:
            if not message.calls and message.action == "answer" and message.content.strip():
                yield span, index, message


def _results_before(view: View, span: Span, index: int) -> list[Result]:
    """The results of this turn that an answer rests on."""
    return [result for result in view.results if span.first < result.index < index]


@rule("grounding", "error", "Say that it did not work, and why.")
def success_claimed_after_error(view: View) -> Iterator[Problem]:
    """An answer after an error that no later call made good says that something went wrong."""
    for span, index, message in _answers(view) if view.english else ():
        latest = {result.message.name: result for result in _results_before(view, span, index)}
        failed = [name for name, result in latest.items() if result.is_error]
        if failed and not _ADMITS.search(message.content.replace("’", "'")):
            yield Problem(f"{', '.join(failed)} returned an error, but the answer does not say so", index)


@rule("grounding", "error", "Say of the part that no tool can do that it was not done.")
def undone_part_is_told(view: View) -> Iterator[Problem]:
    """Where no tool can do one of the things asked for, the answer says so."""
    for span, index, message in _answers(view) if view.english else ():
        partial = span.plan is not None and span.plan.kind == TurnKind.PARTIAL
        if partial and not _ADMITS.search(message.content.replace("’", "'")):
            yield Problem("the answer does not say that a part of the request cannot be done", index)


@rule("grounding", "error", "Take the value from the result that the user pointed to.")
def linked_value_comes_from_result(view: View) -> Iterator[Problem]:
    """A value that the user wants taken from another call's result stands in such a result."""
    links = {
        (task.tool, link.slot): link.tool
        for turn in view.dialogue.turns
        for task in turn.tasks
        for link in task.links
    }
    for placed in view.calls:
        for name, value in placed.call.arguments.items():
            giver = links.get((placed.call.name, name))
            if giver is None:
                continue
            given = [
                _comparable(found)
                for result in view.results
                if result.index < placed.message and result.message.name == giver and not result.is_error
                for _, found in leaves(result.value)
            ]
            missing = [part for _, part in leaves(value) if given and _comparable(part) not in given]
            if missing:
                text = f"{placed.call.name}: {name} is {shorten(value)}, which {giver!r} did not return"
                yield Problem(text, placed.message)


def _comparable(value: Any) -> str:
    """Equal for values that say the same: 35, 35.0 and `35`; `Lisbon` and `lisbon`."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return normal(str(value))


_REGRETS = re.compile(
    r"^\W*(?:unfortunately|i'?m sorry|sorry|i apologi[sz]e|regrettably|i (?:could|was) ?(?:not|n't|unable)|"
    r"there was an? (?:error|problem|issue))",
    re.IGNORECASE,
)


@rule("grounding", "warning", "Tell what the result says.")
def failure_claimed_after_success(view: View) -> Iterator[Problem]:
    """An answer that begins with regrets has a result that gives cause: an error, nothing found, a no."""
    for span, index, message in _answers(view):
        results = _results_before(view, span, index)
        if results and _REGRETS.search(message.content) and not any(map(_disappoints, results)):
            yield Problem("the answer reports a failure, but every call succeeded", index)


def _disappoints(result: Result) -> bool:
    if result.is_error or not result.value:
        return True
    found = [value for _, value in leaves(result.value)]
    empty = isinstance(result.value, dict) and any(v in ([], {}, "", None) for v in result.value.values())
    return empty or any(v is False or v is None or v == 0 for v in found) or bool(_ADMITS.search(str(found)))


# List markers, example values, versions of a heading: numbers that state no fact.
_NO_FACT = re.compile(
    r"^[ \t]*(?:#+[ \t]*)?\(?\d{1,2}[.):]\s|\b(?:e\.g\.|such as|for example|like|format)[^.\n]{0,60}(?<!\d)(?:(?=\D)|$)|`[^`\n]*`|https?://\S+",
    re.IGNORECASE | re.MULTILINE,
)
_TOKEN = re.compile(r"[\w.,:/'’-]+")
_EPOCH = re.compile(r"(?<!\d)1\d{9}(?:\d{3})?(?!\d)")


def _invented_numbers(text: str, sources: Sources) -> Iterator[str]:
    """Numbers, dates and times of an answer that neither stand in the sources nor follow from them."""
    text = _NO_FACT.sub(" ", text)
    calendar = sources.said.calendar
    is_in_epochs = _EPOCH.search(sources.said.words) is not None
    known = {span: any(map(calendar.has_time, clock)) for span, clock in times(text).items()}
    known |= {span: any(map(calendar.has_day, days)) for span, days in dates(text).items()}
    covered = bytearray(len(text))
    for (start, end), is_known in known.items():
        covered[start:end] = b"\1" * (end - start)
        if not (is_known or is_in_epochs or sources.contains(text[start:end])):
            yield text[start:end].strip()
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        if any(covered[start:end]) or not any(map(str.isdigit, match[0])):
            continue
        token = match[0].strip(".,:/'’-")
        if token and not _number_is_known(token, text[end : end + 12], sources):
            yield token


_MAGNITUDE = re.compile(r"\s*(thousand|million|billion|trillion|k|m|bn)\b", re.IGNORECASE)
_TIMES = {"thousand": 1e3, "k": 1e3, "million": 1e6, "m": 1e6, "billion": 1e9, "bn": 1e9, "trillion": 1e12}


def _number_is_known(token: str, after: str, sources: Sources) -> bool:
    if sources.contains(token):
        return True
    plain = re.fullmatch(r"(\d[\d.,'’]*)([a-z%°]{0,4})", token, re.IGNORECASE)
    if plain is None:
        # An identifier, a range, a score: each of its numbers is looked for on its own.
        parts = re.findall(r"\d+(?:[.,]\d+)*", token)
        return all(_number_is_known(part, "", sources) for part in parts)
    values = readings(plain[1])
    suffix = _MAGNITUDE.match((plain[2] or "") + after)
    if suffix:
        scale = _TIMES[suffix[1].lower()]
        # "1.2 million" for 1,234,567: good to the digits that are given.
        stated = sources.said.numbers.stated
        unit = 10.0 ** -len(plain[1].partition(".")[2])
        if any(abs(n / scale - value) <= unit / 2 + 1e-9 for n in stated for value in values):
            return True
        values |= {value * scale for value in values}
    # Counts and steps ("3 options") are small, and rarely stand in the result as such.
    if any(value <= 10 and value.is_integer() for value in values) and "." not in plain[1]:
        return True
    if any(sources.has_number(v) or sources.has_number(v / 100) for v in values):
        return True
    return any(sources.said.numbers.derives(v) for v in values)


@rule(
    "grounding", "error", "State only figures, dates and ids that stand in the results or the conversation."
)
def invented_number(view: View) -> Iterator[Problem]:
    """No number, date or time in an answer that was not given and does not follow by simple sums."""
    for _, index, message in _answers(view):
        if not re.search(r"\d", message.content):
            continue
        found = dict.fromkeys(_invented_numbers(message.content, view.answer_sources(index)))
        for number in found:
            yield Problem(f"the answer states {number}, which stands nowhere before it", index)


_QUOTED = re.compile(r"[\"“]([^\"“”\n]{2,80})[\"”]|(?<!\w)'([A-Z][^'\n]{2,60})'(?!\w)|\*\*([^*\n]{2,60})\*\*")


@rule("grounding", "warning", "Quote and name only what stands in the results or the conversation.")
def invented_name(view: View) -> Iterator[Problem]:
    """No quoted name in an answer of which no word stands before it."""
    for _, index, message in _answers(view):
        quoted = [next(filter(None, groups)) for groups in _QUOTED.findall(message.content)]
        if not quoted:
            continue
        sources = view.answer_sources(index)
        for name in dict.fromkeys(quoted):
            if not name.rstrip().endswith(":") and sources.text(name) == Trace.NONE:
                yield Problem(f"the answer quotes {name!r}, which stands nowhere before it", index)


@rule("grounding", "warning", "Give the user what the result says.")
def answer_ignores_results(view: View) -> Iterator[Problem]:
    """An answer after results of some substance takes at least one word or figure from them."""
    for span, index, message in _answers(view):
        results = [result for result in _results_before(view, span, index) if not result.is_error]
        values = [value for result in results for _, value in leaves(result.value)]
        facts = [
            value for value in values if isinstance(value, str | int | float) and not isinstance(value, bool)
        ]
        if len(facts) < 2 or any(map(_disappoints, results)):
            continue
        answer = Text(message.content)
        told = any(
            answer.numbers.has(fact)
            if isinstance(fact, int | float)
            else any(stem(w) in answer.stems for w in normal(fact).split() if w not in STOPWORDS)
            for fact in facts
        )
        if not told:
            yield Problem("the answer takes nothing from the results", index)
