"""Answers for operators, outside any tenant: health, readiness, metrics, the API document."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping

import msgspec

from rustok import __version__
from rustok.core.errors import RustokError, Unavailable
from rustok.platform.identity import api as identity
from rustok.server.app import Page
from rustok.server.message import Answer, Request
from rustok.server.openapi import document
from rustok.server.platform import Platform
from rustok.telemetry import metrics


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
        health = _health(platform, checks)
        return _json(health, status=200 if health.status == "ok" else 503)

    async def prometheus(_request: Request) -> Answer:
        # Without the database the other metrics are wanted most.
        with contextlib.suppress(Unavailable):
            await platform.parts.backlog.measure()
        body, content_type = metrics.render()
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
    if platform.settings.telemetry.metrics_enabled:
        pages["/metrics"] = prometheus
    return pages


def _health(platform: Platform, checks: list[Check]) -> Health:
    return Health(
        status="ok" if all(check.ok for check in checks) else "unavailable",
        version=__version__,
        uptime_seconds=int(time.time() - platform.started_at),
        checks=checks,
    )


def _json(health: Health, status: int = 200) -> Answer:
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    if status == 503:
        headers["retry-after"] = "2"
    return Answer(status=status, body=msgspec.json.encode(health), headers=headers)
