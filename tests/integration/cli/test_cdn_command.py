"""`rustok cdn` on both databases, against a provider on a socket of this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

import pytest

from rustok.platform.cdn.api import key_of, tenant_key
from tests.integration.cli.conftest import Cli

THING = "0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f60"


class Fastly(ThreadingHTTPServer):
    """Says yes to every purge, or answers with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Purges)
        self.status = 200
        self.purged: list[list[str]] = []


class _Purges(BaseHTTPRequestHandler):
    server: Fastly

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.purged.append(json.loads(body)["surrogate_keys"])
        self.send_response(self.server.status)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_args: object) -> None: ...


@pytest.fixture
def fastly(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fastly]:
    with Fastly() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        for name, value in {
            "PROVIDER": "fastly",
            "SERVICE_ID": "SVC1",
            "TOKEN": "tok-4f1e9c0d7b",
            "PRIVATE": "true",
            "API_URL": f"http://127.0.0.1:{server.server_port}",
        }.items():
            monkeypatch.setenv(f"RUSTOK_CDN__{name}", value)
        yield server
        server.shutdown()
        thread.join()


def test_a_list_a_thing_and_all_of_a_tenant_are_purged(cli: Cli, fastly: Fastly) -> None:
    tenant_id = UUID(cli.tenant()["id"])
    cli.ok("cdn", "purge", "--tenant", "acme", "--key", "products")
    cli.ok("cdn", "purge", "--tenant", "acme", "--key", f"product:{THING}")
    done = cli.json("cdn", "purge", "--tenant", "acme", "--all")
    assert done == {"key": tenant_key(tenant_id)}
    assert fastly.purged == [
        [key_of(tenant_id, "products")],
        [key_of(tenant_id, f"product:{UUID(THING).hex}")],
        [tenant_key(tenant_id)],
    ]


def test_what_is_no_part_is_refused_and_nothing_is_sent(cli: Cli, fastly: Fastly) -> None:
    cli.tenant()
    for wrong in ("*", "", "t-0123 products", "product:1"):
        refused = cli.run("cdn", "purge", "--tenant", "acme", "--key", wrong, "--json")
        assert refused.problem["code"] == "cdn_part_unknown", wrong
    assert cli.run("cdn", "purge", "--tenant", "acme").code == 2
    assert cli.run("cdn", "purge", "--tenant", "acme", "--all", "--key", "products").code == 2
    assert fastly.purged == []


def test_a_provider_that_refuses_is_told_of_and_the_token_is_not(cli: Cli, fastly: Fastly) -> None:
    cli.tenant()
    fastly.status = 403
    failed = cli.run("cdn", "purge", "--tenant", "acme", "--all")
    assert failed.code == 3
    assert "it answered 403" in failed.err
    assert "tok-4f1e9c0d7b" not in failed.err + failed.out
    assert "tok-4f1e9c0d7b" not in cli.ok("config", "show").out


def test_changes_made_beside_the_server_wait_for_it(cli: Cli, fastly: Fastly) -> None:
    cli.tenant()
    found = cli.json("cdn", "status")
    assert (found["provider"], found["waiting"] > 0) == ("fastly", True)
    assert found["oldest_at"] is not None
    assert "Changes waiting" in cli.ok("cdn", "status").out
    assert fastly.purged == []


def test_copies_of_an_erased_tenant_are_purged_though_its_rows_are_gone(
    cli: Cli, fastly: Fastly
) -> None:
    cli.tenant()
    cli.ok("tenant", "suspend", "acme", "--reason", "test")
    cli.ok("tenant", "erase", "acme", "--confirm", "acme")
    assert cli.json("cdn", "status")["waiting"] >= 1


def test_without_a_provider_nothing_is_recorded_and_nothing_can_be_purged(cli: Cli) -> None:
    cli.tenant()
    assert cli.json("cdn", "status") == {"provider": "none", "waiting": 0, "oldest_at": None}
    off = cli.run("cdn", "purge", "--tenant", "acme", "--all", "--json")
    assert off.problem["code"] == "cdn_off"


def test_the_doctor_asks_the_provider_with_a_key_that_nothing_has(cli: Cli, fastly: Fastly) -> None:
    cli.tenant()

    def said() -> tuple[str, str]:
        results = json.loads(cli.run("doctor", "--json").out)
        return next((one["outcome"], one["detail"]) for one in results if one["name"] == "cdn")

    assert said() == ("ok", "fastly takes purges")
    fastly.status = 401
    assert said() == ("fail", "fastly: it answered 401")
    assert fastly.purged == [["doctor"], ["doctor"]]
