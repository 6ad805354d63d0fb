"""Fairness: a tenant that floods the outbox does not delay the others, and no order is lost by it."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustok.content.media.events import MediaDeleted
from rustok.core import outbox
from rustok.core.bus.embedded import EmbeddedTransport
from rustok.core.bus.port import Consumer
from rustok.core.db import WriteTx
from rustok.core.events.envelope import Envelope
from rustok.core.ids import new_id
from rustok.core.outbox_turns import DEPTH, share_of
from rustok.core.relay import Relay
from rustok.core.tenancy import TenantProfile
from tests.conftest import World

BATCH = 200
_RANDOM_ID = (
    "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-7' || substr(hex(randomblob(2)), 2)"
    " || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))"
)


async def flood(world: World, tenant: TenantProfile, things: list[UUID], times: int) -> None:
    async with world.write(tenant) as tx:
        for _ in range(times):
            for thing in things:
                tx.emit(MediaDeleted(media_id=thing))


def relay_into(world: World, seen: list[Envelope]) -> Relay:
    async def take(_tx: WriteTx, _event: MediaDeleted, envelope: Envelope) -> None:
        seen.append(envelope)

    consumer = Consumer(name="test.turns", handlers={MediaDeleted.type: take})
    transport = EmbeddedTransport(world.db, [consumer], profile_of=world.parts.profile_of)
    return Relay(world.db, transport, batch=BATCH)


async def test_a_flood_of_one_tenant_does_not_delay_the_event_of_another(world: World) -> None:
    loud, quiet = await world.tenant(), await world.tenant()
    await world.drain()
    await flood(world, loud, [new_id() for _ in range(50)], 100)
    await flood(world, quiet, [new_id()], 1)
    seen: list[Envelope] = []
    relay = relay_into(world, seen)
    first = await relay.step()
    assert quiet.id in {envelope.tenant_id for envelope in seen}
    assert await relay.drain(timeout_seconds=100) + first == 5_001
    assert len(seen) == 5_001


async def test_many_tenants_share_a_batch_evenly_and_keep_their_orders(world: World) -> None:
    tenants = [await world.tenant() for _ in range(5)]
    await world.drain()
    things = {tenant.id: [new_id() for _ in range(3)] for tenant in tenants}
    for number, tenant in enumerate(tenants):
        await flood(world, tenant, things[tenant.id], 40 * (number + 1))
    async with world.db.system("test", write=False) as tx:
        batch = await outbox.list_pending(tx, now=tx.now, limit=BATCH)
    counts: dict[UUID, int] = defaultdict(int)
    for event in batch:
        counts[event.envelope.tenant_id] += 1
    assert set(counts.values()) == {BATCH // 5}
    seen: list[Envelope] = []
    await relay_into(world, seen).drain(timeout_seconds=100)
    orders: dict[tuple[UUID, UUID], list[int]] = defaultdict(list)
    for envelope in seen:
        orders[envelope.tenant_id, envelope.aggregate_id].append(envelope.sequence)
    assert len(orders) == 15
    for sequence in orders.values():
        assert sequence == list(range(1, len(sequence) + 1))


async def test_a_delayed_event_holds_back_its_aggregate_in_turns_as_well(world: World) -> None:
    one, other = await world.tenant(), await world.tenant()
    await world.drain()
    stuck, free = new_id(), new_id()
    await flood(world, one, [stuck, free], 150)
    await flood(world, other, [new_id()], 150)
    async with world.db.system("test") as tx:
        first = (await outbox.list_pending(tx, now=tx.now, limit=1))[0]
        assert first.envelope.aggregate_id == stuck
        later = tx.now.replace(year=tx.now.year + 1)
        await outbox.mark_failed(tx, first.position, retry_at=later, error="it waits")
        batch = await outbox.list_pending(tx, now=tx.now, limit=BATCH)
    assert len(batch) == BATCH
    assert stuck not in {event.envelope.aggregate_id for event in batch}
    assert free in {event.envelope.aggregate_id for event in batch}


@pytest.mark.slow
async def test_a_quiet_tenant_gets_its_turn_behind_a_pile_of_another(world: World) -> None:
    loud, quiet = await world.tenant(), await world.tenant()
    await world.drain()
    await flood(world, quiet, [new_id()], 3)
    await _pile_up(world, loud, 20_000)
    async with world.db.system("test", write=False) as tx:
        batch = await outbox.list_pending(tx, now=tx.now, limit=BATCH)
        found = await outbox.backlog(tx, at_most=10_000)
    assert found.pending == 10_000
    assert sum(event.envelope.tenant_id == quiet.id for event in batch) == 3


async def _pile_up(world: World, tenant: TenantProfile, count: int) -> None:
    """Copies of one pending row; by the platform's own door it would take minutes."""
    await flood(world, tenant, [new_id()], 1)
    names = ", ".join(
        column.name
        for column in outbox.outbox.columns
        if column.name not in ("position", "id", "aggregate_id", "tenant_id")
    )
    async with world.db.raw(write=True) as connection:
        if world.kind == "sqlite":
            await connection.execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
                f"INSERT INTO outbox (tenant_id, id, aggregate_id, {names}) "
                f"SELECT tenant_id, {_RANDOM_ID}, {_RANDOM_ID}, {names} FROM n, "
                "(SELECT * FROM outbox ORDER BY position DESC LIMIT 1)",
                [count],
            )
            await connection.execute("ANALYZE", [])
        else:
            await connection.execute(
                f"INSERT INTO outbox (tenant_id, id, aggregate_id, {names}) "
                f"SELECT tenant_id, gen_random_uuid(), gen_random_uuid(), {names} "
                "FROM generate_series(1, $1::int), "
                "(SELECT * FROM outbox ORDER BY position DESC LIMIT 1) one",
                [count],
            )


