"""Answers for operators, outside any tenant: health, readiness, metrics, the API document."""

from __future__ import annotations

import time
from collections.abc import Mapping

import msgspec

from rustok import __version__
from rustok.core.errors import RustokError, Unavailable
from rustok.platform.identity import api as identity
from rustok.server.app import Page
from rustok.server.message import Answer, Request
from rustok.server.metering.access import may_read
from rustok.server.metering.port import PlainAnswer, PlainPage
from rustok.server.openapi import document
from rustok.server.platform import Platform
from rustok.server.problems import RouteNotFound


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


def operation_pages(platform: Platform) -> Mapping[str, Page]:
    """The pages by path."""
    api = document(platform.modules)

    async def live(_request: Request) -> Answer:
        return _json(_health(platform, []))

    async def ready(_request: Request) -> Answer:
        return _json(await readiness(platform))

    async def prometheus(request: Request) -> Answer:
        if not may_read(platform.settings, client=request.client, headers=request.headers):
            # Whoever may not read it need not know that it is there.
            raise RouteNotFound
        body, content_type = await platform.exposer.write(request.headers.get("accept", ""))
        return Answer(status=200, body=body, headers={"content-type": content_type})

    async def openapi(_request: Request) -> Answer:
        return Answer(status=200, body=api, headers={"content-type": "application/json"})

    async def jwks(_request: Request) -> Answer:
        keys = await identity.public_keys(platform.parts)
        return Answer(
            status=200,
            body=msgspec.json.encode({"keys": keys}),
            headers={
                "content-type": "application/jwk-set+json",
                "cache-control": "public, max-age=60",
            },
        )

    pages: dict[str, Page] = {
        "/.well-known/jwks.json": jwks,
        "/health/live": live,
        "/health/ready": ready,
        "/openapi.json": openapi,
    }
    telemetry = platform.settings.telemetry
    if telemetry.metrics_enabled and telemetry.metrics_port is None:
        pages["/metrics"] = prometheus
    return pages


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
    return _health(platform, checks)


def plain_pages(platform: Platform) -> Mapping[str, PlainPage]:
    """Health on the port of the metrics, for a worker too."""

    async def live(_client: str, _headers: Mapping[str, str]) -> PlainAnswer:
        return _plain(_health(platform, []))

    async def ready(_client: str, _headers: Mapping[str, str]) -> PlainAnswer:
        return _plain(await readiness(platform))

    return {"/health/live": live, "/health/ready": ready}


def _plain(health: Health) -> PlainAnswer:
    return PlainAnswer(
        status=200 if health.status == "ok" else 503,
        content_type="application/json",
        body=msgspec.json.encode(health),
    )


def _health(platform: Platform, checks: list[Check]) -> Health:
    return Health(
        status="ok" if all(check.ok for check in checks) else "unavailable",
        version=__version__,
        uptime_seconds=int(time.time() - platform.started_at),
        checks=checks,
    )


def _json(health: Health) -> Answer:
    status = 200 if health.status == "ok" else 503
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    if status == 503:
        headers["retry-after"] = "2"
    return Answer(status=status, body=msgspec.json.encode(health), headers=headers)
