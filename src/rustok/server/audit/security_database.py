"""Judges a running database: policies, guards of the audit log, its seals, ways in that nobody watches.

Reads only. What a role may do is asked of PostgreSQL's catalogue, not of what this program declares:
a table that came by another way is found, too.
Refuses: verifying the chains; `rustok audit verify` does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import and_, exists, func, or_, select

from rustok.core.db import Database, Query, SystemTx
from rustok.core.db.schema import APP_ROLE, SYSTEM_ROLE
from rustok.core.tenancy import PLATFORM_TENANT_ID
from rustok.platform.audit.tables import audit_pending, checkpoints, heads, records
from rustok.platform.identity.tables import api_keys, second_factors, users
from rustok.server.audit.security_rules import Weakness, weakness

MOST_UNSIGNED: Final = timedelta(days=30)
"""How long records of a chain may wait for a signed checkpoint."""
MOST_UNSEALED: Final = timedelta(minutes=10)
MOST_IDLE: Final = timedelta(days=180)
MOST: Final = 100
"""Places named per check."""
GUARDED: Final = ("audit_records", "audit_pending", "audit_checkpoints")
_NOT_OURS: Final = frozenset({"alembic_version"})
_REASON: Final = "the audit of security looks across tenants"

Row = dict[str, Any]

TABLES: Final = """
    SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity,
        EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'),
        ARRAY(SELECT r.rolname::text FROM pg_policy p JOIN pg_roles r ON r.oid = ANY(p.polroles)
              WHERE p.polrelid = c.oid),
        EXISTS (SELECT 1 FROM pg_policy p JOIN pg_roles r ON r.oid = ANY(p.polroles)
                WHERE p.polrelid = c.oid AND r.rolname = 'rustok_app'
                AND pg_get_expr(p.polqual, p.polrelid) NOT LIKE '%app.tenant_id%'),
        EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND 0 = ANY(p.polroles))
    FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
    ORDER BY c.relname
"""
GUARDS: Final = """
    SELECT c.relname, has_table_privilege('rustok_app', c.oid, 'UPDATE')
        OR has_table_privilege('rustok_app', c.oid, 'DELETE'),
        (SELECT count(*) FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgenabled <> 'D'
         AND NOT t.tgisinternal)
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
    AND c.relname IN ('audit_records', 'audit_pending', 'audit_checkpoints') ORDER BY c.relname
"""
GUARDS_SQLITE: Final = """
    SELECT tbl_name, 0, count(*) FROM sqlite_master
    WHERE type = 'trigger' AND name LIKE 'audit\\__%\\_no\\_%' ESCAPE '\\' GROUP BY tbl_name
