"""Unplugs what the server leans on, one at a time and all together, and times what shoppers notice.

    python -m tests.chaos.unplug [--seconds 12] [--only storage --only all] [--json file]

A real server process stands on PostgreSQL, JetStream, Redis, an S3-compatible store and an SMTP
relay, each behind a small proxy that can be cut (`refused`) or stop carrying (`hangs`). Under light
load it measures storefront reads, checkouts and uploads, with circuit breakers and without, and the
seconds until everything is right again after the plug is back in.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import struct
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import msgspec
from aiosmtpd.controller import Controller

from rustok.platform.mail import api as mail
from rustok.platform.mail.service.testing import TEST
from rustok.server.platform import Platform
from rustok.server.settings import DatabaseSettings, DatabaseUrl, Secret, SecuritySettings, Settings
from rustok.telemetry import logs
from tests.chaos.server_process import ServerProcess, free_port
from tests.conftest import World
from tests.integration.commerce.shop import add_variant
from tests.nats_process import SHARED
from tests.postgres_for_tests import postgres_url
from tests.redis_for_tests import REDIS_URL
from tests.schema_for_tests import create_postgres_schema, drop_database
from tests.unplugging import Mode, Plug

DEPENDENCIES: Final = ("broker", "cache", "mail", "storage", "database")
CIRCUITS: Final = {
    "broker": "nats",
    "cache": "redis",
    "mail": "mail",
    "storage": "storage",
    "database": "database",
}
KINDS: Final = ("read", "checkout", "upload")
IN_A_ROW: Final = {"read": 4, "checkout": 3, "upload": 6}
"""How many customers of each kind at once."""
PAUSE_SECONDS: Final = 0.05
ADDRESS: Final = {
    "name": "Ada Lovelace",
    "line1": "Lindenallee 5",
    "postal_code": "20095",
    "city": "Hamburg",
    "country": "DE",
}
PNG: Final = (
    b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", 64, 48)
    + b"\x08\x06\x00\x00\x00"
)  # fmt: skip


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One dependency unplugged in one way.

    Attributes:
        milliseconds: by kind of request, the median and the 99th percentile.
        answers: by kind, how many of each status, with the problem's code; "none" is no answer.
        recovery_seconds: from the plug back in until every kind of request and every circuit is well.
    """

    breakers: bool
    unplugged: str
    mode: str
    milliseconds: dict[str, tuple[float, float]]
    answers: dict[str, dict[str, int]]
    recovery_seconds: float

    def line(self) -> str:
        times = "  ".join(f"{p50:7.0f} {p99:7.0f}" for p50, p99 in self.milliseconds.values())
        words = "; ".join(
            f"{kind} " + " ".join(f"{answer} x{count}" for answer, count in sorted(found.items()))
            for kind, found in self.answers.items()
        )
        which = "with" if self.breakers else "without"
        return (
            f"{which:8}{self.unplugged:10}{self.mode:9}{times}"
            f"  {self.recovery_seconds:7.1f} s  {words}"
        )


HEAD: Final = (
    f"{'breakers':8}{'unplugged':10}{'how':9}"
    + "  ".join(f"{kind + ' p50':>7} {'p99':>7}" for kind in ("read", "check", "upload"))
    + "   recovery  answers"
)


