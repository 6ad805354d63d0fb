"""What the audit log costs a writer, and that damage to a long chain is found: on SQLite and PostgreSQL.

    python -m tests.integration.proof.audit_chain [--records 10000] [--damages 40] [--writers 16] [--seconds 4]

"none", "pending", "head": transactions a second of writers of one tenant that record nothing, write a
pending entry (as the platform does), or lock the head of the chain until their commit (what was not
chosen). Then a chain of `records` is damaged at random, verified, and mended again.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from rustok.core.audit.entry import entry
from rustok.core.db.schema import APP_ROLE, SYSTEM_ROLE
from rustok.core.ids import new_id
from rustok.core.tenancy import TenantProfile
from rustok.platform.audit import api as audit
from rustok.platform.audit.tables import heads
from rustok.platform.identity.tables import roles
from rustok.server.platform import Platform
from rustok.telemetry import logs
from tests.conftest import POSTGRES, World, settings_for
from tests.schema_for_tests import create_postgres_schema, create_sqlite_schema, drop_database

FIELDS = (
    "occurred_at", "action", "object_type", "object_id", "after_json", "outcome", "actor_kind",
    "actor_id", "correlation_id", "hash", "previous", "seal", "kid", "reason",
)  # fmt: skip


async def throughput(
    world: World, tenant: TenantProfile, how: str, writers: int, seconds: float
) -> float:
    """Transactions a second; each inserts one row of its own, too."""
    done = 0
    until = time.perf_counter() + seconds

    async def write() -> None:
        nonlocal done
        while time.perf_counter() < until:
            if how == "head":
                async with world.db.system("benchmark") as tx:
                    await _row(tx, tenant)
                    await tx.update(heads, {"tenant_id": tenant.id}, sealed_at=tx.now)
                    tx.audit_for(tenant.id, entry("bench.done", object_type="bench"))
            else:
                async with world.db.system("benchmark") as tx:
                    await _row(tx, tenant)
                    if how == "pending":
                        tx.audit_for(tenant.id, entry("bench.done", object_type="bench"))
            done += 1

    await asyncio.gather(*(write() for _ in range(writers)))
    return done / seconds


async def _row(tx: Any, tenant: TenantProfile) -> None:
    slug = new_id().hex
    await tx.insert(
        roles, tenant_id=tenant.id, id=new_id(), slug=slug, name=slug, permissions=[],
        version=1, created_at=tx.now, updated_at=tx.now,
    )  # fmt: skip


class Damage:
    """Changes the database behind the platform's back, as its owner could."""

    def __init__(self, world: World, url: str) -> None:
        self._world, self._url = world, url

    async def run(self, *statements: str) -> None:
        if self._world.kind == "sqlite":
            connection = sqlite3.connect(self._url, timeout=30)
            for statement in statements:
                connection.execute(statement)
            connection.commit()
            connection.close()
            return
        owner = await asyncpg.connect(self._url)
        await owner.execute("SET session_replication_role = replica")
        for statement in statements:
            await owner.execute(statement)
        await owner.close()


