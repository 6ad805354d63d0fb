"""Who waits for something new is woken by a commit, and looks again by itself otherwise."""

from __future__ import annotations

import asyncio

from rustok.core.db.pulse import Pulse


async def test_a_beat_wakes_everybody_who_waits() -> None:
    pulse = Pulse()
    waiting = [asyncio.create_task(pulse.wait(60, since=0)) for _ in range(3)]
    await asyncio.sleep(0)
    pulse.beat()
    await asyncio.wait_for(asyncio.gather(*waiting), 5)


async def test_a_beat_before_the_wait_is_not_missed() -> None:
    pulse = Pulse()
    pulse.beat()
    await asyncio.wait_for(pulse.wait(60, since=0), 5)


async def test_without_a_beat_the_wait_ends_by_itself_and_leaves_nothing_behind() -> None:
    pulse = Pulse()
    await pulse.wait(0.001, since=0)
    gone = asyncio.create_task(pulse.wait(60, since=0))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    assert pulse._waiting == []
