"""Files in a folder of this machine, or of a network drive that every process has mounted."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from rustok.core.db.transaction import forbid_in_transaction
from rustok.core.resilience.circuit_breaker import CircuitBreaker
from rustok.core.resilience.deadline import within
from rustok.core.storage.port import (
    Operation,
    StorageUnavailable,
    StoredFileMissing,
    storage_span,
)

T = TypeVar("T")
TORN: Final = ".part"
"""What a write that was cut off leaves behind ends so, and is swept like the rest."""
_PORTION: Final = 500


class FolderStorage:
    """Args:
    root: the folder; made when the first file comes.
    breaker: around every call.
    timeout_seconds: longest wait for the disk, which a network drive can make long.
    """

    def __init__(self, root: Path, breaker: CircuitBreaker, *, timeout_seconds: float) -> None:
        self._root = root
        self._breaker = breaker
        self._timeout_seconds = timeout_seconds

    async def put(self, key: str, content: bytes) -> None:
        await self._call("put", lambda: _write(self._root / key, content))

    async def get(self, key: str) -> bytes:
        return await self._call("get", (self._root / key).read_bytes)

    async def delete(self, key: str) -> None:
        await self._call("delete", lambda: (self._root / key).unlink(missing_ok=True))

    async def list_old(self, before: datetime) -> AsyncIterator[list[str]]:
        found = await self._call("list", lambda: self._old(before.timestamp()), seconds=600.0)
        for start in range(0, len(found), _PORTION):
            yield found[start : start + _PORTION]

    async def check(self) -> str:
        """See `Storage.check`."""

        def look() -> str:
            place = self._root.absolute()
            while not place.exists():
                place = place.parent
            if not os.access(place, os.W_OK):
                raise PermissionError(f"{place} is not writable")
            return f"folder {self._root}"

        return await self._bounded(look, self._timeout_seconds)

    def describe(self) -> str:
        return f"folder {self._root}, circuit {self._breaker.state}"

    async def _call(
        self, operation: Operation, work: Callable[[], T], *, seconds: float | None = None
    ) -> T:
        forbid_in_transaction("storing or fetching a file")
        limit = seconds or self._timeout_seconds
        with storage_span("folder", operation):
            return await self._breaker.call(self._bounded, work, limit)

    async def _bounded(self, work: Callable[[], T], seconds: float) -> T:
        try:
            return await within(seconds, asyncio.to_thread(work))
        except FileNotFoundError:
            raise StoredFileMissing from None
        except OSError as error:
            raise StorageUnavailable(error.strerror or type(error).__name__) from error

    def _old(self, before: float) -> list[str]:
        found: list[str] = []
        for path in self._root.glob("*/??/*"):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < before:
                    found.append(path.relative_to(self._root).as_posix())
        return found


def _write(path: Path, content: bytes) -> None:
    """Write all or nothing: to a temporary name, then rename; the same size again is only made young.

    A key names its content (a checksum is in it), so what is there whole is the same.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size == len(content):
        os.utime(path)
        return
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=TORN)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise
