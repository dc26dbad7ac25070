"""How tools fail for no fault of the caller, in the words of real services; and what can then be done."""

import random
import re
from typing import Any

from agents.teacher.card import Card, Slot
from agents.teacher.mention import say
from agents.teacher.words import capital, head_noun, split_name

_COMPLAINTS: dict[str, tuple[str, ...]] = {
    "unavailable": (
        "Service temporarily unavailable. Please try again later.",
        "503 Service Unavailable: the server is down for maintenance.",
        "The {thing} service is currently unavailable.",
        "Upstream service is not responding; the request was not processed.",
        "The server is overloaded and cannot handle the request right now.",
        "Connection refused: the backend is offline.",
    ),
    "rate_limited": (
        "429 Too Many Requests. Retry after {seconds} seconds.",
        "Rate limit exceeded: retry in {seconds} seconds.",
        "Too many requests. Please slow down and try again in {seconds} seconds.",
        "Quota exceeded for this minute. Try again shortly.",
        "Request throttled: the limit of {limit} requests per minute has been reached.",
    ),
    "timeout": (
        "The request timed out after {timeout} seconds.",
        "504 Gateway Timeout: no answer from the server in time.",
        "Timeout while waiting for the {thing} service.",
        "The operation took too long and was cancelled after {timeout} seconds.",
        "Deadline exceeded before the operation could complete.",
    ),
    "denied": (
        "403 Forbidden: you do not have permission to perform this operation.",
        "Access denied: this account is not authorized for the {thing} service.",
        "Permission denied. Contact your administrator to request access.",
        "Not authorized: the account lacks the required scope.",
        "This operation is not permitted for the current account.",
    ),
    "not_found": (
        "No record was found for {what}.",
        "404 Not Found: {what} does not exist.",
        "{What} could not be found.",
        "Nothing matches {what}.",
        "There is no entry for {what} in the database.",
    ),
}


def complaint(card: Card | None, arguments: dict[str, Any], how: str, rng: random.Random) -> str:
    """The message of a failing call.

    Args:
        how: one of `schemas.dialogue.Mishap`; any other is told as unavailable.
    """
    what = _sought(card, arguments) if card is not None else "the requested resource"
    thing = _thing(card) if card is not None else "requested"
    frame = rng.choice(_COMPLAINTS.get(how) or _COMPLAINTS["unavailable"])
    return frame.format(
        what=what,
        What=capital(what),
        thing=thing,
        seconds=rng.choice((15, 30, 45, 60)),
        timeout=rng.choice((10, 30, 60)),
        limit=rng.choice((60, 100)),
    )


def _thing(card: Card) -> str:
    """What the service is about, in one or two words."""
    noun = re.sub(r"^(?:the|a|an|all|my|your) ", "", head_noun(card.goal.head))
    words = re.findall(r"[A-Za-z][\w-]*", noun)[-2:]
    return " ".join(words) or " ".join(split_name(card.name)[-2:])


def _sought(card: Card, arguments: dict[str, Any]) -> str:
    """The thing that is not found: `order ID ORD-48213`."""
    named = [slot for slot in card.slots if _names_a_thing(slot, arguments.get(slot.name))]
    named.sort(key=lambda slot: (slot.kind not in ("identifier", "uuid"), not slot.required))
    if named:
        slot = named[0]
        return f"{slot.label} {say(slot, arguments[slot.name])}"
    return f"the requested {_thing(card)}"


def _names_a_thing(slot: Slot, value: Any) -> bool:
    if isinstance(value, str):
        secret = slot.kind in ("secret", "password", "username")
        return slot.form == "text" and not secret and 0 < len(value) <= 40
    return isinstance(value, int) and slot.kind == "code_number"


_TEMPORARY = re.compile(
    r"(?i)\b(?:unavailable|temporar\w+|time[d-]?\s?out|timeout|deadline|too long|rate limit|too many|quota|"
    r"throttled|try again|retry|overloaded|not responding|offline|down for|refused)\b"
)
_DENIED = re.compile(r"(?i)\b(?:denied|forbidden|permi\w+|authori[sz]ed|access|scope)\b")
_NOT_FOUND = re.compile(
    r"(?i)\b(?:not (?:be )?found|no (?:\w+ )?(?:record|entry|match|such)|does not exist|nothing)\b"
)


def advice(error: str, rng: random.Random) -> str:
    """What the user can do about an error."""
    if _TEMPORARY.search(error):
        return rng.choice(
            (
                "This is most likely temporary: tell me when you would like me to try again.",
                "It may work again in a few minutes. Just say so, and I will try once more.",
                "You can ask me to try again in a little while.",
                "Shall I try it again later?",
            )
        )
    if _DENIED.search(error):
        return rng.choice(
            (
                "Whoever manages the account would have to grant access first.",
                "Please ask the account's administrator for access; after that I can try again.",
                "You could check with your administrator whether the account is allowed to do this.",
            )
        )
    if _NOT_FOUND.search(error):
        return rng.choice(
            (
                "Please check whether that is spelled correctly, and send me the right one if it is not.",
                "You may want to check it for a typing error; with another one I can look again.",
                "If there is another one that I should look for, just tell me.",
            )
        )
    return rng.choice(("Would you like to try other values?", "Please check the values and try again."))
