"""Start the offline teacher: `python -m agents.teacher --port 8100`."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from agents.teacher.server import TeacherConfig, serve


def _rate(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is no rate: it has to lie between 0 and 1")
    return value


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m agents.teacher", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free one")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives another world")
    parser.add_argument(
        "--defect-rate", type=_rate, default=0.05, help="share of replies with a planted defect"
    )
    parser.add_argument(
        "--error-rate", type=_rate, default=0.01, help="share of requests answered with 429 or 500"
    )
    parser.add_argument(
        "--judge-bias",
        type=_rate,
        default=0.0,
        help="how often the judge prefers the first candidate shown whatever it holds",
    )
    parser.add_argument("--labels", type=Path, help="append every planted defect to this JSONL file")
    parser.add_argument("--api-key", default="", help="the key that clients have to send")
    parser.add_argument("--port-file", type=Path, help="write the port here once connections are accepted")
    options = parser.parse_args(arguments)
    config = TeacherConfig(
        seed=options.seed,
        defect_rate=options.defect_rate,
        error_rate=options.error_rate,
        judge_bias=options.judge_bias,
        labels_path=options.labels,
        api_key=options.api_key or None,
    )

    def ready(port: int) -> None:
        if options.port_file is not None:
            # Whoever waits for the file must never read half of it.
            draft = options.port_file.with_name(f"{options.port_file.name}.{os.getpid()}")
            draft.write_text(str(port))
            draft.replace(options.port_file)
        sys.stdout.write(f"http://{options.host}:{port}/v1\n")
        sys.stdout.flush()

    try:
        asyncio.run(serve(config, options.host, options.port, ready))
    except OSError as error:
        reason = error.strerror or str(error)
        sys.stderr.write(
            f"cannot serve on {options.host}:{options.port}: {reason}. Choose another --port, or 0 "
            f"for a free one.\n"
        )
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
