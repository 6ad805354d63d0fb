"""Events from the transaction to the consumer: gapless, in order, once, and never lost."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from rustok.core import dead_letters, outbox
from rustok.core.bus.embedded import EmbeddedTransport
from rustok.core.bus.port import Consumer
from rustok.core.db import Command, WriteTx, scalar
from rustok.core.errors import Conflict, Unavailable
from rustok.core.events.envelope import Envelope
from rustok.core.relay import Relay, retry_delay_seconds
from rustok.platform.tenants import api as tenants
from tests.conftest import World

DEAD = scalar(select(func.count()).select_from(dead_letters.dead_letters), int, system="test")


def relay_to(world: World, *consumers: Consumer, max_attempts: int = 3) -> Relay:
    transport = EmbeddedTransport(
        world.db, consumers, profile_of=world.parts.profile_of, max_attempts=max_attempts
    )
    return Relay(world.db, transport, batch=50)


class Seen:
    """A consumer's effect that lives in the test: what it applied, in order."""

    def __init__(self) -> None:
        self.hosts: list[str] = []
        self.fail_on: dict[str, int] = {}

    async def handle(self, _tx: WriteTx, event: Any, _envelope: Envelope) -> None:
        left = self.fail_on.get(event.host, 0)
        if left:
            self.fail_on[event.host] = left - 1
            raise Conflict("not now")
        self.hosts.append(event.host)

    def consumer(self, name: str = "test.seen") -> Consumer:
        return Consumer(name=name, handlers={"tenant.domain_added": self.handle})


async def add_hosts(world: World, tenant: Any, *hosts: str) -> None:
    for host in hosts:
        async with world.write(tenant) as tx:
            await tenants.add_domain(tx, host=host)


async def test_sequences_are_gapless_per_aggregate_under_concurrency(world: World) -> None:
    tenant = await world.tenant()
    await asyncio.gather(*(add_hosts(world, tenant, f"h{n}.example") for n in range(20)))
    events = await world.events(tenant)
    assert [event.sequence for event in events] == list(range(1, 22))


async def test_an_event_carries_actor_and_correlation_of_its_request(world: World) -> None:
    tenant = await world.tenant()
    ctx = world.ctx(tenant)
    async with world.db.write(ctx) as tx:
        await tenants.add_domain(tx, host="who.example")
    (event,) = await world.events(tenant, "tenant.domain_added")
    assert event.actor_id == ctx.actor.id
    assert event.correlation_id == ctx.correlation_id
    assert event.causation_id is None


async def test_events_arrive_once_and_in_order(world: World) -> None:
    tenant = await world.tenant()
    hosts = [f"h{n:02}.example" for n in range(40)]
    await add_hosts(world, tenant, *hosts)
    seen = Seen()
    relay = relay_to(world, seen.consumer())
    await relay.drain()
    assert seen.hosts == hosts
    assert await relay.step() == 0


async def test_an_event_published_again_is_not_applied_again(world: World) -> None:
    tenant = await world.tenant()
    await add_hosts(world, tenant, "once.example")
    seen = Seen()
    transport = EmbeddedTransport(
        world.db, [seen.consumer()], profile_of=world.parts.profile_of, max_attempts=3
    )
    async with world.db.system("test", write=False) as tx:
        pending = await outbox.list_pending(tx, now=tx.now, limit=10)
    for _ in range(3):
        await transport.publish(pending)
    assert seen.hosts == ["once.example"]


async def test_a_failing_handler_delays_its_aggregate_and_nothing_else(world: World) -> None:
    bad, good = await world.tenant(), await world.tenant()
    await add_hosts(world, bad, "a.example", "b.example", "c.example")
    await add_hosts(world, good, "x.example", "y.example")
    seen = Seen()
    seen.fail_on = {"b.example": 3}  # together, alone, and once more
    relay = relay_to(world, seen.consumer(), max_attempts=10)
    await relay.step()
    assert [h for h in seen.hosts if h in ("x.example", "y.example")] == ["x.example", "y.example"]
    assert "c.example" not in seen.hosts
    await relay.drain()
    # What a rolled-back transaction applied is applied again: the list is memory, not the database.
    mine = [h for h in seen.hosts if h[0] in "abc"]
    assert mine[-2:] == ["b.example", "c.example"]


