"""Real servers for the benchmarks: `rustok serve` in a process of its own, on data made for it.

Refuses: measuring; it makes tenants with products and starts and stops processes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

from rustok.cli.bench_limits import free_port, wait_for_port
from rustok.commerce.inventory import api as inventory
from rustok.commerce.pricing import api as pricing
from rustok.commerce.products import api as products
from rustok.core.db.schema import APP_ROLE, SYSTEM_ROLE
from rustok.core.tenancy import context_for
from rustok.platform.tenants import api as tenants
from rustok.server.platform import Platform
from rustok.server.settings import DatabaseSettings, DatabaseUrl, Secret, SecuritySettings, Settings
from tests.schema_for_tests import create_postgres_schema, create_sqlite_schema, drop_database

POSTGRES: Final = os.environ.get(
    "RUSTOK_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres"
)
SECRET: Final = "benchmark-" + "k" * 43
TENANT: Final = "bench"


@contextlib.asynccontextmanager
async def database(
    kind: str, folder: Path, *, name: str = "rustok_bench"
) -> AsyncIterator[Settings]:
    """An empty database of the schema; PostgreSQL's is dropped at the end."""
    if kind == "sqlite":
        path = folder / "bench.sqlite3"
        await asyncio.to_thread(create_sqlite_schema, path)
        yield _settings(f"sqlite:///{path}")
        return
    name = f"{name}_{os.getpid()}"
    await create_postgres_schema(POSTGRES, name)
    try:
        yield settings_of(kind, f"{POSTGRES.rpartition('/')[0]}/{name}")
    finally:
        await drop_database(POSTGRES, name)


def settings_of(kind: str, url: str) -> Settings:
    """Settings for a database that is there.

    Args:
        url: on PostgreSQL of any role; the server uses the two roles of a deployment.
    """
    if kind == "sqlite":
        return _settings(url)
    place = url.split("@")[-1].removeprefix("postgresql://")
    return _settings(f"postgresql://{APP_ROLE}@{place}", f"postgresql://{SYSTEM_ROLE}@{place}")


def _settings(url: str, system_url: str | None = None) -> Settings:
    return Settings(
        database=DatabaseSettings(
            url=DatabaseUrl(url), system_url=DatabaseUrl(system_url) if system_url else None
        ),
        security=SecuritySettings(secret_key=Secret(SECRET)),
    )


def surroundings() -> dict[str, str]:
    """The environment without the caller's settings, which would be measured with it.

    Also without the wish for no bytecode: a start would compile a thousand modules, as no installed one does.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("RUSTOK_") and name != "PYTHONDONTWRITEBYTECODE"
    }


@contextlib.contextmanager
def server(settings: Settings, **more: str) -> Iterator[tuple[int, int]]:
    """`rustok serve` on the database of `settings`; gives (port, pid).

    Args:
        more: further settings, as environment variables without their prefix.
    """
    port = free_port()
    database = settings.database
    environment = {
        **surroundings(),
        "RUSTOK_DATABASE__URL": str(database.url),
        "RUSTOK_SECURITY__SECRET_KEY": SECRET,
        "RUSTOK_HTTP__PORT": str(port),
        "RUSTOK_TELEMETRY__LOG_FORMAT": "json",
        **{f"RUSTOK_{name}": value for name, value in more.items()},
    }
    if database.system_url is not None:
        environment["RUSTOK_DATABASE__SYSTEM_URL"] = str(database.system_url)
    process = subprocess.Popen(
        [sys.executable, "-m", "rustok.cli.main", "serve"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port, process)
        yield port, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)


async def fill(settings: Settings, *, count: int) -> None:
    """A tenant with `count` products of two variants and stock that does not run out."""
    platform = Platform(settings, observer=None)
    await platform.open()
    try:
        async with platform.db.system("benchmark") as tx:
            made = await tenants.create(
                tx,
                slug=TENANT,
                name="Bench",
                default_locale="en",
                modules=frozenset(module.slug for module in platform.modules),
            )
        ctx = context_for(made.profile())
        for number in range(count):
            async with platform.db.write(ctx) as wtx:
                product = await products.upsert(
                    wtx, described(number), source="bench", source_id=str(number)
                )
                for variant in product.variant_ids:
                    await pricing.set_price(wtx, variant, "EUR", amount_minor=1_000 + number)
                    await inventory.set_level(wtx, variant, on_hand=100_000_000)
        await platform.relay.drain(timeout_seconds=600)
    finally:
        await platform.close()


def described(number: int) -> products.ProductInput:
    """A product such as a shop has: two sizes, three tags, a paragraph."""
    paragraph = "Light as a summer evening, woven by hand in the north. " * 6
    return products.ProductInput(
        handle=f"linen-shirt-{number}",
        status="active",
        vendor=f"Maker {number % 7}",
        product_type="Shirt",
        tags=("summer", "linen", f"edition-{number % 9}"),
        translations=(
            products.TranslationInput(
                locale="en",
                title=f"Linen shirt {number}",
                description_html=f"<p>{paragraph}</p>",
            ),
        ),
        options=(products.ProductOption(name="Size", values=("S", "M")),),
        variants=(
            products.VariantInput(sku=f"SH-{number}-S", option_values=("S",)),
            products.VariantInput(sku=f"SH-{number}-M", option_values=("M",)),
        ),
    )
