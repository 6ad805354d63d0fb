"""The relay's rounds: what it asks, what it writes down, how long it waits and when it holds its lease."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from rustok.content.media.events import MediaDeleted
from rustok.core import lease, outbox, relay
from rustok.core.bus.port import Outcome
from rustok.core.db import Query
from rustok.core.errors import Unavailable
from rustok.core.ids import new_id
from rustok.core.outbox import PendingEvent, list_pending
from rustok.core.relay import HELD_BACK_SECONDS, Relay, retry_delay_seconds
from rustok.core.tenancy import TenantProfile
from tests.conftest import World

STOP = "stop"
POLL = 7.0


class Row(msgspec.Struct, frozen=True, kw_only=True):
    attempts: int
    available_at: datetime
    last_error: str | None
    published_at: datetime | None


ROWS = Query(
    select(
        outbox.outbox.c.attempts,
        outbox.outbox.c.available_at,
        outbox.outbox.c.last_error,
        outbox.outbox.c.published_at,
    ).order_by(outbox.outbox.c.position),
    Row,
    system="test",
)


class Carrier:
    """A transport that answers as told: by the place of the event in the outbox."""

    def __init__(self, *outcomes: dict[str, Any]) -> None:
        self.outcomes = outcomes

    async def publish(self, events: Sequence[PendingEvent]) -> list[Outcome]:
        told = self.outcomes or ({"result": "published"},) * len(events)
        return [
            Outcome(position=event.position, **one) for event, one in zip(events, told, strict=True)
        ]

    def hurry(self) -> None:
        pass


class Scripted(Relay):
    """Its rounds are told beforehand; writes down the pauses between them."""

    script: tuple[int | Exception | str, ...]

    def play(self, *script: int | Exception | str) -> list[float]:
        self.script, self.pauses, self.stop = script, [], asyncio.Event()
        return self.pauses

    pauses: list[float]
    stop: asyncio.Event

    async def step(self) -> int:
        now, self.script = self.script[0], self.script[1:]
        if not self.script:
            self.stop.set()
        if isinstance(now, Exception):
            raise now
        return int(now)

    async def _sleep(self, stop: asyncio.Event, seconds: float) -> None:
        self.pauses.append(seconds)


@pytest.fixture
def _unspread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, _high: low)


async def emit(world: World, tenant: TenantProfile, count: int) -> None:
    async with world.write(tenant) as tx:
        for _ in range(count):
            tx.emit(MediaDeleted(media_id=new_id()))


def test_a_delay_is_spread_over_its_second_half(monkeypatch: pytest.MonkeyPatch) -> None:
    for take, least in ((lambda low, high: low, 0.5), (lambda low, high: high, 1.0)):
        monkeypatch.setattr(random, "uniform", take)
        for attempts, full in ((0, 0.2), (3, 1.6), (8, 51.2), (9, 60), (5_000, 60)):
            assert retry_delay_seconds(attempts) == pytest.approx(full * least)


@pytest.mark.usefixtures("_unspread")
async def test_a_relay_waits_longer_for_what_stays_away_but_not_for_ever(world: World) -> None:
    one = Scripted(world.db, Carrier(), poll_seconds=POLL)
    pauses = one.play(*(Unavailable("away") for _ in range(6)), 0, Unavailable("away"), 3, 0)
    await one.run(one.stop)
    assert pauses == pytest.approx([0.2, 0.4, 0.8, 1.6, 1.6, 1.6, POLL, 0.2, POLL])


@pytest.mark.usefixtures("_unspread")
async def test_a_relay_that_fails_by_itself_waits_longer_each_time(world: World) -> None:
    one = Scripted(world.db, Carrier(), poll_seconds=POLL)
    pauses = one.play(*(ValueError("a mistake") for _ in range(6)))
    await one.run(one.stop)
    assert pauses == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 6.4])


async def test_a_relay_looks_again_soon_while_something_is_held_back(world: World) -> None:
    tenant = await world.tenant()
    await world.drain()

    class Watched(Relay):
        async def _sleep(self, stop: asyncio.Event, seconds: float) -> None:
            pauses.append(seconds)
            stop.set()

    for blocked, pause in ((True, HELD_BACK_SECONDS), (False, POLL)):
        pauses: list[float] = []
        carrier = Carrier({"result": "blocked"} if blocked else {"result": "retry"})
        watched = Watched(world.db, carrier, poll_seconds=POLL)
        await emit(world, tenant, 1)
        await watched.run(asyncio.Event())
        assert pauses == [pause]
        await world.drain()
        pauses.clear()
        await watched.run(asyncio.Event())
        assert pauses == [POLL]
    idle = Scripted(world.db, Carrier(), poll_seconds=POLL)
    pauses = idle.play(0)
    await idle.run(idle.stop)
    assert pauses == [POLL]


async def test_a_relay_without_the_lease_does_nothing_and_leaves_it_to_its_holder(
    world: World,
) -> None:
    assert await lease.acquire(world.db, "relay", holder="other", seconds=60)
    one = Scripted(world.db, Carrier(), poll_seconds=POLL)
    pauses = one.play(5)

    async def rest(stop: asyncio.Event, seconds: float) -> None:
        pauses.append(seconds)
        stop.set()

    one._sleep = rest  # type: ignore[method-assign]  # ends the run
    with world.counting() as count:
        await one.run(one.stop)
    assert pauses == [POLL]
    assert one.script == (5,)
    assert not any(sql.startswith("DELETE") for sql in count.sql)


async def test_a_lease_is_renewed_when_half_of_it_is_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    asked: list[float] = []

    async def acquire(_db: object, _name: str, *, holder: str, seconds: float) -> bool:
        asked.append(clock[0])
        assert (holder, seconds) == (one._holder, 10.0)
        return len(asked) < 4

    monkeypatch.setattr(relay, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(lease, "acquire", acquire)
    one = Relay(world.db, Carrier(), lease_seconds=10.0)
    for now, held in (
        (1_000.0, True),
        (1_004.9, True),
        (1_005.0, True),
        (1_006.0, True),
        (1_010.5, True),
        (1_016.0, False),
        (1_016.1, False),
    ):
        clock[0] = now
        assert await one._hold_lease() is held
    assert asked == [1_000.0, 1_005.0, 1_010.5, 1_016.0, 1_016.1]


@pytest.mark.usefixtures("_unspread")
async def test_a_round_writes_down_what_came_of_each_event(world: World) -> None:
    tenant = await world.tenant()
    await world.drain()
    await emit(world, tenant, 4)
    outcomes: tuple[dict[str, Any], ...] = (
        {"result": "published"},
        {"result": "retry", "error": "x" * 3_000},
        {"result": "retry", "counts": False},
        {"result": "blocked"},
    )
    before = world.db.now()
    assert await Relay(world.db, Carrier(*outcomes)).step() == 1
    after = world.db.now()
    async with world.db.system("test", write=False) as tx:
        sent, failed, absent, blocked = (await tx.all(ROWS))[-4:]
    assert sent.published_at is not None
    assert failed.published_at is absent.published_at is blocked.published_at is None
    assert (failed.attempts, failed.last_error) == (1, "x" * 2_000)
    assert (absent.attempts, absent.last_error) == (0, "")
    assert (blocked.attempts, blocked.last_error) == (0, None)
    for row, delay in ((failed, 0.1), (absent, 0.8)):
        least = timedelta(seconds=delay)
        assert before + least <= row.available_at <= after + least


@pytest.mark.parametrize(
    ("tenants", "limit", "is_crowded", "statements"),
    [
        (0, 3, False, 1),
        (0, 3, True, 2),
        (1, 3, False, 1),
        (1, 2, False, 2),
        (2, 5, False, 1),
        (2, 4, False, 3),
        (1, 3, True, 2),
        (1, 2, True, 3),
        (2, 4, True, 2),
        (2, 9, True, 2),
    ],
)
async def test_whose_turn_it_is_is_asked_only_where_it_matters(
    world: World, tenants: int, limit: int, is_crowded: bool, statements: int
) -> None:
    profiles = [await world.tenant() for _ in range(tenants)]
    await world.drain()
    for profile in profiles:
        await emit(world, profile, 2)
    with world.counting() as count:
        async with world.db.system("test", write=False) as tx:
            found = await list_pending(tx, now=tx.now, limit=limit, is_crowded=is_crowded)
    assert len(found) == min(limit, 2 * tenants)
    assert count.total == statements
    owners = [event.envelope.tenant_id for event in found]
    if statements > 1 and tenants > 1:
        assert owners[0] != owners[1]


async def test_a_round_is_crowded_behind_a_full_one_alone(world: World) -> None:
    tenant, other = await world.tenant(), await world.tenant()
    await world.drain()
    one = Relay(world.db, Carrier(), batch=2)
    steps = []
    for _ in range(2):
        await emit(world, tenant, 2)
        await emit(world, other, 1)
        for _ in range(3):
            with world.counting() as count:
                published = await one.step()
            steps.append((published, count.total))
    # oldest, tenants, turns, mark; then tenants, oldest, mark; then oldest alone.
    assert steps == [(2, 4), (1, 3), (0, 1)] * 2


async def test_an_empty_log_has_no_events_and_no_backlog(world: World) -> None:
    async with world.db.system("test", write=False) as tx:
        assert await outbox.count_events(tx) == 0
        assert await outbox.backlog(tx) == outbox.Backlog(pending=0, oldest_at=None)
    await emit(world, await world.tenant(), 2)
    async with world.db.system("test", write=False) as tx:
        assert await outbox.count_events(tx) == len(await tx.all(ROWS))
        assert (await outbox.backlog(tx)).pending == 3


async def test_the_work_on_an_event_is_a_child_of_what_carried_it(world: World) -> None:
    await emit(world, await world.tenant(), 1)
    async with world.db.system("test", write=False) as tx:
        event = (await list_pending(tx, now=tx.now, limit=10))[-1]
    assert event.traceparent == event.envelope.traceparent
    traced = msgspec.structs.replace(event.envelope, traceparent="of the request")
    assert msgspec.structs.replace(event, envelope=traced).traceparent == "of the request"
    carried = msgspec.structs.replace(event, envelope=traced, carried_by="of the message")
    assert carried.traceparent == "of the message"


async def test_draining_counts_all_and_waits_for_what_is_delayed(world: World) -> None:
    tenant = await world.tenant()
    await world.drain()
    await emit(world, tenant, 5)
    one = Relay(world.db, Carrier(), batch=2)
    began = time.monotonic()
    assert await one.drain(timeout_seconds=5) == 5
    assert await one.drain(timeout_seconds=5) == 0
    assert time.monotonic() - began < 5
    await emit(world, tenant, 1)
    stuck = Relay(world.db, Carrier({"result": "retry", "error": "later"}))
    with pytest.raises(TimeoutError):
        await stuck.drain(timeout_seconds=0.2)


async def test_a_relay_with_nothing_to_carry_waits_for_no_writer(world: World) -> None:
    tenant = await world.tenant()
    await world.drain()
    entered, done = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with world.write(tenant):
            entered.set()
            await done.wait()

    holding = asyncio.create_task(hold())
    await entered.wait()
    try:
        assert await Relay(world.db, Carrier()).drain(timeout_seconds=2) == 0
    finally:
        done.set()
        await holding
