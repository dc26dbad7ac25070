"""How people open, ask, explain and close: the wording around a request, by the persona's register."""

import random
import re
from typing import Literal, NamedTuple

Register = Literal["terse", "formal", "chatty", "plain"]

_REGISTERS: tuple[tuple[Register, re.Pattern[str]], ...] = (
    (
        "terse",
        re.compile(
            r"\b(terse|hurr(?:y|ied)|direct|businesslike|matter-of-fact|brief|busy|short|blunt|impatient|curt"
            r"|few words|to the point|rushed)",
            re.I,
        ),
    ),
    (
        "formal",
        re.compile(
            r"\b(formal|polite|careful|professional|courteous|reserved|precise|lawyer|executive|meticulous)",
            re.I,
        ),
    ),
    (
        "chatty",
        re.compile(
            r"\b(chatty|friendly|talkative|warm|rambling|cheerful|casual|excited|enthusiastic|curious|wordy)",
            re.I,
        ),
    ),
)


def register_of(persona: str) -> Register:
    manner = persona.rpartition(",")[2]
    return next((name for name, pattern in _REGISTERS if pattern.search(manner)), "plain")


OPENERS: dict[Register, tuple[str, ...]] = {
    "terse": ("", "", "", "Hi.", "Quick one.", "Quick question.", "Morning."),
    "formal": ("Good morning.", "Good afternoon.", "Hello.", "Dear assistant,", "", "Good day."),
    "chatty": (
        "Hi there!",
        "Hey!",
        "Hello, hope you are doing well!",
        "Hi! So glad you are here.",
        "Hey, quick favour to ask!",
        "Okay, here we go!",
    ),
    "plain": ("", "", "Hi,", "Hello,", "Hi there.", "Hello."),
}

NEXT_OPENERS: dict[Register, tuple[str, ...]] = {
    "terse": ("", "", "Next.", "Next one.", "Also."),
    "formal": ("", "Thank you.", "I have another request.", "There is one more matter."),
    "chatty": ("Lovely, thanks!", "Perfect!", "Great, on to the next thing!", "Brilliant, one more!", ""),
    "plain": ("", "", "Thanks.", "Good, now something else.", "One more thing."),
}
"""How a further task begins in the same conversation."""

CLOSERS: dict[Register, tuple[str, ...]] = {
    "terse": ("", "", "", "Thanks.", "Need it soon.", "Today, if possible."),
    "formal": (
        "Thank you very much.",
        "Many thanks in advance.",
        "",
        "I appreciate your help.",
        "Thank you for your time.",
    ),
    "chatty": (
        "Thanks a million!",
        "You are a star!",
        "",
        "Really looking forward to it!",
        "Thanks so much!",
    ),
    "plain": ("", "", "Thanks!", "Thank you.", "Thanks in advance.", "That would help a lot."),
}

ASK: dict[Register, tuple[str, ...]] = {
    "terse": ("Please {vp}.", "Need to {vp}.", "{Vp}, please.", "Can you {vp}?", "Could you {vp}?"),
    "formal": (
        "Would you kindly {vp}?",
        "I would be grateful if you could {vp}.",
        "Could you please {vp}?",
        "I would like to {vp}.",
        "May I ask you to {vp}?",
    ),
    "chatty": (
        "Could you {vp}?",
        "I was hoping you could {vp}.",
        "Would you be able to {vp}?",
        "Can you help me {vp}?",
        "I really need to {vp}.",
        "I'd love to {vp}.",
    ),
    "plain": (
        "Could you {vp}?",
        "Can you {vp}?",
        "I need to {vp}.",
        "I'd like to {vp}.",
        "Please {vp}.",
        "I want to {vp}.",
        "Can you help me {vp}?",
        "Could you please {vp}?",
        "I have to {vp}.",
    ),
}

ASK_FOR: dict[Register, tuple[str, ...]] = {
    "terse": ("I need {np}.", "Give me {np}.", "Can you tell me {np}?"),
    "formal": ("I would like to know {np}.", "Could you tell me {np}?", "May I ask for {np}?"),
    "chatty": ("Can you tell me {np}?", "I'd love to know {np}!", "Do you happen to know {np}?"),
    "plain": ("I need {np}.", "Can you tell me {np}?", "Could you give me {np}?", "I'd like to know {np}."),
}
WHAT_IS = ("What is {np}?", "What's {np}?")
WHAT_ARE = ("What are {np}?",)


class Motive(NamedTuple):
    theme: str
    """One or two words of the problem's type label."""
    reasons: tuple[str, ...]
    """Sentences for after the request."""


