"""`rustok webhooks` on both databases."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from rustok.core.tenancy import context_for
from rustok.platform.webhooks import api as webhooks
from rustok.platform.webhooks.service.courier import Courier
from rustok.platform.webhooks.service.sending import Sender
from rustok.server.platform import Platform
from tests.integration.cli.conftest import Cli

ID = "0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f60"


def endpoint(cli: Cli, tenant: Any, *, is_refused: bool = False) -> str:
    """An endpoint; with `is_refused` a ping to it was tried, and the guard said no."""

    async def main() -> str:
        platform = Platform(cli.settings)
        await platform.open()
        try:
            profile = await platform.resolver.profile_of(UUID(tenant["id"]))
            async with platform.db.write(context_for(profile)) as tx:
                made = await webhooks.create(
                    tx,
                    platform.parts.sealer,
                    platform.parts.outbound,
                    url="https://hooks.example.com/in",
                    event_filters=["order.*"],
                )
                if is_refused:
                    await webhooks.ping(tx, made.endpoint.id)

            async def nowhere(_host: str, _port: int) -> list[str]:
                return ["127.0.0.1"]

            await Courier(platform.parts, Sender(platform.parts.outbound, lookup=nowhere)).settle()
            return str(made.endpoint.id)
        finally:
            await platform.close()

    return asyncio.run(main())


def test_endpoints_are_listed_and_shown_without_their_secret(cli: Cli) -> None:
    endpoint_id = endpoint(cli, cli.tenant())
    (listed,) = cli.json("webhooks", "list", "--tenant", "acme")
    shown = cli.ok("webhooks", "show", "--tenant", "acme", endpoint_id)
    assert (listed["id"], listed["status"]) == (endpoint_id, "active")
    assert "https://hooks.example.com/in" in shown.out
    assert "whsec_" not in cli.ok("webhooks", "list", "--tenant", "acme").out + shown.out


def test_a_ping_waits_for_the_server_and_shows_in_the_list(cli: Cli) -> None:
    endpoint_id = endpoint(cli, cli.tenant())
    asked = cli.json("webhooks", "ping", "--tenant", "acme", endpoint_id)
    (listed,) = cli.json("webhooks", "deliveries", "--tenant", "acme", "--status", "pending")
    assert (listed["id"], listed["event_type"]) == (asked["id"], "webhook.ping")
    assert cli.json("webhooks", "deliveries", "--tenant", "acme", "--status", "failed") == []
    assert cli.json("webhooks", "deliveries", "--tenant", "acme", "--endpoint", ID) == []


def test_a_delivery_is_shown_with_its_attempts(cli: Cli) -> None:
    endpoint(cli, cli.tenant(), is_refused=True)
    (delivery,) = cli.json("webhooks", "deliveries", "--tenant", "acme")
    shown = cli.json("webhooks", "show", "--tenant", "acme", delivery["id"])
    text = cli.ok("webhooks", "show", "--tenant", "acme", delivery["id"]).out
    assert [one["error"] for one in shown["attempts"]] == ["address_refused"]
    assert "address_refused" in text


def test_a_waiting_delivery_is_not_sent_again_and_the_reason_is_told(cli: Cli) -> None:
    endpoint(cli, cli.tenant(), is_refused=True)
    (delivery,) = cli.json("webhooks", "deliveries", "--tenant", "acme")
    result = cli.run("webhooks", "redeliver", "--tenant", "acme", delivery["id"], "--json")
    assert result.code == 1
    assert result.problem["code"] == "illegal_transition"


def test_an_unknown_id_is_told(cli: Cli) -> None:
    cli.tenant()
    for command in ("show", "redeliver", "ping"):
        result = cli.run("webhooks", command, "--tenant", "acme", ID, "--json")
        assert result.code == 1
        assert result.problem["code"].startswith("webhook_")


def test_empty_lists_say_so(cli: Cli) -> None:
    cli.tenant()
    assert "no webhook endpoint" in cli.ok("webhooks", "list", "--tenant", "acme").out
    assert "no such delivery" in cli.ok("webhooks", "deliveries", "--tenant", "acme").out
