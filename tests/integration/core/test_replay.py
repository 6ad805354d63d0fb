"""Replay: events go through one consumer once more, in order; failures become dead letters."""

from __future__ import annotations

import pytest

from rustok.cli.event_replay import Replayed, consumer_named, replay_all
from rustok.content.media.events import MediaDeleted
from rustok.core import dead_letters, inbox
from rustok.core.bus.port import Consumer
from rustok.core.bus.replaying import ReplayConsumerUnknown, replay
from rustok.core.db import WriteTx
from rustok.core.event_log import EventFilter
from rustok.core.events.envelope import Envelope
from rustok.core.ids import new_id
from tests.conftest import World


def _taker(seen: list[int], failing: set[int]) -> Consumer:
    async def take(_tx: WriteTx, _event: MediaDeleted, envelope: Envelope) -> None:
        seen.append(envelope.sequence)
        if envelope.sequence in failing:
            raise ValueError("not this one")

    return Consumer(name="test.replay", handlers={MediaDeleted.type: take})


async def test_a_replay_applies_what_is_published_again_and_in_order(world: World) -> None:
    tenant, other = await world.tenant(), await world.tenant()
    thing = new_id()
    for each in (tenant, other):
        async with world.write(each) as tx:
            for _ in range(5):
                tx.emit(MediaDeleted(media_id=thing))
    await world.drain()
    async with world.write(tenant) as tx:
        tx.emit(MediaDeleted(media_id=thing))  # pending: it comes by itself
    seen: list[int] = []
    taker = _taker(seen, set())
    done = Replayed(consumer=taker.name)
    for _ in range(2):
        done.position = 0
        await replay_all(world.platform, taker, EventFilter(tenant_id=tenant.id), done)
    assert seen == [1, 2, 3, 4, 5] * 2
    assert (done.applied, done.buried) == (10, 0)
    events = await world.events(tenant, MediaDeleted.type)
    async with world.db.system("test", write=False) as tx:
        for event in events[:5]:
            assert await inbox.list_deliveries(tx, tenant.id, event.id, consumers=[taker.name])
    middle = Replayed(consumer=taker.name, position=done.position - 3)
    await replay_all(world.platform, taker, EventFilter(tenant_id=tenant.id), middle)
    assert middle.applied < 5


async def test_a_failure_becomes_a_dead_letter_which_a_later_replay_closes(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        tx.emit(MediaDeleted(media_id=new_id()))
    await world.drain()
    event = (await world.events(tenant, MediaDeleted.type))[0]
    seen: list[int] = []
    failing = {1}
    taker = _taker(seen, failing)
    profile_of = world.parts.profile_of
    for _ in range(2):
        assert await replay(world.db, taker, event, profile_of=profile_of) == "buried"
    async with world.db.system("test", write=False) as tx:
        letters = await dead_letters.list_open(tx, after=None, limit=10)
    assert [(one.consumer, one.attempts) for one in letters] == [("test.replay", 2)]
    assert "not this one" not in letters[0].error
    failing.clear()
    assert await replay(world.db, taker, event, profile_of=profile_of) == "applied"
    async with world.db.system("test", write=False) as tx:
        assert await dead_letters.count_open(tx) == 0


async def test_a_consumer_nobody_knows_is_refused_with_the_names_there_are(world: World) -> None:
    with pytest.raises(ReplayConsumerUnknown) as refused:
        consumer_named(world.platform, "nobody")
    assert refused.value.extensions["consumers"]
