"""One name a tool: kept tools that share one are told apart by a word of their own."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from consumers.sampler.curation.definition import SMALL_WORDS, Definition, words


def unique_names(definitions: Sequence[Definition]) -> list[str]:
    """A name for each: its own, but where several share one, all after the first get a word more."""
    sharing: dict[str, list[int]] = defaultdict(list)
    for place, definition in enumerate(definitions):
        sharing[definition.tool.name].append(place)
    names = [definition.tool.name for definition in definitions]
    taken = set(names)
    for name, places in sharing.items():
        for place in places[1:]:
            others = [definitions[other] for other in places if other != place]
            names[place] = next(
                found for found in _candidates(name, definitions[place], others) if found not in taken
            )
            taken.add(names[place])
    return names


def _candidates(name: str, definition: Definition, others: Sequence[Definition]) -> Iterator[str]:
    """`search_weather`, `search_books`; where no word is its own, `search_2`, `search_3` and so on."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    common = (
        ENGLISH_STOP_WORDS
        | SMALL_WORDS
        | set(words(name))
        | {word for other in others for word in _said(other)}
    )
    room = 128 - len(name) - 1
    for word in dict.fromkeys(_said(definition)):
        if word not in common and len(word) <= room:
            yield f"{name}_{word}"
    number = 2
    while True:
        tail = f"_{number}"
        yield f"{name[: 128 - len(tail)]}{tail}"
        number += 1


def _said(definition: Definition) -> list[str]:
    """Words that may name a thing: of the description after its first, mostly a verb, and of parameters."""
    _, _, after = definition.tool.description.strip().partition(" ")
    text = f"{after.lower()} {' '.join(words(' '.join(definition.tool.properties)))}"
    found = re.findall(r"[^\W\d_]{4,}", text)
    return [word for word in found if word.isascii() and not word.endswith(("ing", "ed", "ly"))]
