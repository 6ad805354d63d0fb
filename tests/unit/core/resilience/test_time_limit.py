"""One timer for many blocks bounds each of them, and no other."""

from __future__ import annotations

import asyncio

import pytest

from rustok.core.resilience.time_limit import TimeLimit


async def test_a_block_that_takes_longer_ends_with_a_timeout_and_its_task_goes_on() -> None:
    limit = TimeLimit(0.02)
    with pytest.raises(TimeoutError), limit.bound():
        await asyncio.sleep(10)
    await asyncio.sleep(0)  # not cancelled any more
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_block_that_is_done_in_time_is_forgotten() -> None:
    limit = TimeLimit(0.02)
    with limit.bound():
        await asyncio.sleep(0)
    assert not limit._open
    await asyncio.sleep(0.05)  # nothing comes later


async def test_each_of_many_blocks_has_its_own_time() -> None:
    limit = TimeLimit(0.1)
    loop = asyncio.get_running_loop()

    async def one(start: float) -> float:
        await asyncio.sleep(start)
        began = loop.time()
        with pytest.raises(TimeoutError), limit.bound():
            await asyncio.sleep(10)
        return loop.time() - began

    took = await asyncio.gather(*(one(start / 100) for start in range(0, 30, 3)))
    assert all(0.09 < seconds < 1 for seconds in took), took
    assert not limit._open


async def test_after_a_quiet_time_the_next_block_is_bounded_too() -> None:
    limit = TimeLimit(0.02)
    with limit.bound():
        pass
    await asyncio.sleep(0.05)
    with pytest.raises(TimeoutError), limit.bound():
        await asyncio.sleep(10)


async def test_who_is_cancelled_by_somebody_else_stays_cancelled() -> None:
    limit = TimeLimit(10)

    async def waits() -> None:
        with limit.bound():
            await asyncio.sleep(10)

    task = asyncio.create_task(waits())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not limit._open


async def test_who_is_cancelled_while_time_runs_out_stays_cancelled() -> None:
    limit = TimeLimit(0.01)

    async def waits() -> None:
        with limit.bound():
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                await asyncio.sleep(0.05)  # tidies up, and is asked again meanwhile
                raise

    task = asyncio.create_task(waits())
    await asyncio.sleep(0.03)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_the_block_is_the_blocks() -> None:
    limit = TimeLimit(10)
    with pytest.raises(ValueError, match="its own"), limit.bound():
        raise ValueError("its own")
    assert not limit._open


async def test_an_error_after_the_time_is_over_is_told_as_it_is() -> None:
    limit = TimeLimit(0.01)
    with pytest.raises(ValueError, match="while ending"), limit.bound():
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            raise ValueError("while ending") from None
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


def test_it_bounds_in_one_loop_after_another() -> None:
    limit = TimeLimit(0.02)

    async def once() -> None:
        with limit.bound():
            await asyncio.sleep(0)
        with pytest.raises(TimeoutError), limit.bound():
            await asyncio.sleep(10)

    for _ in range(2):
        asyncio.run(once())
