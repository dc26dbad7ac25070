"""What a called tool returns: shaped by its `returns` schema, else by its purpose.

A result is drawn from the tool and the arguments alone, so the same call always returns the same; then it
is held against what the dialogue's tools returned before (`world`). Well-known formulas are computed
(`arithmetic`); where the formula is not known the figure is only plausible.
"""

import hashlib
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import jsonschema_rs
import msgspec

from agents.teacher.arithmetic import calculate
from agents.teacher.card import Card, Slot, resolve, slot_of
from agents.teacher.check import fault, faults
from agents.teacher.goal import RETRIEVE
from agents.teacher.kinds import kind_of
from agents.teacher.lexicon import PLACES, WORDS, Scene
from agents.teacher.mention import say
from agents.teacher.mishaps import complaint
from agents.teacher.words import (
    content_words,
    head_noun,
    humanise,
    is_plural,
    join,
    root,
    split_name,
    word_set,
)
from agents.teacher.world import World

Arguments = dict[str, Any]


def respond(
    cards: Mapping[str, Card],
    calls: Sequence[Mapping[str, Any]],
    conversation: list[dict[str, Any]],
    events: Mapping[str, Any],
    salt: int,
) -> list[Any]:
    """The results of a message's calls, in their order.

    Args:
        calls: `{"id", "name", "arguments"}` each.
        conversation: what came before (`agents.role.conversation_view`).
        events: `fails` and `gives`: calls that come back with an error, and values that a result must hold.
        salt: the server's seed; another one makes another world.
    """
    world = World.of(conversation)
    fails = {str(event.get("call_id")): str(event.get("how")) for event in events.get("fails") or ()}
    made = []
    for call in calls:
        call_id, name, arguments = str(call.get("id")), str(call.get("name")), call.get("arguments")
        arguments = arguments if isinstance(arguments, dict) else {}
        card = cards.get(name)
        wanted = [event for event in events.get("gives") or () if event.get("call_id") == call_id]
        if call_id in fails:
            rng = _rng(salt, name, arguments, fails[call_id])
            value: Any = {"error": complaint(card, arguments, fails[call_id], rng)}
        else:
            value = world.again(name, arguments)
            if value is None:
                value = settled(world, card, name, arguments, result(card, name, arguments, salt, wanted))
        world.add(name, arguments, value)
        made.append(value)
    return made


def settled(world: World, card: Card | None, name: str, arguments: Arguments, made: Any) -> Any:
    """A new result in agreement with the earlier ones, as far as the tool's promise allows."""
    if card is None or (isinstance(made, dict) and "error" in made):
        return made
    agreed = world.settled(
        name,
        arguments,
        made,
        changes=card.goal.verb in _CHANGES,
        computes=card.goal.verb in _CALCULATES or calculate(name, card.description, arguments) is not None,
    )
    if (
        isinstance(agreed, dict)
        and card.returns is None
        and card.goal.verb in RETRIEVE
        and not any(isinstance(value, list) for value in agreed.values())
    ):
        # Details of a thing show again what a list of such things has shown.
        by_id = {key: value for key, value in arguments.items() if _is_id(key)}
        agreed = {**agreed, **{k: v for k, v in world.about(by_id).items() if k not in agreed}}
    return agreed if _keeps_promise(card, agreed) else made


def _is_id(name: str) -> bool:
    return split_name(name)[-1:] in (("id",), ("uuid",), ("reference",), ("number",))


@lru_cache(maxsize=512)
def _validator(schema: bytes) -> Any:
    return jsonschema_rs.validator_for(msgspec.json.decode(schema))


def _keeps_promise(card: Card, value: Any) -> bool:
    """The value fits what the tool says it returns."""
    if card.returns is None:
        return True
    try:
        return bool(_validator(msgspec.json.encode(card.returns)).is_valid(value))
    except ValueError:
        # Not every tool's schema is one.
        return True


def _rng(*of: Any) -> random.Random:
    digest = hashlib.blake2b(msgspec.json.encode(of, order="deterministic"), digest_size=8).digest()
    return random.Random(int.from_bytes(digest, "big"))


