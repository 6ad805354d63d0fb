"""Shares: nobody holds more than its own, its line is its own, and nothing is left behind."""

from __future__ import annotations

import asyncio

import pytest

from rustok.core.ids import new_id
from rustok.core.resilience.shares import Shares, ShareTaken


async def test_one_holder_at_its_share_takes_nothing_from_another() -> None:
    shares, greedy, modest = Shares(places=2, queue=0, wait_seconds=1), new_id(), new_id()
    assert [shares.enter(greedy) for _ in range(3)] == [True, True, False]
    with pytest.raises(ShareTaken):
        await shares.wait(greedy)
    assert shares.enter(modest)


async def test_the_line_is_served_first_come_first_served() -> None:
    shares, holder = Shares(places=1, queue=3, wait_seconds=1), new_id()
    assert shares.enter(holder)
    served: list[int] = []

    async def one(number: int) -> None:
        await shares.wait(holder)
        served.append(number)
        await asyncio.sleep(0)
        shares.leave(holder)

    waiting = [asyncio.create_task(one(number)) for number in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(ShareTaken):
        await shares.wait(holder)
    shares.leave(holder)
    await asyncio.gather(*waiting)
    assert served == [0, 1, 2]
    assert shares.held(holder) == 0


async def test_who_waits_too_long_is_refused_and_its_place_goes_on() -> None:
    shares, holder = Shares(places=1, queue=3, wait_seconds=0.01), new_id()
    assert shares.enter(holder)
    with pytest.raises(ShareTaken):
        await shares.wait(holder)
    shares.leave(holder)
    assert shares.held(holder) == 0
    assert shares.enter(holder)


async def test_a_cancelled_wait_loses_no_place() -> None:
    shares, holder = Shares(places=1, queue=3, wait_seconds=5), new_id()
    for gives_way_first in (True, False):
        assert shares.enter(holder)
        waiting = asyncio.create_task(shares.wait(holder))
        await asyncio.sleep(0)
        if gives_way_first:
            shares.leave(holder)
            waiting.cancel()
        else:
            waiting.cancel()
            shares.leave(holder)
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert shares.held(holder) == 0


async def test_64_callers_never_run_more_than_the_share_at_once() -> None:
    shares, holder = Shares(places=5, queue=64, wait_seconds=5), new_id()
    running = most = 0

    async def one() -> None:
        nonlocal running, most
        if not shares.enter(holder):
            await shares.wait(holder)
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1
        shares.leave(holder)

    await asyncio.gather(*(one() for _ in range(64)))
    assert (most, running, shares.held(holder)) == (5, 0, 0)
