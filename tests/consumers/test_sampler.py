"""What the sampler puts on the table, with a scripted relevance agent."""

import json
from collections import Counter

import pytest
from aiohttp import web

from consumers.sampler.core import Sampler
from consumers.sampler.neighbours import Neighbours
from schemas.dialogue import Guidance, RunSpec, Scenario, TurnKind
from schemas.events import RunRequested
from schemas.memory import ToolMemory
from schemas.tools import ToolSpec
from tests.agents.endpoint import says, scripted
from tests.build import event

POOL = tuple(
    ToolSpec(
        name=f"{verb}_{thing}",
        description=f"{verb.title()} a {thing}.",
        parameters={
            "type": "object",
            "properties": {f"{thing}_id": {"type": "string"}, "count": {"type": "integer"}},
            "required": [f"{thing}_id"],
        },
    )
    for verb in ("find", "book", "cancel")
    for thing in ("train", "hotel", "table", "ticket", "doctor", "parcel")
)


def rates(request):
    """Tools about the same thing are close, tools with the same verb a little."""
    content = request["messages"][1]["content"]
    target = json.loads(content.split("<target>\n")[1].split("\n</target>")[0])["name"]
    others = json.loads(content.split("<others>\n")[1].split("\n</others>")[0])
    verb, thing = target.split("_")
    scores = [
        {
            "name": other["name"],
            "relevance": 0.9 if thing in other["name"] else 0.4 if verb in other["name"] else 0.1,
            "gives": [f"{thing}_id", "nonsense"] if other["name"] == f"find_{thing}" else [],
        }
        for other in others
    ]
    return web.json_response(
        {
            "id": "x",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": json.dumps({"scores": scores})},
                    "finish_reason": "stop",
                }
            ],
        }
    )


async def sample(dialogues: int, mix=None, remembered=None, **shape):
    async def load(address):
        assert address == "pool-address"
        return POOL

    async def recall(key):
        return remembered

    spec = RunSpec(pool="pool-address", mix=mix or {}, in_flight=dialogues, **shape)
    request = event("runs.requested", RunRequested(spec, 0, dialogues), dialogue_id="", round=0)
    async with scripted(rates) as (llm, script, _):
        sampler = Sampler(llm, load, recall)
        outputs = await sampler.handle(request)
        assert outputs == await sampler.handle(request), "the same cause gives the same dialogues"
    return [output.body.dialogue for output in outputs], script


async def test_every_dialogue_has_its_targets_and_distractors_on_the_table():
    dialogues, _ = await sample(40)
    assert len({dialogue.id for dialogue in dialogues}) == 40
    for dialogue in dialogues:
        names = [tool.name for tool in dialogue.tools]
        assert len(set(names)) == len(names)
        missing = [tool.name for tool in dialogue.missing_tools]
        distractors = [distractor.tool for distractor in dialogue.distractors]
        assert sorted(names + missing) == sorted([*dialogue.targets, *distractors])
        assert len(distractors) <= 7
        assert names, "no table is empty"


async def test_a_missing_tool_has_no_stand_in():
    dialogues, _ = await sample(60, mix={Scenario.SPECIAL: 1.0})
    without = [dialogue for dialogue in dialogues if dialogue.special_kind is TurnKind.NO_TOOL]
    assert without
    for dialogue in without:
        assert dialogue.targets[0] not in {tool.name for tool in dialogue.tools}
        assert all(distractor.relevance < 0.5 for distractor in dialogue.distractors)


async def test_what_is_beyond_all_tools_is_near_to_none_of_them():
    dialogues, _ = await sample(80, mix={Scenario.SPECIAL: 1.0})
    partial = [dialogue for dialogue in dialogues if dialogue.special_kind is TurnKind.PARTIAL]
    assert partial
    for dialogue in partial:
        [beyond] = dialogue.missing_tools
        assert dialogue.turns[0].beyond == beyond.name
        _, thing = beyond.name.split("_")
        assert dialogue.targets[0] in {tool.name for tool in dialogue.tools}
        assert not any(thing in tool.name for tool in dialogue.tools)


async def test_a_tool_whose_result_has_what_another_needs_is_called_before_it():
    dialogues, _ = await sample(60, mix={Scenario.SINGLE_MULTI: 1.0})
    links = [
        (task.tool, link)
        for dialogue in dialogues
        for turn in dialogue.turns
        for task in turn.tasks
        for link in task.links
    ]
    assert links
    for tool, link in links:
        thing = tool.split("_")[1]
        assert (link.slot, link.tool) == (f"{thing}_id", f"find_{thing}")


async def test_tables_range_from_one_tool_to_many():
    dialogues, _ = await sample(120, mix={Scenario.SINGLE_SINGLE: 1.0})
    sizes = {len(dialogue.tools) for dialogue in dialogues}
    assert 1 in sizes
    assert max(sizes) >= 6


async def test_kin_tools_share_a_cluster():
    dialogues, _ = await sample(60)
    clusters = {dialogue.targets[0]: dialogue.cluster for dialogue in dialogues}
    assert len(set(clusters.values())) < len(clusters)
    assert set(clusters.values()) <= {tool.name for tool in POOL}


async def test_languages_are_drawn_by_their_weights():
    dialogues, _ = await sample(60, languages={"English": 1.0, "German": 1.0, "Welsh": 0.0})
    assert {dialogue.language for dialogue in dialogues} == {"English", "German"}


async def test_without_memory_nothing_is_forbidden():
    dialogues, _ = await sample(3, remembered=ToolMemory({"b": 1}, "covered", ("x",)), memory=False)
    assert {dialogue.guidance for dialogue in dialogues} == {Guidance()}


async def test_further_targets_go_well_with_the_first():
    dialogues, _ = await sample(40, mix={Scenario.SINGLE_MULTI: 1.0})
    for dialogue in dialogues:
        things = Counter(name.split("_")[1] for name in dialogue.targets)
        # There are three tools about each thing: those come first, then others of the same domain.
        assert things.most_common(1)[0][1] == min(3, len(dialogue.targets))
    assert any(len(dialogue.targets) > 2 for dialogue in dialogues)


async def test_relevance_is_asked_once_a_target():
    _, script = await sample(80)
    assert len(script.requests) <= len(POOL)
    assert all(request["temperature"] == 0.0 for request in script.requests)


async def test_a_rating_that_never_parses_is_replaced_by_words():
    async def load(address):
        return POOL

    async def recall(key):
        return None

    request = event("runs.requested", RunRequested(RunSpec(pool="p", in_flight=5), 0, 5), round=0)
    async with scripted(says("I would rather not.")) as (llm, _, _):
        outputs = await Sampler(llm, load, recall).handle(request)
    assert len(outputs) == 5
    assert all(output.body.dialogue.tools for output in outputs)


async def test_what_was_covered_is_forbidden_next():
    dialogues, _ = await sample(3, remembered=ToolMemory({"b": 1, "a": 2}, "covered", ("x",)))
    assert {dialogue.guidance.forbidden_types for dialogue in dialogues} == {("a", "b")}


@pytest.mark.parametrize("name", ["find_train", "cancel_doctor"])
def test_neighbours_are_near_in_words(name):
    thing = name.split("_")[1]
    nearest = Neighbours(POOL).nearest(name, 2)
    assert all(thing in other for other in nearest)


def test_a_pool_of_one_tool_has_no_neighbours():
    assert Neighbours(POOL[:1]).nearest(POOL[0].name, 5) == []
