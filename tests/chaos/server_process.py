"""Runs the real server as its own process against a database of the tests, and kills it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ServerProcess:
    """`rustok serve` with the settings of a test database.

    Args:
        url, system_url: as `database.url` and `database.system_url`.
        folder: its working directory; its log is there as server.log.
        synchronous: of SQLite.
    """

    def __init__(
        self, url: str, folder: Path, *, system_url: str | None = None, synchronous: str = "NORMAL"
    ) -> None:
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._environment = {
            **os.environ,
            "RUSTOK_DATABASE__URL": url,
            "RUSTOK_DATABASE__SQLITE_SYNCHRONOUS": synchronous,
            "RUSTOK_SECURITY__SECRET_KEY": "test-" + "k" * 43,
            "RUSTOK_HTTP__PORT": str(self.port),
            "RUSTOK_MEDIA__ROOT": str(folder / "media"),
            "RUSTOK_TELEMETRY__LOG_LEVEL": "WARNING",
        }
        if system_url is not None:
            self._environment["RUSTOK_DATABASE__SYSTEM_URL"] = system_url
        self._process: subprocess.Popen[bytes] | None = None

    def set(self, **environment: str) -> None:
        """Further settings of the process, before it starts."""
        self._environment |= environment

    def start(self, *, timeout_seconds: float = 30) -> None:
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "rustok.cli.main", "serve"],
                env=self._environment,
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + timeout_seconds
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise AssertionError(f"the server ended: {self.log()}")
            try:
                if httpx.get(f"{self.base_url}/health/ready", timeout=2).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.02)
        raise AssertionError(f"the server does not get ready: {self.log()}")

    def run(self, *command: str) -> None:
        """Run another command with the same settings. Raises AssertionError when it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "rustok.cli.main", *command],
            env=self._environment,
            cwd=self._folder,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr

    def log(self) -> str:
        return (self._folder / "server.log").read_text(errors="replace")[-4_000:]

    def crashes(self) -> list[str]:
        """The lines of its log that tell of a request nobody foresaw."""
        text = (self._folder / "server.log").read_text(errors="replace")
        return [line for line in text.splitlines() if "request.crashed" in line]

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill_nine(self) -> None:
        """No chance to say goodbye."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)

    def stop(self, *, timeout_seconds: float = 30) -> int:
        """SIGTERM; returns the exit code."""
        if self._process is None or self._process.poll() is not None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise AssertionError(f"the server does not stop: {self.log()}") from None
