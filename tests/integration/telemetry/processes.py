"""Real processes for the tests of telemetry: `rustok serve`, `rustok worker`, a receiver of webhooks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from rustok.server.settings import Settings
from tests.chaos.server_process import free_port

SECRET = "test-" + "k" * 43


def environment(settings: Settings, folder: Path, **more: str) -> dict[str, str]:
    """The settings of a test database as variables; `more` are names without the prefix."""
    database = settings.database
    found = {
        **os.environ,
        "RUSTOK_DATABASE__URL": str(database.url),
        "RUSTOK_SECURITY__SECRET_KEY": SECRET,
        "RUSTOK_MEDIA__ROOT": str(folder / "media"),
        "RUSTOK_TELEMETRY__LOG_FORMAT": "json",
        "RUSTOK_WEBHOOKS__ALLOW_HTTP": "true",
        "RUSTOK_WEBHOOKS__ALLOW_PRIVATE": "true",
        **{f"RUSTOK_{name}": value for name, value in more.items()},
    }
    if database.system_url is not None:
        found["RUSTOK_DATABASE__SYSTEM_URL"] = str(database.system_url)
    return found


class Process:
    """A `rustok` command that runs until it is stopped; its log is in `folder`."""

    def __init__(self, command: list[str], environment: dict[str, str], folder: Path) -> None:
        self.command = command
        self._log = folder / f"{command[0]}.log"
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "rustok.cli.main", *command],
                env=environment,
                cwd=folder,
                stdout=output,
                stderr=output,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def wait_for(self, url: str, *, seconds: float = 60) -> None:
        """Wait until `url` answers 200."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            assert self._process.poll() is None, self.log()[-4_000:]
            try:
                if httpx.get(url, timeout=5).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"{url} does not answer: {self.log()[-4_000:]}")

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(40)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)


class WebhookReceiver:
    """Takes webhooks; `taken` holds headers (lower case) and bodies."""

    def __init__(self) -> None:
        self.taken: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.taken.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_args: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


__all__ = ["Process", "WebhookReceiver", "environment", "free_port"]