"""

_signed = (
    select(checkpoints.c.tenant_id, func.max(checkpoints.c.number).label("number"))
    .group_by(checkpoints.c.tenant_id)
    .subquery("signed")
)
_UNSIGNED: Final[Query[Row]] = Query(
    select(records.c.tenant_id, func.min(records.c.occurred_at).label("since"))
    .select_from(
        records.join(heads, heads.c.tenant_id == records.c.tenant_id).outerjoin(
            _signed, _signed.c.tenant_id == records.c.tenant_id
        )
    )
    .where(or_(_signed.c.number.is_(None), records.c.number > _signed.c.number))
    .group_by(records.c.tenant_id),
    dict,
    system=_REASON,
)
_WAITING: Final[Query[Row]] = Query(
    select(func.min(audit_pending.c.written_at).label("since")), dict, system=_REASON
)
_ADMINS: Final[Query[Row]] = Query(
    select(users.c.id)
    .where(
        users.c.tenant_id == PLATFORM_TENANT_ID,
        users.c.kind == "staff",
        users.c.is_disabled.is_(False),
        users.c.deleted_at.is_(None),
        ~exists(
            select(second_factors.c.id).where(
                second_factors.c.tenant_id == users.c.tenant_id,
                second_factors.c.user_id == users.c.id,
                second_factors.c.confirmed_at.is_not(None),
            )
        ),
    )
    .order_by(users.c.id)
    .limit(MOST),
    dict,
    system=_REASON,
)
_KEYS: Final[Query[Row]] = Query(
    select(
        api_keys.c.id, func.coalesce(api_keys.c.last_used_at, api_keys.c.created_at).label("used")
    )
    .where(and_(api_keys.c.revoked_at.is_(None), api_keys.c.expires_at.is_(None)))
    .order_by(api_keys.c.created_at)
    .limit(1_000),
    dict,
    system=_REASON,
)


async def audit_running(db: Database) -> tuple[list[Weakness], dict[str, int]]:
    """Weaknesses of the database, and what was looked at by kind."""
    found: list[Weakness] = []
    tables: Sequence[Sequence[Any]] = ()
    async with db.raw() as connection:
        if db.dialect == "postgres":
            tables = await connection.fetch(TABLES, ())
            guards = await connection.fetch(GUARDS, ())
        else:
            guards = await connection.fetch(GUARDS_SQLITE, ())
    found += unprotected(tables)
    found += unguarded({name: (bool(may), int(count)) for name, may, count in guards})
    async with db.system(_REASON, write=False) as tx:
        ways, chains = await _ways_in(tx), await tx.all(_UNSIGNED)
        waiting = await tx.one(_WAITING)
    found += [*ways, *_unsealed(waiting, db.now()), *_unsigned(chains, db.now())]
    checked = {"tables": len(tables), "guarded tables": len(GUARDED), "audit chains": len(chains)}
    return found, checked


def unprotected(tables: Sequence[Sequence[Any]]) -> Iterator[Weakness]:
    """What is wrong with the row-level security of each table of the catalogue."""
    for name, is_forced, has_tenant, roles, is_loose, is_public in tables:
        if name in _NOT_OURS:
            continue
        wrong = []
        if not is_forced:
            wrong.append("Row-level security is not forced.")
        if SYSTEM_ROLE not in roles or (has_tenant and APP_ROLE not in roles):
            wrong.append("A policy is missing.")
        if is_loose:
            wrong.append("A policy of the application's role does not ask for the tenant.")
        if is_public:
            wrong.append("A policy is for everybody.")
        if wrong:
            yield weakness("database.table_policy", f"table {name}", " ".join(wrong))


def unguarded(guards: Mapping[str, tuple[bool, int]]) -> Iterator[Weakness]:
    """Tables of the audit log that can be changed: by grants, or for want of their triggers."""
    for table in GUARDED:
        may_change, triggers = guards.get(table, (False, 0))
        if may_change:
            yield weakness("database.audit_guard", f"table {table}", f"{APP_ROLE} may change it.")
        if triggers < 2:
            message = "Its triggers are gone or off."
            yield weakness("database.audit_guard", f"table {table}", message)


def _unsealed(waiting: Row | None, now: datetime) -> Iterator[Weakness]:
    since = waiting["since"] if waiting else None
    if since is not None and now - since > MOST_UNSEALED:
        message = f"Entries wait since {since:%Y-%m-%d %H:%M} UTC."
        yield weakness("database.audit_unsealed", "table audit_pending", message)


def _unsigned(chains: Sequence[Row], now: datetime) -> Iterator[Weakness]:
    for chain in [one for one in chains if now - one["since"] > MOST_UNSIGNED][:MOST]:
        message = f"Records since {chain['since']:%Y-%m-%d} are under no signature."
        yield weakness("database.checkpoint_age", f"tenant {chain['tenant_id']}", message)


async def _ways_in(tx: SystemTx) -> list[Weakness]:
    found = [
        weakness("database.admin_factor", f"user {one['id']}", "A password alone opens it.")
        for one in await tx.all(_ADMINS)
    ]
    idle = [one for one in await tx.all(_KEYS) if tx.now - one["used"] > MOST_IDLE][:MOST]
    return found + [
        weakness("database.idle_key", f"API key {one['id']}", f"Last used {one['used']:%Y-%m-%d}.")
        for one in idle
    ]
