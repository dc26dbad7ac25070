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
    "terse": (
        *("", "", "", "Next.", "Next one.", "Got it.", "Ok.", "Fine. Next.", "Right.", "Good."),
        *("Another one.", "Noted.", "One more.", "Moving on."),
    ),
    "formal": (
        *("", "", "Thank you.", "I have another request.", "There is one more matter.", "Very good."),
        *("Thank you, that is clear.", "Much obliged.", "I have noted that.", "Thank you kindly."),
        *("That was helpful, thank you.", "With that settled, I have a further request."),
    ),
    "chatty": (
        *("", "Lovely, thanks!", "Perfect!", "Great, on to the next thing!", "Brilliant, one more!"),
        *("Wonderful!", "That's just what I needed, thanks!", "Oh nice!", "Cheers for that!"),
        *("Super, while I have you here!", "Ha, good to know!", "You're quick! Here's another."),
    ),
    "plain": (
        *("", "", "", "Thanks.", "Good, now something else.", "One more thing.", "Okay, thanks for that."),
        *("Good to know.", "All right.", "That helps, thank you.", "Now to something else."),
        *("Okay, next question.", "Thanks, I have another one.", "Now that this is clear, another thing."),
    ),
}
"""How a further task begins in the same conversation."""

NEXT_ANYWAY: dict[Register, tuple[str, ...]] = {
    "terse": ("", "", "Ok.", "Right. Next.", "Then this.", "Too bad. Next."),
    "formal": ("", "I see.", "I understand.", "Then I have another request.", "Be that as it may."),
    "chatty": ("", "Oh well!", "Ah, fair enough!", "No worries!", "All right, how about this then?"),
    "plain": ("", "", "I see.", "Okay.", "All right, then something else.", "Fair enough."),
}
"""The same where what came before did not work out."""

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
NEED = ("I need {np}.", "Could you get me {np}?", "I am looking for {np}.")
HELP_WITH = ("I need {np}.", "Could you give me {np}?", "Can you help me with {np}?")
THEN = (
    "Could you then {vp}?",
    "Then {vp}.",
    "Please {vp} as well.",
    "I also need to {vp}.",
    "After that, {vp}.",
)
"""Ways to ask for what builds on something else."""
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
CODE_MOTIVES = (
    Motive("code-review", ("It came up in a code review.", "The reviewers asked me for it.")),
    Motive("bug-hunt", ("I'm chasing a bug, and this is the next step.", "It's about a bug report.")),
    Motive("unit-test", ("I need it for a unit test.", "One of our tests depends on it.")),
    Motive("migration", ("We are migrating an old module.", "It's part of a migration we are doing.")),
    Motive("nightly-build", ("Our nightly build fails over it.", "It holds up the nightly build.")),
    Motive("next-release", ("We ship a release this week.", "It has to be in the next release.")),
    Motive("prototype", ("It's for a small prototype of mine.", "I'm trying something out in a prototype.")),
    Motive("refactoring", ("I'm refactoring that module.", "I'm tidying up that part of the code.")),
    Motive("onboarding", ("I'm showing a colleague how our code works.", "It's for our onboarding guide.")),
    Motive("incident", ("I'm tracing an incident.", "It's for the notes on last night's incident.")),
    Motive("slow-page", ("I'm looking into why a page is slow.", "One of our pages is slow.")),
    Motive("code-sample", ("I'm writing a code sample for our docs.", "It goes into the documentation.")),
)
"""Reasons that programmers have."""
_BY_REASON = {
    reason.lower(): motive.theme for motive in (*MOTIVES, *CODE_MOTIVES) for reason in motive.reasons
}


def theme_of(text: str) -> str:
    """The theme of the reason that a message gives; empty if it gives none of ours."""
    lower = text.lower()
    return next((theme for reason, theme in _BY_REASON.items() if reason in lower), "")


def motive(rng: random.Random, avoid: tuple[str, ...], code: bool = False) -> Motive:
    """A reason to ask, if possible of a theme that none of the labels to avoid ends with.

    Args:
        code: it is about a program.
    """
    motives = CODE_MOTIVES if code else MOTIVES
    fresh = [m for m in motives if not any(label.endswith(m.theme) for label in avoid)]
    return rng.choice(fresh or list(motives))


FIRST = ("", "", "Two things today. First,", "First,", "I have a couple of things.", "A few things, please.")
NEXT = (
    "Also,", "Next,", "On top of that,", "Besides that,", "And then,", "Apart from that,", "Separately,",
    "In addition,", "While you're at it,", "After that,", "Then there is this:",
)  # fmt: skip
LAST = (
    "Finally,", "Last,", "Also,", "And one more thing:", "On top of that,", "And lastly,",
    "While you're at it,", "Oh, and one more thing:", "And there is this:", "In addition,",
    "Apart from that,",
)  # fmt: skip
"""How the parts of a message begin; each but the first needs such words."""

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
    "Hang on, what is the {label}?",
    "For my notes: what was the {label}?",
    "Let me write that down: the {label}, please.",
    "Quickly, the {label} again?",
    "I'd like to double-check the {label}.",
    "I was distracted for a moment: what is the {label}, please?",
    "Somebody here is asking for the {label}. What was it?",
    "Fine. So what does that say for the {label}?",
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
