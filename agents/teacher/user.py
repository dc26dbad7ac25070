"""The user: a person with a need, who names every planned value and no other.

What is written is read back before it is sent, by the same understanding that the assistant has. A draft
that would be misread is thrown away, and after a few drafts the wording falls back to one that cannot be.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from agents.teacher import afresh, essentials, links, phrases
from agents.teacher.answers import Outcome, admits, error_of, facts, rows_in
from agents.teacher.assistant import State, decide, hearing, study
from agents.teacher.card import Card, Slot
from agents.teacher.check import fault
from agents.teacher.function import lists_things
from agents.teacher.lexicon import WORDS, Scene
from agents.teacher.mention import reader, say
from agents.teacher.understanding import Task
from agents.teacher.words import (
    STOPWORDS,
    article,
    capital,
    head_noun,
    humanise,
    is_plural,
    join,
    lower_first,
)


@dataclass(frozen=True)
class Plan:
    """The turn to write (`agents.roles.user.turn_view`)."""

    kind: str
    tasks: tuple[tuple[str, tuple[str, ...]], ...]
    withheld: tuple[str, ...]
    slot: str
    beyond: str
    links: tuple[tuple[tuple[str, str], ...], ...] = ()
    """For each task the slots whose values come out of another tool's result, each with that tool."""


@dataclass(frozen=True)
class Setting:
    cards: tuple[Card, ...]
    persona: str
    avoid: tuple[str, ...]
    state: State
    plan: Plan

    def card(self, name: str) -> Card | None:
        return next((card for card in self.cards if card.name == name), None)


def setting(
    cards: tuple[Card, ...],
    persona: str,
    memory: Any,
    conversation: list[dict[str, Any]],
    turn: dict[str, Any],
) -> Setting:
    tasks = tuple(
        (str(task.get("tool")), tuple(map(str, task.get("slots") or ()))) for task in turn.get("tasks") or ()
    )
    plan = Plan(
        str(turn.get("kind")),
        tasks,
        tuple(map(str, turn.get("withheld") or ())),
        str(turn.get("slot") or ""),
        str(turn.get("beyond") or ""),
        tuple(
            tuple((str(link.get("slot")), str(link.get("from"))) for link in task.get("links") or ())
            for task in turn.get("tasks") or ()
        ),
    )
    avoid = memory.get("avoid") if isinstance(memory, dict) else None
    return Setting(cards, persona, tuple(map(str, avoid or ())), study(conversation, cards), plan)


def speak(setting: Setting, rng: random.Random) -> str:
    """The message of the planned turn."""
    writer = _WRITERS.get(setting.plan.kind, _request)
    return writer(setting, rng)


def _reads_as(setting: Setting, text: str, expected: Sequence[Task], kind: str = "tasks") -> bool:
    """Whether the message is understood as meant."""
    return text not in setting.state.said and _is_heard(setting.state, text, expected, kind)


def _is_heard(
    state: State, text: str, expected: Sequence[Task], kind: str = "tasks", beyond: int = 0
) -> bool:
    heard = hearing(state, text).intent
    if heard.kind != kind or len(heard.beyond) != beyond:
        return False
    if kind not in ("tasks", "almost"):
        return True
    return [_meaning(task) for task in heard.tasks] == [_meaning(task) for task in expected]


def _meaning(task: Task) -> tuple[str, bytes, frozenset[str], bool]:
    return task.card.name, _canonical(task.arguments), frozenset(task.links), task.earlier


def _canonical(arguments: dict[str, Any]) -> bytes:
    return msgspec.json.encode(_floats(arguments), order="deterministic")


