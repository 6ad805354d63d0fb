"""The kinds of value a setting may have; it refuses to show a secret by accident."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final
from urllib.parse import SplitResult, urlsplit, urlunsplit

import msgspec

from rustok.core.security.rate_limit import RATE_PATTERN

MASK: Final = "********"

Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
PositiveInt = Annotated[int, msgspec.Meta(ge=1)]
RateText = Annotated[str, msgspec.Meta(pattern=RATE_PATTERN)]
Milliseconds = Annotated[int, msgspec.Meta(ge=1, le=3_600_000)]


class Secret:
    """A value that never shows itself by accident; only `reveal()` gives it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself: hand it to the library that needs it, never to a log or an error."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    __str__ = __repr__

    def __len__(self) -> int:
        return len(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


class DatabaseUrl(str):
    """A database address whose repr hides the password; as a string it is whole, for the driver."""

    __slots__ = ()

    @property
    def is_sqlite(self) -> bool:
        return self.startswith("sqlite:")

    @property
    def sqlite_path(self) -> Path | None:
        """The database file; None for PostgreSQL and for `sqlite:///:memory:`."""
        path = self.removeprefix("sqlite:///")
        return Path(path) if self.is_sqlite and path != ":memory:" else None

    def masked(self) -> str:
        parts = urlsplit(self)
        if parts.password is None:
            return str(self)
        host = parts.netloc.rpartition("@")[2]
        netloc = f"{parts.username or ''}:{MASK}@{host}"
        return urlunsplit(SplitResult(parts.scheme, netloc, parts.path, parts.query, ""))

    def __repr__(self) -> str:
        return f"DatabaseUrl({self.masked()!r})"


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the TOML file; its fields are the keys and their defaults."""
