"""The curator: whether two tools are one, from the verb and the object that their definitions speak of."""

from functools import lru_cache
from typing import Any

from agents.teacher.goal import find_goal
from agents.teacher.words import base_verb, content_words, split_name, word_set

_ACTIONS: tuple[tuple[str, frozenset[str]], ...] = tuple(
    (name, word_set(verbs))
    for name, verbs in (
        (
            "look up",
            "get retrieve fetch obtain return find locate lookup show display provide give list read load "
            "query identify pull gather collect access view search check recommend suggest output present",
        ),
        ("calculate", "calculate compute determine evaluate estimate derive measure solve perform"),
        ("buy", "buy purchase order"),
        ("book", "book reserve schedule"),
        ("create", "create make add generate construct build register insert produce compose write"),
        ("remove", "delete remove erase clear drop uninstall cancel"),
        ("change", "update modify edit change set adjust alter configure"),
        ("convert", "convert transform translate"),
        ("send", "send post submit publish email message"),
        ("start", "start begin initiate launch play run execute activate enable"),
        ("stop", "stop end halt terminate pause deactivate disable"),
        ("sign in", "login authenticate verify log sign"),
        ("forecast", "predict forecast"),
    )
)
_SCOPES = tuple(
    word_set(words)
    for words in (
        "current now live latest",
        "forecast future predict",
        "historical history past",
        "all every",
        "oneway",
        "roundtrip",
    )
)
"""Words that change what is asked for: of two tools, both or neither have one of a group."""
_LITTLE = word_set(
    """
    api tool function get retrieve fetch find calculate compute search list detail details information info
    data specific value result number various specified criteria basis system available based condition
    service method nearby near http request
    """
)
_OBJECT, _ARGUMENTS, _WORDS = 0.5, 0.25, 0.25
"""What the object, the required arguments and the whole wording weigh."""
_SAME_WORDING = 0.6
"""Share of common words from which one name's word in the place of another's makes another tool."""
_SAME_FROM, _SAME_FROM_WITH_OWN_WORDS = 0.62, 0.78
"""How alike two are that do the same; more is asked for where each names a thing that the other does not."""


def compare(first: dict[str, Any], second: dict[str, Any]) -> tuple[bool, str]:
    """Whether two tools (name, description, required, optional) do the same, and why, in a sentence."""
    left, right = _reading(*_texts(first)), _reading(*_texts(second))
    if left.action != right.action:
        return False, f"One is to {left.action}, the other to {right.action}."
    for scope in _SCOPES:
        if bool(left.object & scope) != bool(right.object & scope):
            return False, f"Only one of them is about what is {min((left.object | right.object) & scope)}."
    wording = _share(left.words, right.words)
    if wording >= _SAME_WORDING and (swapped := _each_own(left.named, right.named)):
        return False, f"In nearly the same words, one is about {swapped[0]}, the other about {swapped[1]}."
    objects = _share(left.object, right.object)
    arguments = _share(_arguments(first), _arguments(second))
    likeness = _OBJECT * objects + _ARGUMENTS * arguments + _WORDS * wording
    enough = _SAME_FROM_WITH_OWN_WORDS if _each_own(left.object, right.object) else _SAME_FROM
    if objects > 0.5 and likeness >= enough:
        common = ", ".join(sorted(left.object & right.object)[:4])
        return True, f"Both {left.action} the same: {common or left.action}."
    apart = sorted(left.object ^ right.object)[:3] or sorted(_arguments(first) ^ _arguments(second))[:3]
    return False, f"They {left.action} different things: {', '.join(apart) or 'their words differ'}."


def _each_own(left: frozenset[str], right: frozenset[str]) -> tuple[str, str] | None:
    """A word that only the one has and a word that only the other has, if each has any."""
    own = left - right, right - left
    return (min(own[0]), min(own[1])) if all(own) else None


class _Reading:
    """What a definition says that its tool does."""

    def __init__(self, name: str, description: str) -> None:
        goal = find_goal(name, description, (), frozenset())
        named = split_name(name)
        verb = goal.verb.split(" ")[0] or next((v for part in named if (v := base_verb(part))), "")
        self.action = next((action for action, verbs in _ACTIONS if verb in verbs), verb or "do")
        in_name = content_words(" ".join(named)) - _LITTLE
        in_goal = content_words(goal.noun.replace("'s", "")) - _LITTLE
        self.named = frozenset(word for word in in_name if not base_verb(word))
        self.object = frozenset(word for word in in_goal | in_name if base_verb(word) != verb) or in_name
        self.words = content_words(description) | in_name


@lru_cache(maxsize=8192)
def _reading(name: str, description: str) -> _Reading:
    return _Reading(name, description)


def _texts(tool: dict[str, Any]) -> tuple[str, str]:
    return str(tool.get("name") or ""), str(tool.get("description") or "")


def _arguments(tool: dict[str, Any]) -> frozenset[str]:
    """Words of the names of the required parameters, or of all where none is required."""
    return frozenset(
        word for name in tool.get("required") or tool.get("optional") or () for word in split_name(str(name))
    )


def _share(left: frozenset[str], right: frozenset[str]) -> float:
    """Overlap, by the mean of both sizes; two empty sets agree."""
    if not left and not right:
        return 1.0
    return 2 * len(left & right) / (len(left) + len(right))
