"""How tools are related: how closely, and what the one gives the other, from their words alone."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import msgspec

from agents.teacher.gives import gives
from agents.teacher.goal import find_goal
from agents.teacher.words import content_words, split_name, word_set

_COMMON = word_set(
    """
    get retrieve find calculate search list create update delete data information function specific
    name value return check fetch compute provide tool api number result details generate using
    """
)
_DOMAINS: tuple[tuple[str, frozenset[str]], ...] = tuple(
    (name, frozenset(words.split()))
    for name, words in (
        (
            "geometry",
            "area triangle circle rectangle perimeter volume circumference radius geometry angle "
            "polygon sphere",
        ),
        (
            "mathematics",
            "factorial gcd lcm prime equation root derivative integral matrix sum mean median number "
            "algebra math product",
        ),
        (
            "statistics",
            "mean median probability variance deviation regression distribution sample statistics "
            "correlation",
        ),
        (
            "physics",
            "velocity force energy mass acceleration electric magnetic field temperature pressure "
            "gravity physics light",
        ),
        ("chemistry", "molecule compound chemical reaction element atomic molar density substance"),
        ("biology", "cell gene dna species protein animal plant evolution population organism biology"),
        (
            "finance",
            "stock investment interest loan mortgage price dividend portfolio tax currency bank "
            "finance account payment",
        ),
        ("weather", "weather forecast humidity temperature climate rain"),
        ("travel", "flight hotel travel trip train ride airport ticket booking rental route distance map"),
        ("food", "recipe restaurant food meal ingredient cuisine cook calorie diet nutrition"),
        ("sport", "team player league sport match score game tournament basketball soccer football"),
        ("music", "music song artist album playlist concert instrument melody chord"),
        ("film", "movie film show actor theater"),
        ("books", "book author library novel"),
        ("art", "art museum sculpture painting artwork artist"),
        ("law", "law court case legal lawsuit crime lawyer patent"),
        ("history", "history historical war battle event century president timeline"),
        ("files", "file directory folder path image script document"),
        (
            "operations",
            "alert website agent service monitoring host server configuration vulnerability project "
            "component policy",
        ),
        ("people", "user customer profile contact email message account login"),
    )
)


@lru_cache(maxsize=8192)
def _features(encoded: bytes) -> tuple[frozenset[str], frozenset[str], frozenset[str], frozenset[str]]:
    tool = msgspec.json.decode(encoded)
    name, description = str(tool.get("name") or ""), str(tool.get("description") or "")
    goal = find_goal(name, description, (), frozenset())
    purpose = (content_words(goal.noun) | content_words(" ".join(split_name(name)))) - _COMMON
    words = (content_words(description) | purpose) - _COMMON
    parameters = frozenset(p for key in tool.get("parameters") or () for p in split_name(str(key))) - {
        "name",
        "id",
        "type",
    }
    domains = frozenset(domain for domain, known in _DOMAINS if known & words)
    return purpose, words, parameters, domains


def _share(left: frozenset[str], right: frozenset[str]) -> float:
    """Overlap by the smaller set: an extra word does not make a tool less related."""
    if not left or not right:
        return 0.0
    return len(left & right) / (0.65 * min(len(left), len(right)) + 0.35 * max(len(left), len(right)))


def relevance(target: bytes, other: bytes) -> float:
    """r in [0, 1] of two tools, each as JSON with name, description and the names of its parameters."""
    purpose_a, words_a, parameters_a, domains_a = _features(target)
    purpose_b, words_b, parameters_b, domains_b = _features(other)
    domain = len(domains_a & domains_b) / max(1, len(domains_a | domains_b))
    score = (
        0.5 * _share(purpose_a, purpose_b)
        + 0.3 * _share(words_a, words_b)
        + 0.12 * _share(parameters_a, parameters_b)
        + 0.25 * domain
    )
    return round(min(1.0, score * 1.15 + 0.02), 3)


def relate(target: dict[str, Any], others: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """A score for each of the others: how near it is to the target, and which values of it it gives."""
    encoded = msgspec.json.encode(target)
    scores = []
    for other in others:
        other_encoded = msgspec.json.encode(other)
        scores.append(
            {
                "name": other.get("name"),
                "relevance": relevance(encoded, other_encoded),
                "gives": gives(encoded, other_encoded),
            }
        )
    return scores