def _floats(value: Any) -> Any:
    """Numbers alike where they are equal: JSON has only one kind."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, list):
        return [_floats(child) for child in value]
    if isinstance(value, dict):
        return {key: _floats(child) for key, child in value.items()}
    return value


def _drafted(
    draft: Callable[[int, random.Random], str], accept: Callable[[str], bool], rng: random.Random
) -> str:
    """The first draft that is understood as meant; the plainest one if none is.

    Level 0 is free prose, 1 names every value by its label, 2 quotes strings and writes structures as JSON.
    """
    text = ""
    for level in (0, 0, 0, 1, 1, 2):
        text = draft(level, rng)
        if accept(text):
            return text
    return text


# Asking for tasks


def _request(setting: Setting, rng: random.Random) -> str:
    return _ask(setting, rng, leave_out=())


def _withhold(setting: Setting, rng: random.Random) -> str:
    return _ask(setting, rng, leave_out=setting.plan.withheld)


def _planned(setting: Setting, rng: random.Random, leave_out: tuple[str, ...]) -> list[Task]:
    scene = Scene(rng)
    tasks = []
    for index, (name, slots) in enumerate(setting.plan.tasks):
        card = setting.card(name)
        if card is None:
            continue
        wanted = [slot for slot in slots if not (index == 0 and slot in leave_out)]
        pairs = setting.plan.links[index] if index < len(setting.plan.links) else ()
        linked = tuple(slot for slot, _ in pairs if slot in card.slot)
        values = scene.values(card, [slot for slot in wanted if slot not in linked])
        here = {name for name, _ in setting.plan.tasks}
        earlier = bool(linked) and not any(giver in here for _, giver in pairs)
        tasks.append(Task(card, values, links=linked, earlier=earlier))
    return tasks


def _first_of_list(setting: Setting, task: Task) -> bool:
    """Whether the task builds on a result that lists several things."""
    for (name, _), pairs in zip(setting.plan.tasks, setting.plan.links, strict=True):
        for _, giver in pairs if name == task.card.name else ():
            known = next((o for o in reversed(setting.state.outcomes) if o.name == giver), None)
            if task.earlier and known is not None:
                return len(rows_in(known.result)) > 1
            card = setting.card(giver)
            return card is not None and lists_things(card)
    return False


def _ask(setting: Setting, rng: random.Random, leave_out: tuple[str, ...]) -> str:
    tasks = _planned(setting, rng, leave_out)
    return write_tasks(setting, tasks, rng)


def write_tasks(setting: Setting, tasks: list[Task], rng: random.Random) -> str:
    """One message that asks for the tasks with exactly their values."""
    if not tasks:
        return "Could you help me with something?"
    register = phrases.register_of(setting.persona)
    return _drafted(
        lambda level, r: _message(setting, tasks, register, level, r),
        lambda text: _reads_as(setting, text, tasks),
        rng,
    )


def _message(
    setting: Setting,
    tasks: Sequence[Task],
    register: phrases.Register,
    level: int,
    rng: random.Random,
    opener: str | None = None,
    insists: str = "",
) -> str:
    """A request for the tasks.

    Args:
        opener: how it begins; None: as such a message may.
        insists: a sentence for after what is asked.
    """
    parts = []
    avoid = setting.avoid
    follows = opener is not None
    if opener is None:
        # Nobody says hello again in the middle of a conversation.
        opener = rng.choice(_openers(setting.state)[register]) if level < 2 else ""
    several = len(tasks) > 1
    for index, task in enumerate(tasks):
        sentences = _task_sentences(
            task,
            register,
            level,
            rng,
            plain_verb=several and index > 0,
            first_of_list=bool(task.links) and _first_of_list(setting, task),
        )
        if several and not task.links:
            lead = _lead(index, len(tasks), rng)
            if lead:
                ends = lead.endswith(".")
                sentences[0] = f"{lead} {sentences[0] if ends else lower_first_word(sentences[0])}"
        parts.extend(sentences)
    if insists:
        parts.append(insists)
    reason = ""
    if avoid or rng.random() < (0.35 if register == "terse" else 0.75):
        reason = rng.choice(phrases.motive(rng, avoid, all(task.card.code for task in tasks)).reasons)
    closer = rng.choice(phrases.CLOSERS[register]) if level < 2 else ""
    if opener.endswith(",") and parts:
        parts[0] = lower_first_word(parts[0])
    front = (
        not (several or follows)
        and not re.search(r"\b(?:it|this)\b", reason, re.IGNORECASE)
        and reason
        and rng.random() < 0.4
        and not opener.endswith(",")
    )
    ordered = [opener, reason, *parts, closer] if front else [opener, *parts, reason, closer]
    return " ".join(part for part in ordered if part)


def _openers(state: State) -> dict[phrases.Register, tuple[str, ...]]:
    if not state.said:
        return phrases.OPENERS
    failed = admits(state.reply) or any(error_of(outcome.result) for outcome in state.fresh)
    return phrases.NEXT_ANYWAY if failed else phrases.NEXT_OPENERS


def lower_first_word(sentence: str) -> str:
    """Lower-case a sentence's first word after a connector, but keep `I` and names."""
    first = sentence.split(" ", 1)[0]
    if first in ("I", "I'd", "I'm") or first[:1] in '"(':
        return sentence
    if first.endswith(",") or sentence.startswith("May I "):
        return f"{sentence[0].lower()}{sentence[1:]}"
    return lower_first(sentence)


