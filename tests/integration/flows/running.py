"""A RusToK that really runs: processes of its own, Granian on a socket, as it is deployed.

Two deployments: `embedded` is one process on SQLite; `services` is a web process and a worker on
PostgreSQL, with JetStream between them and Redis for limits and caches.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import msgspec
import pytest

from rustok.server.platform import Platform
from rustok.server.settings import Settings
from tests.conftest import POSTGRES, World, settings_for
from tests.conftest import _empty as empty_postgres
from tests.integration.telemetry.processes import Process, environment, free_port
from tests.nats_process import NatsProcess
from tests.redis_for_tests import REDIS_URL, redis_place

PASSWORD = "correct horse battery staple"
PATIENCE_SECONDS = 30.0
T = TypeVar("T")


class Shop(msgspec.Struct, frozen=True):
    """A tenant of the deployment and its administrator."""

    slug: str
    admin_email: str


class Deployment:
    """Args:
    settings: of its database, for what is prepared beside the processes.
    base_url: of the web process.
    """

    def __init__(self, settings: Settings, base_url: str) -> None:
        self._settings = settings
        self.base_url = base_url

    def open_shop(self, **settings: str | int | bool) -> Shop:
        """A new tenant with all modules and an administrator, as `rustok tenant create` makes it."""
        return asyncio.run(self._open_shop(settings))

    async def _open_shop(self, settings: dict[str, str | int | bool]) -> Shop:
        platform = Platform(self._settings, observer=None)
        await platform.open()
        try:
            world = World(platform, [])
            tenant = await world.tenant(settings=settings or None)
            email = f"staff-{uuid4().hex[:8]}@example.com"
            await world.token(tenant, email=email)
            return Shop(tenant.slug, email)
        finally:
            await platform.close()

    def visitor(self, shop: Shop) -> httpx.Client:
        """Somebody at the shop's site; nobody knows who."""
        return httpx.Client(base_url=self.base_url, headers={"X-Tenant": shop.slug}, timeout=30)

    def administrator(self, shop: Shop) -> httpx.Client:
        """The shop's administrator, signed in."""
        who = {"email": shop.admin_email, "password": PASSWORD}
        with self.visitor(shop) as client:
            signed_in = ok(client.post("/api/v1/auth/login", json=who))
        client = self.visitor(shop)
        client.headers["Authorization"] = f"Bearer {signed_in['access_token']}"
        return client


def ok(response: httpx.Response, status: int = 200) -> dict[str, Any]:
    """The body of an answer that must have this status."""
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    return body


def eventually(look: Callable[[], T | None]) -> T:
    """What `look` finds, asked again until it finds something: events take their time."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < until, "it never came"
        time.sleep(0.05)
    return found


def deploy(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Deployment]:
    """Start the processes of a deployment, and stop them at the end."""
    if kind == "embedded":
        path = folder / "rustok.sqlite3"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield from _embedded(settings_for(f"sqlite:///{path}", folder), folder)
    else:
        url, system_url = request.getfixturevalue("postgres_urls")
        asyncio.run(empty_postgres(POSTGRES.rpartition("/")[0] + "/" + url.rpartition("/")[2]))
        yield from _services(settings_for(url, folder, system_url=system_url), folder)


def _embedded(settings: Settings, folder: Path) -> Iterator[Deployment]:
    port = free_port()
    variables = environment(
        settings, folder, HTTP__PORT=str(port), DATABASE__SQLITE_SYNCHRONOUS="OFF"
    )
    server = Process(["serve"], variables, folder)
    try:
        server.wait_for(f"http://127.0.0.1:{port}/health/ready", seconds=100)
        yield Deployment(settings, f"http://127.0.0.1:{port}")
    finally:
        server.stop()


def _services(settings: Settings, folder: Path) -> Iterator[Deployment]:
    redis_place()
    broker = NatsProcess(folder)
    broker.start()
    port, worker_port = free_port(), free_port()
    variables = environment(
        settings,
        folder,
        HTTP__PORT=str(port),
        EVENTS__TRANSPORT="jetstream",
        NATS__URLS=broker.url,
        NATS__PARTITIONS="2",
        REDIS__URL=REDIS_URL,
        REDIS__PREFIX=f"t{uuid4().hex[:8]}",
        TELEMETRY__WORKER_METRICS_PORT=str(worker_port),
    )
    assert Process(["events", "provision"], variables, folder)._process.wait(60) == 0
    running = [Process(["serve"], variables, folder), Process(["worker"], variables, folder)]
    try:
        running[0].wait_for(f"http://127.0.0.1:{port}/health/ready", seconds=100)
        running[1].wait_for(f"http://127.0.0.1:{worker_port}/health/ready", seconds=100)
        yield Deployment(settings, f"http://127.0.0.1:{port}")
    finally:
        for process in running:
            process.stop()
        broker.end()
