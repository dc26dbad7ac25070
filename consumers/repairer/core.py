"""Let the repair agent have one try at a dialogue that failed a rule.

    checked.rule (failed, and worth a try) -> dialogue.repaired

The dialogue goes back to the rules either way, marked: changed, or as it was with the reason why. As it
was, it fails them again, and a marked one is not repaired a second time (`consumers.repairable`).
"""

from collections.abc import Sequence

import msgspec

from agents.client import LLM, ReplyUnusable
from agents.roles import repair
from consumers.llm import where
from consumers.repairable import may_be_repaired
from consumers.repairer.edits import apply
from schemas.dialogue import Dialogue, Repair
from schemas.events import DialogueRepaired, Envelope, Output, RuleChecked
from schemas.settings import Settings, behaviour_hash
from streams.topology import REPAIRED


def version(settings: Settings) -> str:
    return "1+" + behaviour_hash(repair.ROLE.version, settings.endpoint("repair").model)


class Repairer:
    def __init__(self, llm: LLM, by: str) -> None:
        """
        Args:
            by: who repairs, as the dialogue's provenance names it: the stage's version and the model.
        """
        self.llm = llm
        self.by = by

    async def handle(self, event: Envelope) -> Sequence[Output]:
        if not isinstance(event.body, RuleChecked):
            raise TypeError(f"the repairer does not know what to do with {type(event.body).__name__}")
        if not may_be_repaired(event.body):
            return []
        return [Output(REPAIRED, DialogueRepaired(await self._mended(event, event.body)))]

    async def _mended(self, event: Envelope, checked: RuleChecked) -> Dialogue:
        dialogue = checked.dialogue
        faults = [finding for finding in checked.findings if finding.severity == "error"]
        named = {fault.message for fault in faults if fault.message is not None}
        repaired = Repair(rules=tuple(dict.fromkeys(fault.rule for fault in faults)), by=self.by)

        def can_be_made(mending: repair.Mending) -> None:
            if mending.edits:
                apply(dialogue, mending.edits, named)

        try:
            mending = await repair.mend(self.llm, where(event), dialogue, faults, can_be_made)
        except ReplyUnusable as error:
            return _marked(dialogue, msgspec.structs.replace(repaired, failure=str(error)))
        said = " ".join(mending.explanation.split())
        if not mending.edits:
            failure = f"the repair agent gave up: {said or 'it did not say why'}"
            return _marked(dialogue, msgspec.structs.replace(repaired, failure=failure))
        return _marked(
            apply(dialogue, mending.edits, named),
            msgspec.structs.replace(
                repaired,
                messages=tuple(sorted(edit.message for edit in mending.edits)),
                explanation=said,
            ),
        )


def _marked(dialogue: Dialogue, repaired: Repair) -> Dialogue:
    return msgspec.structs.replace(dialogue, repairs=(*dialogue.repairs, repaired))
