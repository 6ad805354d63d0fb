"""How well a process is, part by part, with reasons.

Refuses: to call a process unwell whose dependencies have a working answer to being away.
"""

from __future__ import annotations

import time

import msgspec

from rustok import __version__
from rustok.core.errors import RustokError, Unavailable
from rustok.server.platform import Platform


class Check(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One part's health and, when it is not well, why."""

    name: str
    ok: bool
    reason: str | None = None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    status: str
    version: str
    uptime_seconds: int
    checks: list[Check]


async def readiness(platform: Platform) -> Health:
    """Whether this process can answer, part by part."""
    checks: list[Check] = []
    try:
        await platform.db.ping()
        pressure = await platform.parts.backlog.measure()
    except Unavailable as error:
        checks.append(Check(name="database", ok=False, reason=error.detail))
    except RustokError as error:
        checks.append(Check(name="database", ok=False, reason=error.code))
    else:
        checks.append(Check(name="database", ok=True))
        # Full or not, this process answers: taking it out of service would help nobody.
        words = f"{pressure.state}, {pressure.pending} pending of {pressure.limit}"
        checks.append(Check(name="outbox", ok=True, reason=words))
    checks.append(Check(name="invalidation", ok=True, reason=platform.forgetting.describe()))
    shares = [
        f"{one.name} {one.hits / (one.hits + one.misses):.0%} of {one.hits + one.misses}"
        for one in platform.caches.stats()
        if one.hits + one.misses
    ]
    checks.append(Check(name="caches", ok=True, reason=", ".join(shares) or "not asked yet"))
    checks.append(Check(name="storage", ok=True, reason=platform.parts.storage.describe()))
    if platform.redis is not None:
        checks.append(Check(name="redis", ok=True, reason=platform.redis.describe()))
    if platform.jetstream is not None:
        # Away or not, requests are answered: events wait in the outbox.
        checks.append(Check(name="transport", ok=True, reason=platform.jetstream.describe()))
    checks += [
        # An open circuit is the working answer to a dependency that is away.
        Check(name=f"circuit {view.name}", ok=True, reason=view.describe())
        for view in platform.breakers.views()
    ]
    return health_of(platform, checks)


def health_of(platform: Platform, checks: list[Check]) -> Health:
    """What a process says of itself by its checks."""
    return Health(
        status="ok" if all(check.ok for check in checks) else "unavailable",
        version=__version__,
        uptime_seconds=int(time.time() - platform.started_at),
        checks=checks,
    )