def result(
    card: Card | None,
    name: str,
    arguments: Arguments,
    salt: int,
    wanted: Iterable[Mapping[str, Any]] = (),
) -> Any:
    """The result of one call.

    Args:
        card: None if no such tool is known.
        salt: the server's seed; another one makes another world.
        wanted: `{"field", "schema"}` of each value that a later call needs.
    """
    if card is None:
        return {"error": f"unknown tool {name!r}"}
    if missing := [slot.label for slot in card.required if slot.name not in arguments]:
        return {"error": f"missing required parameter: {join(missing)}"}
    if unknown := [key for key in arguments if card.slots and key not in card.slot]:
        return {"error": f"unexpected parameter: {join(unknown)}"}
    if wrong := faults(card, arguments):
        slot = card.slot[next(iter(wrong))]
        return {"error": f"{slot.label} must be {wrong[slot.name]}, got {say(slot, arguments[slot.name])}"}
    rng = _rng(salt, name, arguments)
    made = (
        _from_schema(card, card.returns, arguments, rng)
        if card.returns is not None
        else _agreeing(_from_purpose(card, arguments, rng), arguments)
    )
    for want in wanted:
        field = str(want.get("field"))
        schema = want.get("schema")
        slot = slot_of(field, schema if isinstance(schema, dict) else {}, f"{name} {card.description}")
        giving = _giving(card, made, slot, arguments, Scene(_rng(salt, name, arguments, field)))
        made = giving if _keeps_promise(card, giving) else made
    return made


def _agreeing(made: dict[str, Any], arguments: Arguments) -> dict[str, Any]:
    """The result with the call's own values wherever it speaks of the same thing."""
    return {
        key: arguments[key] if isinstance(arguments.get(key), str | int | float) else value
        for key, value in made.items()
    }


def _giving(card: Card, made: Any, slot: Slot, arguments: Arguments, scene: Scene) -> Any:
    """A result with a value for a parameter of a later call: in each row of a list, else beside the rest."""
    if isinstance(made, list) and made and all(isinstance(row, dict) for row in made):
        return [_giving(card, row, slot, {}, scene) for row in made]
    if not isinstance(made, dict):
        return made
    name = slot.name
    if name in made and not fault(slot, made[name]):
        return made
    if name in arguments and not fault(slot, arguments[name]):
        return {name: arguments[name], **made}
    lists = [key for key, value in made.items() if isinstance(value, list) and value]
    if len(lists) == 1 and all(isinstance(row, dict) for row in made[lists[0]]):
        return {**made, lists[0]: _giving(card, made[lists[0]], slot, {}, scene)}
    own = {key: value for key, value in made.items() if key not in arguments}
    alias = next((key for key, value in own.items() if _means(key, slot) and not fault(slot, value)), "")
    if alias:
        # A promised field keeps its name, and the same value stands under the other one as well.
        return {**made, name: made[alias]} if card.returns is not None else _renamed(made, alias, name)
    if slot.form == "array" and {"latitude", "longitude"} <= own.keys():
        both = [made["latitude"], made["longitude"]]
        rest = {key: value for key, value in made.items() if key not in ("latitude", "longitude")}
        return made if fault(slot, both) else {**rest, name: both}
    figures = [key for key, value in own.items() if _is_figure(value)]
    if slot.form in ("integer", "number") and len(figures) == 1 and card.goal.verb in _CALCULATES:
        # What was worked out is what is wanted, whatever it is called.
        worked_out = made[figures[0]] if slot.form == "number" else round(made[figures[0]])
        if not fault(slot, worked_out):
            return _renamed({**made, figures[0]: worked_out}, figures[0], name)
    return {**made, name: _wanted(slot, card, scene)}


def _means(key: str, slot: Slot) -> bool:
    """A field says what the parameter does: `latitude` for a `lat`, `title` for a `movie_name`."""
    if humanise(key).lower() in (slot.label.lower(), humanise(slot.name).lower()):
        return True
    *owner, last = split_name(slot.name) or ("",)
    if last == "id":
        return key in ("id", "reference")
    return last in ("name", "title") and key in ("name", "title", "_".join(owner))


