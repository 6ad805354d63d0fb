"""The limits a figure is held against, measured in the same run: the web server alone, the database alone.

Each limit does the least anybody could do: Granian answering the same bytes from memory, sqlite3
inserting one row per transaction, pgbench's own transaction, asyncpg with one insert. Refuses: to be
fast by being less safe; SQLite syncs as the server under test does.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from rustok.cli.bench_client import Answered

_START_SECONDS: Final = 20.0
_TPS: Final = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)
_ALREADY_SENT: Final = ("server", "date", "connection", "transfer-encoding")


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its children so far; 0 where /proc does not tell."""
    total = 0.0
    for one in (pid, *_children(pid)):
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in path.read_text().split():
                found += [int(child), *_children(int(child))]
    return found


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until somebody listens. Raises TimeoutError."""
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port} after {_START_SECONDS:.0f} s")


@contextlib.contextmanager
def bare_granian(answer: Answered, folder: Path) -> Iterator[tuple[int, int]]:
    """Granian with one worker and an ASGI application that answers `answer`; gives (port, pid).

    The headers go along, but for those that Granian adds itself: the same bytes on the wire.
    """
    lines = [line.partition(b": ") for line in answer.head.split(b"\r\n")[1:]]
    recorded = folder / "answer.json"
    recorded.write_bytes(
        msgspec.json.encode(
            {
                "status": answer.status,
                "headers": [
                    [name.decode("latin-1"), value.decode("latin-1")]
                    for name, _, value in lines
                    if name.decode("latin-1").lower() not in _ALREADY_SENT
                ],
                "body": answer.body,
            }
        )
    )
    port = free_port()
    process = subprocess.Popen(  # noqa: S603 - this interpreter, our module
        [sys.executable, "-m", "rustok.cli.bench_bare", str(port), str(recorded)],
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port, process)
        yield port, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)


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
    done = subprocess.run(  # noqa: S603 - pgbench with our arguments
        command, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr[-300:]}")
    return done.stdout


async def asyncpg_inserts(url: str, seconds: float, *, clients: int) -> float:
    """Transactions a second of `clients` tasks that insert one row each, by asyncpg alone."""
    import asyncpg  # late: where PostgreSQL is measured

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
