"""Every event of every feature, turned into deliveries to the endpoints that want it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rustok.core.bus.port import Consumer, Handler
from rustok.core.db import WriteTx
from rustok.core.events.envelope import Envelope
from rustok.core.events.event import event_types
from rustok.platform.webhooks.model.filters import NOT_DELIVERED
from rustok.platform.webhooks.service import deliveries


async def enqueue(tx: WriteTx, _event: Any, envelope: Envelope) -> None:
    """Make the deliveries of an event, in the transaction that records it as consumed."""
    await deliveries.enqueue(tx, envelope)


class _EveryEvent(Mapping[str, Handler]):
    """All event types there are when asked: features imported later are among them."""

    def __init__(self) -> None:
        self._known: frozenset[str] = frozenset()

    def _types(self) -> frozenset[str]:
        self._known = frozenset(event_types()) - NOT_DELIVERED
        return self._known

    def __getitem__(self, event_type: str) -> Handler:
        if event_type not in self._known and event_type not in self._types():
            raise KeyError(event_type)
        return enqueue

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._types()))

    def __len__(self) -> int:
        return len(self._types())


CONSUMER: Final = Consumer(name="webhooks", handlers=_EveryEvent())