def _renamed(fields: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    return {(new if key == old else key): value for key, value in fields.items()}


def _is_figure(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _wanted(slot: Slot, card: Card, scene: Scene) -> Any:
    value = scene.value(slot, card)
    for _ in range(4):
        if not fault(slot, value):
            break
        value = scene.value(slot, card)
    return value


# By schema


def _from_schema(card: Card, schema: dict[str, Any], arguments: Arguments, rng: random.Random) -> Any:
    scene = Scene(rng)
    root_schema = resolve(schema, schema)
    computed = calculate(card.name, card.description, arguments)
    made = _instance("result", root_schema, schema, card, arguments, scene, 0)
    if computed is not None:
        if isinstance(made, int | float) and not isinstance(made, bool):
            return computed
        if isinstance(made, dict):
            numeric = [
                key
                for key, value in made.items()
                if isinstance(value, int | float) and not isinstance(value, bool) and key not in arguments
            ]
            if len(numeric) == 1:
                made[numeric[0]] = computed
    return made


def _instance(
    name: str,
    schema: dict[str, Any],
    root_schema: dict[str, Any],
    card: Card,
    arguments: Arguments,
    scene: Scene,
    depth: int,
) -> Any:
    """A value for a node of the result's schema; arguments of the same name are echoed."""
    if name in arguments and _agrees(schema, arguments[name]):
        return arguments[name]
    properties = schema.get("properties")
    if isinstance(properties, dict) and depth < 6:
        required = schema.get("required")
        wanted = set(map(str, required)) if isinstance(required, list) and required else set(properties)
        keep = [
            key
            for key in properties
            if key in wanted or (depth == 0 and key != "error") or scene.rng.random() < 0.5
        ]
        return {
            key: _instance(
                key, resolve(properties[key], root_schema), root_schema, card, arguments, scene, depth + 1
            )
            for key in keep
            if key not in ("error", "error_message") or key in wanted
        }
    items = schema.get("items")
    if schema.get("type") == "array" and isinstance(items, dict) and depth < 6:
        low = int(schema.get("minItems") or 0)
        size = max(low, scene.rng.randint(2, 3))
        size = min(size, int(schema.get("maxItems") or size))
        return [
            _instance(name, resolve(items, root_schema), root_schema, card, {}, scene, depth + 1)
            for _ in range(size)
        ]
    slot = slot_of(name, schema, f"{card.name} {card.description}")
    if slot.form == "boolean":
        return True if name in ("success", "ok", "valid", "completed") else scene.rng.random() < 0.7
    if slot.form == "text" and slot.kind in ("status", "message") and "enum" not in schema:
        return "ok" if slot.kind == "status" else "The request was completed."
    return scene.value(slot, card)


def _agrees(schema: dict[str, Any], value: Any) -> bool:
    kind = schema.get("type")
    match value:
        case bool():
            return kind in ("boolean", None)
        case int():
            return kind in ("integer", "number", None)
        case float():
            return kind in ("number", None)
        case str():
            return kind in ("string", None) and value in schema.get("enum", [value])
        case list():
            return kind in ("array", None)
        case dict():
            return kind in ("object", None)
    return False


# By purpose

_CALCULATES = word_set(
    """
    calculate compute determine estimate evaluate solve derive measure predict forecast simulate
    convert count sum multiply divide subtract integrate assess
    """
)
_CHECKS = word_set("check verify validate confirm authenticate test compare inspect") | {"check for"}
_LISTS = word_set("list find locate search recommend suggest discover browse look") | {
    "search for",
    "look for",
}
_CHANGES = word_set(
    """
    create add book reserve order schedule send post register submit upload publish buy purchase
    rent update set modify change edit delete remove cancel play run perform execute open close move
    rename save write assign apply initiate make
    """
)
_EXAMINES = word_set(
    """
    analyze analyse examine classify detect extract parse recognise recognize review diagnose
    interpret explore investigate rank rate score process handle query manage see know describe
    explain track monitor translate
    """
)
_COMPOSES = word_set("generate summarize summarise compose draft")
_COMPOUND = word_set(
    """
    details detail statistics stats settings specifications properties metrics hours directions
    information data info profile record forecast weather history summary report conditions
    transcript snapshot overview configuration description analysis standings
    """
)
"""Things that are told by several fields, also where the word is plural."""


def _from_purpose(card: Card, arguments: Arguments, rng: random.Random) -> dict[str, Any]:
    verb = card.goal.verb or "get"
    scene = Scene(rng)
    computed = calculate(card.name, card.description, arguments)
    if computed is not None:
        return {_quantity(card): computed, **_echo(card, arguments, 2)}
    if "coordinates" in card.goal.head.lower():
        return _coordinates(card, arguments, scene)
    if _is_listing(card, verb):
        return _listing(card, arguments, scene)
    if verb in _CHECKS or card.goal.head.startswith("if "):
        return {**_echo(card, arguments, 2), _flag(card): rng.random() < 0.7, "check_date": _day(rng)}
    if verb in _CALCULATES:
        return {
            _quantity(card): _plausible(card, arguments, rng),
            **_unit(card, arguments),
            **_echo(card, arguments, 2),
        }
    if verb in _COMPOSES:
        return {**_echo(card, arguments, 2), _quantity(card): _text(card, arguments, scene)}
    if verb in RETRIEVE or verb in _EXAMINES:
        return _record(card, arguments, scene)
    return _receipt(card, verb, arguments, rng)


def lists_things(card: Card) -> bool:
    """Whether a tool's result lists several things rather than telling one."""
    if card.returns is not None:
        fields = card.returns.get("properties")
        inner = list(fields.values()) if isinstance(fields, dict) else []
        return any(isinstance(s, dict) and s.get("type") == "array" for s in (card.returns, *inner))
    return (
        calculate(card.name, card.description, {}) is None
        and "coordinates" not in card.goal.head.lower()
        and _is_listing(card, card.goal.verb or "get")
    )


def _is_listing(card: Card, verb: str) -> bool:
    head = card.goal.head.lower()
    if verb in ("perform", "execute", "run", "do", "conduct"):
        return "search" in head
    many = is_plural(thing_of(card)) and verb not in _CALCULATES | _CHANGES | _CHECKS | _COMPOSES
    single = thing_of(card).split(" ")[-1].lower() in _COMPOUND
    listed = re.match(r"(?:a |the )?list of|all ", head) is not None and verb not in _CHANGES
    return listed or ((verb in _LISTS or many) and not single)


def _coordinates(card: Card, arguments: Arguments, scene: Scene) -> dict[str, Any]:
    named = set(map(str, arguments.values()))
    place = next((place for place in PLACES if place.city in named), None) or scene.somewhere()
    return {**_echo(card, arguments, 1), "latitude": place.latitude, "longitude": place.longitude}


def _echo(card: Card, arguments: Arguments, most: int) -> Arguments:
    """The arguments that tell what the result is about."""
    plain = {
        slot.name: arguments[slot.name]
        for slot in card.slots
        if slot.name in arguments
        and isinstance(arguments[slot.name], str | int | float)
        and not isinstance(arguments[slot.name], bool)
        and slot.kind not in ("secret", "password")
    }
    required = [name for name in plain if card.slot[name].required]
    names = [*required, *(name for name in plain if name not in required)]
    return {name: plain[name] for name in names[:most]}


def is_compound(noun: str) -> bool:
    """Whether several fields tell such a thing: details, a profile, the weather."""
    return noun in _COMPOUND


def thing_of(card: Card) -> str:
    """The noun phrase a tool is about: `current weather information`."""
    head = re.sub(r"^(?:a |an |the |all |my |your )+", "", card.goal.head + " ")
    head = re.sub(r"^(?:list|set|collection) of ", "", head).strip()
    if match := re.match(r"(?:number|count|amount) of ([\w-]+(?: [\w-]+)?)", head):
        return f"{head_noun(match[1])} count"
    return head_noun(head).strip() or "result"


def _key(phrase: str) -> str:
    words = [
        w for w in re.findall(r"[a-z0-9]+", phrase.lower()) if w not in ("a", "an", "the", "of", "and", "for")
    ]
    return "_".join(words[-3:]) or "result"


def _quantity(card: Card) -> str:
    key = _key(thing_of(card))
    return key if key not in card.slot and len(key) > 1 else f"{key}_result" if len(key) > 1 else "result"


def _flag(card: Card) -> str:
    found = card.words
    for word, key in (
        ("availability", "available"),
        ("available", "available"),
        ("valid", "valid"),
        ("eligibility", "eligible"),
        ("prime", "is_prime"),
        ("compatibility", "compatible"),
        ("exist", "exists"),
        ("allow", "allowed"),
    ):
        if word in found or root(word) in found:
            return key
    return "valid" if card.goal.verb in ("validate", "verify") else "confirmed"


def _unit(card: Card, arguments: Arguments) -> dict[str, Any]:
    for name in ("unit", "units", "currency", "to_currency", "target_currency", "to_unit"):
        if name in arguments and isinstance(arguments[name], str):
            return {"unit" if "unit" in name else "currency": arguments[name]}
    return {}


def _plausible(card: Card, arguments: Arguments, rng: random.Random) -> float | int:
    """A figure of a size that suits the quantity. It is not computed: the formula is not known."""
    key = _quantity(card)
    kind = kind_of(split_name(key), card.description, "number", card.name)
    if re.search(r"probab|likelihood|chance|coefficient|correlation", key):
        return round(rng.uniform(0.05, 0.95), 3)
    if re.search(r"rate|percent|ratio|yield|return", key):
        return round(rng.uniform(1.5, 14), 2)
    numbers = [
        abs(v) for v in arguments.values() if isinstance(v, int | float) and not isinstance(v, bool) and v
    ]
    if kind in ("money", "population"):
        base = max(numbers, default=500)
        return (
            round(base * rng.uniform(1.05, 1.9), 2) if kind == "money" else int(base * rng.uniform(1.05, 1.9))
        )
    if kind in ("temperature", "age", "duration_y", "days", "hours", "months", "distance", "speed"):
        return round(rng.uniform(4, 60), 1)
    if numbers:
        return round(max(numbers) * rng.uniform(0.6, 3.2), 2)
    return round(rng.uniform(10, 400), 2)


_FIELDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"booking|reservation|trip|order|invoice|transaction|payment|purchase", ("reference", "date", "price")),
    (r"weather|climate|humidity", ("temperature", "condition", "humidity", "wind_speed")),
    (r"restaurant|cafe|dining", ("name", "rating", "address")),
    (r"hotel|accommodation|house|lodging|resort", ("name", "rating", "price_per_night")),
    (r"flight|airline", ("flight_number", "departure_time", "price")),
    (r"train|bus|ride|taxi|route|direction|path", ("distance_in_km", "duration_in_minutes", "stops")),
    (r"recipe|dish|meal|cook", ("title", "preparation_time_in_minutes", "calories")),
    (r"movie|film|show|theater", ("title", "genre", "rating")),
    (r"book|library|novel", ("title", "author", "published_year")),
    (r"song|music|artist|album|concert|playlist", ("title", "artist", "duration_in_minutes")),
    (r"stock|share|market|portfolio", ("symbol", "price", "change_in_percent")),
    (r"law|case|court|lawsuit|legal", ("case_number", "status", "filing_date")),
    (r"museum|artwork|sculpture|painting|art", ("title", "artist", "year")),
    (r"player|team|league|match|sport|basketball|soccer|football|game", ("name", "points", "wins")),
    (r"company|business|corporate", ("company", "industry", "employees")),
    (r"(?:user )?group", ("name", "status", "creation_date")),
    (r"user|customer|client|patient|employee|person|contact|profile", ("full_name", "email", "city")),
    (r"product|item|store|shop|inventory|catalog|goods", ("product", "price", "in_stock")),
    (
        r"historical (?:event|figure|fact|reference)|history|war|battle|timeline|revolution|"
        r"reformation|council|ancient",
        ("title", "summary"),
    ),
    (r"event|calendar|appointment|meeting|schedule", ("title", "date", "city")),
    (r"news|article|headline|post|tweet|blog", ("title", "publication_date", "author")),
    (r"species|animal|plant|habitat|bird|wildlife", ("species", "population", "status")),
    (r"molecule|chemical|compound|element|atomic", ("name", "mass")),
    (r"gene|genetic|protein|dna|cell|mutation", ("name", "chromosome")),
    (r"car|vehicle|rental", ("model", "price_per_day", "year")),
    (r"park|trail|landmark|attraction|place|location|city|travel", ("name", "city", "rating")),
    (
        r"alert|monitor|agent|service|server|host|website|api|configuration|snapshot|credential",
        ("name", "status", "creation_date"),
    ),
    (r"ticket|issue|bug|task|todo|project|version|component", ("title", "status", "creation_date")),
    (r"file|folder|directory|document|image|script", ("file_name", "size_in_kb", "modification_date")),
    (r"job|position|career|salary", ("job_title", "company", "salary")),
    (r"course|school|university|class|student", ("subject", "school", "rating")),
    (r"crime|police|incident", ("date", "city", "status")),
    (r"exchange|currency|rate", ("rate", "date")),
)
_TABLE = tuple((re.compile(rf"\b(?:{pattern})(?:s|es)?\b"), fields) for pattern, fields in _FIELDS)