async def prove(world: World, tenant: TenantProfile, url: str, records: int, damages: int) -> None:
    damage, chance = Damage(world, url), random.Random(7)
    for start in range(0, records, 200):
        async with world.write(tenant) as tx:
            for number in range(200):
                tx.audit(
                    "bench.done",
                    object_type="bench",
                    object_id=str(start + number),
                    after={"amount_minor": number},
                    reason="because",
                )
    started = time.perf_counter()
    await world.seal_audit()
    sealing = time.perf_counter() - started
    if world.kind == "sqlite":
        await damage.run(
            *(f"DROP TRIGGER audit_records_no_{what}" for what in ("update", "delete"))
        )
    await damage.run("CREATE TABLE kept AS SELECT * FROM audit_records")
    started = time.perf_counter()
    whole = await audit.verify(world.db, world.parts.sealer, tenant.id)
    checking = time.perf_counter() - started
    assert whole.findings == [], whole.findings[:3]
    print(
        f"  {whole.checked} records sealed in {sealing:.2f} s, verified in {checking:.2f} s, 0 findings"
    )
    found = {"byte": 0, "deletion": 0, "swap": 0, "insertion": 0, "truncation": 0}
    tried = dict(found)
    mine = f"tenant_id = '{tenant.id}'"
    for turn in range(damages):
        kind = list(tried)[turn % len(tried)]
        number, other = (chance.randrange(2, whole.last) for _ in range(2))
        tried[kind] += 1
        wanted = {number}
        if kind == "byte":
            field = chance.choice(FIELDS)
            await damage.run(_changed(world.kind, field, f"{mine} AND number = {number}", chance))
        elif kind == "deletion":
            await damage.run(f"DELETE FROM audit_records WHERE {mine} AND number = {number}")
        elif kind == "truncation":
            await damage.run(f"DELETE FROM audit_records WHERE {mine} AND number >= {number}")
        elif kind == "swap":
            other = other if other != number else number - 1
            wanted = {number, other}
            await damage.run(
                *(
                    f"UPDATE audit_records SET number = {new} WHERE {mine} AND number = {old}"
                    for old, new in ((number, -1), (other, number), (-1, other))
                )
            )
        else:
            columns = [
                column.name for column in audit_columns() if column.name not in ("number", "id")
            ]
            listed = ", ".join(columns)
            await damage.run(
                f"UPDATE audit_records SET number = -number WHERE {mine} AND number >= {number}",
                f"UPDATE audit_records SET number = 1 - number WHERE {mine} AND number < 0",
                f"INSERT INTO audit_records (id, number, {listed}) SELECT '{new_id()}', {number}, {listed}"
                f" FROM audit_records WHERE {mine} AND number = {number - 1}",
            )
        verdict = await audit.verify(world.db, world.parts.sealer, tenant.id)
        named = {finding.number for finding in verdict.findings}
        found[kind] += wanted <= named
        if not wanted <= named:
            print("   NOT NAMED", kind, wanted, verdict.findings[:3])
        await damage.run(
            "DELETE FROM audit_records", "INSERT INTO audit_records SELECT * FROM kept"
        )
    assert (await audit.verify(world.db, world.parts.sealer, tenant.id)).findings == []
    print("  named by its number: " + ", ".join(f"{k} {found[k]}/{tried[k]}" for k in tried))


def audit_columns() -> Any:
    from rustok.platform.audit.tables import records

    return records.c


def _changed(kind: str, field: str, where: str, chance: random.Random) -> str:
    """An UPDATE that changes one character, bit or unit of a field."""
    if field == "occurred_at":
        by = "occurred_at + 1" if kind == "sqlite" else "occurred_at + interval '1 microsecond'"
        return f"UPDATE audit_records SET occurred_at = {by} WHERE {where}"
    if field == "outcome":
        return f"UPDATE audit_records SET outcome = 'failed' WHERE {where}"
    if field in ("actor_id", "correlation_id"):
        return f"UPDATE audit_records SET {field} = '{new_id()}' WHERE {where}"
    at = chance.randrange(1, 4)
    text = f"substr({field}, 1, {at - 1}) || '~' || substr({field}, {at + 1})"
    return f"UPDATE audit_records SET {field} = {text} WHERE {where}"


async def one(kind: str, world: World, url: str, args: argparse.Namespace) -> None:
    print(kind)
    tenant = await world.tenant()
    await world.seal_audit()
    rates: dict[str, float] = {}
    for how in ("none", "pending", "head", "none", "pending", "head"):
        rate = await throughput(world, tenant, how, args.writers, args.seconds)
        rates[how] = max(rates.get(how, 0.0), rate)
    print(
        "  transactions a second: " + ", ".join(f"{how} {rate:.0f}" for how, rate in rates.items())
    )
    await world.seal_audit()
    fresh = await world.tenant()
    await prove(world, fresh, url, args.records, args.damages)


async def main(args: argparse.Namespace) -> None:
    logs.configure(level="ERROR")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rustok.sqlite3"
        create = asyncio.to_thread(create_sqlite_schema, path)
        await create
        platform = Platform(settings_for(f"sqlite:///{path}", Path(folder)))
        await platform.open()
        await one("SQLite", World(platform, []), str(path), args)
        await platform.close()
        name = "rustok_bench_audit"
        await create_postgres_schema(POSTGRES, name)
        place = POSTGRES.rpartition("/")[0].split("@")[-1].removeprefix("postgresql://")
        platform = Platform(
            settings_for(
                f"postgresql://{APP_ROLE}@{place}/{name}",
                Path(folder),
                system_url=f"postgresql://{SYSTEM_ROLE}@{place}/{name}",
            )
        )
        await platform.open()
        try:
            await one(
                "PostgreSQL", World(platform, []), POSTGRES.rpartition("/")[0] + "/" + name, args
            )
        finally:
            await platform.close()
            await drop_database(POSTGRES, name)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--damages", type=int, default=40)
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=4.0)
    uvloop.run(main(parser.parse_args()))
