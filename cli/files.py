"""Files that commands leave behind."""

import os
from pathlib import Path

from cli.errors import OUTSIDE, CommandError


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it appears whole or not at all.

    Raises:
        CommandError: it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}", OUTSIDE) from error
    finally:
        draft.unlink(missing_ok=True)