def _fields(card: Card) -> tuple[str, ...]:
    # The purpose speaks louder than the rest of the description.
    for text in (
        f"{card.goal.head} {card.goal.general}",
        " ".join(split_name(card.name)),
        card.description[:80],
    ):
        lowered = text.lower()
        for pattern, fields in _TABLE:
            if pattern.search(lowered):
                return fields
    return ("name", "status")


_CONDITIONS = ("sunny", "partly cloudy", "light rain", "overcast", "clear", "windy")


def _field(name: str, card: Card, scene: Scene) -> Any:
    rng = scene.rng
    match name:
        case "chromosome":
            return rng.randint(1, 22)
        case "reference":
            return f"REF-{rng.randint(10000, 99999)}"
        case "condition":
            return rng.choice(_CONDITIONS)
        case "temperature":
            return rng.randint(4, 33)
        case "humidity":
            return rng.randint(35, 92)
        case "wind_speed":
            return rng.randint(3, 38)
        case "rating":
            return rng.randint(34, 49) / 10
        case "departure_time":
            return f"{rng.randint(6, 21):02d}:{rng.choice((5, 10, 25, 40, 55)):02d}"
        case "in_stock":
            return rng.random() < 0.8
        case "summary":
            return rng.choice(
                (
                    "It changed how the region was governed for decades.",
                    "Historians still argue about its causes and its long shadow.",
                    "It began as a local quarrel and ended with a new order.",
                    "Trade, religion and law were all touched by it.",
                )
            )
        case "size_in_kb":
            return rng.randint(12, 9000)
        case "employees":
            return rng.randint(40, 90000)
        case "points" | "wins" | "stops":
            return rng.randint(2, 60)
        case "change_in_percent":
            return rng.randint(-390, 450) / 100
        case "price" | "price_per_night" | "price_per_day":
            return rng.randint(1200, 42000) / 100
        case "salary":
            return rng.randint(38, 140) * 1000
        case "rate":
            return rng.randint(7000, 15000) / 10000
        case "mass":
            return rng.randint(100, 25000) / 100
        case "calories":
            return rng.randint(180, 900)
        case "population":
            return rng.randint(12, 950) * 100
        case "distance_in_km":
            return rng.randint(12, 9000) / 10
        case "duration_in_minutes" | "preparation_time_in_minutes":
            return rng.randint(3, 120)
        case "year" | "published_year":
            return rng.randint(1905, 2023)
    if name.endswith("_date") or name == "date":
        return _day(rng)
    kind = kind_of(split_name(name), "", "text", f"{card.name} {card.goal.head}")
    if name == "product" and card.words & {
        "vegan",
        "food",
        "grocery",
        "organic",
        "supermarket",
        "ingredient",
    }:
        return scene._fresh(WORDS["ingredient"])
    if name == "title":
        kind = _title_kind(card)
    if name == "name":
        kind = _name_kind(card)
    if name == "artist" and re.search(
        r"art\b|museum|paint|sculpt|artwork", f"{card.goal.head} {card.name}".lower()
    ):
        kind = "painter"
    slot = Slot(name, {"type": "string"}, "", "text", kind, humanise(name), True)
    return scene.text(slot, card)