class Load:
    """Shoppers and an editor, some of each kind, until told to stop."""

    def __init__(self, base_url: str, token: str, variant: UUID, handle: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=base_url,
            headers={"x-tenant": "unplugged"},
            timeout=60,
            limits=httpx.Limits(max_connections=100),
        )
        self._token, self._variant, self._handle = token, variant, handle
        self._seen: dict[str, list[tuple[float, float, str]]] = {kind: [] for kind in KINDS}
        self._tasks: list[asyncio.Task[None]] = []
        self._number = 0

    def start(self) -> None:
        calls: dict[str, Callable[[], Awaitable[httpx.Response]]] = {
            "read": self.read,
            "checkout": self.checkout,
            "upload": self.upload,
        }
        for kind, count in IN_A_ROW.items():
            for _ in range(count):
                self._tasks.append(asyncio.create_task(self._repeat(kind, calls[kind])))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def close(self) -> None:
        await self._client.aclose()

    async def _repeat(self, kind: str, call: Callable[[], Awaitable[httpx.Response]]) -> None:
        while True:
            started = time.perf_counter()
            try:
                answer = _described(await call())
            except httpx.HTTPError:
                answer = "none"
            self._seen[kind].append((started, time.perf_counter() - started, answer))
            await asyncio.sleep(PAUSE_SECONDS)

    def between(
        self, started: float, ended: float
    ) -> tuple[dict[str, list[float]], dict[str, dict[str, int]]]:
        """Latencies in seconds and answers by kind, of what began between two moments."""
        rows = {
            kind: [one for one in self._seen[kind] if started <= one[0] < ended] for kind in KINDS
        }
        return (
            {kind: [one[1] for one in found] for kind, found in rows.items()},
            {kind: dict(Counter(one[2] for one in found)) for kind, found in rows.items()},
        )

    def well_since(self, started: float) -> bool:
        """Whether the last answers to every kind of request that began after `started` are good."""
        for kind in KINDS:
            last = [one[2] for one in self._seen[kind] if one[0] >= started][-2:]
            if len(last) < 2 or not all(answer.startswith("2") for answer in last):
                return False
        return True

    async def read(self) -> httpx.Response:
        """A page of products, every other one of a kind nobody asked for before."""
        self._number += 1
        path = f"/api/v1/storefront/products/{self._handle}"
        if self._number % 2:
            path = f"/api/v1/storefront/products?min_price={self._number}"
        return await self._client.get(path)

    async def checkout(self) -> httpx.Response:
        store = "/api/v1/storefront"
        cart = await self._client.post(f"{store}/carts", json={})
        if cart.status_code != 201:
            return cart
        line = await self._client.post(
            f"{store}/carts/{cart.json()['id']}/lines",
            json={"variant_id": str(self._variant), "quantity": 1},
            headers=_owner(cart),
        )
        if line.status_code >= 300:
            return line
        return await self._client.post(
            f"{store}/checkout",
            json={
                "cart_id": cart.json()["id"],
                "email": "ada@example.com",
                "shipping_address": ADDRESS,
            },
            headers={"idempotency-key": str(uuid4()), **_owner(cart)},
        )

    async def upload(self) -> httpx.Response:
        return await self._client.post(
            "/api/v1/admin/media",
            content=PNG + os.urandom(2_000),
            headers={"authorization": f"Bearer {self._token}", "content-type": "image/png"},
        )

    async def circuits(self) -> dict[str, str]:
        """The circuits as health tells them."""
        answer = await self._client.get("/health/ready")
        return {
            one["name"].removeprefix("circuit "): one.get("reason", "")
            for one in answer.json()["checks"]
            if one["name"].startswith("circuit ")
        }


def _described(answer: httpx.Response) -> str:
    """The status, and of a problem its code."""
    if answer.status_code < 400:
        return str(answer.status_code)
    try:
        return f"{answer.status_code} {answer.json()['code']}"
    except (ValueError, KeyError):
        return str(answer.status_code)


