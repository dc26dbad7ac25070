"""The words people write under `type` -> JSON Schema: `dict`, `HashMap`, `List[int]`, `str | None`."""

import re
from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

TYPE_WORDS: dict[str, str] = {
    **dict.fromkeys(("string", "str", "text"), "string"),
    # One character, but BFCL's own checker takes any string for it.
    **dict.fromkeys(("char", "character"), "string"),
    **dict.fromkeys(("integer", "int", "long", "short", "byte", "bigint", "biginteger"), "integer"),
    **dict.fromkeys(("number", "float", "double", "decimal", "bigdecimal"), "number"),
    **dict.fromkeys(("boolean", "bool"), "boolean"),
    # A set is not made `uniqueItems`: putting a value in twice is no error there, only without effect.
    **dict.fromkeys(("array", "list", "tuple", "set", "frozenset", "arraylist"), "array"),
    **dict.fromkeys(("linkedlist", "queue", "stack", "vector"), "array"),
    # Java's Object may be anything, JavaScript's has properties; tools mean the latter.
    **dict.fromkeys(("object", "dict", "dictionary", "map", "hashmap", "hashtable"), "object"),
    **dict.fromkeys(("null", "none", "nonetype"), "null"),
}
"""Type name in lower case -> JSON Schema's: BFCL's Python, Java and JavaScript types and their kin."""

ANY_WORDS = ("any", "")
"""Names of no type in particular. BFCL has one parameter of the type ""."""

MAX_LENGTH = 400
MAX_DEPTH = 8
"""Of brackets inside one another."""

_LISTS = ("sequence", "iterable", "collection", "mutablesequence")
_MAPPINGS = ("mapping", "mutablemapping", "record", "defaultdict", "ordereddict")
_CLOSING = {"[": "]", "(": ")", "<": ">"}
_TOKEN = re.compile(
    r"""\s*(?: (?P<text>'[^']*'|"[^"]*") | (?P<name>[\w.]+(?:-\d+|-\d*\.\d+)?|-?\d+(?:\.\d+)?)
             | (?P<mark>\.\.\.|\[\]|[\[\]()<>,|?]) )""",
    re.VERBOSE,
)


def schema_of(text: str) -> Schema | None:
    """Read a type with parameters, or a union.

    `list[int]`, `List<String>`, `list(str)`, `string[]`, `array of strings`, `Dict[str, float]`,
    `Tuple[int, int]`, `Optional[str]`, `int | None`, `string or null`, `Literal['a', 'b']`.

    Returns:
        A schema; `{}` where any value fits; None if the text is no type this can read.
    """
    if len(text) > MAX_LENGTH:
        return None
    reader = _Reader(text)
    try:
        found = reader.union()
        reader.end()
    except _Unreadable:
        return None
    return found


class _Unreadable(Exception):
    """The text is no type."""


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0
        self._depth = 0

    def union(self) -> Schema:
        options = [self._type()]
        while self._peek() in ("|", "or"):
            self._take()
            options.append(self._type())
        return union_of(options)

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise _Unreadable

    def _type(self, *, plural: bool = False) -> Schema:
        word = self._take()
        if not re.match(r"[A-Za-z_]", word):
            raise _Unreadable
        name = word.rpartition(".")[2].lower()  # typing.List, java.lang.String
        if plural:
            name = _singular(name)
        if self._peek() == "of" and _plain(name) == {"type": "array"}:
            self._take()
            return {"type": "array", **_items(self._type(plural=True))}
        arguments: list[Schema] | None = None
        if (opening := self._peek()) in _CLOSING:
            if name == "literal":
                return self._literal()
            arguments = self._arguments(opening)
        schema = _parametrised(name, arguments)
        while self._peek() in ("[]", "?"):
            schema = (
                {"type": "array", **_items(schema)}
                if self._take() == "[]"
                else union_of([schema, {"type": "null"}])
            )
        return schema

    def _arguments(self, opening: str) -> list[Schema]:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _Unreadable
        self._take()
        found = [self._argument()]
        while self._peek() == ",":
            self._take()
            found.append(self._argument())
        if self._take() != _CLOSING[opening]:
            raise _Unreadable
        self._depth -= 1
        return found

    def _argument(self) -> Schema:
        if self._peek() == "...":
            self._take()
            return _ELLIPSIS
        return self.union()

    def _literal(self) -> Schema:
        closing = _CLOSING[self._take()]
        options: list[Any] = []
        while True:
            options.append(_constant(self._take()))
            mark = self._take()
            if mark == closing:
                break
            if mark != ",":
                raise _Unreadable
        kinds = list(dict.fromkeys(_kind(option) for option in options))
        return {"type": kinds[0] if len(kinds) == 1 else kinds, "enum": options}

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        if self._at >= len(self._tokens):
            raise _Unreadable
        self._at += 1
        return self._tokens[self._at - 1]