def _title_kind(card: Card) -> str:
    text = f"{card.goal.head} {card.name}".lower()
    for pattern, kind in (
        (r"histor|battle|\bwar\b|revolution", "historical_event"),
        (r"movie|film|show|theater", "movie"),
        (r"book|library|novel", "book"),
        (r"song|music|playlist|composer", "song"),
        (r"recipe|dish|meal|cook|food", "dish"),
        (r"museum|art|paint|sculpt", "painting"),
        (r"track|concert", "song"),
        (r"news|article|headline", "topic"),
    ):
        if re.search(pattern, text):
            return kind
    return "subject_line"


def _name_kind(card: Card) -> str:
    text = f"{card.goal.head} {card.name}".lower()
    for pattern, kind in (
        (r"restaurant|cafe|dining", "restaurant"),
        (r"hotel|accommodation|resort", "hotel"),
        (r"store|shop|market", "store"),
        (r"player|athlete", "player"),
        (r"team|league|match", "team"),
        (r"game", "video_game"),
        (r"park|trail", "trail"),
        (r"museum", "museum"),
        (r"landmark|attraction|place|monument", "monument"),
        (r"element|atom", "element"),
        (r"molecule|chemical|compound", "compound"),
        (r"gene", "gene"),
        (r"service|project|website|alert|agent", "project"),
        (r"lawyer|doctor|provider|stylist|employee|contact|person|people", "person"),
        (r"university|school|course", "school"),
    ):
        if re.search(pattern, text):
            return kind
    return "name"


