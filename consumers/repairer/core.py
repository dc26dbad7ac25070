"""Let the repair agent have one try at a dialogue that failed a rule.

checked.rule (failed, of a run with repair) -> dialogue.repaired
"""

from collections.abc import Sequence

from schemas.events import Envelope, Output

VERSION = "1"


async def handle(event: Envelope) -> Sequence[Output]:
    return []
