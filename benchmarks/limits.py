"""The limits of the database that figures are held against: what the least a transaction does costs.

sqlite3 inserting one row per transaction, pgbench's own transaction, asyncpg with one insert.
Refuses: to be fast by being less safe; SQLite syncs as the server under test does.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Final

import asyncpg

_TPS: Final = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)


def sqlite_inserts(folder: Path, seconds: float, *, synchronous: str = "FULL") -> float:
    """Transactions a second of a loop that inserts one row each, by sqlite3 alone."""
    connection = sqlite3.connect(folder / "bare.sqlite3", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA synchronous={synchronous}")  # constant sql: one of four words
    connection.execute("CREATE TABLE IF NOT EXISTS bare (id INTEGER PRIMARY KEY, data TEXT)")
    done = 0
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO bare (data) VALUES (?)", ("x" * 200,))
        connection.execute("COMMIT")
        done += 1
    elapsed = time.perf_counter() - started
    connection.close()
    return done / elapsed


def find_pgbench() -> str | None:
    """The program, where it is installed."""
    found = shutil.which("pgbench")
    if found is not None:
        return found
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"))
    return str(packaged[-1]) if packaged else None


def pgbench(url: str, seconds: float, *, clients: int, prepare: bool) -> float:
    """Transactions a second of `pgbench -N` with `clients` clients, at the scale of 10.

    Args:
        prepare: make its tables first (in the database of `url`).

    Raises:
        RuntimeError: it is not installed, or failed.
    """
    program = find_pgbench()
    if program is None:
        raise RuntimeError("pgbench is not installed (Debian: postgresql-contrib)")
    if prepare:
        _run([program, "-i", "-q", "-s", "10", url])
    output = _run(
        [program, "-N", "-n", "-c", str(clients), "-j", "1", "-M", "prepared",
         "-T", str(max(1, round(seconds))), url]
    )  # fmt: skip
    found = _TPS.search(output)
    if found is None:
        raise RuntimeError(f"pgbench said nothing of its speed: {output[:200]}")
    return float(found[1])


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr[-300:]}")
    return done.stdout


async def asyncpg_inserts(url: str, seconds: float, *, clients: int) -> float:
    """Transactions a second of `clients` tasks that insert one row each, by asyncpg alone."""
    pool = await asyncpg.create_pool(url, min_size=clients, max_size=clients)
    done = 0
    try:
        await pool.execute("CREATE TABLE IF NOT EXISTS bare (id bigserial PRIMARY KEY, data text)")
        started = time.perf_counter()

        async def insert() -> None:
            nonlocal done
            while time.perf_counter() - started < seconds:
                async with pool.acquire() as connection, connection.transaction():
                    await connection.execute("INSERT INTO bare (data) VALUES ($1)", "x" * 200)
                done += 1

        await asyncio.gather(*(insert() for _ in range(clients)))
        return done / (time.perf_counter() - started)
    finally:
        await pool.close()