def _lead(index: int, total: int, rng: random.Random) -> str:
    if index == 0:
        lead = rng.choice(phrases.FIRST)
        return lead.replace("Two things", "A few things") if total > 2 else lead
    return rng.choice(phrases.LAST if index == total - 1 else phrases.NEXT)


def _task_sentences(
    task: Task,
    register: phrases.Register,
    level: int,
    rng: random.Random,
    plain_verb: bool = False,
    first_of_list: bool = False,
) -> list[str]:
    """One request: the sentence that asks, and those that give the remaining details.

    Args:
        first_of_list: the task builds on the first of several things that another one finds.
    """
    card, values = task.card, dict(task.arguments)
    goal = card.goal
    style = rng.randrange(6)
    noun = goal.head
    if goal.slot:
        if level == 0 and goal.slot in values and (filler := _filler(card.slot[goal.slot], values, style)):
            noun = f"{goal.head} {filler}"
            del values[goal.slot]
        else:
            noun = f"{goal.head} {goal.general}"
    tail = ""
    if level == 0:
        tail = "".join(f" {words}" for words in _naturals(card, values, style))
    rest = [(card.slot[name], value) for name, value in values.items()]
    inline = ""
    if (
        level == 0
        and not task.links
        and 1 <= len(rest) <= 2
        and rng.random() < 0.55
        and all(_is_short(slot, value) for slot, value in rest)
    ):
        inline = " with " + join([_inline(slot, value, style) for slot, value in rest])
        rest = []
    if task.links:
        asking = _building_on(task, noun, tail, first_of_list, level, rng)
    else:
        asking = _asking(task, noun, f"{tail}{inline}", register, rng, plain_verb)
    details = _details(rest, level, style, rng)
    return [asking, *details]


def _building_on(
    task: Task, noun: str, tail: str, first_of_list: bool, level: int, rng: random.Random
) -> str:
    """The sentence that asks for a task some of whose values come out of another."""
    goal = task.card.goal
    verb = rng.choice(goal.verbs) if goal.verbs else "give me"
    told = {"earlier": task.earlier, "first_of_list": first_of_list}
    if level == 0 and task.links == (goal.slot,) and rng.random() < 0.5:
        where = links.placed(task.card.slot[goal.slot], rng, **told)
        frame = rng.choice(phrases.THEN)
        return frame.format(vp=f"{verb} {goal.head} {where}{tail}")
    return links.sentence(task.card, task.links, f"{verb} {noun}{tail}", rng, **told)


def _filler(slot: Slot, values: dict[str, Any], style: int) -> str:
    value = values[slot.name]
    if isinstance(value, list | dict | bool) or value is None:
        return ""
    return say(slot, value, style=style)


def _naturals(card: Card, values: dict[str, Any], style: int) -> list[str]:
    """Slots that a preposition introduces, in an order that English likes; they are taken out of `values`."""
    order = {"by": 0, "from": 1, "to": 2, "in": 3, "for": 4, "on": 5, "at": 6}
    found = []
    natural = reader(card).natural
    for name in list(values):
        if name not in natural:
            continue
        words, cue = natural[name]
        value = values[name]
        if cue.value == "count":
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                continue
            suffix = cue.suffix.removesuffix("s") if value == 1 and cue.suffix != "people" else cue.suffix
            said = f"{value} {suffix}"
        else:
            said = str(value) if cue.value == "year" else say(cue.slot, value, style=style)
        found.append((order[words], f"{words} {said}", name))
    for _, _, name in found:
        del values[name]
    return [words for _, words, _ in sorted(found)]


def _is_short(slot: Slot, value: Any) -> bool:
    plain = slot.form in ("integer", "number", "enum", "text") or _is_name(slot, value)
    return plain and len(str(value)) < 40 and not slot.phrase


def _is_name(slot: Slot, value: Any) -> bool:
    """Something of any type that is called by its name, as in a program."""
    return slot.form == "any" and isinstance(value, str)