MOTIVES = (
    Motive(
        "weekly-report",
        (
            "It's for the report I hand in this week.",
            "I have to put it into my weekly report.",
            "My weekly report is still missing this.",
        ),
    ),
    Motive(
        "homework",
        ("It's for my homework.", "My homework depends on it.", "I want to check my homework with it."),
    ),
    Motive(
        "class-lesson",
        ("I want to show it to my class.", "It's for a lesson I'm teaching.", "My class asked about it."),
    ),
    Motive(
        "family-plans",
        (
            "My family is waiting for the answer.",
            "It's for a family plan we are making.",
            "We are sorting this out at home, as a family.",
        ),
    ),
    Motive(
        "client-work",
        ("A client asked me for it.", "It's for a client of mine.", "My client wants to see it."),
    ),
    Motive(
        "team-meeting",
        (
            "My team meeting is coming up and I want to have it ready.",
            "I promised to bring it to our team meeting.",
        ),
    ),
    Motive(
        "presentation",
        (
            "It goes into a presentation of mine.",
            "I'm preparing a presentation and this is the missing piece.",
        ),
    ),
    Motive("blog-post", ("I'm writing a blog post about it.", "It's for a blog post.")),
    Motive("boss-request", ("My boss wants it.", "My boss asked me to take care of this.")),
    Motive("helping-friend", ("A friend asked me to help with this.", "I'm doing this for a friend.")),
    Motive("club-project", ("Our club is working on it together.", "It's for a club project.")),
    Motive(
        "budget-review",
        ("I'm going through our budget and need this for it.", "It matters for our budget review."),
    ),
    Motive("exam-prep", ("I'm studying for an exam.", "My exam is close, so I'm practising.")),
    Motive(
        "newsletter",
        ("I want to mention it in our newsletter.", "Our newsletter is nearly done and this is missing."),
    ),
    Motive(
        "charity-event", ("We are organising a charity event.", "It's for a charity event I'm helping with.")
    ),
    Motive(
        "small-business", ("It's for my small business.", "I run a small business and this keeps coming up.")
    ),
    Motive(
        "quiz-night", ("I'm writing the questions for a quiz night.", "It's for a quiz night with friends.")
    ),
    Motive("research-notes", ("I'm collecting notes for my research.", "My research notes have a gap here.")),
    Motive("hobby", ("It's just a hobby of mine.", "I'm doing this as a hobby.")),
    Motive(
        "second-check",
        ("I did it once already and want a second check.", "I'd like a second check on what I have."),
    ),
    Motive(
        "handover",
        ("I'm handing this over to a colleague.", "I have to finish it before the handover to a colleague."),
    ),
    Motive("neighbour", ("My neighbour is curious about it.", "I promised my neighbour to look into it.")),
    Motive("workshop", ("It's for a workshop I'm running.", "I'm getting a workshop ready.")),
    Motive("audit", ("We have an audit coming up.", "The auditors asked for this.")),
)
_BY_REASON = {reason.lower(): motive.theme for motive in MOTIVES for reason in motive.reasons}


def theme_of(text: str) -> str:
    """The theme of the reason that a message gives; empty if it gives none of ours."""
    lower = text.lower()
    return next((theme for reason, theme in _BY_REASON.items() if reason in lower), "")


def motive(rng: random.Random, avoid: tuple[str, ...]) -> Motive:
    """A reason to ask, if possible of a theme that none of the labels to avoid ends with."""
    fresh = [m for m in MOTIVES if not any(label.endswith(m.theme) for label in avoid)]
    return rng.choice(fresh or list(MOTIVES))


FIRST = ("", "", "Two things today. First,", "First,", "I have a couple of things.", "A few things, please.")
NEXT = ("Also,", "Next,", "On top of that,", "Besides that,", "And then,", "Apart from that,", "Separately,")
LAST = ("Finally,", "Last,", "Also,", "And one more thing:", "On top of that,")

SUPPLY: dict[Register, tuple[str, ...]] = {
    "terse": ("{c}", "{c}", "Right. {c}", "Ok. {c}"),
    "formal": ("Of course. {c}", "My apologies. {c}", "Certainly. {c}", "Thank you for asking. {c}"),
    "chatty": ("Oh, sorry, I forgot! {c}", "Ah, of course! {c}", "Silly me. {c}", "Good point! {c}"),
    "plain": ("Sure. {c}", "Sorry, I forgot. {c}", "{c}", "Ah, right. {c}", "Good question. {c}"),
}

REFINE = (
    "Same again, but this time {c}.",
    "Thanks. Now do the same again, but {c}.",
    "Actually, let me change one thing: {c} instead.",
    "Could you run that again? This time {c}.",
    "Let me adjust that: {c} this time.",
    "Good. What if I change one thing: {c}?",
    "Could you redo it with one change: {c}.",
    "Hmm, I'd like to see it once more, only that {c}.",
)

REFUSE = (
    "I'm afraid I don't have {what}, and there is no way for me to get it.",
    "I don't know {what}, sorry. I can't find it anywhere either.",
    "Sorry, I do not have {what} and nobody here can tell me.",
    "I haven't got {what}, and I can't get hold of it.",
    "That's the problem: I don't know {what}, and I have no way to find out.",
    "I can't find {what} anywhere. I never got it.",
)

REFUSE_TO_KNOW = (
    "I don't know {what}, sorry, and nobody here can tell me.",
    "That's the problem: I don't know {what}, and I have no way to find out.",
)

FOLLOW_UP = (
    "Thanks! What was the {label} again?",
    "Just to be sure I have it right: what is the {label}?",
    "Great. Could you repeat the {label} for me?",
    "And the {label}, according to that result?",
    "Sorry, I missed it: what did it say about the {label}?",
    "Before I write it down, what's the {label} in that result?",
    "One question about that result: what is the {label}?",
    "Can you remind me of the {label}?",
)
SUM_UP = (
    "Thanks! Could you sum that up for me once more?",
    "Good to know. What did the result say exactly?",
    "Could you repeat that result for me, please?",
    "Sorry, I was distracted. What did the result say?",
    "Okay. Can you sum it up in one line?",
    "Can you read that result to me again?",
    "Would you give me the result once more?",
    "Right, and could you sum this up for my notes?",
    "Let me write it down. What was the result again?",
)
FOLLOW_UP_RANKED = (
    "Which of them has the {rank} {label}?",
    "Thanks! Which one has the {rank} {label}?",
    "Out of those, which one has the {rank} {label}?",
    "And which of these comes with the {rank} {label}?",
)
