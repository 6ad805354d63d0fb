"""What the doctor says of Redis, storage and the circuits of a running server."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from rustok.cli.doctor_services import check_circuits, check_redis, check_storage
from rustok.server.settings import HttpSettings, MediaSettings, RedisSettings, Settings

HEALTH = {
    "status": "ok",
    "checks": [
        {"name": "database", "ok": True},
        {"name": "circuit redis", "ok": True, "reason": "open: 3 failures in a row"},
        {"name": "circuit storage", "ok": True, "reason": "closed"},
        {"name": "invalidation", "ok": True, "reason": "redis: away; 0 tenant(s)"},
    ],
}


class _Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps(HEALTH).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named so there
        return None


@pytest.fixture
def server() -> Iterator[int]:
    made = HTTPServer(("127.0.0.1", 0), _Server)
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made.server_port
    made.shutdown()
    thread.join()
    made.server_close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_an_open_circuit_of_the_running_server_is_told_with_its_reason(server: int) -> None:
    found = list(check_circuits(Settings(http=HttpSettings(port=server))))
    assert [(one.name, one.outcome, one.detail) for one in found] == [
        ("circuits", "warn", "redis open: 3 failures in a row"),
        ("invalidation", "warn", "redis: away; 0 tenant(s)"),
    ]


def test_without_a_server_there_are_no_circuits_to_tell_of() -> None:
    (found,) = check_circuits(Settings(http=HttpSettings(port=free_port())))
    assert found.outcome == "skip"


def test_a_redis_that_does_not_answer_is_a_failure_with_a_mend() -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    (found,) = check_redis(Settings(redis=RedisSettings(url=url)))
    assert (found.outcome, found.unavailable) == ("fail", True)
    assert found.mend
    (unset,) = check_redis(Settings())
    assert unset.outcome == "skip"


def test_a_folder_that_can_hold_files_is_named(tmp_path: Path) -> None:
    (ok,) = check_storage(Settings(media=MediaSettings(root=tmp_path / "media")))
    assert ok.outcome == "ok"
