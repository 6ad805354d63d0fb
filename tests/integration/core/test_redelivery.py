"""Dead letters retried and discarded: the effect, the inbox and the letter change together or not."""

from __future__ import annotations

from typing import Any

import pytest

from rustok.core import dead_letters, event_log, inbox
from rustok.core.bus.embedded import EmbeddedTransport
from rustok.core.bus.port import Consumer
from rustok.core.bus.redelivery import ConsumerUnknown, DeadLetterResolved, discard, redeliver
from rustok.core.db import DatabaseUnavailable, WriteTx
from rustok.core.dead_letters import BuriedEvent
from rustok.core.errors import Conflict
from rustok.core.event_log import EventFilter
from rustok.core.events.envelope import Envelope
from rustok.core.relay import Relay
from rustok.core.tenancy import TenantProfile
from rustok.platform.tenants import api as tenants
from tests.conftest import World


class Moody:
    """A consumer that switches a locale on for each new domain, when its mood allows."""

    def __init__(self) -> None:
        self.error: Exception | None = Conflict("not now")
        self.seen: list[str] = []

    async def handle(self, tx: WriteTx, event: Any, envelope: Envelope) -> None:
        await tenants.enable_locale(tx, "de")
        assert tx.ctx.causation_id == envelope.id
        if self.error is not None:
            raise self.error
        self.seen.append(event.host)

    @property
    def consumer(self) -> Consumer:
        return Consumer(name="test.moody", handlers={"tenant.domain_added": self.handle})


async def buried(
    world: World, moody: Moody, *hosts: str
) -> tuple[TenantProfile, list[BuriedEvent]]:
    """A tenant, and a dead letter for each of `hosts`."""
    tenant = await world.tenant()
    for host in hosts:
        async with world.write(tenant) as tx:
            await tenants.add_domain(tx, host=host)
    transport = EmbeddedTransport(
        world.db, [moody.consumer], profile_of=world.parts.profile_of, max_attempts=1
    )
    await Relay(world.db, transport).drain()
    return tenant, await open_letters(world)


async def open_letters(world: World) -> list[BuriedEvent]:
    async with world.db.system("test", write=False) as tx:
        return await dead_letters.list_open(tx, after=None, limit=100)


async def locales(world: World, tenant: TenantProfile) -> list[str]:
    async with world.read(tenant) as tx:
        return (await tenants.get_own(tx)).locales


async def retry(world: World, moody: Moody, letter: BuriedEvent) -> str | None:
    return await redeliver(world.db, [moody.consumer], letter, profile_of=world.parts.profile_of)


async def test_a_retried_event_is_applied_once_and_its_letter_closed(world: World) -> None:
    moody = Moody()
    tenant, (letter,) = await buried(world, moody, "a.example")
    assert letter.envelope.tenant_id == tenant.id
    moody.error = None
    assert await retry(world, moody, letter) is None
    assert moody.seen == ["a.example"]
    assert await locales(world, tenant) == ["en", "de"]
    assert await open_letters(world) == []
    async with world.db.system("test", write=False) as tx:
        closed = await dead_letters.find_buried(tx, letter.id)
        (delivery,) = await inbox.list_deliveries(
            tx, tenant.id, letter.event_id, consumers=["test.moody", "test.other"]
        )
    assert closed is not None
    assert closed.resolution == "retried"
    assert delivery.applied_at == closed.resolved_at
    with pytest.raises(DeadLetterResolved):
        await retry(world, moody, letter)
    assert moody.seen == ["a.example"]


async def test_a_retry_that_fails_changes_nothing_but_the_reason(world: World) -> None:
    moody = Moody()
    tenant, (letter,) = await buried(world, moody, "a.example")
    moody.error = ValueError("the value 4711 is not told")
    why = await retry(world, moody, letter)
    assert why is not None
    assert "ValueError" in why
    assert "4711" not in why
    assert await locales(world, tenant) == ["en"]
    (again,) = await open_letters(world)
    assert again.attempts == letter.attempts + 1
    assert again.error == why


async def test_an_absent_service_is_no_attempt(world: World) -> None:
    moody = Moody()
    _, (letter,) = await buried(world, moody, "a.example")
    moody.error = DatabaseUnavailable()
    with pytest.raises(DatabaseUnavailable):
        await retry(world, moody, letter)
    assert await open_letters(world) == [letter]


async def test_a_letter_nobody_takes_any_more_can_only_be_discarded(world: World) -> None:
    moody = Moody()
    tenant, (letter,) = await buried(world, moody, "a.example")
    with pytest.raises(ConsumerUnknown):
        await redeliver(world.db, [], letter, profile_of=world.parts.profile_of)
    await discard(world.db, letter, profile_of=world.parts.profile_of)
    assert await open_letters(world) == []
    assert await locales(world, tenant) == ["en"]
    with pytest.raises(DeadLetterResolved):
        await discard(world.db, letter, profile_of=world.parts.profile_of)


async def test_letters_come_in_the_order_of_their_aggregate_page_by_page(world: World) -> None:
    hosts = [f"h{n}.example" for n in range(5)]
    _, letters = await buried(world, Moody(), *hosts)
    assert [getattr(one.envelope.event(), "host", None) for one in letters] == hosts
    async with world.db.system("test", write=False) as tx:
        assert await dead_letters.count_open(tx) == 5
        first = await dead_letters.list_open(tx, after=None, limit=2)
        second = await dead_letters.list_open(tx, after=first[-1].id, limit=2)
    assert [one.id for one in first + second] == [one.id for one in letters[:4]]


async def test_the_log_is_read_by_filters_both_ways(world: World) -> None:
    one, two = await world.tenant(), await world.tenant()
    for tenant, host in ((one, "a.example"), (two, "b.example"), (one, "c.example")):
        async with world.write(tenant) as tx:
            await tenants.add_domain(tx, host=host)
    async with world.db.system("test", write=False) as tx:
        everything = await event_log.list_events(tx, EventFilter(), limit=100)
        positions = [event.position for event in everything]
        assert len(everything) == 5
        assert positions == sorted(positions)
        assert await event_log.last_position(tx) == positions[-1]
        back = await event_log.list_events(
            tx, EventFilter(), after=positions[3], limit=2, newest_first=True
        )
        assert [event.position for event in back] == [positions[2], positions[1]]
        wanted = EventFilter(tenant_id=one.id, type="tenant.domain_added", aggregate_type="tenant")
        mine = await event_log.list_events(tx, wanted, limit=100)
        assert [event.envelope.sequence for event in mine] == [2, 3]
        edge = mine[1].envelope.occurred_at
        late = await event_log.list_events(tx, EventFilter(since=edge), limit=100)
        early = await event_log.list_events(tx, EventFilter(until=edge), limit=100)
        assert late[0].envelope.id == mine[1].envelope.id
        assert len(early) + len(late) == 5
        assert await event_log.find_event(tx, mine[0].envelope.id) == mine[0]
        assert await event_log.find_event(tx, one.id) is None