def _inline(slot: Slot, value: Any, style: int) -> str:
    said = say(slot, value, style=style)
    if slot.strict:
        return f"{slot.label} = {said}"
    if (
        slot.form in ("integer", "number")
        and not slot.plural
        and " of " not in slot.label
        and not slot.label[-1:].isdigit()
    ):
        return f"{article(slot.label)} {slot.label} of {said}"
    if said[:1] in '"' or (said[:1].isupper() and not slot.plural):
        return f"the {slot.label} {said}"
    return f"the {slot.label} set to {said}"


def _asking(
    task: Task, noun: str, tail: str, register: phrases.Register, rng: random.Random, plain_verb: bool
) -> str:
    goal = task.card.goal
    whole = f"{noun}{tail}"
    first = noun.split(" ", 1)[0]
    as_thing = (
        goal.asks_for_thing
        and first in ("the", "all", "a", "an", "my", "current", "available")
        and not noun.startswith("how ")
    )
    if not goal.verb:
        return rng.choice(phrases.HELP_WITH).format(np=whole)
    if as_thing and first == "the" and rng.random() < 0.25:
        return rng.choice(phrases.WHAT_ARE if is_plural(head_noun(noun)) else phrases.WHAT_IS).format(
            np=whole
        )
    if as_thing and first == "the" and rng.random() < 0.3:
        return rng.choice(phrases.ASK_FOR[register]).format(np=whole)
    if as_thing and rng.random() < 0.15:
        return rng.choice(phrases.NEED).format(np=whole)
    verb = goal.verbs[0] if plain_verb and rng.random() < 0.3 else rng.choice(goal.verbs)
    doing = f"{verb} {whole}"
    frame = rng.choice(phrases.ASK[register])
    text = frame.format(vp=doing, Vp=capital(doing))
    return capital(text)


def _details(rest: Sequence[tuple[Slot, Any]], level: int, style: int, rng: random.Random) -> list[str]:
    if not rest:
        return []
    if level == 2:
        said = [
            f"{slot.label} = {say(slot, v, True)}" if slot.strict else f"{slot.label}: {say(slot, v, True)}"
            for slot, v in rest
        ]
        return [f"The details: {'; '.join(said)}."]
    switches = [
        (slot, v) for slot, v in rest if slot.form == "boolean" and isinstance(v, bool) and not slot.phrase
    ]
    if level == 0 and len(switches) > 1:
        rest = [pair for pair in rest if pair not in switches]
    else:
        switches = []
    wishes = [(slot, value) for slot, value in rest if slot.phrase and isinstance(value, bool)]
    others = [(slot, value) for slot, value in rest if not (slot.phrase and isinstance(value, bool))]
    sentences = []
    if others:
        if level == 1 or len(others) > 5 or (len(others) > 2 and rng.random() < 0.25):
            said = [_colon(slot, value, style) for slot, value in others]
            lead = rng.choice(
                ("Here are the details:", "The details:", "This is what I have:", "What you need to know:")
            )
            sentences.append(f"{lead} {'; '.join(said)}.")
        else:
            for start in range(0, len(others), 2):
                sentences.append(_told(others[start : start + 2], style, rng))
    if switches:
        sentences.append(f"{capital(', '.join(f'{slot.label}: {say(slot, v)}' for slot, v in switches))}.")
    for slot, value in wishes:
        wish = slot.phrase
        if value:
            sentences.append(rng.choice((f"Please {wish}.", f"Also {wish}, please.")))
        else:
            sentences.append(rng.choice((f"Please don't {wish}.", f"Do not {wish}, please.")))
    return sentences


def _colon(slot: Slot, value: Any, style: int) -> str:
    said = say(slot, value, style=style)
    return f"{slot.label} = {said}" if slot.strict else f"{slot.label}: {said}"


def _clause(slot: Slot, value: Any, style: int) -> str:
    said = say(slot, value, style=style)
    if slot.strict:
        return f"{slot.label} = {said}"
    if slot.form == "boolean":
        return f"set {slot.label} to {said}"
    verb = "are" if slot.plural else "is"
    if slot.label.startswith(("your ", "my ", "their ")):
        return f"{slot.label} {verb} {said}"
    return f"the {slot.label} {verb} {said}"


