"""How the processes tell each other that what they cached has changed.

It refuses to promise delivery: a bus may lose messages, so every cached value keeps its TTL.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from typing import Final, Protocol, TypeVar

from rustok.core.cache.cache import Cache

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

ALL_KEYS: Final = None

Receiver = Callable[[str, str | None], None]
"""Gets a cache's name and a key's text, or ALL_KEYS. Must be quick, must not block."""

_log = logging.getLogger(__name__)


class InvalidationBus(Protocol):
    """Carries "this key of that cache has changed" to every process, this one included.

    Publish after the commit: a reader between an earlier message and the commit would cache the
    old value again. An adapter that reconnects reports every subscriber ALL_KEYS of the caches it
    may have missed messages for.
    """

    async def publish(self, name: str, key: str | None) -> None:
        """Announce that `key` (ALL_KEYS: every key) of the cache `name` has changed.

        This process's receivers have run when it returns; the other processes' run soon.

        Raises:
            Unavailable: the others could not be told; this process has been.
        """
        ...

    def subscribe(self, receiver: Receiver) -> Callable[[], None]:
        """Call `receiver` for every message; returns how to stop it."""
        ...


class InProcessBus:
    """The bus of a single process. An error in one receiver is logged and reaches no other."""

    def __init__(self) -> None:
        self._receivers: tuple[Receiver, ...] = ()

    async def publish(self, name: str, key: str | None) -> None:
        """See `InvalidationBus.publish`; never raises."""
        for receiver in self._receivers:
            try:
                receiver(name, key)
            except Exception:
                _log.exception("invalidation receiver failed", extra={"cache": name})

    def subscribe(self, receiver: Receiver) -> Callable[[], None]:
        """See `InvalidationBus.subscribe`."""
        self._receivers = (*self._receivers, receiver)

        def unsubscribe() -> None:
            self._receivers = tuple(one for one in self._receivers if one is not receiver)

        return unsubscribe


def connect(
    cache: Cache[K, V], bus: InvalidationBus, parse: Callable[[str], K]
) -> Callable[[], None]:
    """Let messages for `cache.name` invalidate `cache`; returns how to stop it.

    Args:
        parse: the key from its text on the bus; when it fails, the whole cache is invalidated,
            since a key that cannot be read is still a key that has changed.
    """

    def receive(name: str, text: str | None) -> None:
        if name != cache.name:
            return
        if text is None:
            cache.invalidate_all()
            return
        try:
            key = parse(text)
        except ValueError:
            _log.warning("unreadable invalidation key", extra={"cache": name})
            cache.invalidate_all()
            return
        cache.invalidate(key)

    return bus.subscribe(receive)
