"""The stage of the unplugging: a server process, what it leans on behind plugs, and the load on it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import msgspec
from aiosmtpd.controller import Controller

from rustok.cli.events_provision import provisioned
from rustok.core.db.schema import APP_ROLE, SYSTEM_ROLE
from rustok.core.tenancy import TenantProfile
from rustok.platform.mail import api as mail
from rustok.platform.mail.service.testing import TEST
from rustok.server.platform import Platform
from rustok.server.settings import (
    DatabaseSettings,
    DatabaseUrl,
    NatsSettings,
    Secret,
    SecuritySettings,
    Settings,
)
from tests.chaos.server_process import ServerProcess, free_port
from tests.chaos.unplug_load import IN_A_ROW, KINDS, SHOP, WINDOW, Load
from tests.conftest import World
from tests.integration.commerce.shop import add_variant
from tests.nats_process import NatsProcess
from tests.postgres_for_tests import postgres_url
from tests.redis_for_tests import REDIS_URL
from tests.schema_for_tests import create_postgres_schema, drop_database
from tests.unplugging import Mode, Plug

DEPENDENCIES: Final = ("broker", "cache", "mail", "storage", "database")
BUCKET: Final = f"unplug-{os.getpid()}"
SECRET: Final = "test-" + "k" * 43
CIRCUITS: Final = {
    "broker": "nats",
    "cache": "redis",
    "mail": "mail",
    "storage": "storage",
    "database": "database",
}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One dependency unplugged in one way.

    Attributes:
        milliseconds: by kind of request, the median and the 99th percentile of all that was under
            way, and the 99th percentile of what began in the second half, when circuits are open.
        answers: by kind, how many of each status, with the problem's code; "none" is no answer.
        recovery_seconds: from the plug back in until every kind of request and every circuit is well.
    """

    breakers: bool
    unplugged: str
    mode: str
    milliseconds: dict[str, tuple[float, float, float]]
    answers: dict[str, dict[str, int]]
    recovery_seconds: float

    def line(self) -> str:
        times = "  ".join(
            f"{p50:6.0f} {p99:6.0f} {late:6.0f}" for p50, p99, late in self.milliseconds.values()
        )
        words = "; ".join(
            f"{kind} " + " ".join(f"{answer} x{count}" for answer, count in sorted(found.items()))
            for kind, found in self.answers.items()
        )
        which = "with" if self.breakers else "without"
        return (
            f"{which:8}{self.unplugged:10}{self.mode:9}{times}"
            f"  {self.recovery_seconds:7.1f} s  {words}"
        )


class _Inbox:
    """Takes every mail."""

    def __init__(self) -> None:
        self.taken = 0

    async def handle_DATA(self, _server: object, _session: object, _envelope: object) -> str:  # noqa: N802 - named so there
        self.taken += 1
        return "250 OK"


class Scene:
    """The server, its plugs and its load."""

    def __init__(
        self,
        plugs: dict[str, Plug],
        load: Load,
        platform: Platform,
        tenant_id: UUID,
        server: ServerProcess,
    ) -> None:
        self.plugs, self.load = plugs, load
        self.log, self.crashes = server.log, server.crashes
        self._platform, self._tenant_id = platform, tenant_id

    async def quiet(self, seconds: float) -> Row:
        """The same with everything plugged in."""
        started = time.perf_counter()
        await asyncio.sleep(seconds)
        return self._row("nothing", "through", started, time.perf_counter(), 0.0)

    async def unplug(self, names: Sequence[str], mode: Mode, *, seconds: float) -> Row:
        """Unplug for some seconds, plug in again, wait until all is well."""
        for name in names:
            await self.plugs[name].set(mode)
        started = time.perf_counter()
        if "mail" in names:
            await self._send_mail()
        await asyncio.sleep(seconds)
        for name in names:
            await self.plugs[name].set("through")
        back = time.perf_counter()
        while not await self._is_well(back, names):
            if time.perf_counter() - back > 90:
                raise AssertionError(f"no recovery from {names} {mode}: {self.log()}")
            await asyncio.sleep(0.1)
        recovery = time.perf_counter() - back
        await self.load.answered(back)
        name = "all" if len(names) > 1 else names[0]
        return self._row(name, mode, started, back, recovery)

    def _row(self, name: str, mode: str, started: float, back: float, recovery: float) -> Row:
        """What was under way between two moments, whenever it began or ended."""
        times, answers = self.load.between(started, back)
        late = self.load.begun((started + back) / 2, back)
        return Row(
            breakers=True,
            unplugged=name,
            mode=mode,
            milliseconds={
                kind: (*_percentiles(times[kind]), _percentiles(late[kind])[1]) for kind in KINDS
            },
            answers=answers,
            recovery_seconds=recovery,
        )

    async def _is_well(self, back: float, names: Sequence[str]) -> bool:
        if not self.load.well_since(back):
            return False
        try:
            circuits = await self.load.circuits()
        except (httpx.HTTPError, KeyError):
            return False
        # Mail has no customer who asks again: its circuit is probed when the next mail is due.
        return all(
            circuits.get(CIRCUITS[name], "closed").startswith("closed")
            for name in names
            if name != "mail"
        )

    async def _send_mail(self) -> None:
        profile = await self._platform.resolver.profile_of(self._tenant_id)
        world = World(self._platform, [])
        async with world.write(profile) as tx:
            await mail.queue(
                tx, self._platform.parts.sealer, TEST, to="ada@example.com",
                values={"recipient": "ada@example.com"},
            )  # fmt: skip