def _told(pair: Sequence[tuple[Slot, Any]], style: int, rng: random.Random) -> str:
    lists = any(slot.form in ("array", "object", "any") and not _is_name(slot, value) for slot, value in pair)
    clauses = [_clause(slot, value, style) for slot, value in pair]
    if lists and len(clauses) > 1:
        return " ".join(_sentence(clause) for clause in clauses)
    if all(slot.strict for slot, _ in pair):
        return f"{rng.choice(('Take', 'Use', 'Here,'))} {join(clauses)}."
    return _sentence(join(clauses))


def _sentence(clause: str) -> str:
    first = clause.split(" ", 1)[0]
    if "=" in clause.split(" ", 2)[1:2]:
        return f"Use {clause}."
    return f"{clause if len(first) == 1 else capital(clause)}."


# After a question


def _supply(setting: Setting, rng: random.Random) -> str:
    pending = setting.state.pending
    if not pending:
        return _request(setting, rng)
    wanted = [
        (index, name)
        for index, task in enumerate(pending)
        for name in dict.fromkeys((*task.missing, *task.faults))
    ]
    if not wanted:
        return _request(setting, rng)
    scene = Scene(rng)
    expected = list(pending)
    given: list[tuple[Slot, Any]] = []
    for index, name in wanted:
        card = pending[index].card
        slot = card.slot[name]
        value = scene.value(slot, card)
        for _ in range(4):
            if not fault(slot, value):
                break
            value = scene.value(slot, card)
        expected[index] = expected[index].with_values({name: value})
        given.append((slot, value))
    register = phrases.register_of(setting.persona)

    def draft(level: int, r: random.Random) -> str:
        style = r.randrange(6)
        if (
            level == 0
            and len(given) == 1
            and r.random() < 0.5
            and given[0][0].form not in ("object", "boolean")
        ):
            said = say(*given[0], style=style)
            bare = r.choice(
                (
                    f"It's {said}.",
                    f"That would be {said}.",
                    f"Let's say {said}.",
                    f"{said}, please.",
                    f"Make it {said}.",
                )
            )
            return _sure(register, capital(bare) if not bare.startswith(said) else bare, r)
        details = _details(given, level, style, r)
        return _sure(register, " ".join(details), r)

    return _drafted(draft, lambda text: _reads_as(setting, text, expected), rng)


def _sure(register: phrases.Register, text: str, rng: random.Random) -> str:
    return rng.choice(phrases.SUPPLY[register]).format(c=text)


def _cannot_fill(setting: Setting, rng: random.Random) -> str:
    pending = setting.state.pending
    task = pending[0] if pending else None
    if task is not None:
        names = task.missing or tuple(task.faults) or setting.plan.withheld
        what = join([task.card.slot[name].the for name in names if name in task.card.slot], "or") or "that"
        frames = phrases.REFUSE_TO_KNOW if what.startswith("whether") else phrases.REFUSE
        for _ in range(6):
            text = rng.choice(frames).format(what=what)
            if _reads_as(setting, text, (), "refusal"):
                return text
        return f"I don't have {what}, and I can't get it."
    # Nothing was asked yet: the task, and right away what is missing.
    tasks = _planned(setting, rng, setting.plan.withheld)
    if not tasks:
        return "Sorry, I don't have that."
    names = setting.plan.withheld or tasks[0].missing
    what = (
        join([tasks[0].card.slot[name].the for name in names if name in tasks[0].card.slot], "or")
        or "all the details"
    )
    register = phrases.register_of(setting.persona)
    return _drafted(
        lambda level, r: (
            _message(setting, tasks, register, level, r) + " " + r.choice(phrases.REFUSE).format(what=what)
        ),
        lambda text: _reads_as(setting, text, (), "refusal"),
        rng,
    )


# After results


