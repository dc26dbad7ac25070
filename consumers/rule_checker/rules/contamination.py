"""Does the dialogue keep away from the benchmarks that models will be measured with?"""

from collections.abc import Iterator

from consumers.rule_checker.rules.registry import Problem, rule
from consumers.rule_checker.tool import prepare, shorten
from consumers.rule_checker.view import View
from schemas.dialogue import ToolMessage

MAX_SHOWN = 300
"""Characters of the overlap that are shown."""


@rule(
    "structure",
    "error",
    "Let the user ask for something else, with other values and in other words: a model trained on a "
    "benchmark's question is no longer measured by it.",
    when=lambda view: view.forbidden is not None,
)
def overlaps_benchmark(view: View) -> Iterator[Problem]:
    """No message repeats a benchmark's question, as far as `genesisfunc tools forbid` has loaded some.

    Compared are the n-grams of normalised words, of which the index keeps hashes only. A message of user or
    assistant overlaps when it holds at least the index's limit (by default half) of the n-grams of a
    question, or of a part of about 24 words of a long one, and at least as many as a run of 7 words has; or
    the whole of a shorter question. What is said around it makes no difference. N-grams that stand in the
    definitions of the dialogue's own tools do not count: every request for a tool repeats its description.
    """
    if view.forbidden is None:
        return
    said = [
        (index, message.content)
        for index, message in enumerate(view.messages)
        if not isinstance(message, ToolMessage) and message.content
    ]
    tools = (*view.dialogue.tools, *view.dialogue.missing_tools)
    definitions = (prepare(tool).definition.raw for tool in tools)
    for place, found in view.forbidden.overlaps([text for _, text in said], definitions):
        yield Problem(
            f"the message has {found.share:.0%} of a question of {found.source} (limit "
            f"{view.forbidden.limit:.0%}, {found.longest_run} words in a row): "
            f"{shorten(found.words, MAX_SHOWN)}",
            said[place][0],
        )
