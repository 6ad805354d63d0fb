"""The limit HTTP figures are held against, measured in the same run: Granian alone, the same bytes.

Refuses: measuring (`bench` does); it starts the process and reads what a process costs.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from rustok.cli.bench_client import Answered

_START_SECONDS: Final = 60.0
_ALREADY_SENT: Final = ("server", "date", "connection", "transfer-encoding")


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its children so far; 0 where /proc does not tell."""
    total = 0.0
    for one in (pid, *_children(pid)):
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in path.read_text().split():
                found += [int(child), *_children(int(child))]
    return found


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until somebody listens.

    Raises:
        ChildProcessError: `process` ended instead.
        TimeoutError: nobody does.
    """
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if (code := process.poll()) is not None:
            raise ChildProcessError(f"the server on port {port} ended with code {code}")
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port} after {_START_SECONDS:.0f} s")


@contextlib.contextmanager
def bare_granian(answer: Answered, folder: Path) -> Iterator[tuple[int, int]]:
    """Granian with one worker and an ASGI application that answers `answer`; gives (port, pid).

    The headers go along, but for those that Granian adds itself: the same bytes on the wire.
    """
    lines = [line.partition(b": ") for line in answer.head.split(b"\r\n")[1:]]
    recorded = folder / "answer.json"
    recorded.write_bytes(
        msgspec.json.encode(
            {
                "status": answer.status,
                "headers": [
                    [name.decode("latin-1"), value.decode("latin-1")]
                    for name, _, value in lines
                    if name.decode("latin-1").lower() not in _ALREADY_SENT
                ],
                "body": answer.body,
            }
        )
    )
    port = free_port()
    process = subprocess.Popen(  # noqa: S603 - this interpreter, our module
        [sys.executable, "-m", "rustok.cli.bench_bare", str(port), str(recorded)],
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port, process)
        yield port, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