def _day(rng: random.Random) -> str:
    return (date(2025, 1, 6) + timedelta(days=rng.randrange(320))).isoformat()


def _listing(card: Card, arguments: Arguments, scene: Scene) -> dict[str, Any]:
    names = _fields(card)
    limit = next(
        (
            arguments[slot.name]
            for slot in card.slots
            if slot.kind == "limit"
            and isinstance(arguments.get(slot.name), int)
            and not isinstance(arguments.get(slot.name), bool)
        ),
        3,
    )
    size = max(1, min(scene.rng.randint(2, 3), limit if limit > 0 else 3))
    rows = []
    for _ in range(size):
        rows.append({name: _echoed(name, card, arguments, scene) for name in names})
    return {_key(thing_of(card)): rows}


_SAME = {
    "title": ("movie", "book", "song", "painting", "dish", "historical_event", "video_game"),
    "name": (
        "player",
        "team",
        "restaurant",
        "hotel",
        "element",
        "compound",
        "museum",
        "monument",
        "gene",
        "store",
        "project",
    ),
    "symbol": ("stock",),
    "model": ("car",),
    "city": ("city", "location"),
    "full_name": ("person",),
    "job_title": ("job",),
}
"""Field of a result -> kinds of parameters that mean the same."""


def _given(name: str, card: Card, arguments: Arguments) -> str:
    """The argument that already says what a field of the result would say; empty if none does."""
    kinds = _SAME.get(name, (name,))
    for slot in card.slots:
        value = arguments.get(slot.name)
        if isinstance(value, str) and (slot.kind in kinds or slot.name == name):
            return slot.name
    return ""


