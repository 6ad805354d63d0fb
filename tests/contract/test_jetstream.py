"""What JetStream adds to the contract: absence, lost deliveries, shared lanes, provisioning."""

from __future__ import annotations

import asyncio
import contextlib
import signal

import msgspec
import pytest

from rustok.core import outbox
from rustok.core.bus.errors import BrokerNotProvisioned, BrokerUnavailable, StreamDiffers
from rustok.core.bus.jetstream_layout import durable_name
from rustok.core.bus.jetstream_provision import provision
from rustok.core.errors import Unavailable
from rustok.core.events.envelope import Envelope
from rustok.core.events.shared import CategoryUpdated
from rustok.core.ids import new_id
from rustok.core.resilience.circuit_breaker import BreakerState, CircuitOpen
from rustok.server.platform import Platform
from rustok.server.settings import NatsSettings, Settings
from tests.conftest import World
from tests.contract.bus_rig import Rig, RigFactory, emit
from tests.nats_process import NatsProcess

pytestmark = pytest.mark.nats


async def test_a_broker_away_costs_nothing_and_loses_nothing(
    rigs: RigFactory, own_nats: NatsProcess, world: World
) -> None:
    rig = await rigs("jetstream", own_nats.url)
    rig.taker()
    await rig.start()
    tenant, aggregate = await world.tenant(), new_id()
    await emit(world, tenant, aggregate, 3)
    await rig.settle()
    assert rig.broker is not None
    for number in (signal.SIGTERM, signal.SIGKILL):
        before = len(rig.of(aggregate))
        await asyncio.to_thread(own_nats.end, number)
        async with asyncio.timeout(5):
            while rig.broker.connected:
                await asyncio.sleep(0.01)
        await emit(world, tenant, aggregate, 3)  # business goes on
        started = asyncio.get_running_loop().time()
        with pytest.raises(BrokerUnavailable):
            await rig.relay.step()
        assert asyncio.get_running_loop().time() - started < 1.0
        async with world.db.system("test", write=False) as tx:
            assert (await outbox.backlog(tx)).pending >= 3
        await asyncio.to_thread(own_nats.start)
        await rig.broker.wait_connected(10)
        async with asyncio.timeout(20):
            while True:
                try:
                    await rig.settle()
                    break
                except Unavailable:
                    await asyncio.sleep(0.1)
        assert rig.of(aggregate) == list(range(1, before + 4))


async def test_a_broker_that_does_not_answer_opens_the_circuit_until_it_does(
    rigs: RigFactory, own_nats: NatsProcess, world: World
) -> None:
    rig = await rigs("jetstream", own_nats.url)
    rig.nats = msgspec.structs.replace(rig.nats, publish_timeout_seconds=0.3)
    rig.taker()
    await rig.start()
    tenant, aggregate = await world.tenant(), new_id()
    await emit(world, tenant, aggregate, 2)
    await rig.settle()
    await emit(world, tenant, aggregate, 2)
    own_nats.freeze()
    try:
        for _ in range(3):
            with pytest.raises(BrokerUnavailable):
                await rig.relay.step()
        started = asyncio.get_running_loop().time()
        with pytest.raises(CircuitOpen):
            await rig.relay.step()
        assert asyncio.get_running_loop().time() - started < 0.2
    finally:
        own_nats.thaw()
    async with asyncio.timeout(15):
        while rig.of(aggregate) != [1, 2, 3, 4]:
            with contextlib.suppress(Unavailable):
                await rig.relay.step()
            await asyncio.sleep(0.1)
    assert rig.transport.breaker.state == BreakerState.CLOSED


async def test_a_published_event_carries_its_headers(jetstream: Rig, world: World) -> None:
    await jetstream.start()
    tenant, aggregate = await world.tenant(), new_id()
    await emit(world, tenant, aggregate)
    await jetstream.settle()
    (envelope,) = await world.events(tenant, "category.updated")
    assert jetstream.broker is not None
    state = (await jetstream.broker.stream_info()).state
    message = await jetstream.broker.js.get_msg(jetstream.nats.stream, seq=state.last_seq)
    assert message.subject is not None
    assert message.subject.endswith(f".{tenant.id}.category.updated")
    assert message.headers is not None
    assert message.headers["Nats-Msg-Id"] == str(envelope.id)
    assert message.headers["ce-type"] == "category.updated"
    assert message.headers["ce-subject"] == f"category/{aggregate}"
    assert message.data is not None
    assert msgspec.json.decode(message.data, type=Envelope).id == envelope.id


async def test_the_broker_drops_what_it_has(jetstream: Rig, world: World) -> None:
    await jetstream.start()
    await emit(world, await world.tenant(), new_id(), 3)
    async with world.db.system("test", write=False) as tx:
        pending = await outbox.list_pending(tx, now=tx.now, limit=10)
    assert jetstream.broker is not None
    for _ in range(3):
        outcomes = await jetstream.transport.publish(pending)
        assert {outcome.result for outcome in outcomes} == {"published"}
    assert (await jetstream.broker.stream_info()).state.messages == len(pending)


async def test_nothing_is_sent_behind_an_event_the_broker_refuses(
    jetstream: Rig, world: World
) -> None:
    await jetstream.start()
    tenant, large, other = await world.tenant(), new_id(), new_id()
    async with world.write(tenant) as tx:
        tx.emit(CategoryUpdated(category_id=large, domain="catalog", changed=("x" * 1_100_000,)))
    await emit(world, tenant, large)
    await emit(world, tenant, other)
    async with world.db.system("test", write=False) as tx:
        pending = await outbox.list_pending(tx, now=tx.now, limit=10)
    mine = [e for e in pending if e.envelope.type == "category.updated"]
    outcomes = await jetstream.transport.publish(mine)
    assert [(o.result, o.counts) for o in outcomes if o.result != "blocked"] == [
        ("retry", True),
        ("published", True),
    ]
    assert [o.result for o in outcomes] == ["retry", "blocked", "published"]


