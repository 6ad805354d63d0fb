"""One load per key at a time, shared by everyone who asks meanwhile.

It refuses to let one caller's cancellation, deadline or identity reach a load that others share.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Hashable
from typing import Generic, TypeVar

from rustok.core.errors import Unavailable

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LoadAbandoned(Unavailable):
    """A shared load was cancelled from outside, such as by the shutdown of the process."""

    code = "load_abandoned"
    title = "A part this request needs was stopped"

    def __init__(self) -> None:
        super().__init__("Loading what this request needs was stopped before it finished.")


class SingleFlight(Generic[K, V]):
    """The loads in flight, by key.

    Each load runs as its own task in an empty context: not in the first caller's, whose tenant,
    trace and deadline the other callers do not share. It goes on when every caller has gone;
    bound its time inside `load`.
    """

    __slots__ = ("_flights",)

    def __init__(self) -> None:
        self._flights: dict[K, asyncio.Task[V]] = {}

    def __len__(self) -> int:
        return len(self._flights)

    async def run(self, key: K, load: Callable[[], Coroutine[object, object, V]]) -> V:
        """Join the load of `key` in flight, or start `load()`.

        Raises:
            LoadAbandoned: the load was cancelled while this caller was not.
            Exception: what `load` raised; the same object for every caller.
        """
        flight = self.start(key, load)
        try:
            return await asyncio.shield(flight)
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if flight.cancelled() and not (caller and caller.cancelling()):
                raise LoadAbandoned from None
            raise

    def start(self, key: K, load: Callable[[], Coroutine[object, object, V]]) -> asyncio.Task[V]:
        """The load of `key`, begun now unless one is in flight, without waiting for it."""
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.create_task(load(), context=contextvars.Context())
            self._flights[key] = flight

            def land(landed: asyncio.Task[V]) -> None:
                if self._flights.get(key) is landed:
                    del self._flights[key]
                if not landed.cancelled():
                    landed.exception()  # read, or asyncio complains when no caller is left

            flight.add_done_callback(land)
        return flight

    def is_current(self, key: K) -> bool:
        """Asked inside a load of `key`: whether it has not been disowned since it began."""
        return self._flights.get(key) is asyncio.current_task()

    def disown(self, key: K) -> None:
        """Let the load in flight serve those who wait already; who comes next starts a new one."""
        self._flights.pop(key, None)

    def disown_where(self, concerns: Callable[[K], bool]) -> None:
        """Disown the loads of every key that `concerns` says yes to."""
        for key in [key for key in self._flights if concerns(key)]:
            del self._flights[key]

    def disown_all(self) -> None:
        """Disown every load in flight."""
        self._flights.clear()
