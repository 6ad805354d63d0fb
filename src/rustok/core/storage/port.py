"""What a place for files can do; the twins behind it are held to one contract suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final, Literal, Protocol

from rustok.core.errors import NotFound, Unavailable
from rustok.core.resilience.breaker_settings import BreakerSettings
from rustok.telemetry import tracing
from rustok.telemetry.tracing import NoSpan, Span

BREAKER: Final = BreakerSettings(
    consecutive_failures=5,
    failure_rate=0.5,
    slow_call_rate=None,
    window_seconds=30.0,
    minimum_calls=20,
    open_seconds=3.0,
    probes=1,
)

Operation = Literal["put", "get", "delete", "list"]


def storage_span(kind: str, operation: Operation) -> Span | NoSpan:
    """The span of a call; a key is not in it, since whoever has one may fetch the file."""
    return tracing.span(
        f"storage {operation}",
        {"rustok.storage": kind, "rustok.operation": operation},
        tracing.CLIENT,
    )


class StoredFileMissing(NotFound):
    """Nothing lies under this key."""

    code = "stored_file_missing"
    title = "The file is not there"

    def __init__(self) -> None:
        super().__init__("The file is not where it was stored.")


class StorageUnavailable(Unavailable):
    """The place where files lie does not answer, or refuses to be written."""

    code = "storage_unavailable"
    title = "Files cannot be stored or fetched now"

    def __init__(self, cause: str) -> None:
        self.cause = cause
        super().__init__(
            "The place where files lie does not answer; nothing was changed.", retry_after_seconds=3
        )


class Storage(Protocol):
    """Files by key: letters, digits, `-`, `.` and `/`, made by the platform and never by a user.

    Every call may raise StorageUnavailable or CircuitOpen, within a bounded time.
    """

    async def put(self, key: str, content: bytes) -> None:
        """Store all of `content` or nothing; what lies there already is replaced and young again."""
        ...

    async def get(self, key: str) -> bytes:
        """The whole content.

        Raises:
            StoredFileMissing: nothing lies there.
        """
        ...

    async def delete(self, key: str) -> None:
        """Remove it; nothing there is no error."""
        ...

    def list_old(self, before: datetime) -> AsyncIterator[list[str]]:
        """The keys of what was stored before a moment, in portions of any size."""
        ...

    async def check(self) -> str:
        """Look whether it can be written to, past the breaker; some words about it for doctor."""
        ...

    def describe(self) -> str:
        """Some words for health, without asking."""
        ...
