"""Do arguments, results and answers agree: is everything that is used or told known from somewhere?"""

import math
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from consumers.rule_checker.dates import Clock, Day, dates, may_be_in_words, times
from consumers.rule_checker.numerals import readings
from consumers.rule_checker.rules.registry import Problem, rule
from consumers.rule_checker.screen import screen
from consumers.rule_checker.text import (
    CALCULATES,
    STOPWORDS,
    Sources,
    Text,
    Trace,
    normal,
    stands_in,
    states_number,
    stem,
)
from consumers.rule_checker.tool import Path, depth, leaves, list_lengths, shorten, spell
from consumers.rule_checker.view import PlacedCall, Result, Span, View
from schemas.dialogue import AssistantMessage, TurnKind


def _traces(view: View) -> list[tuple[PlacedCall, Path, Any, Trace]]:
    """Every value in every call of which not all was said before, with how much of it was."""
    found: list[tuple[PlacedCall, Path, Any, Trace]] = []
    for placed in view.calls:
        said = view.said_before(placed.message)
        for path, value in placed.leaves:
            if _stands_there(value, said):  # as nearly all do
                continue
            trace = _trace(value, view.sources(placed))
            if trace == Trace.NONE and not view.english and _may_be_in_words(value):
                trace = Trace.SOME
            if trace != Trace.FULL:
                found.append((placed, path, value, trace))
    return found


def _stands_there(value: Any, said: str) -> bool:
    """Whether a value was said as it is, which needs no sources to be read."""
    if isinstance(value, str):
        return stands_in(value, said)
    if value is None or isinstance(value, bool):
        return True
    return math.isfinite(value) and states_number(abs(value), said)


def _passes_unsaid(view: View) -> bool:
    return bool(view.once(_traces))


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


_FORMULA = re.compile(r"[=(){}\[\]*^<>]|\d\s[-+/]\s\d|^https?://")


def _is_composed(value: Any) -> bool:
    """A text that the assistant writes rather than passes on: a mail, a query, code, a formula."""
    return isinstance(value, str) and (len(value.split()) >= 6 or _FORMULA.search(value) is not None)


def _is_code(value: Any) -> bool:
    """A letter or a few ("mi", "JFK"): the tool's way, perhaps, to write what the user said."""
    return isinstance(value, str) and bool(re.fullmatch(r"[A-Za-z]{1,3}", value))


def _is_in_doubt(value: Any, view: View) -> bool:
    """Nobody said it, but it may well stand for something that was said."""
    # In other languages a plain word may translate what was said.
    return _is_composed(value) or _is_code(value) or (not view.english and isinstance(value, str))


@rule(
    "grounding",
    "error",
    "Use a value from the conversation or a result; if there is none, ask for it.",
    when=_passes_unsaid,
)
def ungrounded_argument(view: View) -> Iterator[Problem]:
    """No argument whose value stands nowhere: not in the talk, earlier results, or the tool's definition."""
    for placed, path, value, trace in view.once(_traces):
        if trace == Trace.NONE and not _is_in_doubt(value, view):
            text = f"{placed.call.name}: {spell(path)} is {shorten(value)}, which nobody mentioned"
            yield Problem(text, placed.message)


@rule("grounding", "warning", "Check that the value follows from what was said.", when=_passes_unsaid)
def loosely_grounded_argument(view: View) -> Iterator[Problem]:
    """An argument of which only a part was said, or that is the assistant's own wording."""
    for placed, path, value, trace in view.once(_traces):
        if trace == Trace.SOME or _is_in_doubt(value, view):
            text = f"{placed.call.name}: {spell(path)} is {shorten(value)}, which was not said like this"
            yield Problem(text, placed.message)


def _a_result_is_broken(view: View) -> bool:
    return any(result.parsed[1] for result in view.results)


def _a_result_is_stated(view: View) -> bool:
    return any(tool.spec.returns is not None for tool in view.tools)


@rule("grounding", "error", "Return the result as JSON text.", when=_a_result_is_broken)
def result_is_json(view: View) -> Iterator[Problem]:
    """Every result is valid JSON (NaN and Infinity are not)."""
    for result in view.results:
        if fault := result.parsed[1]:
            yield Problem(f"the result of {result.message.name!r} is no JSON: {fault}", result.index)


