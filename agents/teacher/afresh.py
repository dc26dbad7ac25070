"""Trying once more what failed, and dropping what was asked for: how it is said, and how it is heard."""

import random
import re

from agents.teacher.phrases import Register

_TRIES: dict[Register, tuple[str, ...]] = {
    "terse": (
        "Try again.",
        "Once more, please.",
        "Again, please.",
        "Give it another go.",
        "Retry, please.",
        "One more try.",
        "Please try that again.",
        "Can you retry?",
    ),
    "formal": (
        "Would you kindly try that again?",
        "Might I ask you to try it once more?",
        "I would be grateful if you could make another attempt.",
        "Could you please repeat the attempt, with everything as it was?",
        "Please be so kind as to try it a second time.",
        "May I ask you for one more attempt?",
        "Could I trouble you to run it again, unchanged?",
    ),
    "chatty": (
        "Could you give it another go?",
        "Would you mind trying that one more time?",
        "Can we try that again, please?",
        "Mind giving it a second shot?",
        "Let's just try it again, shall we?",
        "Could you have another stab at it?",
        "Pretty please, try it once more?",
    ),
    "plain": (
        "Could you try that again?",
        "Can you try it once more?",
        "Please try again.",
        "Could you give it another try?",
        "Would you try that one more time, please?",
        "Can you run it again, just as before?",
        "Please have another go at it.",
        "Could you try the same thing again?",
        "Let's try that again.",
        "Please repeat the attempt.",
    ),
}
_SIGHS: dict[Register, tuple[str, ...]] = {
    "terse": ("", "", "", "Hm.", "Odd.", "Too bad."),
    "formal": (
        "",
        "I see.",
        "That is unfortunate.",
        "Thank you for letting me know.",
        "How inconvenient.",
        "I understand.",
    ),
    "chatty": (
        "Oh no!",
        "Ah, typical!",
        "Ugh, bad luck!",
        "Oh dear.",
        "Well, these things happen!",
        "Argh!",
        "",
    ),
    "plain": ("", "", "Hm, okay.", "That's a pity.", "Oh, I see.", "That's annoying.", "Okay, no problem."),
}
_HOPES: dict[Register, tuple[str, ...]] = {
    "terse": ("", "", "", "I need it.", "Might work now.", "Nothing has changed on my side."),
    "formal": (
        "",
        "",
        "Perhaps it was only a passing fault.",
        "Nothing has changed on my side.",
        "I do depend on it.",
        "I am happy to wait a moment.",
        "It may well go through on the second attempt.",
    ),
    "chatty": (
        "",
        "",
        "Maybe it was just a hiccup!",
        "Second time lucky, I hope!",
        "I'm keeping my fingers crossed!",
        "It always works for me the second time.",
        "I'd hate to give up after one go.",
    ),
    "plain": (
        "",
        "",
        "",
        "Maybe it was only a hiccup.",
        "It might work now.",
        "I still need it.",
        "Everything stays as I said.",
        "Perhaps it was just a bad moment.",
        "I can wait a little.",
    ),
}
_SINCE = (
    (
        re.compile(r"(?i)denied|forbidden|permission|authori[sz]ed|access|scope"),
        (
            "I have been given access in the meantime.",
            "My administrator says it is sorted out now.",
            "They have just granted me the rights for it.",
            "The permissions were changed a minute ago.",
            "It should be allowed now, I was told.",
        ),
    ),
    (
        re.compile(r"(?i)\bno\b.{0,20}\bfound|not (?:be )?found|no (?:such|record|match)|does not exist|404"),
        (
            "It should be there by now.",
            "I am told it has just been added.",
            "It must be there, I saw it myself.",
            "Somebody has added it since.",
            "I am quite sure that it exists.",
        ),
    ),
)
"""What has happened since, by what went wrong."""
_AGAIN_WITH = (
    "Could you try to {vp} again?",
    "Please try once more to {vp}.",
    "Can you try again to {vp}?",
    "Would you try to {vp} one more time?",
    "I would still like to {vp}, so please try again.",
    "Let's see whether you can {vp} on a second try.",
)
"""Ways to ask again that say what for."""

