"""`genesisfunc rules`: the rules that a dialogue has to pass, built in and of one's own."""

import difflib

from rich.console import Console
from rich.table import Table

from cli.errors import CommandError
from cli.forbid import usable_index
from consumers.rule_checker.core import Checker
from consumers.rule_checker.own_rules import RulesUnusable, checker
from consumers.rule_checker.rules import RULES
from schemas.settings import Settings


def usable_rules(settings: Settings) -> Checker:
    """The rule checker that the settings ask for.

    Raises:
        CommandError: it could not start.
    """
    forbidden = usable_index(settings)
    try:
        return checker(settings.rules, forbidden)
    except RulesUnusable as error:
        raise CommandError(str(error)) from None


def list_rules(settings: Settings) -> None:
    in_use = usable_rules(settings)
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for column in ("aspect", "rule", "severity", "what it finds"):
        table.add_column(column)
    for name, rule in sorted(in_use.rules.items(), key=lambda item: (item[1].aspect, item[0])):
        own = "" if RULES.get(name) is rule else " (own)"
        table.add_row(rule.aspect, name + own, rule.severity, rule.doc.strip().split("\n")[0])
    console = Console()
    console.print(table)
    console.print(f"[dim]{len(in_use.rules)} rules, version {in_use.version}[/]")


def explain_rule(settings: Settings, name: str) -> None:
    rules = usable_rules(settings).rules
    rule = rules.get(name)
    if rule is None:
        near = difflib.get_close_matches(name, rules, n=3)
        raise CommandError(
            f"there is no rule {name!r}" + (f"; did you mean {', '.join(near)}?" if near else "")
        )
    console = Console()
    console.print(f"[bold]{name}[/]  {rule.aspect}, {rule.severity}")
    console.print(rule.doc.strip(), markup=False)
    console.print(f"[dim]to mend it:[/] {rule.hint}")
