"""The memory agent, with a scripted endpoint behind it."""

import json

from consumers.memory.core import Memory
from consumers.memory_view import guidance_of, memory_key
from schemas.dialogue import RunSpec
from schemas.events import Judged
from schemas.memory import ToolMemory
from tests.agents.endpoint import says, scripted
from tests.build import dialogue, event

DONE = event("dialogue.judged.done", Judged(dialogue()))


class DictMemories(dict[str, ToolMemory]):
    """Memories in a dict; the real bucket is tested in tests/streams/test_stores.py."""

    async def get(self, key, kind):  # type: ignore[override]
        return super().get(key)

    async def change(self, key, kind, fold):
        self[key] = fold(super().get(key))
        return self[key]


def recollection(label: str) -> str:
    return json.dumps({"type_label": label, "summary": f"{label} was covered"})


async def test_a_finished_dialogue_is_filed_and_guides_the_next():
    memories = DictMemories()
    async with scripted(says(recollection("weekend-weather"))) as (llm, _, _):
        assert await Memory(llm, memories).handle(DONE) == []

    guidance = guidance_of(memories[memory_key("r1", "get_weather")])
    assert guidance.forbidden_types == ("weekend-weather",)
    assert guidance.summary == "weekend-weather was covered"


async def test_hearing_of_a_dialogue_twice_files_and_pays_once():
    memories = DictMemories()
    async with scripted(says(recollection("a"))) as (llm, script, _):
        await Memory(llm, memories).handle(DONE)
        await Memory(llm, memories).handle(DONE)

    assert memories[memory_key("r1", "get_weather")].labels == {"a": 1}
    assert len(script.requests) == 1


async def test_the_agent_sees_the_labels_there_are():
    memories = DictMemories({memory_key("r1", "get_weather"): ToolMemory({"old-type": 2}, "s", ("d0",))})
    async with scripted(says(recollection("old-type"))) as (llm, script, _):
        await Memory(llm, memories).handle(DONE)

    assert '"old-type":2' in script.requests[0]["messages"][1]["content"]
    assert memories[memory_key("r1", "get_weather")].labels == {"old-type": 3}


async def test_kin_tools_share_a_memory():
    memories = DictMemories()
    kin = [dialogue(id=f"d{i}", targets=(name,), cluster="weather") for i, name in enumerate(("a", "b"))]
    async with scripted(says(recollection("x"))) as (llm, _, _):
        for each in kin:
            await Memory(llm, memories).handle(event("dialogue.judged.done", Judged(each)))
    assert memories == {memory_key("r1", "weather"): ToolMemory({"x": 2}, "x was covered", ("d0", "d1"))}


async def test_a_run_without_memory_keeps_none():
    forgetful = dialogue(spec=RunSpec(pool="p", memory=False))
    memories = DictMemories()
    async with scripted(says("unused")) as (llm, script, _):
        await Memory(llm, memories).handle(event("dialogue.judged.done", Judged(forgetful)))
    assert (memories, script.requests) == ({}, [])


def test_nothing_remembered_forbids_nothing():
    assert guidance_of(None).forbidden_types == ()