_AGAIN = re.compile(
    r"\b(?:try(?:ing)?|retry|repeat|run|go|shot|stab|attempt|give)\b.{0,40}?"
    r"\b(?:again|once more|one more time|another|second)\b"
    r"|\b(?:another|one more|a second) (?:go|try|attempt|shot|stab|time)\b"
    r"|\bretry\b|\bonce more\b|^\W*(?:\w+\. )?again\b|\brepeat the attempt\b",
    re.IGNORECASE,
)


_OTHERWISE = re.compile(r"\b(?:this time|instead|only that|one change|change one)\b", re.IGNORECASE)
_LOOK_AGAIN = re.compile(r"\bsum (?:that|it|this) up\b|\bthe result (?:again|once more)\b", re.IGNORECASE)


def asks_again(text: str) -> bool:
    """The message asks to try once more, with nothing changed."""
    return (
        _AGAIN.search(text) is not None
        and _OTHERWISE.search(text) is None
        and _LOOK_AGAIN.search(text) is None
    )


def try_again(register: Register, deed: str, error: str, rng: random.Random) -> str:
    """A message that asks to try again what failed.

    Args:
        deed: what it was, after `to`; empty if the message need not say.
        error: what went wrong, in the tool's words.
    """
    asked = rng.choice(_AGAIN_WITH).format(vp=deed) if deed else rng.choice(_TRIES[register])
    since = next((reasons for pattern, reasons in _SINCE if pattern.search(error)), ())
    hope = rng.choice(since) if since else rng.choice(_HOPES[register])
    return " ".join(filter(None, (rng.choice(_SIGHS[register]), asked, hope)))


_DROPS: dict[Register, tuple[str, ...]] = {
    "terse": (
        "Forget that.",
        "Scrap that.",
        "Never mind that.",
        "Drop it.",
        "Changed my mind.",
        "Leave that.",
        "No, something else.",
    ),
    "formal": (
        "On reflection, please disregard that request.",
        "I beg your pardon, I have changed my mind.",
        "Please set that aside; there is something I need more.",
        "That will not be necessary after all.",
        "Kindly leave that matter for now.",
        "On second thoughts, I withdraw that request.",
    ),
    "chatty": (
        "Oh, you know what? Forget about that one!",
        "Hmm, actually, never mind that!",
        "Ah, scrap that, I've just had a better idea!",
        "Wait, I've changed my mind!",
        "Sorry, I'm all over the place today, just ignore that one!",
        "Actually, let's leave that for another day!",
        "Haha, on second thoughts, forget it!",
    ),
    "plain": (
        "Actually, forget that.",
        "Never mind that one.",
        "On second thought, leave that.",
        "Sorry, I've changed my mind about that.",
        "Let's drop that.",
        "Actually, I don't need that any more.",
        "Forget what I just asked.",
        "You know what, never mind.",
        "That can wait, please leave it.",
        "I've thought about it again, and that is no longer needed.",
    ),
}
_INSTEAD: dict[Register, tuple[str, ...]] = {
    "terse": ("", "", "", "This instead:", "What I need:"),
    "formal": (
        "",
        "",
        "What I need now is something else.",
        "There is a more pressing matter.",
        "Instead, I have this for you.",
    ),
    "chatty": ("", "", "Here's what I really need!", "Let's do this one instead!", "Something else came up!"),
    "plain": (
        "",
        "",
        "",
        "Here is what I need now.",
        "Something else is more important.",
        "This is what I want instead.",
    ),
}
_DROPPING = re.compile(
    r"\b(?:forget (?:that|it|about|what)|never mind|scrap that|changed my mind|second thoughts?"
    r"|drop (?:it|that)|(?:leave|disregard|ignore|withdraw) (?:that|it)\b|set that aside"
    r"|not be necessary after all|don['’]t need (?:that|it) (?:any ?more|after all)"
    r"|no longer needed|no, something else)",
    re.IGNORECASE,
)


def drops(text: str) -> bool:
    """The message takes back what was asked for before."""
    return _DROPPING.search(text) is not None


def change_of_mind(register: Register, rng: random.Random) -> str:
    """The words before a request that takes the place of an earlier one."""
    return " ".join(filter(None, (rng.choice(_DROPS[register]), rng.choice(_INSTEAD[register]))))
