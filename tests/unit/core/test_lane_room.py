"""A lane takes what its working consumers will soon apply, and no more."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from rustok.core.bus.errors import BrokerNotProvisioned
from rustok.core.bus.jetstream_room import STANDS_STILL_SECONDS, LaneRoom


class Broker:
    """Answers with the lag and the acknowledged floor of each durable consumer."""

    def __init__(self, **durables: tuple[int, int]) -> None:
        self.durables = {name.replace("_", "-"): facts for name, facts in durables.items()}
        self.asked = 0

    async def consumer_info(self, durable: str) -> Any:
        self.asked += 1
        if durable not in self.durables:
            raise BrokerNotProvisioned("there is none")
        lag, floor = self.durables[durable]
        return SimpleNamespace(
            num_pending=lag, num_ack_pending=0, ack_floor=SimpleNamespace(stream_seq=floor)
        )


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def room_of(broker: Broker, *consumers: str, clock: Time | None = None) -> LaneRoom:
    return LaneRoom(broker, consumers, limit=10, clock=clock or Time())  # type: ignore[arg-type]  # a stand-in


def taken(room: LaneRoom) -> int:
    count = 0
    while room.take(0):
        count += 1
    return count


async def test_a_lane_takes_as_much_as_its_slowest_working_consumer_lags_less() -> None:
    room = room_of(Broker(a_0=(2, 1), b_0=(7, 1)), "a", "b")
    await room.look([0])
    assert taken(room) == 3


async def test_a_lane_nobody_reads_yet_takes_its_limit() -> None:
    room = room_of(Broker(), "a")
    await room.look([0])
    assert taken(room) == 10


async def test_a_consumer_that_stands_still_holds_up_no_other() -> None:
    clock, broker = Time(), Broker(a_0=(0, 1), stopped_0=(5_000, 1))
    room = room_of(broker, "a", "stopped", clock=clock)
    await room.look([0])
    assert taken(room) == 0
    clock.now += STANDS_STILL_SECONDS + 1
    broker.durables["a-0"] = (0, 2)
    await room.look([0])
    assert taken(room) == 10


async def test_when_all_stand_still_nothing_more_is_sent() -> None:
    clock, broker = Time(), Broker(a_0=(10, 1), b_0=(12, 1))
    room = room_of(broker, "a", "b", clock=clock)
    for _ in range(3):
        await room.look([0])
        assert taken(room) == 0
        clock.now += STANDS_STILL_SECONDS + 1
    broker.durables = {"a-0": (3, 8), "b-0": (4, 9)}
    await room.look([0])
    assert taken(room) == 6


async def test_the_broker_is_asked_only_when_the_room_is_used_up() -> None:
    broker = Broker(a_0=(0, 1))
    room = room_of(broker, "a")
    for _ in range(10):
        await room.look([0])
        assert room.take(0)
    assert broker.asked == 1
