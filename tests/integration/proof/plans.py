"""How a database would run a statement: plans read into steps, the same for SQLite and PostgreSQL.

Plans are asked for without values, as they are made for any value. Refuses: running anything.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from typing import Any, Final, Literal

import asyncpg
import msgspec

from rustok.core.db.schema import APP_ROLE, metadata

Access = Literal["index", "scan"]
_STEP: Final = re.compile(r"^(SCAN|SEARCH) (\S+)(?: USING (?:COVERING )?INDEX (\S+))?(.*)$")
_NAMED: Final = re.compile(r"\b(?:FROM|JOIN|,)\s+([a-z_]+)(?:\s+AS\s+([a-z_0-9]+))?")
_PARAMETER: Final = re.compile(r"\$(\d+)")


class Step(msgspec.Struct, frozen=True):
    """How one table is read.

    Attributes:
        condition: what the index is asked for, as the database says it; "" for a scan.
    """

    table: str
    access: Access
    index: str
    condition: str

    @property
    def reads_all(self) -> bool:
        """It goes through rows of every tenant."""
        return self.access == "scan" or not self.condition


class Plan(msgspec.Struct, frozen=True):
    """The steps of a statement, and whether rows are sorted after they are read."""

    steps: tuple[Step, ...]
    sorts: bool
    text: str


def sqlite_plan(connection: sqlite3.Connection, sql: str) -> Plan:
    """As SQLite would run it."""
    rows = connection.execute(f"EXPLAIN QUERY PLAN {sql}", [None] * sql.count("?")).fetchall()
    tables: dict[str, str] = {
        alias or name: name for name, alias in _NAMED.findall(" ".join(sql.split()))
    }
    steps, sorts = [], False
    for *_, detail in rows:
        sorts = sorts or "ORDER BY" in detail
        found = _STEP.match(detail)
        if found is None or "VIRTUAL TABLE" in detail:
            continue
        kind, name, index, rest = [one or "" for one in found.groups()]
        condition = rest.strip() if kind == "SEARCH" else ""
        table = tables.get(name, name)
        if table in metadata.tables:
            access: Access = "index" if kind == "SEARCH" else "scan"
            steps.append(Step(table, access, index, condition))
    return Plan(tuple(steps), sorts, "\n".join(row[-1] for row in rows))


async def postgres_plan(
    connection: asyncpg.Connection, sql: str, *, tenant_id: str, allow_scans: bool
) -> Plan:
    """As PostgreSQL would run it for the application's role, row-level security included.

    Args:
        connection: of a superuser.
        allow_scans: False for small tables, which are read whole whatever their indexes are.
    """
    count = max((int(one) for one in _PARAMETER.findall(sql)), default=0)
    values = f"({', '.join(['NULL'] * count)})" if count else ""
    async with connection.transaction():
        await connection.execute(f"SET LOCAL ROLE {APP_ROLE}")
        await connection.execute("SELECT set_config('app.tenant_id', $1, true)", tenant_id)
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await connection.execute(f"SET LOCAL enable_seqscan = {'on' if allow_scans else 'off'}")
        await connection.execute(f"PREPARE planned AS {sql}")
        try:
            text = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE planned{values}")
        finally:
            await connection.execute("DEALLOCATE planned")
    (root,) = json.loads(text)
    steps, sorts = [], False
    for node in _nodes(root["Plan"]):
        kind = node["Node Type"]
        sorts = sorts or "Sort" in kind
        table = node.get("Relation Name", "")
        if table not in metadata.tables:
            continue
        if kind == "Seq Scan":
            steps.append(Step(table, "scan", "", ""))
        elif kind == "Bitmap Heap Scan":
            condition = node.get("Recheck Cond", "")
            steps.append(Step(table, "index", "", condition))
        else:
            steps.append(
                Step(table, "index", node.get("Index Name", ""), node.get("Index Cond", ""))
            )
    return Plan(tuple(steps), sorts, text)


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for one in node.get("Plans", ()):
        yield from _nodes(one)
