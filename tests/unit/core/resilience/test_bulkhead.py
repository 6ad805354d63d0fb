"""Places at a dependency: bounded, fair, and never lost."""

from __future__ import annotations

import asyncio

import pytest

from rustok.core.errors import Unavailable
from rustok.core.resilience.bulkhead import Bulkhead, BulkheadFull
from rustok.core.resilience.deadline import deadline


async def hold(bulkhead: Bulkhead, gate: asyncio.Event, log: list[int], number: int) -> None:
    async with bulkhead.place():
        log.append(number)
        await gate.wait()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_no_more_than_its_places_run_and_its_queue_waits() -> None:
    bulkhead = Bulkhead("dep", concurrency=2, queue=3)
    gate, log = asyncio.Event(), list[int]()
    calls = [asyncio.create_task(hold(bulkhead, gate, log, number)) for number in range(10)]
    await settle()
    seen = bulkhead.snapshot()
    assert (seen.running, seen.waiting, seen.rejected_total) == (2, 3, 5)
    gate.set()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert log == [0, 1, 2, 3, 4], "first come, first served"
    assert sum(isinstance(result, BulkheadFull) for result in results) == 5
    assert bulkhead.snapshot().running == 0


async def test_a_full_bulkhead_is_an_unavailable_part() -> None:
    bulkhead = Bulkhead("dep", concurrency=1)
    async with bulkhead.place():
        with pytest.raises(BulkheadFull) as caught:
            async with bulkhead.place():
                pass
    assert isinstance(caught.value, Unavailable)
    assert (caught.value.code, caught.value.dependency) == ("bulkhead_full", "dep")


async def test_a_wait_for_a_place_is_bounded() -> None:
    bulkhead = Bulkhead("dep", concurrency=1, queue=1, wait_seconds=0.01)
    async with bulkhead.place():
        with pytest.raises(BulkheadFull):
            async with bulkhead.place():
                pass
    assert bulkhead.snapshot().waiting == 0


async def test_without_time_left_nobody_queues() -> None:
    bulkhead = Bulkhead("dep", concurrency=1, queue=1)
    async with bulkhead.place():
        with deadline(0), pytest.raises(BulkheadFull):
            async with bulkhead.place():
                pass


async def test_cancellation_frees_places_and_queue() -> None:
    bulkhead = Bulkhead("dep", concurrency=2, queue=10, wait_seconds=60)
    gate, log = asyncio.Event(), list[int]()
    calls = [asyncio.create_task(hold(bulkhead, gate, log, number)) for number in range(12)]
    await settle()
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    seen = bulkhead.snapshot()
    assert (seen.running, seen.waiting) == (0, 0)
    async with bulkhead.place(), bulkhead.place():
        assert bulkhead.snapshot().running == 2


async def test_a_place_given_to_a_caller_cancelled_that_moment_goes_to_the_next() -> None:
    bulkhead = Bulkhead("dep", concurrency=1, queue=2, wait_seconds=60)
    first, rest, log = asyncio.Event(), asyncio.Event(), list[int]()
    holder = asyncio.create_task(hold(bulkhead, first, log, 0))
    await settle()
    second = asyncio.create_task(hold(bulkhead, rest, log, 1))
    third = asyncio.create_task(hold(bulkhead, rest, log, 2))
    await settle()
    first.set()
    await asyncio.sleep(0)  # the holder releases, the second is woken but has not run
    second.cancel()
    await settle()
    assert log == [0, 2]
    rest.set()
    await asyncio.gather(holder, second, third, return_exceptions=True)
    assert bulkhead.snapshot().running == 0


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="concurrency"):
        Bulkhead("dep", concurrency=0)