async def test_an_event_that_never_succeeds_becomes_a_dead_letter_and_others_go_on(
    world: World,
) -> None:
    tenant = await world.tenant()
    await add_hosts(world, tenant, "poison.example", "fine.example")
    seen = Seen()
    seen.fail_on = {"poison.example": 1_000}
    await relay_to(world, seen.consumer(), max_attempts=3).drain()
    assert seen.hosts[-1] == "fine.example"
    async with world.db.system("test", write=False) as tx:
        assert await tx.one(DEAD) == 1
        (letter,) = await tx.all(dead_letters.DEAD_LETTERS, limit=10)
    assert letter.consumer == "test.seen"
    assert letter.attempts == 3
    assert "not now" in letter.error


async def test_an_event_of_an_unknown_type_is_parked_at_once(world: World) -> None:
    tenant = await world.tenant()
    await add_hosts(world, tenant, "old.example")
    async with world.db.system("test") as tx:
        await tx.run(
            Command(
                outbox.outbox.update()
                .where(outbox.outbox.c.type == "tenant.domain_added")
                .values(schema_version=99),
                system="test",
            )
        )
    seen = Seen()
    await relay_to(world, seen.consumer(), max_attempts=50).drain()
    assert seen.hosts == []
    async with world.db.system("test", write=False) as tx:
        assert await tx.one(DEAD) == 1


async def test_an_absent_party_does_not_use_up_attempts(world: World) -> None:
    tenant = await world.tenant()
    await add_hosts(world, tenant, "later.example")
    calls = 0

    async def away(_tx: WriteTx, _event: Any, _envelope: Envelope) -> None:
        nonlocal calls
        calls += 1
        if calls <= 3:
            raise Unavailable("gone")

    consumer = Consumer(name="test.away", handlers={"tenant.domain_added": away})
    await relay_to(world, consumer, max_attempts=2).drain()
    assert calls >= 4
    async with world.db.system("test", write=False) as tx:
        assert await tx.one(DEAD) == 0
        assert (await outbox.backlog(tx)).pending == 0


async def test_the_relay_stops_when_told_and_gives_its_lease_back(world: World) -> None:
    tenant = await world.tenant()
    await add_hosts(world, tenant, "run.example")
    seen = Seen()
    relay = relay_to(world, seen.consumer())
    stop = asyncio.Event()
    running = asyncio.create_task(relay.run(stop))
    async with asyncio.timeout(10):
        while not seen.hosts:
            await asyncio.sleep(0.01)
    stop.set()
    relay.wake()
    await asyncio.wait_for(running, 5)
    from rustok.core import lease

    assert await lease.acquire(world.db, "relay", holder="next", seconds=5)


async def test_a_lease_has_one_holder_until_it_runs_out(world: World) -> None:
    from rustok.core import lease

    assert await lease.acquire(world.db, "job", holder="a", seconds=0.2)
    assert not await lease.acquire(world.db, "job", holder="b", seconds=5)
    assert await lease.acquire(world.db, "job", holder="a", seconds=0.2)
    await asyncio.sleep(0.25)
    assert await lease.acquire(world.db, "job", holder="b", seconds=5)


@pytest.mark.parametrize("attempts", [0, 1, 5, 50])
def test_retry_delays_grow_to_a_cap(attempts: int) -> None:
    full = min(60.0, 0.2 * 2.0 ** min(attempts, 20))
    for _ in range(50):
        assert full / 2 <= retry_delay_seconds(attempts) <= full
