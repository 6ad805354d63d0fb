"""What the doctor says of Redis, storage, mail, the collector and the circuits of a running server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from rustok.cli.doctor_services import (
    check_circuits,
    check_collector,
    check_mail,
    check_redis,
    check_storage,
)
from rustok.server.settings import (
    HttpSettings,
    MailSettings,
    MediaSettings,
    RedisSettings,
    Secret,
    Settings,
    TelemetrySettings,
)
from rustok.telemetry.otlp.sending import Wire
from tests.integration.platform import relay
from tests.otlp_receiver import GrpcReceiver, HttpReceiver

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


def mail_settings(port: int, **more: object) -> Settings:
    return Settings(
        mail=MailSettings(host="127.0.0.1", port=port, security="none", timeout_seconds=2.0, **more)  # type: ignore[arg-type]  # each test knows what it gives
    )


async def test_a_relay_that_takes_mail_is_well_and_gets_none() -> None:
    async with relay.running() as running:
        (found,) = await asyncio.to_thread(lambda: list(check_mail(mail_settings(running.port))))
    assert (found.outcome, found.detail.split(" in ")[0]) == ("ok", f"127.0.0.1:{running.port}")
    assert (running.connections, running.taken) == (1, [])


async def test_a_relay_that_refuses_the_password_is_a_failure_without_it() -> None:
    async with relay.running(needs_auth=True) as running:
        settings = mail_settings(running.port, user="shop", password=Secret("wrong horse"))
        (found,) = await asyncio.to_thread(lambda: list(check_mail(settings)))
    assert (found.outcome, found.unavailable) == ("fail", True)
    assert "horse" not in found.detail + found.mend


def test_a_relay_that_is_away_and_a_folder_that_cannot_be_made_are_failures(
    tmp_path: Path,
) -> None:
    (away,) = check_mail(mail_settings(free_port()))
    assert (away.outcome, away.detail.rsplit(" ", 1)[-1]) == ("fail", "connection")
    (tmp_path / "file").write_text("in the way")
    (blocked,) = check_mail(Settings(mail=MailSettings(folder=tmp_path / "file" / "mails")))
    assert (blocked.outcome, blocked.mend != "") == ("fail", True)
    (well,) = check_mail(Settings(mail=MailSettings(folder=tmp_path / "mails")))
    assert (well.outcome, list((tmp_path / "mails").iterdir())) == ("ok", [])
    (off,) = check_mail(Settings())
    assert off.outcome == "skip"


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_a_collector_is_asked_with_an_empty_request(protocol: Wire) -> None:
    collector = GrpcReceiver() if protocol == "grpc" else HttpReceiver()
    with contextlib.closing(collector):
        (found,) = check_collector(collector_settings(collector.endpoint, protocol))
    assert (found.outcome, len(collector.headers), collector.spans) == ("ok", 1, [])
    (gone,) = check_collector(collector_settings(f"http://127.0.0.1:{free_port()}", protocol))
    assert (gone.outcome, gone.unavailable) == ("warn", False)
    (unset,) = check_collector(Settings())
    assert unset.outcome == "skip"


def collector_settings(endpoint: str, protocol: Wire) -> Settings:
    return Settings(telemetry=TelemetrySettings(otlp_endpoint=endpoint, otlp_protocol=protocol))
