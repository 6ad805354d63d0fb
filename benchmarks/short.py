"""The benchmarks of continuous integration: ratios alone, with wide margins, in a few seconds.

    python -m benchmarks.short

Each figure is held against a yardstick of the same run, so that a slow machine is no failure; the
margins are about five times what is measured, so that noise is none either. What fails here has
become several times slower. `benchmarks.proof` has the figures that are promised.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import uvloop

from benchmarks import calls
from benchmarks.database import on_sqlite
from benchmarks.servers import TENANT, database, fill
from rustok.server.asgi import application
from rustok.server.message import Scope
from rustok.server.platform import Platform
from rustok.server.settings import Settings
from rustok.telemetry import logs

PAGE: Final = "/api/v1/storefront/products/linen-shirt-1"
SAMPLE: Final = {"id": "01a21b36-421b-728b-bc13-ccfbc09a5b16", "name": "Linen", "sizes": [1, 2, 3]}


def yardstick_us() -> float:
    """A small document to JSON and back by the standard library."""
    return calls.best_us(lambda: json.loads(json.dumps(SAMPLE)))


def single_calls() -> list[tuple[str, float, float]]:
    """(name, times the yardstick, at most)."""
    measured = calls.figures()
    yardstick = yardstick_us()
    return [(one.name, (one.ours or 0.0) / yardstick, 0.8) for one in measured]


async def reads(folder: Path) -> tuple[str, float, float]:
    """A product page from memory against the whole way: what the kept answers are for."""
    async with database("sqlite", folder) as settings:
        await fill(settings, count=3)
        kept = await _seconds(settings, 300)
        http = msgspec.structs.replace(settings.http, storefront_cache_bytes=0)
        walked = await _seconds(msgspec.structs.replace(settings, http=http), 300)
    return "page from memory, of the whole way", kept / walked, 0.8


async def _seconds(settings: Settings, requests: int) -> float:
    """The best of five turns of `requests` requests for a page, in this process."""
    platform = Platform(settings, observer=None)
    await platform.open()
    app = application(platform)
    loop = asyncio.get_running_loop()
    head = [(b"host", b"127.0.0.1"), (b"x-tenant", TENANT.encode())]
    scope: Scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "path": PAGE, "query_string": b"",
        "headers": head, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "scheme": "http",
    }  # fmt: skip
    statuses: set[int] = set()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        if "status" in message:
            statuses.add(message["status"])

    best = float("inf")
    for _ in range(5):
        started = loop.time()
        for _ in range(requests):
            await app(dict(scope), receive, send)
        best = min(best, loop.time() - started)
    await platform.close()
    if statuses != {200}:
        raise RuntimeError(f"the page was answered with {statuses}")
    return best


def main() -> None:
    logs.configure(level="WARNING", log_format="console")
    found = single_calls()
    with tempfile.TemporaryDirectory(prefix="rustok-short-") as folder:
        found.append(uvloop.run(reads(Path(folder))))
    ratio = uvloop.run(on_sqlite(1.0))
    found.append(("bare SQLite transaction, of ours", ratio, 5.0))
    failed = [name for name, value, at_most in found if value > at_most]
    for name, value, at_most in found:
        print(
            f"{'FAIL' if name in failed else 'ok':<5} {name:<40} {value:6.2f} (at most {at_most})"
        )
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
