"""Customers are told by mail what became of their order, once, in their language."""

from __future__ import annotations

from collections.abc import AsyncIterator
from email.message import EmailMessage
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from rustok.commerce.notices.service import PLACED, link_key, link_opens, tell
from rustok.core.ids import new_id
from rustok.core.pagination import PageRequest
from rustok.core.tenancy import TenantProfile
from rustok.platform.mail import api as mail
from rustok.platform.webhooks import api as webhooks
from rustok.platform.webhooks.repository import endpoints
from rustok.platform.webhooks.service.endpoints import switch_off
from tests.conftest import World
from tests.integration.platform import relay as relays
from tests.integration.platform.relay import Relay
from tests.integration.platform.test_mail_sending import postman
from tests.seeding import Seeded, dump, seed_everything


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    async with relays.running() as one:
        yield one


async def shop(world: World, **settings: bool) -> Seeded:
    tenant = await world.tenant(
        locales=["en", "de"], currencies=["EUR", "USD"], settings=dict(settings)
    )
    return await seed_everything(world, tenant, "mails")


async def templates_of(world: World, tenant: TenantProfile) -> list[str]:
    async with world.read(tenant) as tx:
        page = await mail.list_mails(tx, PageRequest(limit=100))
    return sorted(one.template for one in page.items if one.template != "mail.test")


async def test_each_step_of_an_order_is_told_once(world: World) -> None:
    seeded = await shop(world)
    # Seeding places seven orders, ships two of them and cancels one.
    told = await templates_of(world, seeded.profile)
    placed = len(await world.events(seeded.profile, "order.placed"))
    shipped = len(await world.events(seeded.profile, "order.shipped"))
    cancelled = len(await world.events(seeded.profile, "order.cancelled"))
    assert told.count("notices.order_placed") == placed > 0
    assert told.count("notices.order_shipped") == shipped > 0
    assert told.count("notices.order_cancelled") == cancelled > 0
    approved = len(await world.events(seeded.profile, "return.approved"))
    assert told.count("notices.return_approved") == approved > 0


async def test_a_return_is_told_with_its_pieces_the_reason_or_the_money_paid_back(
    world: World, relay: Relay
) -> None:
    seeded = await shop(world)
    rows = await dump(world, seeded.profile.id)
    asked, received = (
        next(row for row in rows["returns"] if row["status"] == status)
        for status in ("requested", "received")
    )
    token = await world.token(seeded.profile)
    async with world.client(seeded.profile, token=token) as client:
        paid = await client.post(
            f"/api/v1/admin/returns/{received['id']}/refund",
            json={},
            headers={"idempotency-key": "refund-1"},
        )
        refused = await client.post(
            f"/api/v1/admin/returns/{asked['id']}/reject",
            json={"reason": "Worn through"},
            headers={"idempotency-key": "reject-1"},
        )
    assert (paid.status_code, refused.status_code) == (200, 200), (paid.text, refused.text)
    await world.drain()
    await postman(world, relay.route(concurrency=20)).settle()
    texts = [body_of(message) for _, message in relay.taken]
    assert sum("You may send back" in text or "Sie können" in text for text in texts) > 0
    assert sum("We have paid back" in text or "erstattet" in text for text in texts) == 1
    assert sum("Worn through" in text for text in texts) == 1


def body_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def test_the_link_of_a_mail_shows_the_order_to_its_reader_and_to_nobody_else(
    world: World, relay: Relay
) -> None:
    seeded = await shop(world)
    await postman(world, relay.route(concurrency=20)).settle()
    mails = {str(m["Subject"]): m for _, m in relay.taken}
    (subject,) = [s for s in mails if s.startswith("Your order") and "cancelled" in s]
    body = mails[subject].get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert "Reason mails" in text
    link = next(line for line in text.splitlines() if "/orders/" in line)
    assert link.startswith(f"http://{seeded.host}/orders/")
    parts = urlsplit(link)
    order_id = UUID(parts.path.rpartition("/")[2])
    async with world.client() as client:
        page = await client.get(
            parts.path, params=parse_qs(parts.query), headers={"host": seeded.host}
        )
        stranger = await client.get(
            f"/orders/{seeded.order_id}",
            params=parse_qs(parts.query),
            headers={"host": seeded.host},
        )
    assert page.status_code == 200
    assert stranger.status_code == 404
    sealer = world.parts.sealer
    key = link_key(sealer, seeded.profile.id, order_id)
    assert link_opens(sealer, key, seeded.profile.id, order_id)
    assert not link_opens(sealer, key, new_id(), order_id)
    assert not link_opens(sealer, key + "A", seeded.profile.id, order_id)


async def test_a_tenant_switches_a_mail_off(world: World) -> None:
    tenant = await world.tenant(
        locales=["en", "de"], currencies=["EUR", "USD"], settings={"notify_order_placed": False}
    )
    async with world.write(tenant) as tx:
        assert await tell(tx, PLACED, new_id()) is None
    assert await templates_of(world, tenant) == []


async def test_administrators_are_told_of_a_webhook_that_was_disabled(
    world: World, relay: Relay
) -> None:
    tenant = await world.tenant(settings={"store_name": "Nordlicht"})
    await world.token(tenant, email="boss@example.com")
    await world.token(tenant, "editor", email="editor@example.com")
    async with world.write(tenant) as tx:
        made = await webhooks.create(
            tx,
            world.parts.sealer,
            world.parts.outbound,
            url="https://hooks.example.com/secret-path",
            event_filters=["order.*"],
        )
        endpoint = await endpoints.lock(tx, made.endpoint.id)
        assert endpoint.state == "active"
        await switch_off(tx, endpoint, by="failing", reason="Nothing but failures.")  # type: ignore[arg-type]  # is active
    await world.drain()
    await postman(world, relay.route()).settle()
    ((to, message),) = relay.taken
    assert to == "boss@example.com"
    assert message["Subject"] == "Nordlicht: the webhook to hooks.example.com was disabled"
    assert "secret-path" not in message.as_string()
