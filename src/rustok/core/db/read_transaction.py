"""Reading within one snapshot of one tenant."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from rustok.core.db.driver import Connection
from rustok.core.db.statement import Command, Compiled, DialectName, Query, Row
from rustok.core.tenancy import RequestContext

T = TypeVar("T")
Observer = Callable[[Compiled[Any], float, int, Exception | None], None]
"""(statement, seconds, rows read or changed, what went wrong), after every statement."""


class ReadTx:
    """Reads within one snapshot (SQLite) or READ ONLY transaction (PostgreSQL) of one tenant.

    Attributes:
        ctx: who asks, for which tenant, in which locale and trace.
        now: the time of this transaction, aware UTC; the same for all it writes.
        statements_left: how many it may read still; None: any number.
    """

    statements_left: int | None = None

    def __init__(
        self,
        connection: Connection,
        *,
        dialect: DialectName,
        now: datetime,
        ctx: RequestContext,
        observer: Observer | None,
    ) -> None:
        self._connection = connection
        self._dialect: DialectName = dialect
        self._observer = observer
        self.now = now
        self.ctx = ctx

    @property
    def dialect(self) -> DialectName:
        """Which database; for the few statements whose text differs (full text)."""
        return self._dialect

    def _tenant(self) -> UUID | None:
        return self.ctx.tenant_id

    def _bind(
        self, statement: Query[Any] | Command, params: dict[str, Any]
    ) -> tuple[Any, list[Any]]:
        tenant = self._tenant()
        if tenant is not None:
            if statement.system is not None:
                raise TypeError("a system statement needs a SystemTx")
            params["tenant_id"] = tenant
        compiled = statement.compiled(self._dialect)
        return compiled, compiled.bind(params)

    async def rows(
        self, query: Query[Any], **params: object
    ) -> tuple[Compiled[Any], Sequence[Row]]:
        """The rows of `query` as the driver gives them, for what is sent on as it is stored."""
        if self.statements_left is not None:
            if not self.statements_left:
                raise RuntimeError("one statement was promised, and nothing holds two together")
            self.statements_left -= 1
        compiled, arguments = self._bind(query, params)
        started = time.perf_counter()
        try:
            rows = await self._connection.fetch(compiled.sql, arguments)
        except Exception as error:
            self._tell(compiled, started, 0, error)
            raise
        self._tell(compiled, started, len(rows), None)
        return compiled, rows

    async def all(self, query: Query[T], **params: object) -> list[T]:
        """Every row of `query`, in its order."""
        compiled, rows = await self.rows(query, **params)
        return [query.build(compiled, row) for row in rows]

    def _tell(
        self,
        compiled: Compiled[Any],
        started: float,
        rows: int,
        error: Exception | None,
        seconds: float | None = None,
    ) -> None:
        if self._observer is not None:
            took = time.perf_counter() - started if seconds is None else seconds
            self._observer(compiled, took, rows, error)

    async def one(self, query: Query[T], **params: object) -> T | None:
        """The first row of `query`, or None."""
        rows = await self.all(query, **params)
        return rows[0] if rows else None
