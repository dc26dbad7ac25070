"""Python functions -> tool definitions: from signature, annotations, defaults and docstring.

The module is imported, so its code runs. What it prints on the way goes to standard error.
"""

import contextlib
import difflib
import functools
import importlib
import importlib.util
import inspect
import json
import operator
import sys
import traceback
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, NoneType, SimpleNamespace, UnionType
from typing import Annotated, Any, Literal, NotRequired, Required, get_args, get_origin

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticUndefined, to_jsonable_python
from typing_extensions import TypedDict

from consumers.sampler.importers.collect import Finding, Found, SourceError, collect
from consumers.sampler.importers.docstrings import Parameter, parse
from consumers.sampler.importers.normalise import ToolError
from consumers.sampler.importers.pool import Definitions, count
from consumers.sampler.importers.type_words import schema_of

Function = Callable[..., Any]
Schema = dict[str, Any]
_ABSENT = inspect.Parameter.empty


def read_functions(target: str) -> Definitions:
    """Read the public functions of a module, in its order.

    Public is what `__all__` names; without one, what is defined there under a name without an underscore.

    Args:
        target: `package.module` or `path/to/file.py`; with `:name` behind it that function alone, public or
            not.

    Raises:
        SourceError: the module cannot be imported, has no such function, or none that can be used.
    """
    end = target.rfind(":", target.rfind(".py") + 1)
    address, name = (target, "") if end < 0 else (target[:end], target[end + 1 :])
    if not address:
        raise SourceError("python:", ["names no module; write python:package.module or python:file.py"])
    module = _imported(address)
    functions = [(name, _named(module, name, address))] if name else list(_public(module))
    if not functions:
        raise SourceError(address, ["defines no public function"])
    label = f"python:{Path(address).name}"
    found = tuple(_found(name, function, label) for name, function in functions)
    return collect(Finding(found, (f"{count(len(found), 'function')} of {address}",)), target)


# --- the module ----------------------------------------------------------------------------------


def _imported(address: str) -> ModuleType:
    """Import a module by name or file, as `python -m` and `python file.py` find what it imports itself."""
    path = Path(address)
    is_file = address.endswith(".py")
    if is_file and not path.is_file():
        raise SourceError(address, ["does not exist"])
    beside = str(path.resolve().parent) if is_file else str(Path.cwd())
    sys.path.insert(0, beside)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            return _from_file(path) if is_file else importlib.import_module(address)
    except (Exception, SystemExit) as error:
        raise SourceError(address, [_import_failure(address, error)]) from None
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(beside)


def _from_file(path: Path) -> ModuleType:
    # Under a name of its own: a file called json.py must not become everybody's json.
    spec = importlib.util.spec_from_file_location(f"_tools_of_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where pydantic and dataclasses look up what annotations name
    spec.loader.exec_module(module)
    return module


def _import_failure(address: str, error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name and f"{address}.".startswith(f"{error.name}."):
        return f"there is no module {error.name!r} here or among the installed packages"
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if "importlib" not in frame.filename
    ]
    where = f" ({frames[-1].filename}, line {frames[-1].lineno})" if len(frames) > 2 else ""
    return f"cannot be imported: {type(error).__name__}: {error}{where}"


def _public(module: ModuleType) -> Iterator[tuple[str, Function]]:
    listed = getattr(module, "__all__", None)
    for name in vars(module) if listed is None else listed:
        value = getattr(module, name, None)
        if not callable(value) or not inspect.isroutine(inspect.unwrap(value)):
            continue
        if listed is not None or (not name.startswith("_") and value.__module__ == module.__name__):
            yield name, value


def _named(module: ModuleType, name: str, address: str) -> Function:
    value = getattr(module, name, None)
    if value is None:
        near = difflib.get_close_matches(name, [public for public, _ in _public(module)], n=3)
        raise SourceError(
            address, [f"has no {name!r}" + (f"; did you mean {', '.join(near)}?" if near else "")]
        )
    if isinstance(value, type) or not callable(value):
        raise SourceError(address, [f"{name!r} is a {type(value).__name__}; name a function"])
    return typing.cast(Function, value)


# --- a function ----------------------------------------------------------------------------------


def _found(name: str, function: Function, label: str) -> Found:
    code = getattr(inspect.unwrap(function), "__code__", None)
    place = f"line {code.co_firstlineno}" if code else ""
    changes: list[str] = []
    try:
        raw: object = _definition(name, function, changes)
    except ToolError as error:
        raw = error
    return Found(place, raw, label, tuple(changes))


def _definition(name: str, function: Function, changes: list[str]) -> Schema:
    """
    Raises:
        ToolError: the signature cannot be seen, or a required parameter has a type no JSON value stands for.
    """
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):
        raise ToolError(name, "parameters", "the signature cannot be seen") from None
    documented = parse(inspect.getdoc(function))
    arguments = _Arguments(name, function, changes)
    for parameter in signature.parameters.values():
        arguments.add(parameter, documented.parameters.get(parameter.name, Parameter("")))
    found: Schema = {
        "name": name,
        "description": documented.description,
        "parameters": arguments.schema(),
    }
    returns = _result(function, signature.return_annotation, changes)
    if documented.returns:
        returns = {**(returns or {}), "description": documented.returns}
    return found | ({"returns": returns} if returns is not None else {})


