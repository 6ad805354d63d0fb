"""One load per key, owned by nobody in particular."""

from __future__ import annotations

import asyncio
import contextvars

import pytest

from rustok.core.cache.single_flight import LoadAbandoned, SingleFlight

tenant = contextvars.ContextVar("tenant", default="none")


async def test_keys_load_side_by_side_and_each_once() -> None:
    flights: SingleFlight[int, int] = SingleFlight()
    started: list[int] = []
    gate = asyncio.Event()

    async def load(key: int) -> int:
        started.append(key)
        await gate.wait()
        return key * 10

    callers = [
        asyncio.create_task(flights.run(key, lambda key=key: load(key)))  # type: ignore[misc]
        for key in (1, 2, 1, 2)
    ]
    await asyncio.sleep(0.001)
    assert sorted(started) == [1, 2]
    gate.set()
    assert await asyncio.gather(*callers) == [10, 20, 10, 20]
    assert len(flights) == 0


async def test_the_first_callers_context_does_not_leak_into_the_shared_load() -> None:
    async def load() -> str:
        return tenant.get()

    token = tenant.set("acme")
    try:
        assert await SingleFlight[str, str]().run("key", load) == "none"
    finally:
        tenant.reset(token)


async def test_a_load_cancelled_from_outside_is_an_outage_to_its_callers() -> None:
    flights: SingleFlight[str, bool] = SingleFlight()
    callers = [asyncio.create_task(flights.run("key", asyncio.Event().wait)) for _ in range(3)]
    await asyncio.sleep(0.001)
    flights.start("key", asyncio.Event().wait).cancel()
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(result) for result in results] == [LoadAbandoned] * 3
    assert len(flights) == 0


async def test_the_next_call_after_a_failure_loads_again() -> None:
    flights: SingleFlight[str, int] = SingleFlight()
    outcomes = iter((ValueError("first"), 2))

    async def load() -> int:
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    with pytest.raises(ValueError, match="first"):
        await flights.run("key", load)
    assert await flights.run("key", load) == 2


async def test_a_disowned_load_knows_it_and_serves_only_who_waits_already() -> None:
    flights: SingleFlight[str, bool] = SingleFlight()
    gate = asyncio.Event()

    async def load() -> bool:
        await gate.wait()
        return flights.is_current("key")

    old = asyncio.create_task(flights.run("key", load))
    await asyncio.sleep(0.001)
    flights.disown("key")
    new = asyncio.create_task(flights.run("key", load))
    await asyncio.sleep(0.001)
    gate.set()
    assert (await old, await new) == (False, True)


async def test_a_disowned_load_that_lands_leaves_its_successor_in_flight() -> None:
    flights: SingleFlight[str, str] = SingleFlight()
    gates = {"old": asyncio.Event(), "new": asyncio.Event()}

    async def load(name: str) -> str:
        await gates[name].wait()
        return f"{name}, current: {flights.is_current('key')}"

    old = asyncio.create_task(flights.run("key", lambda: load("old")))
    await asyncio.sleep(0.001)
    flights.disown("key")
    new = asyncio.create_task(flights.run("key", lambda: load("new")))
    await asyncio.sleep(0.001)
    gates["old"].set()
    assert await old == "old, current: False"
    joined = asyncio.create_task(flights.run("key", lambda: load("old")))
    gates["new"].set()
    assert await new == await joined == "new, current: True"
