"""The port both drivers fill: raw SQL with positional arguments inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, NamedTuple, Protocol
from uuid import UUID

from rustok.core.db.last_writes import LastWrite
from rustok.core.db.statement import DialectName


class Connection(Protocol):
    """A connection inside an open transaction."""

    async def fetch(self, sql: str, arguments: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """Run a statement and return its rows."""
        ...

    async def execute(self, sql: str, arguments: Sequence[Any]) -> int:
        """Run a statement and return the number of rows it changed."""
        ...

    async def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement once per row of arguments."""
        ...

    async def execute_together(self, writes: Sequence[LastWrite]) -> None:
        """Run writes in their order, in as few round trips as there can be.

        Raises:
            Exception: what a write raises whose number of rows was not the expected one.
        """
        ...

    async def execute_last(self, writes: Sequence[LastWrite]) -> None:
        """As `execute_together`, but a driver may carry them with the commit; what they say is said there."""
        ...


class PoolState(NamedTuple):
    """How many connections of a role are in a state; `limit` is how many there may be."""

    role: str
    state: Literal["idle", "used", "limit"]
    connections: int


class Driver(Protocol):
    """One database."""

    dialect: DialectName

    async def open(self) -> None:
        """Connect.

        Raises:
            DatabaseUnavailable: it does not answer within the connect timeout.
        """
        ...

    async def close(self) -> None:
        """Finish running transactions' connections and let go of all."""
        ...

    def connections(self) -> list[PoolState]:
        """The connections that are open, by role and state."""
        ...

    def transaction(
        self,
        *,
        tenant_id: UUID | None,
        write: bool,
        one_statement: bool = False,
        brief: bool = False,
    ) -> AbstractAsyncContextManager[Connection]:
        """Open a transaction; commit on a clean exit, roll back otherwise.

        Args:
            tenant_id: the tenant it is confined to; None is the system door.
            write: False promises to change nothing (a snapshot on SQLite, READ ONLY on PostgreSQL).
            one_statement: promises that one statement is read, which is a snapshot by itself.
            brief: promises to write no longer than some milliseconds, so others may wait for its end.

        Raises:
            DatabaseUnavailable: no connection or no lock within the bound.
        """
        ...