def _echoed(name: str, card: Card, arguments: Arguments, scene: Scene) -> Any:
    """A field of an entry, the argument's own value where the call fixes it."""
    given = _given(name, card, arguments) if name not in ("title", "name", "model", "full_name") else ""
    if given:
        value = str(arguments[given])
        return value.split(",")[0] if name == "city" else value
    return _field(name, card, scene)


def _record(card: Card, arguments: Arguments, scene: Scene) -> dict[str, Any]:
    thing = thing_of(card)
    made = _echo(card, arguments, 2)
    last = thing.split(" ")[-1].lower()
    simple = last not in _COMPOUND
    fields = _fields(card)
    single = _single(card, last, scene) if simple else None
    if single is not None:
        made[_quantity(card)] = single
        return made
    if card.goal.verb not in RETRIEVE and not any(
        pattern.search(f"{card.goal.head} {card.goal.general}".lower()) for pattern, _ in _TABLE
    ):
        return {"status": "completed", "score": scene.rng.randint(5, 98) / 100, **made}
    for name in fields:
        if name not in made and _given(name, card, arguments) not in made:
            made[name] = _echoed(name, card, arguments, scene)
    return made


def _single(card: Card, last: str, scene: Scene) -> Any:
    """The one thing asked for: a price, a date, a name, a number."""
    rng = scene.rng
    if last in ("date", "birthday", "deadline"):
        return _day(rng)
    if last in ("year",):
        return rng.randint(1890, 2023)
    if last in ("time", "hours"):
        return f"{rng.randint(6, 21):02d}:{rng.choice((0, 15, 30, 45)):02d}"
    words = content_words(f"{card.goal.head}")
    if last in ("price", "cost", "fare", "fee", "balance", "salary", "value", "revenue", "income"):
        return rng.randint(900, 240000) / 100
    if last in (
        "score",
        "rating",
        "ranking",
        "rank",
        "number",
        "count",
        "level",
        "age",
        "population",
        "quantity",
        "total",
        "points",
        "temperature",
    ):
        return rng.randint(2, 98)
    if last in (
        "distance",
        "weight",
        "mass",
        "height",
        "length",
        "speed",
        "rate",
        "ratio",
        "index",
        "density",
        "volume",
        "size",
        "percentage",
    ):
        return rng.randint(110, 9800) / 100
    if last in (
        "score",
        "index",
        "probability",
        "likelihood",
        "chance",
        "impact",
        "value",
        "coefficient",
        "effect",
    ):
        return rng.randint(5, 98) / 100
    if words & {"winner", "president", "leader", "author", "inventor", "owner", "discoverer", "scientist"}:
        return " ".join(scene.person())
    kind = kind_of((last,), "", "text", card.name)
    if kind in ("text", "name", "identifier", "message", "description", "question", "query", "sort_order"):
        return None
    slot = Slot(last, {"type": "string"}, "", "text", kind, last, True)
    return scene.text(slot, card)