class _Arguments:
    """The parameters of one function as one object schema."""

    def __init__(self, tool: str, function: Function, changes: list[str]) -> None:
        self._tool = tool
        self._function = function
        self._changes = changes
        self._adapters: dict[str, TypeAdapter[Any]] = {}
        self._properties: dict[str, Schema] = {}
        """What is said beside the type, or instead of one."""
        self._required: list[str] = []

    def add(self, parameter: inspect.Parameter, documented: Parameter) -> None:
        name = parameter.name
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            stars = "*" if parameter.kind is parameter.VAR_POSITIONAL else "**"
            self._changes.append(f"parameters: {stars}{name} left out; a call names its arguments")
            return
        hint, default = _hint(self._function, parameter.annotation), parameter.default
        if isinstance(default, FieldInfo):
            hint = Annotated[Any if hint is _ABSENT else hint, default]
            default = _ABSENT if default.is_required() else default.get_default(call_default_factory=False)
        beside: Schema = {}
        if hint is _ABSENT:
            beside |= self._guess(name, parameter.annotation, documented)
        else:
            try:
                self._adapters[name] = _adapter(hint)
            except Exception as error:  # whatever a type's own hooks raise
                self._unwritable(name, error, optional=default is not _ABSENT)
                return
        if text := _annotated_text(hint) or documented.text:
            beside["description"] = text
        if default is _ABSENT:
            self._required.append(name)
        elif default is not PydanticUndefined:
            beside |= self._default(name, default)
        self._properties[name] = beside

    def _guess(self, name: str, annotation: Any, documented: Parameter) -> Schema:
        if annotation is not _ABSENT:
            self._changes.append(f"/properties/{name}: {annotation!r} cannot be resolved; any value fits")
            return {}
        if documented.kind and (schema := schema_of(documented.kind)) is not None:
            return schema
        self._changes.append(f"/properties/{name}: it has no annotation; any value fits")
        return {}

    def _unwritable(self, name: str, error: Exception, *, optional: bool) -> None:
        reason = _reason(error)
        if not optional:
            raise ToolError(
                self._tool, f"/properties/{name}", f"its type has no JSON Schema: {reason}"
            ) from None
        self._changes.append(f"parameters: {name!r} left out; its type has no JSON Schema: {reason}")

    def _default(self, name: str, default: Any) -> Schema:
        try:
            plain = to_jsonable_python(default)
            json.dumps(plain, allow_nan=False)
        except Exception:  # whatever a value's own serialiser raises
            self._changes.append(
                f"/properties/{name}: default {default!r:.80} left out; JSON does not have it"
            )
            return {}
        return {"default": plain}

    def schema(self) -> Schema:
        schemas, definitions = TypeAdapter.json_schemas(
            [(name, "validation", adapter) for name, adapter in self._adapters.items()],
            union_format="primitive_type_array",
            schema_generator=_Untitled,
        )
        properties: Schema = {}
        for name, beside in self._properties.items():
            schema = schemas.get((name, "validation"), {})
            # What `Field` says stands in the schema already, and counts more than the docstring.
            properties[name] = {
                **schema,
                **{key: value for key, value in beside.items() if key not in schema},
            }
        required = [name for name in self._required if "default" not in properties[name]]
        whole: Schema = {"type": "object", "properties": properties}
        if required:
            whole["required"] = required
        return whole | definitions


