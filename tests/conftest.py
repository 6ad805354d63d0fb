"""The world of the tests: one platform per test, on SQLite and on PostgreSQL, from the same bodies.

Fixtures:
    world           a `World` (parametrised: sqlite, postgres): open platform, empty of tenants.
    world.tenant()  creates a tenant -> TenantProfile.
    world.ctx(t)    RequestContext of an actor in it (default: admin staff with all admin permissions).
    world.write(t) / world.read(t)   `async with ... as tx`.
    world.drain()   relay until nothing is pending (projections and consumers done).
    world.events(t) the tenant's outbox, oldest first, as envelopes.
    world.counting() `with world.counting() as count:` statements run inside -> count.total, count.sql
    world.token(t, role="admin") access token of a new staff user (a customer: role="customer").
    world.client(t, token=None) httpx.AsyncClient against the ASGI application, X-Tenant set.

PostgreSQL is used where it answers (RUSTOK_TEST_POSTGRES_URL, default 127.0.0.1:5432 as postgres),
else one is started from a wheel; without either those tests skip and say why, with CI=true they
fail. Each test worker has its own
database, emptied between tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import hypothesis
import msgspec
import pytest

from rustok.core import outbox
from rustok.core.db import ReadTx, WriteTx
from rustok.core.events.envelope import Envelope
from rustok.core.ids import new_id
from rustok.core.permissions import BUILT_IN_ROLES
from rustok.core.tenancy import ANONYMOUS, Actor, RequestContext, TenantProfile, context_for
from rustok.platform.audit import api as audit
from rustok.platform.eventlog.service import streaming
from rustok.platform.identity import api as identity
from rustok.platform.tenants import api as tenants
from rustok.server.metering.facts import observe_statement
from rustok.server.platform import Platform
from rustok.server.settings import (
    DatabaseSettings,
    DatabaseUrl,
    MediaSettings,
    PaymentsSettings,
    Secret,
    SecuritySettings,
    Settings,
)
from tests.postgres_for_tests import postgres_url
from tests.schema_for_tests import create_postgres_schema, create_sqlite_schema, drop_database

# A slow machine is no failure of a property; speed has its own benchmarks.
hypothesis.settings.register_profile(
    "rustok", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("rustok")

POSTGRES = postgres_url()
_PASSING = re.compile(r"(\d+) passing")


BESIDE_REQUESTS = frozenset({"audit notes", "note use of an API key"})
"""Tasks that write for earlier requests when their time has come, maybe while another is counted."""


class Count:
    """Statements run."""

    def __init__(self) -> None:
        self.sql: list[str] = []

    @property
    def total(self) -> int:
        return len(self.sql)


class World:
    """One platform and the means to act in it."""

    def __init__(self, platform: Platform, counters: list[Count]) -> None:
        self.platform = platform
        self.parts = platform.parts
        self.db = platform.db
        self._counters = counters
        self._application: Any = None

    @property
    def kind(self) -> str:
        return self.db.dialect

    async def tenant(
        self,
        slug: str | None = None,
        *,
        locales: list[str] | None = None,
        currencies: list[str] | None = None,
        name: str = "Test",
        settings: dict[str, str | int | bool] | None = None,
    ) -> TenantProfile:
        """A new tenant with all modules on; locales and currencies: the first is the default."""
        async with self.db.system("test") as tx:
            made: tenants.Tenant = await tenants.create(
                tx,
                slug=slug or f"t-{uuid4().hex[:12]}",
                name=name,
                default_locale=(locales or ["en"])[0],
                locales=locales,
                currencies=currencies,
                modules=frozenset(module.slug for module in self.platform.modules),
            )
        if settings:
            async with self.write(made.profile()) as wtx:
                made = await tenants.update(wtx, expected_version=None, settings=settings)
        return made.profile()

    def actor(self, role: str = "admin", *, kind: str = "staff", **kw: Any) -> Actor:
        return Actor(
            kind=kind,  # type: ignore[arg-type]
            id=kw.pop("id", new_id()),
            roles=(role,),
            permissions=BUILT_IN_ROLES[role],
            **kw,
        )

    def ctx(
        self,
        tenant: TenantProfile,
        *,
        role: str = "admin",
        actor: Actor | None = None,
        locale: str | None = None,
        currency: str | None = None,
    ) -> RequestContext:
        return context_for(
            tenant, actor=actor or self.actor(role), locale=locale, currency=currency
        )

    def write(
        self, tenant: TenantProfile, **kw: Any
    ) -> contextlib.AbstractAsyncContextManager[WriteTx]:
        return self.db.write(self.ctx(tenant, **kw))

    def read(
        self, tenant: TenantProfile, **kw: Any
    ) -> contextlib.AbstractAsyncContextManager[ReadTx]:
        return self.db.read(self.ctx(tenant, **kw))

    async def drain(self) -> int:
        """Relay everything that is pending to the consumers."""
        return await self.platform.relay.drain(timeout_seconds=30)

    async def seal_audit(self) -> int:
        """Write the notes under way and take all audit entries into their chains."""
        await self.parts.audit.finish()
        return await audit.seal_waiting(self.parts)

    async def events(self, tenant: TenantProfile, *types: str) -> list[Envelope]:
        """The tenant's events, oldest first; only `types` when given."""
        from sqlalchemy import select

        from rustok.core.db import Query

        query = Query(
            select(*outbox.ENVELOPE_COLUMNS).order_by(outbox.outbox.c.position),
            outbox.to_pending,
            system="test",
        )
        async with self.db.system("test", write=False) as tx:
            found = [row.envelope for row in await tx.all(query)]
        return [e for e in found if e.tenant_id == tenant.id and (not types or e.type in types)]

    @contextlib.contextmanager
    def counting(self) -> Iterator[Count]:
        """Statements from here on, but those of BESIDE_REQUESTS."""
        count = Count()
        self._counters.append(count)
        try:
            yield count
        finally:
            self._counters.remove(count)

    async def token(
        self, tenant: TenantProfile, role: str = "admin", *, email: str | None = None
    ) -> str:
        """An access token from a real sign-in of a new user; `role` customer makes a customer."""
        email = email or f"{uuid4().hex[:12]}@example.com"
        password = "correct horse battery staple"
        if role == "customer":
            await identity.register_customer(
                self.parts,
                context_for(tenant, actor=ANONYMOUS),
                email=email,
                password=password,
                display_name="Customer",
            )
        else:
            await identity.create_first_admin(
                self.parts,
                tenant,
                email=email,
                password=password,
                display_name="Staff",
                roles=[role],
            )
        ctx = context_for(tenant, actor=ANONYMOUS)
        signed_in = await identity.login(self.parts, ctx, email=email, password=password)
        return signed_in.access_token

    def client(
        self, tenant: TenantProfile | None = None, *, token: str | None = None, **headers: str
    ) -> httpx.AsyncClient:
        from rustok.server.asgi import application

        if tenant is not None:
            headers["X-Tenant"] = tenant.slug
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if self._application is None:
            self._application = application(self.platform)
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self._application),
            base_url="http://testserver",
            headers=headers,
            timeout=30,
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A property's report says how many cases it passed; so it also travels from a worker."""
    report = yield
    # Where hypothesis keeps what its own summary would show.
    statistics: str | None = getattr(item, "hypothesis_statistics", None)
    if report.when == "call" and statistics is not None:
        cases = sum(map(int, _PASSING.findall(statistics)))
        report.user_properties.append(("generated_cases", cases))
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: begun last, they would leave the other workers without work."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Closing lines, also when workers ran the tests: requests of schemathesis, properties and cases,
    inputs of parsers, security tests.
    """
    cases = failures = properties = generated = inputs = security = 0
    named: set[str] = set()
    for reports in (terminalreporter.getreports("passed"), terminalreporter.getreports("failed")):
        for report in reports:
            told = dict(report.user_properties)
            cases += int(told.get("schemathesis_cases", 0))
            failures += int(told.get("schemathesis_failures", 0))
            if "generated_cases" in told and report.when == "call":
                properties += 1
                generated += int(told["generated_cases"])
            inputs += int(told.get("parser_inputs", 0))
            if report.nodeid.startswith("tests/security/") and report.when == "call":
                security += 1
                named.add(report.nodeid.partition("[")[0])
    if cases:
        terminalreporter.write_line(f"schemathesis: {cases} cases, {failures} failures")
    if properties:
        terminalreporter.write_line(f"properties: {properties}, with {generated} generated cases")
    if inputs:
        terminalreporter.write_line(f"parsers: {inputs:,} broken inputs")
    if named:
        terminalreporter.write_line(f"security: {len(named)} named tests, {security} cases")


def settings_for(url: str, folder: Path, *, system_url: str | None = None) -> Settings:
    """Settings of a test platform; nothing is synced to disk."""
    settings = Settings(
        database=DatabaseSettings(
            url=DatabaseUrl(url),
            system_url=DatabaseUrl(system_url) if system_url else None,
            sqlite_synchronous="OFF",
            pool_min=0,
            pool_max=20,
        ),
        security=SecuritySettings(secret_key=Secret("test-" + "k" * 43)),
        media=MediaSettings(root=folder / "media"),
        payments=PaymentsSettings(test_provider=True, timeout_seconds=2.0),
    )
    return msgspec.structs.replace(
        settings, events=msgspec.structs.replace(settings.events, max_attempts=3)
    )


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database without rows; RUSTOK_TEST_SQLITE_TEMPLATE names one that is there already."""
    if given := os.environ.get("RUSTOK_TEST_SQLITE_TEMPLATE"):
        return Path(given)
    path = tmp_path_factory.mktemp("template") / "rustok.sqlite3"
    create_sqlite_schema(path)
    return path