_ELLIPSIS: Schema = {"...": True}
"""`...` among the arguments of a tuple: any number of the one before."""


def _tokens(text: str) -> Iterator[str]:
    at = 0
    text = text.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            yield "\0"  # nothing that a type may hold
            return
        yield found[found.lastgroup or 0]
        at = found.end()


def _singular(name: str) -> str:
    """`strings` -> `string`, `dictionaries` -> `dictionary`; a name that is known as it is stays."""
    words = (name, name.removesuffix("s"), name.removesuffix("ies") + "y")
    return next((word for word in words if word in TYPE_WORDS), name)


def _plain(name: str) -> Schema | None:
    if name in ANY_WORDS:
        return {}
    if kind := TYPE_WORDS.get(name):
        return {"type": kind}
    if name in _LISTS:
        return {"type": "array"}
    return {"type": "object"} if name in _MAPPINGS else None


def _parametrised(name: str, arguments: list[Schema] | None) -> Schema:
    if name in ("optional", "union") and arguments and _ELLIPSIS not in arguments:
        if name == "optional" and len(arguments) > 1:
            raise _Unreadable
        return union_of(arguments if name == "union" else [*arguments, {"type": "null"}])
    plain = _plain(name)
    if plain is None:
        raise _Unreadable
    if arguments is None:
        return plain
    match plain.get("type"), arguments:
        case "array", [item]:
            return plain | (_items(item) if name != "tuple" else _positions([item]))
        case "array", [item, ellipsis] if name == "tuple" and ellipsis is _ELLIPSIS:
            return plain | _items(item)
        case "array", _ if name == "tuple" and _ELLIPSIS not in arguments:
            return plain | _positions(arguments)
        case "object", [_, value] if value is not _ELLIPSIS:
            return plain | ({"additionalProperties": value} if value else {})
    raise _Unreadable


def _items(item: Schema) -> Schema:
    if item is _ELLIPSIS:
        raise _Unreadable
    return {"items": item} if item else {}


def _positions(items: list[Schema]) -> Schema:
    return {"prefixItems": items, "minItems": len(items), "maxItems": len(items)}


def union_of(options: list[Schema]) -> Schema:
    """One schema that takes what any of these take."""
    if {} in options:
        return {}
    distinct = [option for index, option in enumerate(options) if option not in options[:index]]
    if len(distinct) == 1:
        return distinct[0]
    if all(option.keys() == {"type"} for option in distinct):
        words = [option["type"] for option in distinct]
        flat = [word for kinds in words for word in (kinds if isinstance(kinds, list) else [kinds])]
        return {"type": list(dict.fromkeys(flat))}
    return {"anyOf": distinct}


def _constant(token: str) -> Any:
    if token[0] in "'\"":
        return token[1:-1]
    words = {"true": True, "false": False, "none": None, "null": None}
    if token.lower() in words:
        return words[token.lower()]
    for number in (int, float):
        try:
            return number(token)
        except ValueError:
            continue
    raise _Unreadable


def _kind(value: Any) -> str:
    kinds = {str: "string", bool: "boolean", int: "integer", float: "number"}
    return kinds.get(type(value), "null")