async def test_deliveries_lost_on_the_way_are_read_again_in_order(
    jetstream: Rig, world: World
) -> None:
    """Another client takes events and never answers; the broker would redeliver after 30 seconds."""
    jetstream.nats = msgspec.structs.replace(jetstream.nats, ack_wait_seconds=30.0)
    jetstream.taker()
    await jetstream.start(consume=False)
    tenant = await world.tenant()
    aggregates = [new_id() for _ in range(6)]
    for aggregate in aggregates:
        await emit(world, tenant, aggregate, 3)
    await jetstream.relay.drain()
    assert jetstream.broker is not None
    for lane in range(jetstream.nats.partitions):
        thief = await jetstream.broker.js.pull_subscribe_bind(
            consumer=durable_name("test.taker", lane), stream=jetstream.nats.stream
        )
        try:
            await thief.fetch(2, timeout=0.5)
        except TimeoutError:
            continue
    stop = asyncio.Event()
    working = asyncio.create_task(jetstream.consuming(jetstream.broker).run(stop))
    async with asyncio.timeout(10):
        while len(jetstream.effects) < 18:
            await asyncio.sleep(0.02)
    stop.set()
    await working
    for aggregate in aggregates:
        assert jetstream.of(aggregate) == [1, 2, 3]


async def test_workers_share_the_lanes_and_hand_them_over(jetstream: Rig, world: World) -> None:
    jetstream.taker()
    await jetstream.start(consume=False)
    assert jetstream.broker is not None
    stops = [asyncio.Event(), asyncio.Event()]
    workers = [jetstream.consuming(jetstream.broker, lease_seconds=1.0) for _ in stops]
    tasks = [asyncio.create_task(w.run(s)) for w, s in zip(workers, stops, strict=True)]
    async with asyncio.timeout(10):
        while sorted(len(w.lanes) for w in workers) != [1, 2]:
            await asyncio.sleep(0.02)
    assert sorted(workers[0].lanes + workers[1].lanes) == [0, 1, 2]
    tenant, aggregates = await world.tenant(), [new_id() for _ in range(5)]
    for aggregate in aggregates:
        await emit(world, tenant, aggregate, 3)
    stops[0].set()
    await tasks[0]
    await jetstream.settle()
    async with asyncio.timeout(5):
        while workers[1].lanes != [0, 1, 2]:
            await asyncio.sleep(0.02)
    stops[1].set()
    await tasks[1]
    for aggregate in aggregates:
        assert jetstream.of(aggregate) == [1, 2, 3]


async def test_provisioning_twice_changes_nothing(jetstream: Rig) -> None:
    jetstream.taker()
    await jetstream.start(consume=False)
    assert jetstream.broker is not None
    again = await provision(jetstream.broker, jetstream.consumers)
    assert again.stream == "unchanged"
    assert set(again.consumers.values()) == {"unchanged"}
    without = await provision(jetstream.broker, [])
    assert set(without.consumers.values()) == {"left over"}
    pruned = await provision(jetstream.broker, [], prune=True)
    assert set(pruned.consumers.values()) == {"deleted"}


async def test_another_number_of_partitions_is_refused(jetstream: Rig) -> None:
    await jetstream.start(consume=False)
    jetstream.nats = msgspec.structs.replace(jetstream.nats, partitions=4)
    broker = await jetstream.connect()
    with pytest.raises(StreamDiffers):
        await provision(broker, [])
    await broker.close()


async def test_publishing_without_a_stream_says_how_to_mend_it(
    jetstream: Rig, world: World
) -> None:
    await jetstream.start(consume=False)
    assert jetstream.broker is not None
    await emit(world, await world.tenant(), new_id())
    await jetstream.broker.js.delete_stream(jetstream.nats.stream)
    with pytest.raises(BrokerUnavailable) as caught:
        await jetstream.relay.step()
    assert isinstance(caught.value, BrokerNotProvisioned)
    assert "provision" in caught.value.mend
    await provision(jetstream.broker, [])


async def test_requests_are_answered_while_the_broker_is_away(
    database_settings: Settings, own_nats: NatsProcess
) -> None:
    own_nats.end()
    settings = msgspec.structs.replace(
        database_settings,
        events=msgspec.structs.replace(database_settings.events, transport="jetstream"),
        nats=NatsSettings(urls=(own_nats.url,)),
    )
    platform = Platform(settings, observer=None)
    await platform.open()
    try:
        world = World(platform, [])
        platform.start_background(["relay"])
        tenant, aggregate = await world.tenant(), new_id()
        await emit(world, tenant, aggregate)
        await asyncio.sleep(0.5)  # the relay has tried by now
        async with world.client(tenant) as client:
            answer = await client.get("/health/ready")
        assert answer.status_code == 200
        checks = {check["name"]: check for check in answer.json()["checks"]}
        assert checks["transport"]["ok"]
        assert "events wait in the outbox" in checks["transport"]["reason"]
        assert len(await world.events(tenant, "category.updated")) == 1
        async with world.db.system("test", write=False) as tx:
            assert (await outbox.backlog(tx)).pending > 0
    finally:
        started = asyncio.get_running_loop().time()
        await platform.close()
        assert asyncio.get_running_loop().time() - started < 5
