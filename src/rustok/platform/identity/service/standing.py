"""What is known for a few seconds of sessions, API keys and roles, so that a request need not ask.

Refuses to be trusted for longer: an entry lives at most LIFE_SECONDS, is never served stale, and
this process forgets it at the commit of whatever changes it, the others a moment later by the
invalidation bus, or when the entry ends.
"""

from __future__ import annotations

import weakref
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from rustok.core.cache.cache import Cache
from rustok.core.cache.forgetting import Forgetting
from rustok.core.cache.register import Caches, load_times
from rustok.core.cache.settings import CacheSettings
from rustok.core.db import Database, DatabaseUnavailable, ReadTx, WriteTx
from rustok.core.parts import Parts
from rustok.core.tenancy import RequestContext, TenantProfile, context_for
from rustok.platform.identity.model import DefinedRoles
from rustok.platform.identity.repository import api_keys as api_key_rows
from rustok.platform.identity.repository import roles as role_rows
from rustok.platform.identity.repository import sessions as session_rows
from rustok.platform.identity.repository.api_keys import KeyStanding
from rustok.platform.identity.repository.sessions import SessionStanding

SESSIONS: Final = "identity.sessions"
API_KEYS: Final = "identity.api_keys"
ROLES: Final = "identity.roles"
LIFE_SECONDS: Final = 5.0
TOUCH_EVERY: Final = timedelta(minutes=1)
"""How exact `last_used_at` of an API key is."""

_SETTINGS: Final = CacheSettings(
    capacity=50_000,
    ttl_seconds=LIFE_SECONDS,
    negative_ttl_seconds=LIFE_SECONDS,
    stale_seconds=0.0,
)
_MAX_TOUCHED: Final = 10_000

T = TypeVar("T")


class Standing:
    """The three caches of one database in this process.

    Args:
        db: where to ask.
        forgetting: tells what must be asked again.
        caches: where they are seen.
    """

    def __init__(self, db: Database, *, forgetting: Forgetting, caches: Caches) -> None:
        # The register below is keyed weakly by the database: a strong reference from its value
        # would keep both for ever.
        self._db = weakref.ref(db)
        self.sessions: Cache[tuple[UUID, UUID], SessionStanding | None] = Cache(
            SESSIONS,
            lambda key: self._read(key[0], lambda tx: session_rows.find_standing(tx, key[1])),
            _SETTINGS,
            on_event=load_times(SESSIONS),
        )
        self.api_keys: Cache[tuple[UUID, str], KeyStanding | None] = Cache(
            API_KEYS,
            lambda key: self._read(key[0], lambda tx: api_key_rows.find_standing(tx, key[1])),
            _SETTINGS,
            on_event=load_times(API_KEYS),
        )
        self.roles: Cache[UUID, DefinedRoles] = Cache(
            ROLES,
            lambda tenant_id: self._read(tenant_id, role_rows.definitions),
            _SETTINGS,
            on_event=load_times(ROLES),
        )
        self._touched: dict[UUID, datetime] = {}
        forgetting.connect(
            self.sessions,
            key_of=lambda tenant_id, text: (tenant_id, UUID(text)),
            tenant_of=lambda key: key[0],
        )
        forgetting.connect(
            self.api_keys,
            key_of=lambda tenant_id, digest: (tenant_id, digest),
            tenant_of=lambda key: key[0],
        )
        forgetting.connect(
            self.roles, key_of=lambda tenant_id, _: tenant_id, tenant_of=lambda key: key
        )
        for cache in (self.sessions, self.api_keys, self.roles):
            caches.add(cache.stats)

    async def _read(self, tenant_id: UUID, query: Callable[[ReadTx], Awaitable[T]]) -> T:
        db = self._db()
        if db is None:
            raise DatabaseUnavailable
        async with db.read(_context(tenant_id)) as tx:
            return await query(tx)

    def is_touch_due(self, key: KeyStanding, now: datetime) -> bool:
        """Whether the use of `key` should be noted; says so once a minute."""
        last = max(filter(None, (key.last_used_at, self._touched.get(key.id))), default=None)
        if last is not None and now - last < TOUCH_EVERY:
            return False
        if len(self._touched) >= _MAX_TOUCHED:
            self._touched.clear()
        self._touched[key.id] = now
        return True

    # no event: when a key was last used is upkeep, written at most once in a while
    async def touch(self, tenant_id: UUID, key_id: UUID) -> None:
        """Note the use of an API key. Raises DatabaseUnavailable."""
        db = self._db()
        if db is None:
            return
        async with db.write(_context(tenant_id)) as tx:
            await api_key_rows.touch(tx, key_id, before=tx.now - TOUCH_EVERY)


def _context(tenant_id: UUID) -> RequestContext:
    """A context that confines a read to a tenant; nothing but the id is looked at."""
    return context_for(TenantProfile(id=tenant_id, slug="authentication", name="", status="active"))


_known: Final[weakref.WeakKeyDictionary[Database, Standing]] = weakref.WeakKeyDictionary()


def standing_of(parts: Parts) -> Standing:
    """The caches of the database of `parts`, made on first use."""
    found = _known.get(parts.db)
    if found is None:
        found = Standing(parts.db, forgetting=parts.forgetting, caches=parts.caches)
        _known[parts.db] = found
    return found


def forget_session(tx: WriteTx, session_id: UUID) -> None:
    """Ask again about a session once `tx` is committed."""
    tx.forget(SESSIONS, str(session_id))


def forget_api_key(tx: WriteTx, digest: str) -> None:
    """Ask again about an API key once `tx` is committed."""
    tx.forget(API_KEYS, digest)


def forget_roles(tx: WriteTx) -> None:
    """Ask again what the tenant's roles allow once `tx` is committed."""
    tx.forget(ROLES)


async def forget_user(tx: WriteTx, user_id: UUID) -> None:
    """Ask again about all sessions and API keys of a user; call it before they are revoked."""
    for session_id in await session_rows.list_live_ids(tx, user_id):
        forget_session(tx, session_id)
    for key in await api_key_rows.list_live_of(tx, user_id):
        forget_api_key(tx, key.digest)