@given(st.integers(1, 10_000), st.integers(1, 100_000))
def test_a_share_fills_the_batch_and_is_a_power_of_two(limit: int, tenants: int) -> None:
    share = share_of(limit, tenants)
    assert share & (share - 1) == 0
    assert share * tenants >= limit
    assert share <= max(2, 2 * limit)
    assert share <= max(2, 2 * (DEPTH * limit // tenants + 1))


@pytest.mark.parametrize(
    ("limit", "tenants", "share"),
    [
        (200, 0, 256),
        (200, 1, 256),
        (5, 1, 8),
        (4, 1, 4),
        (200, 100, 8),
        (200, 99, 16),
        (200, 800, 1),
    ],
)
def test_a_share_is_four_times_the_even_one_rounded_up(
    limit: int, tenants: int, share: int
) -> None:
    assert share_of(limit, tenants) == share


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_order_and_once_hold_over_random_interleavings_and_failures(
    world: World, seed: int
) -> None:
    """Turns in batches of seven, every tenth first attempt failing, 4 tenants, 12 things."""
    chance = random.Random(seed)
    tenants = [await world.tenant() for _ in range(4)]
    await world.drain()
    things = [(tenant, new_id()) for tenant in tenants for _ in range(3)]
    for _ in range(30):
        tenant = chance.choice(tenants)
        mine = [thing for owner, thing in things if owner is tenant]
        async with world.write(tenant) as tx:
            for _ in range(chance.randint(1, 8)):
                tx.emit(MediaDeleted(media_id=chance.choice(mine)))
    failing = {
        event.id
        for tenant in tenants
        for event in await world.events(tenant, MediaDeleted.type)
        if chance.random() < 0.1
    }
    total = sum([len(await world.events(tenant, MediaDeleted.type)) for tenant in tenants])
    seen: list[Envelope] = []

    async def take(_tx: WriteTx, _event: MediaDeleted, envelope: Envelope) -> None:
        if envelope.id in failing:
            failing.discard(envelope.id)
            raise ValueError("the first time it fails")
        seen.append(envelope)

    consumer = Consumer(name="test.turns", handlers={MediaDeleted.type: take})
    transport = EmbeddedTransport(world.db, [consumer], profile_of=world.parts.profile_of)
    await Relay(world.db, transport, batch=7).drain(timeout_seconds=60)
    # What a transaction took before another event of it failed was rolled back: the last counts.
    last = {envelope.id: envelope for envelope in seen}
    orders: dict[UUID, list[int]] = defaultdict(list)
    applied = {envelope.id: place for place, envelope in enumerate(seen)}
    for envelope in sorted(last.values(), key=lambda one: applied[one.id]):
        orders[envelope.aggregate_id].append(envelope.sequence)
    assert len(last) == total
    for sequence in orders.values():
        assert sequence == list(range(1, len(sequence) + 1))


async def test_a_round_ends_early_when_somebody_else_has_emitted(world: World) -> None:
    loud, quiet = await world.tenant(), await world.tenant()
    await world.drain()
    applied: list[UUID] = []

    async def take(tx: WriteTx, _event: MediaDeleted, envelope: Envelope) -> None:
        tx.after_commit(lambda: applied.append(envelope.tenant_id))
        await asyncio.sleep(0.001)

    transport = EmbeddedTransport(
        world.db,
        [Consumer(name="test.turns", handlers={MediaDeleted.type: take})],
        profile_of=world.parts.profile_of,
    )
    relay = Relay(world.db, transport, batch=200)
    async with world.write(loud) as tx:
        for _ in range(200):
            tx.emit(MediaDeleted(media_id=new_id()))
    round_of_loud = asyncio.create_task(relay.step())
    await asyncio.sleep(0.02)
    async with world.write(quiet) as tx:
        tx.emit(MediaDeleted(media_id=new_id()))
    relay.wake()
    assert await round_of_loud < 200
    await relay.step()
    assert applied.index(quiet.id) < 190
    await relay.drain()
    assert len(applied) == 201
