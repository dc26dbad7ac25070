"""Put close pairs to the model: several a request, and what it cannot answer stays apart."""

import asyncio
import logging
from collections.abc import Sequence

from agents.client import LLM, ReplyUnusable
from agents.roles import curator
from consumers.sampler.curation.clusters import Opinion, Pair
from schemas.events import Where

log = logging.getLogger(__name__)

PAIRS_A_REQUEST = 8


class Curator:
    """The model as a judge of pairs; its answers are cached in the ledger for ever."""

    def __init__(self, llm: LLM, where: Where) -> None:
        self._llm = llm
        self._where = where
        self._model = llm.settings.endpoint(curator.ROLE.name).model

    async def decide(self, pairs: Sequence[Pair]) -> list[Opinion]:
        """An opinion a pair, in their order.

        Raises:
            EndpointRefused, EndpointDown: see `agents.client`.
        """
        requests = [pairs[at : at + PAIRS_A_REQUEST] for at in range(0, len(pairs), PAIRS_A_REQUEST)]
        try:
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(self._ask(request)) for request in requests]
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return [opinion for task in asked for opinion in task.result()]

    async def _ask(self, pairs: Sequence[Pair]) -> list[Opinion]:
        try:
            found = await curator.compare(
                self._llm, self._where, [(first.tool, second.tool) for first, second in pairs]
            )
        except ReplyUnusable as error:
            if len(pairs) > 1:
                # One pair must not cost the others their answer.
                return [opinion for pair in pairs for opinion in await self._ask([pair])]
            log.warning("%s and %s stay apart: %s", pairs[0][0].tool.name, pairs[0][1].tool.name, error)
            return [Opinion(False, "the model gave no usable answer, and in doubt two are two", "rule")]
        return [
            Opinion(opinion.same, opinion.reason, model=self._model, prompt_version=curator.ROLE.version)
            for opinion in found
        ]
