"""A connection that breaks inside a transaction is an answer to the caller, and no crash."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from rustok.core.db import DatabaseUnavailable, postgres
from rustok.core.db.postgres import PostgresConnection, PostgresDriver
from rustok.core.resilience.circuit_breaker import CircuitBreaker
from rustok.core.resilience.time_limit import TimeLimit
from tests.unplugging import Plug

pytestmark = pytest.mark.postgres


async def test_a_connection_cut_in_the_middle_of_a_statement_is_the_database_being_away(
    postgres_urls: tuple[str, str],
) -> None:
    place = urlsplit(postgres_urls[0])
    async with Plug(place.hostname or "127.0.0.1", place.port or 5432) as plug:
        url = place._replace(netloc=f"{place.username}@127.0.0.1:{plug.port}").geturl()
        driver = PostgresDriver(url, system_url=url, pool_max=2, breaker=CircuitBreaker("test"))

        async def sleep(connection: PostgresConnection) -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(connection.fetch("SELECT pg_sleep(30)", ()))
                await asyncio.sleep(0.2)
                await plug.set("refused")

        try:
            with pytest.raises(ExceptionGroup) as caught:
                async with driver.transaction(tenant_id=uuid4(), write=True) as connection:
                    await sleep(connection)
            assert caught.group_contains(DatabaseUnavailable)
            await plug.set("through")
            async with driver.transaction(tenant_id=uuid4(), write=False) as connection:
                assert await connection.fetch("SELECT 1", ()) == [(1,)]
        finally:
            await driver.close()


@pytest.mark.parametrize("at", ["begin", "statement", "commit"])
async def test_a_network_that_swallows_a_statement_is_the_database_being_away_within_a_bound(
    postgres_urls: tuple[str, str], monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    monkeypatch.setattr(postgres, "BEGIN_SECONDS", 0.2)
    monkeypatch.setattr(postgres, "ROLLBACK_SECONDS", 0.2)
    place = urlsplit(postgres_urls[0])
    async with Plug(place.hostname or "127.0.0.1", place.port or 5432) as plug:
        url = place._replace(netloc=f"{place.username}@127.0.0.1:{plug.port}").geturl()
        driver = PostgresDriver(url, system_url=url, pool_max=2, breaker=CircuitBreaker("test"))
        driver._commands = TimeLimit(0.2)

        async def work() -> None:
            if at == "begin":
                await plug.set("hangs")
            async with driver.transaction(tenant_id=uuid4(), write=True) as connection:
                await connection.fetch("SELECT 1", ())
                await plug.set("hangs")
                if at == "statement":
                    await connection.fetch("SELECT 2", ())

        try:
            async with driver.transaction(tenant_id=uuid4(), write=False) as connection:
                assert await connection.fetch("SELECT 1", ()) == [(1,)]
            with pytest.raises(DatabaseUnavailable):
                async with asyncio.timeout(5):
                    await work()
            await plug.set("through")
            async with driver.transaction(tenant_id=uuid4(), write=False) as connection:
                assert await connection.fetch("SELECT 1", ()) == [(1,)]
        finally:
            await driver.close()