@rule("grounding", "error", "Return the shape that the tool's `returns` states.", when=_a_result_is_stated)
def result_fits_returns(view: View) -> Iterator[Problem]:
    """A result fits the tool's `returns` where that is given. An error result has a shape of its own."""
    for result in view.results:
        tool = view.by_name.get(result.message.name)
        if tool is None or tool.returns is None or result.parsed[1] or result.is_error:
            continue
        if depth(result.value) > tool.max_result_depth:
            yield Problem(f"the result of {tool.name!r} nests too deep to be checked", result.index)
            continue
        for error in islice(tool.returns.iter_errors(result.value), 3):
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
_may_admit = screen(_ADMITS)
_IDIOM = re.compile(
    r"\b(?:no (?:problems?|issues?|trouble|worries)|not (?:only|just|a problem|forgotten)|without (?:any )?"
    r"(?:problems?|issues?|errors?|trouble)|(?:do not|don't) (?:hesitate|worry|forget)|"
    r"if (?:you|there|anything)\b[^.!?\n]*)",
    re.IGNORECASE,
)
"""Words of failure that admit none."""


def _admits(text: str) -> bool:
    """The text says that something did not work."""
    return _ADMITS.search(_IDIOM.sub(" ", text.replace("’", "'"))) is not None


_UNDONE = re.compile(
    r"\b(?:cannot|can not|can't|could not|couldn't|unable|not able|won't be able|none of (?:my|the|them)|"
    r"no (?:tools?|way|function|means)|(?:not|n't) (?:available|possible|supported|something|covered|"
    r"included|within|done|part|yet|been|offer|support|have|do|include|cover|allow|handle|know)|lacks?|"
    r"without a tool|beyond|outside|only|"
    r"unfortunately|sorry|regret|except|apart from|left (?:out|undone|open)|missing|impossible|"
    r"unavailable)\b",
    re.IGNORECASE,
)
"""How one says that a part was not done."""


def _answers(view: View) -> tuple[tuple[Span, int, AssistantMessage], ...]:
    """(turn, index, message) of the texts that answer."""
    return view.answers


def _answer_texts(view: View) -> str:
    return view.answer_text


def _has_failures(view: View) -> bool:
    return any(result.is_error for result in view.results)


def _is_partial(view: View) -> bool:
    return TurnKind.PARTIAL in view.kinds


def _results_before(view: View, span: Span, index: int) -> list[Result]:
    """The results of this turn that an answer rests on."""
    return list(view.results_of_turn(span, index))


@rule("grounding", "error", "Say that it did not work, and why.", when=_has_failures)
def success_claimed_after_error(view: View) -> Iterator[Problem]:
    """An answer after an error that no later call made good says that something went wrong."""
    for span, index, message in view.once(_answers) if view.english else ():
        latest = {result.message.name: result for result in _results_before(view, span, index)}
        failed = [name for name, result in latest.items() if result.is_error]
        if failed and not _admits(message.content):
            yield Problem(f"{', '.join(failed)} returned an error, but the answer does not say so", index)


@rule("grounding", "error", "Say of the part that no tool can do that it was not done.", when=_is_partial)
def undone_part_is_told(view: View) -> Iterator[Problem]:
    """Where no tool can do one of the things asked for, the answer says so."""
    for span, index, message in view.once(_answers) if view.english else ():
        partial = span.plan is not None and span.plan.kind == TurnKind.PARTIAL
        if partial and not _UNDONE.search(_IDIOM.sub(" ", message.content.replace("’", "'"))):
            yield Problem("the answer does not say that a part of the request cannot be done", index)


def _links(view: View) -> bool:
    return any(task.links for turn in view.dialogue.turns for task in turn.tasks)


@rule("grounding", "error", "Take the value from the result that the user pointed to.", when=_links)
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
                for _, found in result.leaves
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
    r"\W*(?:unfortunately|(?:i['’]?m |i am )?(?:so |very )?sorry|(?:(?:my|i) )?apolog\w+|regrettably|"
    r"i (?:could|was) ?(?:not|n['’]t|unable)|there was an? (?:error|problem|issue)|something went wrong|"
    r"(?:that|it|this) (?:did not|didn['’]t) (?:work|go through))",
    re.IGNORECASE,
)


def _an_answer_regrets(view: View) -> bool:
    return any(_REGRETS.match(message.content) is not None for _, _, message in view.answers)


@rule("grounding", "error", "Tell what the result says.", when=_an_answer_regrets)
def failure_claimed_after_success(view: View) -> Iterator[Problem]:
    """An answer that begins with regrets has a result that gives cause: an error, nothing found, a no."""
    for span, index, message in view.once(_answers):
        results = _results_before(view, span, index)
        if results and _REGRETS.match(message.content) and not any(map(_disappoints, results)):
            yield Problem("the answer reports a failure, but every call succeeded", index)