def postgres_answers() -> str | None:
    """None when PostgreSQL answers, else why not."""

    async def ask() -> None:
        connection = await asyncpg.connect(POSTGRES, timeout=3)
        await connection.close()

    try:
        asyncio.run(ask())
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        return f"PostgreSQL does not answer ({type(error).__name__}); see `make services`"
    return None


@pytest.fixture(scope="session")
def postgres_urls(worker_name: str) -> Iterator[tuple[str, str]]:
    """(application URL, system URL) of this worker's own database."""
    why = postgres_answers()
    if why is not None:
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    name = f"rustok_test_{worker_name}"
    asyncio.run(create_postgres_schema(POSTGRES, name))
    base, _, _ = POSTGRES.rpartition("/")
    place = base.split("@")[-1].removeprefix("postgresql://")
    yield f"postgresql://rustok_app@{place}/{name}", f"postgresql://rustok_system@{place}/{name}"
    asyncio.run(drop_database(POSTGRES, name))


@pytest.fixture(scope="session")
def worker_name() -> str:
    return f"{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def database_settings(
    database_kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Settings:
    """Settings of an empty database of the kind under test."""
    if database_kind == "sqlite":
        path = tmp_path / "rustok.sqlite3"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        return settings_for(f"sqlite:///{path}", tmp_path)
    url, system_url = request.getfixturevalue("postgres_urls")
    asyncio.run(_empty(POSTGRES.rpartition("/")[0] + "/" + url.rpartition("/")[2]))
    return settings_for(url, tmp_path, system_url=system_url)


async def _empty(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            " AND relname <> 'alembic_version'"
        )
        await connection.execute("SET session_replication_role = replica")
        filled = [
            table["relname"]
            for table in tables
            if await connection.fetchval(f'SELECT EXISTS (SELECT 1 FROM "{table["relname"]}")')
        ]
        for name in filled:
            await connection.execute(f'DELETE FROM "{name}"')
    finally:
        await connection.close()


@pytest.fixture(autouse=True)
def _streams_end_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that tests that walk all routes get to the end of each answer."""
    monkeypatch.setattr(streaming, "LONGEST_SECONDS", 0.1)


@pytest.fixture
async def world(database_settings: Settings) -> AsyncIterator[World]:
    counters: list[Count] = []

    def observe(compiled: Any, seconds: float, rows: int, error: Exception | None) -> None:
        observe_statement(compiled, seconds, rows, error)
        task = asyncio.current_task()
        if task is not None and task.get_name() in BESIDE_REQUESTS:
            return
        for counter in counters:
            counter.sql.append(compiled.sql)

    platform = Platform(database_settings, observer=observe)
    await platform.open()
    try:
        yield World(platform, counters)
    finally:
        await platform.close()
