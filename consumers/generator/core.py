"""Draft a round's candidates; finish the chosen one.

    tools.sampled        -> dialogue.candidates (round 1)
    dialogue.judged.next -> dialogue.candidates (the next round, the same once more where the judge declined
                            all candidates, or the dialogue's closing)

A candidate is what the judge's two marks speak of: the user's problem and the assistant's first move.
Results and the final answer are made for the chosen candidate only. That is the same choice of N at a
third of the model calls: 2 + N + 2 a round, instead of simulating all N to the end.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from agents.client import LLM, ReplyUnusable
from agents.role import Role
from agents.roles import assistant, function, user
from consumers.llm import where
from schemas.dialogue import AssistantMessage, Dialogue, Message, UserMessage
from schemas.events import Candidate, CandidatesDrafted, Envelope, Judged, Output, ToolsSampled
from schemas.settings import Settings, behaviour_hash
from streams.topology import CANDIDATES

ROLES: tuple[Role[Any], ...] = (user.ROLE, assistant.ROLE, function.ROLE)


def version(settings: Settings) -> str:
    return "1+" + behaviour_hash(
        assistant.THINKING_ROLE.version,
        *(
            (role.ROLE.version, settings.endpoint(role.ROLE.name).model)
            for role in (user, assistant, function)
        ),
        settings.max_steps,
    )


class Generator:
    def __init__(self, llm: LLM, max_steps: int) -> None:
        self.llm = llm
        self.max_steps = max_steps

    async def handle(self, event: Envelope) -> Sequence[Output]:
        match event.body:
            case ToolsSampled(dialogue=dialogue):
                return [await self.draft(event, dialogue, 1)]
            case Judged(dialogue=dialogue, declined=declined, attempt=attempt) if declined:
                return [await self.draft(event, dialogue, event.round, attempt + 1)]
            case Judged(dialogue=dialogue):
                closed = await self.finish(event, dialogue)
                if event.round < len(dialogue.turns):
                    whole = msgspec.structs.replace(dialogue, messages=dialogue.messages + closed)
                    return [await self.draft(event, whole, event.round + 1)]
                return [Output(CANDIDATES, CandidatesDrafted(dialogue, (Candidate(closed),), closing=True))]
            case body:
                raise TypeError(f"the generator does not know what to do with {type(body).__name__}")

    async def draft(self, event: Envelope, dialogue: Dialogue, round_: int, attempt: int = 0) -> Output:
        """N ways to say the turn, each with the assistant's reaction to it."""
        at = where(event, round_)
        again = f"/{attempt}" if attempt else ""
        spec = dialogue.spec
        texts = await user.speak(
            self.llm,
            at,
            dialogue,
            dialogue.turns[round_ - 1],
            spec.candidates if spec.judge else 1,
            attempt,
        )

        async def react(i: int, text: str) -> Candidate:
            said = UserMessage(text)
            move = await assistant.act(
                self.llm,
                at,
                dialogue.tools,
                (*dialogue.messages, said),
                key=f"{dialogue.id}/{round_}/act/0/{i}{again}",
                thinking=spec.thinking,
            )
            return Candidate((said, move))

        # The same words twice are one candidate: a second reaction to them would be no other problem.
        reactions = await asyncio.gather(
            *(react(i, text) for i, text in enumerate(dict.fromkeys(texts))), return_exceptions=True
        )
        candidates = tuple(found for found in reactions if isinstance(found, Candidate))
        for problem in reactions:
            # One unusable reaction costs a candidate, not the dialogue.
            if isinstance(problem, BaseException) and (
                not isinstance(problem, ReplyUnusable) or not candidates
            ):
                raise problem
        return Output(CANDIDATES, CandidatesDrafted(dialogue, candidates, attempt=attempt), round=round_)

    async def finish(self, event: Envelope, dialogue: Dialogue) -> tuple[Message, ...]:
        """The messages that complete the chosen turn: results, further calls, the answer."""
        at = where(event)
        messages, turn = dialogue.messages, dialogue.turns[event.round - 1]
        key = f"{dialogue.id}/{event.round}"
        for step in range(1, self.max_steps + 1):
            last = messages[-1]
            if not isinstance(last, AssistantMessage) or not last.calls:
                break
            results = await function.simulate(
                self.llm, at, dialogue, messages, last.calls, key=f"{key}/result/{step}", turn=turn
            )
            messages = (*messages, *results)
            move = await assistant.act(
                self.llm,
                at,
                dialogue.tools,
                messages,
                key=f"{key}/act/{step}",
                thinking=dialogue.spec.thinking,
            )
            messages = (*messages, move)
        return messages[len(dialogue.messages) :]
