"""`genesisfunc teacher`."""

import asyncio
import sys
from pathlib import Path

from pydantic import SecretStr

from cli.errors import CommandError


def serve(
    port: int, seed: int, defect_rate: float, error_rate: float, labels: Path | None, api_key: SecretStr
) -> None:
    from agents.teacher.server import TeacherConfig
    from agents.teacher.server import serve as run

    config = TeacherConfig(
        seed=seed,
        defect_rate=defect_rate,
        error_rate=error_rate,
        labels_path=labels,
        api_key=api_key.get_secret_value(),
    )

    def ready(bound: int) -> None:
        sys.stderr.write(f"the offline teacher answers at http://127.0.0.1:{bound}/v1 (Ctrl-C stops it)\n")

    try:
        asyncio.run(run(config, "127.0.0.1", port, ready))
    except OSError as error:
        raise CommandError(
            f"port {port} cannot be used: {error.strerror}; --port 0 picks a free one"
        ) from error
