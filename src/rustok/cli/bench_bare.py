"""Granian and nothing else: one worker that answers every request with the same recorded bytes.

Run: python -m rustok.cli.bench_bare PORT FILE. `rustok bench http` starts it as the limit.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import msgspec
from granian.constants import Interfaces, Loops, RuntimeModes
from granian.server import Server

_FILE: Final = "RUSTOK_BENCH_ANSWER"


class _Recorded(msgspec.Struct, frozen=True, kw_only=True):
    status: int
    headers: list[tuple[str, str]]
    body: bytes


def bare() -> Callable[[Any, Any, Callable[[Any], Awaitable[None]]], Awaitable[None]]:
    """What Granian calls in its worker."""
    recorded = msgspec.json.decode(Path(os.environ[_FILE]).read_bytes(), type=_Recorded)
    start = {
        "type": "http.response.start",
        "status": recorded.status,
        "headers": [(name.encode(), value.encode()) for name, value in recorded.headers],
    }
    end = {"type": "http.response.body", "body": recorded.body}

    async def application(
        _scope: Any, _receive: Any, send: Callable[[Any], Awaitable[None]]
    ) -> None:
        await send(start)
        await send(end)

    return application


def main() -> None:
    """Serve until stopped."""
    port, file = int(sys.argv[1]), sys.argv[2]
    os.environ[_FILE] = file
    Server(
        "rustok.cli.bench_bare:bare",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGINL,
        workers=1,
        runtime_mode=RuntimeModes.st,
        loop=Loops.uvloop,
        backlog=1_024,
        websockets=False,
        factory=True,
        log_enabled=False,
    ).serve()


if __name__ == "__main__":
    main()
