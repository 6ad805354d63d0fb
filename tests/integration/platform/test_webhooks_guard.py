"""Secrets in use and the guard against inner addresses, at the moment of sending, on both databases."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from sqlalchemy import update

from rustok.core.db import Command
from rustok.core.security.sealing import Sealer
from rustok.core.security.ssrf import OutboundPolicy
from rustok.platform.webhooks import api as webhooks
from rustok.platform.webhooks.service.courier import Courier
from rustok.platform.webhooks.service.sending import Sender
from rustok.platform.webhooks.tables import endpoints
from rustok.server.settings import Settings
from tests.conftest import World
from tests.integration.platform.hooks import (
    Clock,
    add_endpoint,
    courier,
    deliveries_of,
    local_receivers,
    rename,
    verified,
)
from tests.integration.platform.receiver import Receiver


@pytest.fixture
def database_settings(database_settings: Settings) -> Settings:
    return local_receivers(database_settings)


async def test_a_request_inside_a_transaction_is_refused(world: World) -> None:
    tenant = await world.tenant()
    sender = Sender(world.parts.outbound)
    async with world.read(tenant):
        with pytest.raises(RuntimeError, match="inside a transaction"):
            await sender.post("http://127.0.0.1:9/", headers={}, body=b"")


async def test_during_an_overlap_old_and_new_secret_verify_and_then_the_new_alone(
    world: World,
) -> None:
    tenant = await world.tenant()
    async with Receiver() as receiver:
        made = await add_endpoint(world, tenant, receiver.url)
        async with world.write(tenant) as tx:
            rotated = await webhooks.rotate_secret(
                tx, world.parts.sealer, made.endpoint.id, overlap_seconds=3_600
            )
        await rename(world, tenant, "One")
        await courier(world).settle()
        async with world.write(tenant) as tx:
            last = await webhooks.rotate_secret(
                tx, world.parts.sealer, made.endpoint.id, overlap_seconds=0
            )
        await rename(world, tenant, "Two")
        await courier(world).settle()
    first, second = (one for one in receiver.received if b"tenant.updated" in one.body)
    assert verified(first, made.secret) == verified(first, rotated.secret)
    verified(second, last.secret)
    assert " " in first.headers["webhook-signature"]
    assert " " not in second.headers["webhook-signature"]


async def test_an_overlap_ends_by_itself(world: World) -> None:
    tenant = await world.tenant()
    clock = Clock(world)
    async with Receiver() as receiver:
        made = await add_endpoint(world, tenant, receiver.url)
        async with world.write(tenant) as tx:
            await webhooks.rotate_secret(
                tx, world.parts.sealer, made.endpoint.id, overlap_seconds=60
            )
        clock.forward(seconds=61)
        await rename(world, tenant, "One")
        await courier(world).settle()
    (told,) = (one for one in receiver.received if b"tenant.updated" in one.body)
    assert " " not in told.headers["webhook-signature"]


async def test_a_secret_that_cannot_be_opened_is_a_failed_attempt(world: World) -> None:
    tenant = await world.tenant()
    async with Receiver() as receiver:
        await add_endpoint(world, tenant, receiver.url)
        await rename(world, tenant, "One")
        parts = msgspec.structs.replace(
            world.parts, sealer=Sealer(keys={"1": "another" * 7}, active_kid="1")
        )
        await Courier(parts, Sender(parts.outbound)).settle()
        assert receiver.connections == 0
    (delivery,) = await deliveries_of(world, tenant)
    assert (delivery.state, delivery.last_error) == ("pending", "seal_broken")


class _Lookup:
    """A resolver that says something else each time."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.left = list(answers)

    async def __call__(self, _host: str, _port: int) -> Sequence[str]:
        return self.left.pop(0)


async def _redirect_stored_url(world: World, url: str) -> None:
    """Put a URL past the check at the door, as a name that changed since does."""
    async with world.db.system("test") as tx:
        await tx.run(Command(update(endpoints).values(url=url), system="test"))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://2130706433:{port}/",
        "http://rebound.example.com:{port}/",
    ],
)
async def test_the_guard_stands_at_every_sending(world: World, url: str) -> None:
    tenant = await world.tenant()
    strict = OutboundPolicy(allow_http=True)
    async with Receiver() as receiver:
        await add_endpoint(world, tenant, receiver.url)
        await rename(world, tenant, "New name")
        await _redirect_stored_url(world, url.format(port=receiver.port))
        sender = Sender(strict, lookup=_Lookup(["127.0.0.1"]))
        await Courier(world.parts, sender).settle()
        assert receiver.connections == 0
    (delivery,) = await deliveries_of(world, tenant)
    assert (delivery.state, delivery.last_error) == ("pending", "address_refused")


async def test_a_name_is_resolved_once_for_a_request(world: World) -> None:
    tenant = await world.tenant()
    lookup = _Lookup(["127.0.0.1"], ["10.255.255.1"])
    async with Receiver() as receiver:
        await add_endpoint(world, tenant, f"http://hooks.example.com:{receiver.port}/in")
        await rename(world, tenant, "New name")
        await Courier(world.parts, Sender(world.parts.outbound, lookup=lookup)).settle()
    assert lookup.left == [["10.255.255.1"]]
    (told,) = receiver.received
    assert told.headers["host"] == f"hooks.example.com:{receiver.port}"


async def test_the_next_address_is_tried_when_one_does_not_answer(world: World) -> None:
    tenant = await world.tenant()
    async with Receiver() as receiver:
        await add_endpoint(world, tenant, f"http://hooks.example.com:{receiver.port}/in")
        await rename(world, tenant, "New name")
        lookup = _Lookup(["::1", "127.0.0.1"])
        await Courier(world.parts, Sender(world.parts.outbound, lookup=lookup)).settle()
    assert len(receiver.received) == 1
