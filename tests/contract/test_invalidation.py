"""Every invalidation bus: heard by all who listen, silent about nothing it may have missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest

from rustok.core.cache.invalidation import LOST, InProcessBus, InvalidationBus
from rustok.core.db.notify import PostgresBus
from rustok.core.errors import Unavailable
from rustok.core.redis.connection import RedisConnection
from rustok.core.redis.invalidation import RedisBus
from rustok.core.resilience.breaker_registry import BreakerRegistry
from rustok.server.redis import redis_connection
from rustok.server.settings import RedisSettings
from tests.conftest import POSTGRES
from tests.redis_for_tests import redis_place
from tests.unplugging import Mode, Plug

MakeBus = Callable[[], InvalidationBus]


class Ear:
    """Remembers what came over a bus."""

    def __init__(self, bus: InvalidationBus) -> None:
        self.heard: list[str | None] = []
        self._came = asyncio.Event()
        bus.subscribe(self._hear)

    def _hear(self, message: str | None) -> None:
        self.heard.append(message)
        self._came.set()

    async def until(self, message: str | None, *, seconds: float = 10) -> None:
        async with asyncio.timeout(seconds):
            while message not in self.heard:
                self._came.clear()
                await self._came.wait()

    async def until_listening(self, bus: InvalidationBus) -> None:
        bus.listen()
        if bus.name != "in-process":
            await self.until(LOST)
        self.heard.clear()


class Rig:
    """Buses of one kind that reach each other, through a plug where there is a network."""

    def __init__(self, make: MakeBus, plug: Plug | None) -> None:
        self._make = make
        self.plug = plug
        self.made: list[InvalidationBus] = []

    def bus(self) -> InvalidationBus:
        self.made.append(self._make())
        return self.made[-1]

    async def close(self) -> None:
        for bus in self.made:
            await bus.close()

    async def listening(self) -> tuple[InvalidationBus, Ear]:
        bus = self.bus()
        ear = Ear(bus)
        await ear.until_listening(bus)
        return bus, ear


@pytest.fixture(params=["in-process", "redis", "postgres"])
def kind(request: pytest.FixtureRequest) -> str:
    if request.param == "redis":
        redis_place()
    if request.param == "postgres":
        request.getfixturevalue("postgres_urls")  # skips where there is none
    return str(request.param)


@pytest.fixture
async def rig(kind: str) -> AsyncIterator[Rig]:
    match kind:
        case "in-process":
            shared = InProcessBus()
            yield Rig(lambda: shared, None)
        case "redis":
            async with Plug(*redis_place()) as plug:
                url = f"redis://127.0.0.1:{plug.port}/0"
                settings = RedisSettings(url=url, prefix=f"t{uuid4().hex[:8]}")
                connections: list[RedisConnection] = []

                def make() -> InvalidationBus:
                    connections.append(redis_connection(settings, BreakerRegistry()))
                    return RedisBus(connections[-1])

                rig = Rig(make, plug)
                yield rig
                await rig.close()
                for connection in connections:
                    await connection.close()
        case _:
            url_parts = urlsplit(POSTGRES)
            async with Plug(url_parts.hostname or "127.0.0.1", url_parts.port or 5432) as plug:
                user = url_parts.netloc.rpartition("@")[0]
                netloc = f"{user}@127.0.0.1:{plug.port}" if user else f"127.0.0.1:{plug.port}"
                through = urlunsplit(url_parts._replace(netloc=netloc))
                rig = Rig(lambda: PostgresBus(through), plug)
                yield rig
                await rig.close()


async def test_everybody_who_listens_hears_every_message_in_order(rig: Rig) -> None:
    sender, _ = await rig.listening()
    _, ear = await rig.listening()
    _, other = await rig.listening()
    messages = [f"message {number}" for number in range(100)]
    for message in messages:
        await sender.publish(message)
    for one in (ear, other):
        await one.until(messages[-1])
        assert [heard for heard in one.heard if heard in messages] == messages


async def test_a_message_of_the_greatest_length_arrives(rig: Rig) -> None:
    bus, ear = await rig.listening()
    message = "x" * min(bus.longest, 60_000)
    await bus.publish(message)
    await ear.until(message)


async def test_who_stopped_listening_hears_nothing(rig: Rig) -> None:
    bus, ear = await rig.listening()
    heard: list[str | None] = []
    bus.subscribe(heard.append)()
    await bus.publish("a")
    await ear.until("a")
    assert heard == []


async def test_an_error_of_one_receiver_reaches_no_other(rig: Rig) -> None:
    bus = rig.bus()

    def broken(_message: str | None) -> None:
        raise RuntimeError("receiver bug")

    bus.subscribe(broken)
    ear = Ear(bus)
    await ear.until_listening(bus)
    await bus.publish("a")
    await ear.until("a")


@pytest.mark.parametrize("mode", ["refused", "hangs"])
async def test_after_an_absence_everybody_is_told_that_messages_may_be_lost(
    rig: Rig, mode: Mode
) -> None:
    if rig.plug is None:
        pytest.skip("there is no network inside a process")
    bus, ear = await rig.listening()
    await rig.plug.set(mode)
    with pytest.raises(Unavailable):
        await _soon(bus.publish("never heard"))
    await rig.plug.set("through")
    await ear.until(LOST)
    for _ in range(40):
        try:
            await bus.publish("heard again")
        except Unavailable:
            await asyncio.sleep(0.1)
        else:
            break
    await ear.until("heard again")
    assert "connected" in bus.describe()


async def _soon(call: Awaitable[None]) -> None:
    async with asyncio.timeout(3):
        await call