def _refine(setting: Setting, rng: random.Random) -> str:
    tool = setting.plan.tasks[0][0] if setting.plan.tasks else ""
    last = next((o for o in reversed(setting.state.outcomes) if o.name == tool or not tool), None)
    card = setting.card(last.name) if last else None
    slot = card.slot.get(setting.plan.slot) if card else None
    if last is None or card is None or slot is None:
        return _request(setting, rng)
    scene = Scene(rng)
    old = last.arguments.get(slot.name)
    value = scene.another(slot, card, old)
    for _ in range(4):
        if not fault(slot, value):
            break
        value = scene.another(slot, card, old)
    expected = [Task(card, {**last.arguments, slot.name: value})]

    def draft(level: int, r: random.Random) -> str:
        style = r.randrange(6)
        if slot.phrase and isinstance(value, bool):
            clause = slot.phrase if value else f"don't {slot.phrase}"
            clause = f"please {clause}"
        elif level < 2:
            clause = _clause(slot, value, style)
        else:
            said = say(slot, value, True)
            clause = f"{slot.label} = {said}" if slot.strict else f"{slot.label}: {said}"
        text = r.choice(phrases.REFINE).format(c=clause)
        # Where several tools were used, the message says which one is meant.
        if len({outcome.name for outcome in setting.state.outcomes}) > 1 and r.random() < 0.5 + level:
            goal = card.goal
            verb = r.choice(goal.verbs) if goal.verbs else ""
            doing = f"{verb} {goal.noun}" if verb else f"help me with {goal.noun}"
            text = r.choice(
                (
                    f"Could you {doing} again? This time {clause}.",
                    f"Please {doing} once more, but {clause} this time.",
                )
            )
        return text.replace("..", ".")

    return _drafted(draft, lambda text: _reads_as(setting, text, expected), rng)


def _follow_up(setting: Setting, rng: random.Random) -> str:
    outcomes = [o for o in setting.state.outcomes if not error_of(o.result)]
    questions = list(_questions(outcomes[-2:]))
    rng.shuffle(questions)
    for text in questions:
        if (
            _reads_as(setting, text, (), "question")
            and decide(hearing(setting.state, text), random.Random(0)).action == "answer"
        ):
            return text
    again = [text for text in phrases.SUM_UP if text not in setting.state.said]
    return rng.choice(again or list(phrases.SUM_UP))


