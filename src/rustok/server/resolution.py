"""Which tenant a request is for: X-Tenant, else Host, else the only tenant; never a guess among several.

Refuses: suspended and unknown tenants, and identifiers that break their rules. Profiles are cached
with one load per key; a change drops them here and, a moment later, in every other process. While
the database is away, profiles of the last ten minutes serve.
"""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Callable
from typing import Final
from uuid import UUID

from rustok.core.cache.cache import MISSING, Cache
from rustok.core.cache.register import load_times
from rustok.core.cache.settings import CacheSettings
from rustok.core.cache.stats import CacheStats
from rustok.core.db import Database
from rustok.core.errors import PermissionDenied
from rustok.core.security.identifiers import parse_host, parse_tenant_ref
from rustok.core.tenancy import PLATFORM_TENANT_ID, TenantProfile
from rustok.platform.tenants import api as tenants

NAME: Final = "tenants"
_KEEP: Final = CacheSettings(
    capacity=10_000, ttl_seconds=30, negative_ttl_seconds=3, idle_seconds=600, stale_seconds=600
)
_PLATFORM: Final = TenantProfile(
    id=PLATFORM_TENANT_ID, slug="platform", name="Platform", status="active", modules=frozenset()
)


class TenantSuspended(PermissionDenied):
    code = "tenant_suspended"
    title = "The tenant is suspended"
    mend = "Ask the operator of the platform to reactivate the tenant."

    def __init__(self) -> None:
        super().__init__("This tenant is suspended and serves no requests.")


_NAMES_OF_PLATFORM: Final = ("platform", str(PLATFORM_TENANT_ID))


class Resolver:
    """Args:
    db: where tenants live.
    forgotten: told of every tenant whose profile is dropped.
    """

    def __init__(
        self, db: Database, *, forgotten: Callable[[UUID | None], None] | None = None
    ) -> None:
        self._db = db
        self._forgotten = forgotten
        self._cache: Cache[str, TenantProfile] = Cache(
            NAME, self._load, _KEEP, on_event=load_times(NAME)
        )
        self._keys: dict[UUID, set[str]] = {}

    async def _load(self, key: str) -> TenantProfile:
        kind, _, value = key.partition(":")
        async with self._db.system("tenant resolution", write=False) as tx:
            match kind:
                case "id":
                    found = await tenants.resolve(tx, tenant_id=UUID(value))
                case "slug":
                    found = await tenants.resolve(tx, slug=value)
                case "host":
                    found = await tenants.resolve(tx, host=value)
                case _:
                    found = await tenants.resolve(tx)
        self._keys.setdefault(found.id, set()).add(key)
        return found

    async def profile_of(self, tenant_id: UUID) -> TenantProfile:
        """The profile by id, suspended or not. Raises TenantNotFound."""
        if tenant_id == PLATFORM_TENANT_ID:
            return _PLATFORM
        return await self._cache.get(f"id:{tenant_id}")

    def forget(self, tenant_id: UUID | None) -> None:
        """Drop what is cached of this tenant in this process; None: trust nothing of any tenant."""
        if tenant_id is None:
            self._cache.expire_all()
        else:
            for key in self._keys.pop(tenant_id, set()):
                self._cache.invalidate(key)
            self._cache.invalidate("only:")
            # It may answer to names now that nobody answered to before.
            self._cache.invalidate_negative()
        if self._forgotten is not None:
            self._forgotten(tenant_id)

    def stats(self) -> CacheStats:
        """The counts of the cache."""
        return self._cache.stats()

    async def resolve(self, *, header: str | None, host: str | None) -> TenantProfile:
        """The tenant of a request.

        Args:
            header: X-Tenant, a slug or an id.
            host: the Host header; an address or `localhost` names no tenant.

        Raises:
            InvalidSlug, InvalidHost: the identifier breaks its rules.
            TenantNotFound: nobody answers to it.
            TenantSuspended: see there.
        """
        if header in _NAMES_OF_PLATFORM:
            return _PLATFORM
        key = _key_of(header, host)
        known = self._cache.get_nowait(key)
        profile = known if known is not MISSING else await self._cache.get(key)
        if profile.status != "active":
            raise TenantSuspended
        return profile


@functools.lru_cache(maxsize=1_024)
def _key_of(header: str | None, host: str | None) -> str:
    """What the cache of profiles calls the tenant that these name. Raises as `resolve`."""
    if header is not None:
        named = parse_tenant_ref(header, pointer="X-Tenant")
        return f"id:{named}" if isinstance(named, UUID) else f"slug:{named}"
    if host and not _names_no_tenant(host):
        return f"host:{parse_host(host)}"
    return "only:"


def _names_no_tenant(host: str) -> bool:
    """An IP address, or localhost: the address of the deployment, not of a tenant."""
    name = host.rsplit(":", 1)[0] if host.count(":") == 1 or host.startswith("[") else host
    name = name.strip("[]").lower()
    if name in ("localhost", "testserver"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
