"""Deadlines that travel down."""

from __future__ import annotations

import asyncio
import math

import pytest

from rustok.core.errors import Unavailable
from rustok.core.resilience.deadline import TimedOut, deadline, remaining, within


def test_without_a_deadline_time_is_endless() -> None:
    assert remaining() == math.inf


def test_a_nested_deadline_only_shortens() -> None:
    with deadline(10):
        with deadline(60):
            assert 9 < remaining() <= 10
        with deadline(1):
            assert remaining() <= 1
        assert 9 < remaining() <= 10
    assert remaining() == math.inf


def test_a_deadline_that_has_passed_leaves_zero() -> None:
    with deadline(-1):
        assert remaining() == 0.0


async def test_a_deadline_travels_into_tasks() -> None:
    async def child() -> float:
        return remaining()

    with deadline(10):
        assert await asyncio.create_task(child()) <= 10


async def test_within_gives_the_result_in_time() -> None:
    assert await within(1, asyncio.sleep(0, "done")) == "done"
    assert await within(math.inf, asyncio.sleep(0, "done")) == "done"


async def test_within_cancels_what_takes_longer() -> None:
    cancelled = asyncio.Event()

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with pytest.raises(TimedOut) as caught:
        await within(0.01, hang())
    assert cancelled.is_set()
    assert isinstance(caught.value, Unavailable)
    assert caught.value.after_seconds == 0.01


async def test_within_ends_at_the_deadline_when_that_comes_first() -> None:
    with deadline(0.01), pytest.raises(TimedOut):
        await within(60, asyncio.Event().wait())


async def test_what_within_awaits_knows_its_bound() -> None:
    async def child() -> float:
        return remaining()

    assert await within(5, child()) <= 5


async def test_without_time_left_nothing_is_started() -> None:
    started = False

    async def start() -> None:
        nonlocal started
        started = True

    with deadline(0), pytest.raises(TimedOut):
        await within(60, start())
    task = asyncio.create_task(start())
    with deadline(0), pytest.raises(TimedOut):
        await within(60, task)
    await asyncio.wait([task])
    assert not started


async def test_a_timeout_of_the_awaited_call_itself_stays_its_own() -> None:
    async def inner() -> None:
        raise TimeoutError("the driver's own")

    with pytest.raises(TimeoutError, match="the driver's own"):
        await within(60, inner())


async def test_a_cancellation_from_outside_stays_a_cancellation() -> None:
    task = asyncio.create_task(within(60, asyncio.Event().wait()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