def _questions(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for outcome in outcomes:
        rows = rows_in(outcome.result)
        if len(rows) > 1:
            for key, value in rows[0].items():
                numeric = isinstance(value, int | float) and not isinstance(value, bool)
                if numeric and "id" not in key.lower():
                    for frame in phrases.FOLLOW_UP_RANKED:
                        for rank in ("highest", "lowest"):
                            yield frame.format(rank=rank, label=humanise(key))
            continue
        for fact in facts(outcome.result):
            echoed = any(
                fact.path == (name,) and value == fact.value for name, value in outcome.arguments.items()
            )
            if len(fact.path) <= 2 and not echoed and fact.label.lower() not in STOPWORDS:
                for frame in phrases.FOLLOW_UP:
                    yield frame.format(label=fact.label)


def _retry(setting: Setting, rng: random.Random) -> str:
    errors = [outcome for outcome in setting.state.fresh if error_of(outcome.result)]
    failed = [
        Task(card, outcome.arguments)
        for outcome in errors
        if (card := setting.card(outcome.name)) is not None
    ]
    wrong = error_of(errors[0].result) if errors else ""
    register = phrases.register_of(setting.persona)

    def draft(level: int, r: random.Random) -> str:
        deed = _deed(failed[0]) if level == 0 and len(failed) == 1 and r.random() < 0.3 else ""
        return afresh.try_again(register, deed, wrong, r)

    return _drafted(draft, lambda text: _reads_as(setting, text, failed), rng)


def _deed(task: Task) -> str:
    """What was asked for, after `to`."""
    goal = task.card.goal
    if not goal.verb:
        return ""
    if not goal.slot:
        return f"{goal.verbs[0]} {goal.head}"
    filler = _filler(task.card.slot[goal.slot], task.arguments, 0) if goal.slot in task.arguments else ""
    return f"{goal.verbs[0]} {goal.head} {filler or goal.general}"


def _change_mind(setting: Setting, rng: random.Random) -> str:
    tasks = _planned(setting, rng, ())
    if not tasks:
        return _request(setting, rng)
    register = phrases.register_of(setting.persona)
    return _drafted(
        lambda level, r: _message(
            setting, tasks, register, level, r, opener=afresh.change_of_mind(register, r)
        ),
        lambda text: afresh.drops(text) and _reads_as(setting, text, tasks),
        rng,
    )


# What cannot be done


def _almost(setting: Setting, rng: random.Random) -> str:
    tasks = _planned(setting, rng, ())
    if not tasks:
        return _request(setting, rng)
    register = phrases.register_of(setting.persona)
    demand = essentials.demand_for(tasks[0].card, rng)
    return _drafted(
        lambda level, r: _message(
            setting, tasks, register, level, r, insists=essentials.insist(demand, register, r)
        ),
        lambda text: _reads_as(setting, text, tasks, "almost"),
        rng,
    )


def _partial(setting: Setting, rng: random.Random) -> str:
    """Two tasks in one message; the second is nothing that the assistant has a tool for."""
    tasks, beyond = _planned(setting, rng, ()), setting.card(setting.plan.beyond)
    if not tasks or beyond is None:
        return _request(setting, rng)
    wanted = [slot.name for slot in beyond.slots if slot.required or rng.random() < 0.25]
    both = [*tasks, Task(beyond, Scene(rng).values(beyond, wanted))]
    register = phrases.register_of(setting.persona)
    state = setting.state
    table = replace(state, cards=tuple(card for card in state.cards if card is not beyond))
    return _drafted(
        lambda level, r: _message(setting, both, register, level, r),
        lambda text: _reads_as(setting, text, both) and _is_heard(table, text, tasks, beyond=1),
        rng,
    )


def _invalid_value(setting: Setting, rng: random.Random) -> str:
    tasks = _planned(setting, rng, ())
    if not tasks:
        return _request(setting, rng)
    card = tasks[0].card
    slot = card.slot.get(setting.plan.slot) or next((s for s in card.slots if s.required), None)
    if slot is None:
        return _request(setting, rng)
    wrong = forbidden(slot, card, rng)
    tasks[0] = tasks[0].with_values({slot.name: wrong})
    ordered = {s.name: tasks[0].arguments[s.name] for s in card.slots if s.name in tasks[0].arguments}
    tasks[0] = Task(card, ordered)
    return write_tasks(setting, tasks, rng)


_IMPOSSIBLE_DATES = ("30 February", "31 April", "31 June", "31 September", "31 November")


def forbidden(slot: Slot, card: Card, rng: random.Random) -> Any:
    """A value that a person might name and the slot's schema does not allow."""
    schema = slot.schema
    for wrong in _forbidden_values(slot, card, rng):
        if fault(slot, wrong):
            return wrong
    return "???" if "enum" not in schema else "something else"


def _forbidden_values(slot: Slot, card: Card, rng: random.Random) -> Iterator[Any]:
    schema = slot.schema
    if schema.get("enum"):
        options = schema["enum"]
        if all(isinstance(o, int | float) and not isinstance(o, bool) for o in options):
            yield max(options) + rng.randint(1, 9)
        pool = [w for w in WORDS.get(slot.kind, ()) if w.lower() not in {str(o).lower() for o in options}]
        rng.shuffle(pool)
        yield from pool
        yield from rng.sample(
            ("something custom", "whatever is usual", "medium-rare", "extra large", "the classic one"), k=5
        )
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    bounds = [high + rng.choice((1, 5, 20, 100))] if isinstance(high, int | float) else []
    bounds += [low - rng.choice((1, 2, 10))] if isinstance(low, int | float) else []
    rng.shuffle(bounds)
    yield from bounds
    if slot.form == "integer":
        usual = Scene(rng).number(slot)
        yield usual + 0.5
    if slot.form in ("integer", "number"):
        yield rng.choice(("a handful", "plenty", "quite a lot", "a couple"))
    if slot.form == "boolean":
        yield rng.choice(("perhaps", "only sometimes", "depends"))
    if slot.form in ("date", "datetime"):
        yield f"{rng.choice(_IMPOSSIBLE_DATES)} {rng.randint(2025, 2026)}"
    if slot.form == "time":
        yield "26:70"
    if isinstance(cap := schema.get("maxLength"), int):
        yield ("very " * (cap // 5 + 2)).strip()
    if isinstance(cap := schema.get("maxItems"), int) and slot.form == "array":
        yield [f"item {number}" for number in range(1, cap + 3)]
    if slot.form in ("array", "object"):
        yield rng.choice(("all of them", "the usual ones", "everything"))
    yield rng.choice(("not an address", "unknown", "n/a at home"))


_WRITERS: dict[str, Callable[[Setting, random.Random], str]] = {
    "request": _request,
    "withhold": _withhold,
    "supply": _supply,
    "refine": _refine,
    "follow_up": _follow_up,
    "no_tool": _request,
    "cannot_fill": _cannot_fill,
    "invalid_value": _invalid_value,
    "retry": _retry,
    "change_mind": _change_mind,
    "almost": _almost,
    "partial": _partial,
}
