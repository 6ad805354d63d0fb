"""Answers for operators, outside any tenant: health, readiness, metrics, the API document."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec

from rustok.core.modules import Modules
from rustok.platform.identity import api as identity
from rustok.server.app import Page
from rustok.server.health import Health, health_of, readiness
from rustok.server.message import Answer, Request
from rustok.server.metering.access import may_read
from rustok.server.metering.port import PlainAnswer, PlainPage
from rustok.server.openapi import document
from rustok.server.platform import Platform
from rustok.server.problems import RouteNotFound
from rustok.server.startup import Startup


def operation_pages(platform: Platform) -> Mapping[str, Page]:
    """The pages by path."""
    api = _ApiDocument(platform.modules)
    startup = Startup(platform)

    async def live(_request: Request) -> Answer:
        return _json(health_of(platform, []))

    async def ready(_request: Request) -> Answer:
        return _json(await readiness(platform))

    async def started(_request: Request) -> Answer:
        return _json(health_of(platform, await startup.checks()))

    async def prometheus(request: Request) -> Answer:
        if not may_read(platform.settings, client=request.client, headers=request.headers):
            # Whoever may not read it need not know that it is there.
            raise RouteNotFound
        body, content_type = await platform.exposer.write(request.headers.get("accept", ""))
        return Answer(status=200, body=body, headers={"content-type": content_type})

    async def openapi(_request: Request) -> Answer:
        body = await api.read()
        return Answer(status=200, body=body, headers={"content-type": "application/json"})

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
        "/health/startup": started,
        "/openapi.json": openapi,
    }
    telemetry = platform.settings.telemetry
    if telemetry.metrics_enabled and telemetry.metrics_port is None:
        pages["/metrics"] = prometheus
    return pages


def plain_pages(platform: Platform) -> Mapping[str, PlainPage]:
    """Health on the port of the metrics, for a worker too."""
    startup = Startup(platform)

    async def live(_client: str, _headers: Mapping[str, str]) -> PlainAnswer:
        return _plain(health_of(platform, []))

    async def ready(_client: str, _headers: Mapping[str, str]) -> PlainAnswer:
        return _plain(await readiness(platform))

    async def started(_client: str, _headers: Mapping[str, str]) -> PlainAnswer:
        return _plain(health_of(platform, await startup.checks()))

    return {"/health/live": live, "/health/ready": ready, "/health/startup": started}


class _ApiDocument:
    """Made when it is first asked for: a tenth of a start, which should not wait for it."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._body: bytes | None = None

    async def read(self) -> bytes:
        if self._body is None:
            self._body = await asyncio.to_thread(document, self._modules)
        return self._body


def _plain(health: Health) -> PlainAnswer:
    return PlainAnswer(
        status=200 if health.status == "ok" else 503,
        content_type="application/json",
        body=msgspec.json.encode(health),
    )


def _json(health: Health) -> Answer:
    status = 200 if health.status == "ok" else 503
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    if status == 503:
        headers["retry-after"] = "2"
    return Answer(status=status, body=msgspec.json.encode(health), headers=headers)
