"""Rules of one's own: a Python file, or an installed package with an entry point.

    # house_rules.py
    from consumers.rule_checker import Problem, View, rule

    WITHOUT = ("repeated_call",)       # built-in rules that are not to run

    @rule("call", "error", "Split the list over several calls.")
    def few_ids(view: View):
        '''No call passes more than ten ids.'''
        for placed in view.calls:
            if len(placed.call.arguments.get("ids", ())) > 10:
                yield Problem(f"{placed.call.name} gets too many ids", placed.message)

A rule of the same name as a built-in one takes its place. A package names its module under the entry point
group `genesisfunc.rules`.
"""

import inspect
import sys
import traceback
from collections.abc import Sequence
from hashlib import sha256
from importlib.metadata import entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from consumers.rule_checker.contamination import Forbidden
from consumers.rule_checker.core import BUILT_IN, Checker, version_of
from consumers.rule_checker.rules import RULES, Rule, rules_of

GROUP = "genesisfunc.rules"


class RulesUnusable(ValueError):
    """A file or package of rules cannot be used; says where and why."""


def checker(files: Sequence[Path] = (), forbidden: Forbidden | None = None) -> Checker:
    """The built-in rules with those of the installed packages, and then of the files, laid over them.

    Raises:
        RulesUnusable: a file or package cannot be imported, or holds nothing to use.
    """
    added = [*_installed(), *(_in_file(file) for file in files)]
    if not added:
        return Checker(forbidden=forbidden)
    rules: dict[str, Rule] = dict(RULES)
    for where, module, _ in added:
        own, without = rules_of(module), getattr(module, "WITHOUT", ())
        if isinstance(without, str):
            without = (without,)
        if unknown := [name for name in without if name not in rules]:
            raise RulesUnusable(f"{where}: WITHOUT names {', '.join(map(repr, unknown))}, which is no rule")
        if not own and not without:
            raise RulesUnusable(
                f"{where} holds no rule: write `from consumers.rule_checker import rule` and put "
                '`@rule("call", "error", "what to do about it")` over a function of a View'
            )
        rules = {id_: rule for id_, rule in rules.items() if id_ not in without} | own
    version = version_of((BUILT_IN.version, *(each.source for each in added)))
    return Checker(rules, version, forbidden)


class _Added(NamedTuple):
    where: str
    module: ModuleType
    source: str


def _installed() -> list[_Added]:
    found = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        where = f"the entry point {point.name!r} of {GROUP} ({point.value})"
        try:
            module = point.load()
        except Exception as error:
            raise RulesUnusable(f"{where} cannot be imported: {_spelled(error)}") from error
        if not isinstance(module, ModuleType):
            raise RulesUnusable(f"{where} names no module")
        found.append(_Added(where, module, inspect.getsource(module)))
    return found


def _in_file(file: Path) -> _Added:
    # Two files of one name must not be taken for each other.
    name = f"genesisfunc_rules_{file.stem}_{sha256(str(file.resolve()).encode()).hexdigest()[:8]}"
    spec = spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise RulesUnusable(f"{file} is no Python file: rules stand in a file that ends with .py")
    module = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickles look their module up
    try:
        source = file.read_text(encoding="utf-8")
        spec.loader.exec_module(module)
    except (OSError, UnicodeDecodeError) as error:
        raise RulesUnusable(f"{file} cannot be read: {error}") from error
    except Exception as error:
        raise RulesUnusable(f"{file} cannot be imported: {_spelled(error, file)}") from error
    return _Added(str(file), module, source)


def _spelled(error: BaseException, file: Path | None = None) -> str:
    """The error, and the line of the file that raised it."""
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, SyntaxError) or file is None:
        return text
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(file)]
    return f"line {lines[-1]}: {text}" if lines else text
