"""How the processes of a deployment tell each other that what they cached has changed.

It refuses to promise delivery: a bus may lose messages. What is lost is found by the stamps (see
`stamps`) within seconds, and every cached value keeps its time to live besides.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, Protocol
from uuid import UUID

import msgspec

ALL_KEYS: Final = None
LOST: Final = None
"""Handed to receivers instead of a message: some may have been missed."""

_log = logging.getLogger(__name__)


class Change(msgspec.Struct, frozen=True, array_like=True):
    """What a cache must forget.

    Attributes:
        cache: its name.
        tenant_id: whose; None: everybody's.
        key: the key's text, or ALL_KEYS of the tenant.
    """

    cache: str
    tenant_id: UUID | None
    key: str | None = ALL_KEYS


Receiver = Callable[[str | None], None]
"""Gets a message, or LOST. Must be quick, must not block."""


class InvalidationBus(Protocol):
    """Carries short texts to every process that listens, the sender perhaps among them.

    Publish after the commit: a reader between an earlier message and the commit would cache the
    old value again.
    """

    name: str
    longest: int
    """Characters a message may have."""

    async def publish(self, message: str) -> None:
        """Send `message`; it has been handed over when this returns.

        Raises:
            Unavailable: it could not be, or nobody knows.
        """
        ...

    def subscribe(self, receiver: Receiver) -> Callable[[], None]:
        """Call `receiver` for every message and, after every connect, with LOST; returns how to stop."""
        ...

    def listen(self) -> None:
        """Begin to listen, and go on for ever; returns at once. Again: does nothing."""
        ...

    def describe(self) -> str:
        """Some words for health."""
        ...

    async def close(self) -> None:
        """Stop listening and let go of connections."""
        ...


class Receivers:
    """Who listens on a bus; an error in one is logged and reaches no other."""

    def __init__(self) -> None:
        self._receivers: tuple[Receiver, ...] = ()

    def add(self, receiver: Receiver) -> Callable[[], None]:
        """See `InvalidationBus.subscribe`."""
        self._receivers = (*self._receivers, receiver)

        def remove() -> None:
            self._receivers = tuple(one for one in self._receivers if one is not receiver)

        return remove

    def tell(self, message: str | None) -> None:
        """Hand `message` to everybody."""
        for receiver in self._receivers:
            try:
                receiver(message)
            except Exception:
                _log.exception("invalidation receiver failed")


class InProcessBus:
    """The bus of a single process; it loses nothing and is never away."""

    name = "in-process"
    longest = 1_000_000

    def __init__(self) -> None:
        self._receivers = Receivers()

    async def publish(self, message: str) -> None:
        """See `InvalidationBus.publish`; never raises."""
        self._receivers.tell(message)

    def subscribe(self, receiver: Receiver) -> Callable[[], None]:
        return self._receivers.add(receiver)

    def listen(self) -> None:
        return None

    def describe(self) -> str:
        return "in this process alone"

    async def close(self) -> None:
        return None
