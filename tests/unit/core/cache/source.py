"""A clock moved by hand and a source that can be held, changed and broken, for cache tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from rustok.core.cache.cache import Cache


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Source:
    """A database: `value` may be text, None, or an error to raise; `gate` holds loads."""

    def __init__(self) -> None:
        self.value: str | Exception | None = "v1"
        self.gate = asyncio.Event()
        self.gate.set()
        self.loads = 0

    async def load(self, key: str) -> str | None:
        self.loads += 1
        value = self.value
        await self.gate.wait()
        if isinstance(value, Exception):
            raise value
        return value


Made = Cache[str, str | None]
Make = Callable[..., Made]