def _owner(cart: httpx.Response) -> dict[str, str]:
    token = cart.json().get("token")
    return {"x-cart-token": token} if token else {}


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
        self, plugs: dict[str, Plug], load: Load, platform: Platform, log: Callable[[], str]
    ) -> None:
        self.plugs, self.load, self.log = plugs, load, log
        self._platform = platform

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
        name = "all" if len(names) > 1 else names[0]
        return self._row(name, mode, started, back, time.perf_counter() - back)

    def _row(self, name: str, mode: str, started: float, back: float, recovery: float) -> Row:
        """What began between two moments, whenever it ended."""
        times, answers = self.load.between(started, back)
        return Row(
            breakers=True,
            unplugged=name,
            mode=mode,
            milliseconds={kind: _percentiles(times[kind]) for kind in KINDS},
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
        profile = await self._platform.resolver.profile_of(self.tenant_id)
        world = World(self._platform, [])
        async with world.write(profile) as tx:
            await mail.queue(
                tx, self._platform.parts.sealer, TEST, to="ada@example.com",
                values={"recipient": "ada@example.com"},
            )  # fmt: skip

    tenant_id: UUID


def _percentiles(seconds: Sequence[float]) -> tuple[float, float]:
    if not seconds:
        return (0.0, 0.0)
    ordered = sorted(seconds)
    at = min(len(ordered) - 1, int(len(ordered) * 0.99))
    return (ordered[len(ordered) // 2] * 1000, ordered[at] * 1000)


@contextlib.asynccontextmanager
async def scene(folder: Path, *, breakers: bool, storage_seconds: float) -> AsyncIterator[Scene]:
    """Everything started; everything stopped and removed afterwards."""
    from moto.server import ThreadedMotoServer  # late: slow to import

    admin = postgres_url()
    database = f"rustok_unplug_{os.getpid()}"
    await create_postgres_schema(admin, database)
    place = admin.rpartition("/")[0]
    s3 = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    s3.start()
    inbox = _Inbox()
    smtp_port = free_port()  # aiosmtpd cannot choose one itself
    smtp = Controller(inbox, hostname="127.0.0.1", port=smtp_port)
    smtp.start()
    targets = {
        "broker": _place(SHARED, 4222),
        "cache": _place(REDIS_URL, 6379),
        "storage": s3.get_host_and_port(),
        "database": _place(admin, 5432),
        "mail": ("127.0.0.1", smtp_port),
    }
    async with contextlib.AsyncExitStack() as stack:
        plugs = {
            name: await stack.enter_async_context(Plug(*where)) for name, where in targets.items()
        }
        async with httpx.AsyncClient(timeout=120) as client:
            host, port = targets["storage"]
            await client.put(f"http://{host}:{port}/unplug-{os.getpid()}")
        secret = "test-" + "k" * 43
        direct = Settings(
            database=DatabaseSettings(
                url=DatabaseUrl(_as(place, "rustok_app", database)),
                system_url=DatabaseUrl(_as(place, "rustok_system", database)),
            ),
            security=SecuritySettings(secret_key=Secret(secret)),
        )
        platform = Platform(direct, observer=None)
        await platform.open()
        world = World(platform, [])
        tenant = await world.tenant("unplugged")
        async with world.write(tenant) as tx:
            variant = await add_variant(tx, on_hand=1_000_000, sku="PLUG")
        await world.drain()
        async with world.client(tenant) as shopper:
            products = (await shopper.get("/api/v1/storefront/products")).json()["items"]
        token = await world.token(tenant)
        through = f"postgresql://{{}}@127.0.0.1:{plugs['database'].port}/{database}"
        server = ServerProcess(
            through.format("rustok_app"), folder, system_url=through.format("rustok_system")
        )
        stream = f"UNPLUG_{os.getpid()}"
        server.set(
            **{
                "RUSTOK_SECURITY__SECRET_KEY": secret,
                "RUSTOK_SECURITY__ACCESS_TOKEN_TTL_SECONDS": "86400",
                "RUSTOK_EVENTS__TRANSPORT": "jetstream",
                "RUSTOK_NATS__URLS": f"nats://127.0.0.1:{plugs['broker'].port}",
                "RUSTOK_NATS__STREAM": stream,
                "RUSTOK_NATS__SUBJECTS": stream.lower().replace("_", "-"),
                "RUSTOK_REDIS__URL": f"redis://127.0.0.1:{plugs['cache'].port}/0",
                "RUSTOK_REDIS__PREFIX": f"unplug-{os.getpid()}",
                "RUSTOK_STORAGE__KIND": "s3",
                "RUSTOK_STORAGE__BUCKET": f"unplug-{os.getpid()}",
                "RUSTOK_STORAGE__ENDPOINT": f"http://127.0.0.1:{plugs['storage'].port}",
                "RUSTOK_STORAGE__ACCESS_KEY_ID": "key",
                "RUSTOK_STORAGE__SECRET_ACCESS_KEY": "secret",
                "RUSTOK_STORAGE__ALLOW_HTTP": "true",
                "RUSTOK_STORAGE__TIMEOUT_SECONDS": str(storage_seconds),
                "RUSTOK_MAIL__HOST": "127.0.0.1",
                "RUSTOK_MAIL__PORT": str(plugs["mail"].port),
                "RUSTOK_MAIL__SECURITY": "none",
                # Nobody is exempt and nobody is refused: every request asks the limits in Redis.
                "RUSTOK_RATE_LIMITS__EXEMPT": "10.255.255.0/24",
                **{
                    f"RUSTOK_RATE_LIMITS__{name}": "100000/s"
                    for name in ("ADDRESS", "LOGIN", "CHECKOUT", "SEARCH", "WRITE", "READ")
                },
                "RUSTOK_RESILIENCE__BREAKERS": str(breakers).lower(),
            }
        )
        await asyncio.to_thread(server.run, "events", "provision")
        await asyncio.to_thread(lambda: server.start(timeout_seconds=150))
        load = Load(server.base_url, token, variant, products[0]["handle"])
        load.start()
        made = Scene(plugs, load, platform, server.log)
        made.tenant_id = tenant.id
        try:
            quiet = time.perf_counter()
            while not load.well_since(quiet):
                if time.perf_counter() - quiet > 30:
                    raise AssertionError(
                        f"{load.between(quiet, time.perf_counter())[1]} {server.log()}"
                    )
                await asyncio.sleep(0.05)
            yield made
        finally:
            await load.stop()
            await load.close()
            for plug in plugs.values():
                await plug.set("through")
            await asyncio.to_thread(server.stop)
            await platform.close()
            await _delete_stream(stream)
            smtp.stop()
            s3.stop()
            await drop_database(admin, database)


async def _delete_stream(name: str) -> None:
    import nats  # late: for the clean-up alone

    client = await nats.connect(SHARED)
    with contextlib.suppress(Exception):
        await client.jetstream().delete_stream(name)
    await client.close()


def _place(url: str, port: int) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or port


def _as(place: str, role: str, database: str) -> str:
    parts = urlsplit(place)
    return f"postgresql://{role}@{parts.hostname}:{parts.port or 5432}/{database}"


async def measure(
    folder: Path,
    *,
    breakers: bool,
    which: Sequence[Sequence[str]],
    modes: Sequence[Mode],
    seconds: float,
    storage_seconds: float,
    tell: Callable[[Row], None],
) -> list[Row]:
    """The rows of one server, with its breakers or without."""
    rows: list[Row] = []
    async with scene(folder, breakers=breakers, storage_seconds=storage_seconds) as made:
        rows.append(msgspec.structs.replace(await made.quiet(min(seconds, 5.0)), breakers=breakers))
        tell(rows[-1])
        for names in which:
            for mode in modes:
                row = await made.unplug(names, mode, seconds=seconds)
                rows.append(msgspec.structs.replace(row, breakers=breakers))
                tell(rows[-1])
    return rows


def main() -> None:
    logs.configure(level="ERROR", log_format="console")
    logging.getLogger("werkzeug").setLevel(
        logging.ERROR
    )  # the store of the tests tells every request
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=float, default=12.0, help="unplugged for so long")
    parser.add_argument("--only", action="append", choices=[*DEPENDENCIES, "all"])
    parser.add_argument(
        "--storage-seconds", type=float, default=10.0, help="storage.timeout_seconds"
    )
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    wanted = given.only or [*DEPENDENCIES, "all"]
    which = [DEPENDENCIES if name == "all" else (name,) for name in wanted]
    rows: list[Row] = []
    print(HEAD)
    for breakers in (True, False):
        with tempfile.TemporaryDirectory() as folder:
            rows += asyncio.run(
                measure(
                    Path(folder),
                    breakers=breakers,
                    which=which,
                    modes=("refused", "hangs"),
                    seconds=given.seconds,
                    storage_seconds=given.storage_seconds,
                    tell=lambda row: print(row.line(), flush=True),
                )
            )
    if given.json is not None:
        given.json.write_bytes(msgspec.json.encode(rows))


if __name__ == "__main__":
    main()