def _disappoints(result: Result) -> bool:
    if result.is_error or not result.value:
        return True
    found = [value for _, value in result.leaves]
    empty = isinstance(result.value, dict) and any(v in ([], {}, "", None) for v in result.value.values())
    if empty or any(v is False or v is None or v == 0 for v in found):
        return True
    said = str(found)
    return _may_admit(said) and _ADMITS.search(said) is not None


# List markers, example values, versions of a heading: numbers that state no fact.
_NO_FACT = re.compile(
    r"^[ \t]*(?:#+[ \t]*)?\(?\d{1,2}[.):]\s|\b(?:e\.g\.|such as|for example|like|format)[^.\n]{0,60}(?<!\d)(?:(?=\D)|$)|`[^`\n]*`|https?://\S+",
    re.IGNORECASE | re.MULTILINE,
)
_may_hold_no_fact = screen(_NO_FACT)
_may_calculate = screen(CALCULATES)
_TOKEN = re.compile(r"[\w.,:/'’-]+")
_FIGURE = re.compile(r"(?<![\w.,:/'’-])(?:[^\W\d]|[.,:/'’-])*+\d[\w.,:/'’-]*")
"""A token with a digit in it; beyond ASCII there are more digits than these."""
_AROUND_FIGURES = ".,:/'’-"
_EPOCH = re.compile(r"(?<!\d)1\d{9}(?:\d{3})?(?!\d)")


def _invented_numbers(view: View, index: int, text: str) -> Iterator[str]:
    """Numbers, dates and times of an answer that were not given before it and do not follow from what was.

    Args:
        index: of the answer among the messages.
        text: the answer.
    """
    after_results = bool(view.results)
    if _may_hold_no_fact(text):
        text = _NO_FACT.sub(" ", text)
    said = view.said_before(index)
    figures = [
        match
        for match in (_FIGURE if text.isascii() else _TOKEN).finditer(text)
        if not match[0].isalpha()
        and any(map(str.isdigit, match[0]))
        and not _is_said_plainly(match[0].strip(_AROUND_FIGURES), said, after_results)
    ]
    # Dates and times of several words ("5 May", "3 pm") may be new although each of their figures was said.
    if not figures and not may_be_in_words(text):
        return
    sources = view.answer_sources(index)
    calculates = _may_calculate(text) and CALCULATES.search(text) is not None
    clocks, days = times(text), dates(text)
    covered = bytearray(len(text))
    for start, end in {**clocks, **days}:
        covered[start:end] = b"\1" * (end - start)
        if not _moment_is_known(text[start:end], clocks.get((start, end)), days.get((start, end)), sources):
            yield text[start:end].strip()
    for match in figures:
        start, end = match.span()
        if any(covered[start:end]):
            continue
        token = match[0].strip(_AROUND_FIGURES)
        if token.isdigit() and len(token) <= 3 and int(token) in _counts(view, index, text):
            continue
        if _is_small(token, after_results) and float(token) not in sources.said.numbers.stated:
            if not (calculates and sources.said.numbers.derives(float(token))):
                yield token
            continue
        if token and not _number_is_known(token, text[end : end + 12], sources, calculates):
            yield token


def _is_small(token: str, after_results: bool) -> bool:
    """Small numbers stand in every definition, and 4.6 rounds to 5: they must have been said as such."""
    return after_results and token.isdigit() and len(token) <= 2 and 2 < int(token) <= 10


def _is_said_plainly(token: str, said: str, after_results: bool) -> bool:
    if _is_small(token, after_results):
        return states_number(float(token), said)
    return stands_in(token, said)


def _counts(view: View, index: int, text: str) -> frozenset[int]:
    """How many there are of what an answer may count: calls, results, items of lists."""
    results = [result for result in view.results if result.index < index]
    lengths = [length for result in results for length in list_lengths(result.value)]
    # Where no result has a list, the answer may count what it enumerates itself.
    own = () if lengths else (text.count(",") + 1, text.count(";") + 1)
    bullets = text.count("\n- ") + text.count("\n* ")
    return frozenset((len(results), bullets, *own, *lengths, sum(lengths)))


def _moment_is_known(
    text: str, clock: tuple[Clock, ...] | None, days: tuple[Day, ...] | None, sources: Sources
) -> bool:
    if stands_in(text, sources.said.raw):
        return True
    calendar = sources.said.calendar
    named = any(map(calendar.has_day, days)) if days is not None else any(map(calendar.has_time, clock or ()))
    return named or sources.contains(text) or _EPOCH.search(sources.said.words) is not None


