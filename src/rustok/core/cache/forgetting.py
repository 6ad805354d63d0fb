"""Who cached what must forget it: in this process at the commit, in the others a moment later.

Three ways lead here: a commit of this process, a message of another one, and, for messages that
were lost, the stamps of the tenants. Refuses: deciding what a change concerns; a transaction says
that itself (`tx.forget`, `tx.touch`, its events).
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterable
from datetime import datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from rustok.core.cache.cache import Cache
from rustok.core.cache.invalidation import ALL_KEYS, LOST, Change, InvalidationBus
from rustok.core.cache.stamps import list_moved
from rustok.core.db import Database
from rustok.core.errors import RustokError, Unavailable
from rustok.core.ids import new_id
from rustok.telemetry import metrics
from rustok.telemetry.logs import get_logger

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Forget = Callable[[UUID | None, str | None], None]
"""Gets the tenant (None: all) and the key's text (None: all of the tenant). Quick, never blocking."""

LOOK_EVERY_SECONDS: Final = 2.0
OVERLAP: Final = timedelta(seconds=60)
"""A transaction may commit so long after the moment its stamp shows, and clocks may differ by it."""
LOOK_LIMIT: Final = 5_000
KNOWN_LIMIT: Final = 100_000
QUEUE_LIMIT: Final = 1_000
RETRY_SECONDS: Final = 0.5

log = get_logger("rustok.cache")


class Message(msgspec.Struct, frozen=True, array_like=True):
    """What goes over the bus; `stamps` are those the transaction raised."""

    sender: str
    changes: list[Change]
    stamps: dict[UUID, int]


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Message).decode


