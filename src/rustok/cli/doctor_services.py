"""The checks of `rustok doctor` on what stands beside the database: Redis, storage, the mail
relay, the CDN, the collector, the running server.

Each waits a bounded time. The state of circuits lives in the server's process, so it is asked there.
"""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

import msgspec

from rustok.cli.doctor_checks import CheckResult
from rustok.core.errors import Unavailable
from rustok.core.resilience.breaker_registry import BreakerRegistry
from rustok.platform.cdn import api as cdn
from rustok.platform.mail import api as mail
from rustok.server.cdn import cdn_options
from rustok.server.metering.exporting import collector_headers
from rustok.server.settings import Settings
from rustok.server.storage import storage_for

ANSWER_SECONDS: Final = 2.0
NO_KEY: Final = "doctor"


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    ok: bool = True
    reason: str = ""


class _Health(msgspec.Struct, frozen=True, kw_only=True):
    checks: list[_Part] = []


def check_redis(settings: Settings) -> Iterable[CheckResult]:
    """Whether Redis answers, where it is set."""
    if settings.redis.url is None:
        detail = "not set: each process counts for itself"
        yield CheckResult(name="redis", outcome="skip", detail=detail)
        return
    try:
        version = asyncio.run(_redis_version(settings))
    except Unavailable as error:
        mend = "Start Redis or Valkey, or correct redis.url, redis.username and redis.password."
        detail = f"{settings.redis.url}: {getattr(error, 'cause', error.detail)}"
        yield CheckResult(name="redis", outcome="fail", detail=detail, mend=mend, unavailable=True)
        return
    yield CheckResult(name="redis", outcome="ok", detail=f"{settings.redis.url} {version}")


async def _redis_version(settings: Settings) -> str:
    from rustok.server.redis import redis_connection  # late: only where it is set

    connection = redis_connection(settings.redis, BreakerRegistry())
    try:
        return await connection.server_version()
    finally:
        await connection.close()


def check_storage(settings: Settings) -> Iterable[CheckResult]:
    """Whether files can be stored."""
    try:
        detail = asyncio.run(storage_for(settings, BreakerRegistry()).check())
    except Unavailable as error:
        place = settings.storage.endpoint or settings.storage.bucket or settings.media.root
        mend = "Check the storage section, the keys and the bucket, or the rights on media.root."
        detail = f"{place}: {getattr(error, 'cause', error.detail)}"
        yield CheckResult(
            name="storage", outcome="fail", detail=detail, mend=mend, unavailable=True
        )
        return
    yield CheckResult(name="storage", outcome="ok", detail=detail)


def check_mail(settings: Settings) -> Iterable[CheckResult]:
    """Whether the relay takes the connection and the sign-in, or the folder a file."""
    route = settings.mail.route()
    answer = asyncio.run(mail.check_route(route))
    if answer is None:
        yield CheckResult(name="mail", outcome="skip", detail="off: mails are held")
        return
    place = str(route.folder) if route.host is None else f"{route.host}:{route.port}"
    if answer.error is None:
        detail = f"{place} in {answer.latency_ms} ms"
        yield CheckResult(name="mail", outcome="ok", detail=detail)
        return
    yield CheckResult(
        name="mail",
        outcome="fail",
        detail=f"{place}: {answer.error}",
        mend="Check mail.host, mail.port, mail.security, mail.user and mail.password, or the rights "
        "on mail.folder.",
        unavailable=answer.speaks_against_relay,
    )


def check_cdn(settings: Settings) -> Iterable[CheckResult]:
    """Whether the CDN takes a purge: of a key that no answer carries."""
    options = cdn_options(settings)
    if not options.is_on:
        yield CheckResult(name="cdn", outcome="skip", detail="cdn.provider is none")
        return
    try:
        asyncio.run(cdn.ask(options, BreakerRegistry(), [NO_KEY], at=datetime.now(UTC)))
    except cdn.PurgeFailed as error:
        yield CheckResult(
            name="cdn",
            outcome="fail",
            detail=f"{options.provider}: {error.why}",
            mend=error.mend,
            unavailable=True,
        )
        return
    yield CheckResult(name="cdn", outcome="ok", detail=f"{options.provider} takes purges")


def check_collector(settings: Settings) -> Iterable[CheckResult]:
    """Whether the collector takes an empty request of the first signal."""
    telemetry = settings.telemetry
    if telemetry.otlp_endpoint is None or not telemetry.otlp_signals:
        yield CheckResult(name="collector", outcome="skip", detail="no telemetry.otlp_endpoint")
        return
    from rustok.telemetry.otlp.sending import (  # late: where it is set
        CollectorAway,
        Refused,
        sender,
    )

    to = sender(telemetry.otlp_protocol, telemetry.otlp_endpoint, collector_headers(telemetry))
    detail = f"{telemetry.otlp_endpoint} ({telemetry.otlp_protocol})"
    try:
        to.send(telemetry.otlp_signals[0], b"")
    except (CollectorAway, Refused) as error:
        # Nothing waits for a collector, so its absence stops nobody.
        yield CheckResult(
            name="collector",
            outcome="warn",
            detail=f"{detail}: {error}",
            mend="Start the collector, or correct telemetry.otlp_endpoint, otlp_protocol and "
            "otlp_headers; until then traces, metrics and logs are dropped.",
        )
        return
    finally:
        to.close()
    yield CheckResult(name="collector", outcome="ok", detail=detail)


def check_circuits(settings: Settings) -> Iterable[CheckResult]:
    """What the running server says of its circuits and caches."""
    where = f"{settings.http.host}:{settings.http.port}"
    try:
        health = _ask(settings)
    except (OSError, http.client.HTTPException, msgspec.DecodeError):
        detail = f"no server answers at {where}"
        yield CheckResult(name="circuits", outcome="skip", detail=detail)
        return
    circuits = [part for part in health.checks if part.name.startswith("circuit ")]
    open_ones = [part for part in circuits if not part.reason.startswith("closed")]
    for part in open_ones:
        yield CheckResult(
            name="circuits",
            outcome="warn",
            detail=f"{part.name.removeprefix('circuit ')} {part.reason}",
            mend="The server asks again by itself; see why the part does not answer.",
        )
    if not open_ones:
        names = ", ".join(part.name.removeprefix("circuit ") for part in circuits)
        yield CheckResult(name="circuits", outcome="ok", detail=f"closed: {names}")
    for part in health.checks:
        if part.name in ("invalidation", "caches"):
            away = "away" in part.reason
            yield CheckResult(
                name=part.name,
                outcome="warn" if away else "ok",
                detail=part.reason,
                mend="Caches live by their times until it is back." if away else "",
            )


def _ask(settings: Settings) -> _Health:
    connection = http.client.HTTPConnection(
        settings.http.host, settings.http.port, timeout=ANSWER_SECONDS
    )
    try:
        connection.request("GET", "/health/ready")
        return msgspec.convert(json.loads(connection.getresponse().read()), _Health)
    except ValueError as error:
        raise msgspec.DecodeError(str(error)) from error
    finally:
        connection.close()