_MAGNITUDE = re.compile(r"\s*(thousand|million|billion|trillion|k|m|bn)\b", re.IGNORECASE)
_TIMES = {"thousand": 1e3, "k": 1e3, "million": 1e6, "m": 1e6, "billion": 1e9, "bn": 1e9, "trillion": 1e12}


def _number_is_known(token: str, after: str, sources: Sources, calculates: bool) -> bool:
    """Whether a number of an answer was given.

    Args:
        token: the number as written, with what is attached to it.
        after: what follows it.
        calculates: numbers that follow from others by simple sums count as given.
    """
    if sources.contains(token):
        return True
    plain = re.fullmatch(r"(\d[\d.,'’]*)([a-z%°]{0,4})", token, re.IGNORECASE)
    if plain is None:
        # An identifier, a range, a score: each of its numbers is looked for on its own.
        parts = re.findall(r"\d+(?:[.,]\d+)*", token)
        return all(_number_is_known(part, "", sources, calculates) for part in parts)
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
    if any(value <= 2 for value in values):
        return True
    if any(sources.has_number(v) or sources.has_number(v / 100) for v in values):
        return True
    return calculates and any(sources.said.numbers.derives(v) for v in values)


def _answers_with_figures(view: View) -> bool:
    return re.search(r"\d", view.once(_answer_texts)) is not None


@rule(
    "grounding",
    "error",
    "State only figures, dates and ids that stand in the results or the conversation.",
    when=_answers_with_figures,
)
def invented_number(view: View) -> Iterator[Problem]:
    """No number, date or time in an answer that was not given and does not follow by simple sums."""
    for _, index, message in view.once(_answers):
        if not re.search(r"\d", message.content):
            continue
        found = dict.fromkeys(_invented_numbers(view, index, message.content))
        for number in found:
            yield Problem(f"the answer states {number}, which stands nowhere before it", index)


_QUOTED = re.compile(r"[\"“]([^\"“”\n]{2,80})[\"”]|(?<!\w)'([A-Z][^'\n]{2,60})'(?!\w)|\*\*([^*\n]{2,60})\*\*")


_may_quote = screen(_QUOTED)


def _answers_with_quotes(view: View) -> bool:
    return _may_quote(view.once(_answer_texts))


@rule(
    "grounding",
    "warning",
    "Quote and name only what stands in the results or the conversation.",
    when=_answers_with_quotes,
)
def invented_name(view: View) -> Iterator[Problem]:
    """No quoted name in an answer of which no word stands before it."""
    for _, index, message in view.once(_answers):
        quoted = [next(filter(None, groups)) for groups in _QUOTED.findall(message.content)]
        if not quoted:
            continue
        sources = view.answer_sources(index)
        for name in dict.fromkeys(quoted):
            if not name.rstrip().endswith(":") and sources.text(name) == Trace.NONE:
                yield Problem(f"the answer quotes {name!r}, which stands nowhere before it", index)


def _is_told_verbatim(fact: str | int | float, answer: str) -> bool:
    """A quick look for a fact in an answer, as it stands in the result."""
    if not isinstance(fact, str):
        return math.isfinite(fact) and states_number(abs(fact), answer)
    return stands_in(fact, answer) and not STOPWORDS.issuperset(normal(fact).split())


def _facts(result: Result) -> list[str | int | float]:
    return [value for _, value in result.leaves if _is_fact(value)]


def _tells_a_fact(answer: str, result: Result) -> bool:
    """A fact of the result stands in the answer as it is. Most often one of the outermost does."""
    outer = result.value.values() if isinstance(result.value, dict) else ()
    return any(_is_fact(value) and _is_told_verbatim(value, answer) for value in outer) or any(
        _is_told_verbatim(fact, answer) for fact in _facts(result)
    )


def _is_fact(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


@rule("grounding", "warning", "Give the user what the result says.")
def answer_ignores_results(view: View) -> Iterator[Problem]:
    """An answer after results of some substance takes at least one word or figure from them."""
    for span, index, message in view.once(_answers):
        results = [result for result in _results_before(view, span, index) if not result.is_error]
        if any(_tells_a_fact(message.content, result) for result in results):
            continue
        facts = [value for result in results for value in _facts(result)]
        if len(facts) < 2:
            continue
        answer = Text(message.content)
        told = any(
            answer.numbers.has(fact)
            if isinstance(fact, int | float)
            else any(stem(w) in answer.stems for w in normal(fact).split() if w not in STOPWORDS)
            for fact in facts
        )
        if not told and not any(map(_disappoints, results)):
            yield Problem("the answer takes nothing from the results", index)
