"""How the command ends when something is wrong: one clear message, and a code that says whose turn it is."""

import os
import sys
from typing import NoReturn

import typer

SHORTFALL = 1
"""The work ended, but not with what was asked for."""
BAD_INPUT = 2
"""The command, a file or a setting has to be changed."""
OUTSIDE = 3
"""Something outside has to be mended: an endpoint, a key, a disk, a server. Nothing is lost."""
BUDGET = 4
"""The run's budget is used up; nothing is lost."""
INTERRUPTED = 130


class CommandError(Exception):
    def __init__(self, message: str, code: int = BAD_INPUT) -> None:
        super().__init__(message)
        self.code = code


def fail(error: CommandError) -> NoReturn:
    from rich.console import Console

    Console(stderr=True).print(f"[bold red]error:[/] {_escaped(str(error))}", highlight=False, soft_wrap=True)
    raise typer.Exit(error.code)


def give_up(message: str, code: int = OUTSIDE) -> NoReturn:
    """End this very moment: nothing here can be finished any more, and nothing needs to be.

    What was acknowledged is on disk and what was not comes again, as after a kill.
    """
    sys.stderr.write(f"\x1b[?25h\nerror: {message}\n" if sys.stderr.isatty() else f"error: {message}\n")
    sys.stderr.flush()
    os._exit(code)


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)
