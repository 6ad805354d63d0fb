"""One contract for both transports: in order per aggregate, once, kept through failures and restarts."""

from __future__ import annotations

import pytest

from rustok.core import dead_letters, outbox
from rustok.core.db import Command
from rustok.core.errors import Unavailable
from rustok.core.ids import new_id
from tests.conftest import World
from tests.contract.bus_rig import Rig, dead, emit

pytestmark = pytest.mark.nats


async def test_events_arrive_once_and_in_order(rig: Rig, world: World) -> None:
    rig.taker()
    await rig.start()
    tenants = [await world.tenant() for _ in range(2)]
    aggregates = [(tenant, new_id()) for tenant in tenants for _ in range(4)]
    for _ in range(3):
        for tenant, aggregate in aggregates:
            await emit(world, tenant, aggregate, 4)
    await rig.settle()
    for _, aggregate in aggregates:
        assert rig.of(aggregate) == list(range(1, 13))


async def test_an_event_published_again_is_not_applied_again(rig: Rig, world: World) -> None:
    rig.taker()
    await rig.start()
    tenant, aggregate = await world.tenant(), new_id()
    await emit(world, tenant, aggregate, 3)
    await rig.settle()
    async with world.db.system("test") as tx:
        await tx.run(Command(outbox.outbox.update().values(published_at=None), system="test"))
    await rig.settle()
    assert rig.of(aggregate) == [1, 2, 3]


async def test_a_failure_delays_its_aggregate_and_nothing_else(rig: Rig, world: World) -> None:
    taker = rig.taker()
    rig.max_attempts = 10
    await rig.start()
    tenant, bad, good = await world.tenant(), new_id(), new_id()
    taker.failures[(bad, 2)] = 4
    await emit(world, tenant, bad, 4)
    await emit(world, tenant, good, 4)
    await rig.settle()
    assert rig.of(bad) == [1, 2, 3, 4]
    assert rig.of(good) == [1, 2, 3, 4]
    last_good = rig.effects.index(("test.taker", good, 4))
    assert last_good < rig.effects.index(("test.taker", bad, 2))
    assert await dead(world) == 0


async def test_an_event_that_never_succeeds_becomes_a_dead_letter_and_others_go_on(
    rig: Rig, world: World
) -> None:
    taker = rig.taker()
    await rig.start()
    tenant, aggregate = await world.tenant(), new_id()
    taker.failures[(aggregate, 2)] = 1_000
    await emit(world, tenant, aggregate, 3)
    await rig.settle()
    assert rig.of(aggregate) == [1, 3]
    async with world.db.system("test", write=False) as tx:
        (letter,) = await tx.all(dead_letters.DEAD_LETTERS, limit=10)
    assert letter.consumer == "test.taker"
    assert letter.attempts == 3


async def test_a_newer_version_is_parked_at_once(rig: Rig, world: World) -> None:
    rig.taker()
    rig.max_attempts = 50
    await rig.start()
    tenant, aggregate = await world.tenant(), new_id()
    await emit(world, tenant, aggregate, 3)
    async with world.db.system("test") as tx:
        newer = outbox.outbox.update().where(outbox.outbox.c.sequence == 2)
        newer = newer.where(outbox.outbox.c.type == "category.updated").values(schema_version=99)
        await tx.run(Command(newer, system="test"))
    await rig.settle()
    assert rig.of(aggregate) == [1, 3]
    assert await dead(world) == 1


async def test_an_absent_party_uses_up_no_attempt(rig: Rig, world: World) -> None:
    taker = rig.taker()
    taker.error = Unavailable("gone")
    rig.max_attempts = 2
    await rig.start()
    tenant, aggregate = await world.tenant(), new_id()
    taker.failures[(aggregate, 1)] = 4
    await emit(world, tenant, aggregate, 2)
    await rig.settle()
    assert rig.of(aggregate) == [1, 2]
    assert await dead(world) == 0


async def test_every_consumer_gets_every_event_in_order(rig: Rig, world: World) -> None:
    first, _ = rig.taker("test.first"), rig.taker("test.second")
    rig.max_attempts = 10
    await rig.start()
    tenant, aggregate = await world.tenant(), new_id()
    first.failures[(aggregate, 2)] = 2
    await emit(world, tenant, aggregate, 5)
    await rig.settle()
    assert rig.of(aggregate, "test.first") == [1, 2, 3, 4, 5]
    assert rig.of(aggregate, "test.second") == [1, 2, 3, 4, 5]


async def test_a_restart_loses_and_doubles_nothing(rig: Rig, world: World) -> None:
    taker = rig.taker()
    rig.max_attempts = 20
    await rig.start()
    tenant, one, two = await world.tenant(), new_id(), new_id()
    taker.failures[(one, 3)] = 3
    await emit(world, tenant, one, 6)
    await emit(world, tenant, two, 6)
    await rig.relay.step()
    await rig.stop()
    await emit(world, tenant, one, 2)
    await rig.start()
    await rig.settle()
    assert rig.of(one) == list(range(1, 9))
    assert rig.of(two) == list(range(1, 7))