_STATUS = {
    "book": "booked",
    "reserve": "reserved",
    "order": "ordered",
    "schedule": "scheduled",
    "send": "sent",
    "post": "posted",
    "create": "created",
    "add": "added",
    "update": "updated",
    "set": "updated",
    "modify": "updated",
    "change": "updated",
    "edit": "updated",
    "delete": "deleted",
    "remove": "removed",
    "cancel": "cancelled",
    "register": "registered",
    "submit": "submitted",
    "upload": "uploaded",
    "publish": "published",
    "buy": "purchased",
    "purchase": "purchased",
    "rent": "rented",
    "start": "started",
    "initiate": "started",
    "stop": "stopped",
    "enable": "enabled",
    "disable": "disabled",
    "save": "saved",
    "store": "stored",
    "write": "written",
    "move": "moved",
    "rename": "renamed",
    "play": "playing",
    "transfer": "transferred",
    "pay": "paid",
    "close": "closed",
    "open": "opened",
    "reset": "reset",
    "log": "logged",
}


def _receipt(card: Card, verb: str, arguments: Arguments, rng: random.Random) -> dict[str, Any]:
    made: dict[str, Any] = {"status": _STATUS.get(verb, "completed")}
    if verb in (
        "create",
        "add",
        "book",
        "reserve",
        "order",
        "schedule",
        "send",
        "post",
        "register",
        "submit",
        "buy",
        "purchase",
        "rent",
        "place",
        "file",
    ):
        words = [w for w in split_name(_key(thing_of(card))) if w.isalpha()]
        prefix = (words[-1] if words else "ref")[:3].upper()
        made["reference"] = f"{prefix}-{rng.randint(10000, 99999)}"
    return {**made, **_echo(card, arguments, 3)}


def _text(card: Card, arguments: Arguments, scene: Scene) -> str:
    subject = next((str(v) for v in arguments.values() if isinstance(v, str)), card.goal.noun)
    return scene.rng.choice(
        (
            f"Here is a short piece about {subject}.",
            f"A few words on {subject}.",
            f"{subject}: a brief overview.",
        )
    )