def _percentiles(seconds: Sequence[float]) -> tuple[float, float]:
    if not seconds:
        return (0.0, 0.0)
    ordered = sorted(seconds)
    at = min(len(ordered) - 1, int(len(ordered) * 0.99))
    return (ordered[len(ordered) // 2] * 1000, ordered[at] * 1000)


@contextlib.asynccontextmanager
async def scene(
    folder: Path,
    *,
    breakers: bool = True,
    behind_plugs: Sequence[str] = DEPENDENCIES,
    storage_seconds: float = 10.0,
    in_a_row: Mapping[str, int] = IN_A_ROW,
    database: DatabaseSettings | None = None,
) -> AsyncIterator[Scene]:
    """Everything started; everything stopped and removed afterwards.

    Args:
        behind_plugs: broker, cache and database stand anyway; the mail relay and the S3-compatible
            store only where they are named.
        storage_seconds: the server's storage.timeout_seconds.
        in_a_row: customers of each kind at once.
        database: an empty one of PostgreSQL; None makes one of its own.
    """
    async with contextlib.AsyncExitStack() as stack:
        if database is None:
            database = await stack.enter_async_context(_own_database())
        assert database.system_url is not None
        targets = {
            "cache": _place(REDIS_URL, 6379),
            "database": _place(str(database.url), 5432),
        }
        broker = NatsProcess(folder)
        await asyncio.to_thread(broker.start)
        stack.callback(broker.end)
        targets["broker"] = ("127.0.0.1", broker.port)
        if "mail" in behind_plugs:
            targets["mail"] = stack.enter_context(_mail_relay())
        if "storage" in behind_plugs:
            targets["storage"] = await stack.enter_async_context(_store())
        plugs = {
            named: await stack.enter_async_context(Plug(*where)) for named, where in targets.items()
        }
        direct = Settings(
            database=database,
            security=SecuritySettings(secret_key=Secret(SECRET)),
            nats=NatsSettings(urls=(broker.url,)),
        )
        platform = Platform(direct, observer=None)
        await platform.open()
        stack.push_async_callback(platform.close)
        await provisioned(direct, platform.modules.consumers)
        server = ServerProcess(
            _through(plugs["database"], str(database.url)),
            folder,
            system_url=_through(plugs["database"], str(database.system_url)),
        )
        server.set(**_environment(plugs, breakers=breakers, storage_seconds=storage_seconds))
        tenant, load = await _shop(platform, server.base_url, in_a_row)
        stack.push_async_callback(load.close)
        await asyncio.to_thread(lambda: server.start(timeout_seconds=150))
        stack.push_async_callback(asyncio.to_thread, server.stop)
        load.start()
        try:
            quiet = time.perf_counter()
            while not load.well_since(quiet):
                if time.perf_counter() - quiet > 30:
                    raise AssertionError(
                        f"{load.between(quiet, time.perf_counter())[1]} {server.log()}"
                    )
                await asyncio.sleep(0.05)
            yield Scene(plugs, load, platform, tenant.id, server)
        finally:
            await load.stop()
            for plug in plugs.values():
                await plug.set("through")


async def _shop(
    platform: Platform, base_url: str, in_a_row: Mapping[str, int]
) -> tuple[TenantProfile, Load]:
    """Two tenants, each with a product that never runs out, and those who use them."""
    world = World(platform, [])
    window, tenant = await world.tenant(WINDOW), await world.tenant(SHOP)
    async with world.write(window) as tx:
        await add_variant(tx, on_hand=1_000_000, sku="PLUG")
    async with world.write(tenant) as tx:
        variant = await add_variant(tx, on_hand=1_000_000, sku="PLUG")
    await world.drain()
    async with world.client(window) as shopper:
        products = (await shopper.get("/api/v1/storefront/products")).json()["items"]
    token = await world.token(tenant)
    return tenant, Load(base_url, token, variant, products[0]["handle"], in_a_row=in_a_row)


@contextlib.asynccontextmanager
async def _own_database() -> AsyncIterator[DatabaseSettings]:
    admin, name = postgres_url(), f"rustok_unplug_{os.getpid()}"
    await create_postgres_schema(admin, name)
    place = "{}:{}".format(*_place(admin, 5432))
    try:
        yield DatabaseSettings(
            url=DatabaseUrl(f"postgresql://{APP_ROLE}@{place}/{name}"),
            system_url=DatabaseUrl(f"postgresql://{SYSTEM_ROLE}@{place}/{name}"),
        )
    finally:
        await drop_database(admin, name)


@contextlib.contextmanager
def _mail_relay() -> Iterator[tuple[str, int]]:
    port = free_port()  # aiosmtpd cannot choose one itself
    relay = Controller(_Inbox(), hostname="127.0.0.1", port=port)
    relay.start()
    try:
        yield "127.0.0.1", port
    finally:
        relay.stop()


@contextlib.asynccontextmanager
async def _store() -> AsyncIterator[tuple[str, int]]:
    from moto.server import ThreadedMotoServer  # late: slow to import

    store = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    store.start()
    try:
        host, port = store.get_host_and_port()
        async with httpx.AsyncClient(timeout=120) as client:
            await client.put(f"http://{host}:{port}/{BUCKET}")
        yield host, port
    finally:
        store.stop()


def _environment(
    plugs: dict[str, Plug], *, breakers: bool, storage_seconds: float
) -> dict[str, str]:
    """Settings of the server, which knows its dependencies by their plugs."""
    made = {
        "RUSTOK_SECURITY__SECRET_KEY": SECRET,
        "RUSTOK_SECURITY__ACCESS_TOKEN_TTL_SECONDS": "86400",
        "RUSTOK_EVENTS__TRANSPORT": "jetstream",
        "RUSTOK_NATS__URLS": f"nats://127.0.0.1:{plugs['broker'].port}",
        "RUSTOK_REDIS__URL": f"redis://127.0.0.1:{plugs['cache'].port}/0",
        "RUSTOK_REDIS__PREFIX": BUCKET,
        # Nobody is exempt and nobody is refused: every request asks the limits in Redis.
        "RUSTOK_RATE_LIMITS__EXEMPT": "10.255.255.0/24",
        **{
            f"RUSTOK_RATE_LIMITS__{name}": "100000/s"
            for name in ("ADDRESS", "LOGIN", "CHECKOUT", "SEARCH", "WRITE", "READ")
        },
        "RUSTOK_RESILIENCE__BREAKERS": str(breakers).lower(),
    }
    if "storage" in plugs:
        made |= {
            "RUSTOK_STORAGE__KIND": "s3",
            "RUSTOK_STORAGE__BUCKET": BUCKET,
            "RUSTOK_STORAGE__ENDPOINT": f"http://127.0.0.1:{plugs['storage'].port}",
            "RUSTOK_STORAGE__ACCESS_KEY_ID": "key",
            "RUSTOK_STORAGE__SECRET_ACCESS_KEY": "secret",
            "RUSTOK_STORAGE__ALLOW_HTTP": "true",
            "RUSTOK_STORAGE__TIMEOUT_SECONDS": str(storage_seconds),
        }
    if "mail" in plugs:
        made |= {
            "RUSTOK_MAIL__HOST": "127.0.0.1",
            "RUSTOK_MAIL__PORT": str(plugs["mail"].port),
            "RUSTOK_MAIL__SECURITY": "none",
        }
    return made


def _place(url: str, port: int) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or port


def _through(plug: Plug, url: str) -> str:
    """`url` with the plug's address instead of the database's."""
    parts = urlsplit(url)
    return f"postgresql://{parts.username}@127.0.0.1:{plug.port}{parts.path}"
