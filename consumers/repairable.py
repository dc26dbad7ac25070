"""Which failed dialogues the repair agent gets. The router has the others.

Every `checked.rule` that failed belongs to exactly one of the two, so both ask this.
"""

from schemas.events import RuleChecked

MOST_ERRORS = 6
"""With more, a new dialogue is the better one."""

BEYOND_REPAIR = frozenset(
    {
        "overlaps_benchmark",  # other words for a benchmark's question are still that question
        "declined_by_the_judge",  # nothing is wrong that an edit could put right
        "rule_error",  # a rule has a bug, the dialogue may have none
        "empty_table",
        "turns_as_planned",  # turns are the user's, whose words stand
    }
)


def may_be_repaired(checked: RuleChecked) -> bool:
    """Whether the repair agent has a try at this dialogue before a person is asked.

    It does in a run with repair and evaluation, where rules failed the dialogue for the first time, for a
    few faults of its messages that each come with a hint.
    """
    spec = checked.dialogue.spec
    if checked.passed or checked.dialogue.repairs or not (spec.repair and spec.evaluation):
        return False
    errors = [finding for finding in checked.findings if finding.severity == "error"]
    return 0 < len(errors) <= MOST_ERRORS and all(
        error.hint and error.aspect != "tool_definition" and error.rule not in BEYOND_REPAIR
        for error in errors
    )