class Forgetting:
    """Args:
    bus: to the other processes.
    look_every_seconds: between two looks at the stamps.
    """

    def __init__(
        self, bus: InvalidationBus, *, look_every_seconds: float = LOOK_EVERY_SECONDS
    ) -> None:
        self.bus = bus
        self._me = str(new_id())
        self._forget: dict[str, tuple[Forget, ...]] = {}
        self._known: OrderedDict[UUID, int] = OrderedDict()
        self._queue: list[Message] = []
        self._sending: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._look_every_seconds = look_every_seconds
        self._unsubscribe = bus.subscribe(self._heard)
        self._looked_at: datetime | None = None
        self.missed_total = 0

    def on(self, cache: str, forget: Forget) -> Callable[[], None]:
        """Call `forget` for changes of the cache of that name; returns how to stop."""
        self._forget[cache] = (*self._forget.get(cache, ()), forget)

        def stop() -> None:
            self._forget[cache] = tuple(one for one in self._forget[cache] if one is not forget)

        return stop

    def connect(
        self,
        cache: Cache[K, V],
        *,
        key_of: Callable[[UUID, str], K],
        tenant_of: Callable[[K], UUID],
    ) -> Callable[[], None]:
        """Let changes of `cache.name` invalidate `cache`; returns how to stop.

        Args:
            key_of: the key from tenant and text; when it fails, all of the tenant is forgotten,
                since a key that cannot be read is still a key that has changed.
        """

        def forget(tenant_id: UUID | None, text: str | None) -> None:
            if tenant_id is None:
                cache.expire_all()
                return
            if text is not ALL_KEYS:
                try:
                    cache.invalidate(key_of(tenant_id, text))
                except ValueError:
                    log.warning("invalidation.unreadable_key", cache=cache.name)
                else:
                    return
            cache.invalidate_where(lambda key: tenant_of(key) == tenant_id)

        return self.on(cache.name, forget)

    def committed(self, changes: Collection[Change], stamps: dict[UUID, int]) -> None:
        """Forget here, now; tell the others as soon as can be. Call it right after the commit."""
        self._apply(changes)
        self._note(stamps)
        if not changes and not stamps:
            return
        self._queue.append(Message(self._me, list(changes), stamps))
        if len(self._queue) > QUEUE_LIMIT:
            # Nobody takes them; the stamps will tell what these do not.
            del self._queue[: QUEUE_LIMIT // 2]
        if self._sending is None or self._sending.done():
            # In a context of its own: the transaction and the deadline it came from are not its own.
            self._sending = asyncio.create_task(
                self._send(), name="invalidation sending", context=contextvars.Context()
            )

    def listen(self, db: Database) -> None:
        """Hear the others from now on, and look at the stamps in `db`; for processes that serve."""
        self.bus.listen()
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_always(db), name="cache stamps")

    async def close(self) -> None:
        """Send what waits, for a second at most, and stop listening."""
        self._unsubscribe()
        if self._sending is not None:
            await asyncio.wait({self._sending}, timeout=1.0)
        for task in (self._sending, self._looking):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        await self.bus.close()

    def describe(self) -> str:
        """Some words for health."""
        return f"{self.bus.describe()}; {self.missed_total} tenant(s) caught up by stamp"

    async def _send(self) -> None:
        while self._queue:
            batch, self._queue = self._queue, []
            for number, text in enumerate(_texts(batch, self.bus.longest)):
                try:
                    await self.bus.publish(text)
                except Unavailable as error:
                    metrics.CACHE_MESSAGES.labels(bus=self.bus.name, outcome="failed").inc()
                    log.warning("invalidation.not_sent", code=error.code, part=number)
                    # Not again: the others see the stamps, and forget all when the bus is back.
                    break
                metrics.CACHE_MESSAGES.labels(bus=self.bus.name, outcome="sent").inc()

    def _heard(self, text: str | None) -> None:
        if text is LOST:
            metrics.CACHE_MESSAGES.labels(bus=self.bus.name, outcome="lost").inc()
            self.forget_everything()
            return
        try:
            message = _decode(text)
        except msgspec.DecodeError:
            log.warning("invalidation.unreadable")
            self.forget_everything()
            return
        if message.sender == self._me:
            return
        metrics.CACHE_MESSAGES.labels(bus=self.bus.name, outcome="received").inc()
        self._apply(message.changes)
        self._note(message.stamps)

    def forget_everything(self) -> None:
        """Nothing cached is trusted any more."""
        self._known.clear()
        for forgets in list(self._forget.values()):
            for forget in forgets:
                forget(None, ALL_KEYS)

    def forget_tenant(self, tenant_id: UUID) -> None:
        """Nothing cached of a tenant is trusted any more."""
        for forgets in list(self._forget.values()):
            for forget in forgets:
                forget(tenant_id, ALL_KEYS)

    def _apply(self, changes: Iterable[Change]) -> None:
        for change in changes:
            for forget in self._forget.get(change.cache, ()):
                forget(change.tenant_id, change.key)

    def _note(self, stamps: dict[UUID, int]) -> None:
        """Remember how far a tenant is known; where a number is missing, nothing of it is."""
        for tenant_id, stamp in stamps.items():
            known = self._known.get(tenant_id)
            if known is not None and stamp <= known:
                continue
            if known is None or stamp > known + 1:
                self.forget_tenant(tenant_id)
            self._known[tenant_id] = stamp
            self._known.move_to_end(tenant_id)
        while len(self._known) > KNOWN_LIMIT:
            self._known.popitem(last=False)

    async def look(self, db: Database) -> int:
        """Compare the stamps of `db` with what is known; returns how many tenants had to be forgotten.

        Raises:
            DatabaseUnavailable: see there.
        """
        async with db.system("which tenants have changed", write=False) as tx:
            first = self._looked_at is None
            since = (self._looked_at or tx.now) - OVERLAP
            moved = await list_moved(tx, since=since, limit=LOOK_LIMIT)
            self._looked_at = tx.now
        if len(moved) == LOOK_LIMIT:
            self.forget_everything()
        missed = 0
        for one in moved:
            known = self._known.get(one.tenant_id)
            if known is None or one.stamp > known:
                missed += not first  # before the first look nobody listened
                self.forget_tenant(one.tenant_id)
                self._known[one.tenant_id] = one.stamp
        self.missed_total += missed
        return missed

    async def _look_always(self, db: Database) -> None:
        while True:
            try:
                missed = await self.look(db)
                if missed:
                    metrics.CACHE_MESSAGES.labels(bus=self.bus.name, outcome="missed").inc(missed)
                    log.warning("invalidation.missed", tenants=missed)
            except RustokError as error:
                log.debug("invalidation.stamps_unread", code=error.code)
            except Exception:
                log.exception("invalidation.stamps_failed")
            await asyncio.sleep(self._look_every_seconds)


def _texts(messages: list[Message], longest: int) -> Iterable[str]:
    """The messages as texts that fit; one too long names tenants instead of keys."""
    for message in messages:
        text = _encode(message).decode()
        if len(text) <= longest:
            yield text
            continue
        whole = {Change(one.cache, one.tenant_id) for one in message.changes}
        for change in whole:
            yield _encode(Message(message.sender, [change], {})).decode()
        stamps = list(message.stamps.items())
        for start in range(0, len(stamps), 50):
            part = dict(stamps[start : start + 50])
            yield _encode(Message(message.sender, [], part)).decode()