def _result(function: Function, annotation: Any, changes: list[str]) -> Schema | None:
    hint = _hint(function, annotation)
    if hint in (_ABSENT, None, NoneType, typing.NoReturn, typing.Never, Any):
        return None
    try:
        adapter = _adapter(hint)
        return adapter.json_schema(
            mode="serialization", union_format="primitive_type_array", schema_generator=_Untitled
        )
    except Exception as error:  # whatever a type's own hooks raise
        changes.append(f"returns: left undescribed; its type has no JSON Schema: {_reason(error)}")
        return None


def _reason(error: Exception) -> str:
    """The first sentence: what follows is advice for pydantic's users."""
    return str(error).split("\n", 1)[0].split(". ", 1)[0]


# --- types ---------------------------------------------------------------------------------------


class _Untitled(GenerateJsonSchema):
    """Without a title for every field that only repeats its name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _hint(function: Function, annotation: Any) -> Any:
    """An annotation, with names in text looked up; `_ABSENT` if there is none that can be resolved."""
    if annotation is _ABSENT:
        return _ABSENT
    holder = SimpleNamespace(__annotations__={"it": annotation})
    names = getattr(inspect.unwrap(function), "__globals__", {})
    try:
        return typing.get_type_hints(holder, globalns=names, include_extras=True)["it"]
    except Exception:  # an annotation in text may be any expression
        return _ABSENT


def _adapter(hint: Any) -> TypeAdapter[Any]:
    """
    Raises:
        Exception: the type has no JSON Schema.
    """
    adapter: TypeAdapter[Any] = TypeAdapter(_portable(hint))
    adapter.json_schema()
    return adapter


def _annotated_text(hint: Any) -> str:
    """`Annotated[str, "text"]` and `Annotated[str, Doc("text")]`."""
    for extra in getattr(hint, "__metadata__", ()):
        text = extra if isinstance(extra, str) else getattr(extra, "documentation", None)
        if isinstance(text, str):
            return inspect.cleandoc(text)
    return ""


def _portable(hint: Any) -> Any:
    """The hint with typing's `TypedDict`s as typing_extensions', which pydantic wants before Python 3.12."""
    if sys.version_info >= (3, 12):
        return hint
    if typing.is_typeddict(hint):
        fields: dict[str, Any] = {}
        for name, kind in typing.get_type_hints(hint, include_extras=True).items():
            # Where annotations are text, `__required_keys__` does not see the marks.
            mark = get_origin(kind)
            if mark in (Required, NotRequired):
                (kind,) = get_args(kind)
            else:
                mark = Required if name in hint.__required_keys__ else NotRequired
            fields[name] = mark[_portable(kind)]
        return TypedDict(hint.__name__, fields)  # type: ignore[operator]
    arguments, origin = get_args(hint), get_origin(hint)
    if origin is Annotated:
        return Annotated[(_portable(arguments[0]), *arguments[1:])]
    if origin is None or origin is Literal:
        return hint
    changed = tuple(map(_portable, arguments))
    if changed == arguments:
        return hint
    if origin in (UnionType, typing.Union):
        return functools.reduce(operator.or_, changed)
    return origin[changed]
