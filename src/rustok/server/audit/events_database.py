"""The database half of `rustok audit events`: log, inbox, dead letters and versions must add up.

Refuses: mending, and judging by guess. What retention may have removed is not missed; what cannot
be derived is said in the report.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Table, and_, bindparam, exists, func, or_, select

from rustok.core.bus.port import Consumer
from rustok.core.db import Query, SystemTx, Timestamp, metadata
from rustok.core.dead_letters import dead_letters
from rustok.core.events.event import event_types
from rustok.core.inbox import inbox
from rustok.core.outbox import aggregate_sequences, outbox
from rustok.server.audit.findings import Finding, Report

_REASON: Final = "the audit looks across tenants"
MOST: Final = 100
"""Findings named per rule; one more says that there are more."""

Row = dict[str, Any]

_ever = aggregate_sequences
_LOGGED: Final = (
    select(
        outbox.c.tenant_id,
        outbox.c.aggregate_type,
        outbox.c.aggregate_id,
        func.count().label("kept"),
        func.min(outbox.c.sequence).label("first"),
        func.max(outbox.c.sequence).label("highest"),
    )
    .group_by(outbox.c.tenant_id, outbox.c.aggregate_type, outbox.c.aggregate_id)
    .subquery("logged")
)
_SEQUENCES: Final[Query[Row]] = Query(
    select(
        _ever.c.tenant_id,
        _ever.c.aggregate_type,
        _ever.c.aggregate_id,
        _ever.c.last,
        _LOGGED.c.kept,
        _LOGGED.c.first,
        _LOGGED.c.highest,
    )
    .select_from(
        _ever.outerjoin(
            _LOGGED,
            and_(
                _LOGGED.c.tenant_id == _ever.c.tenant_id,
                _LOGGED.c.aggregate_type == _ever.c.aggregate_type,
                _LOGGED.c.aggregate_id == _ever.c.aggregate_id,
            ),
        )
    )
    .where(
        or_(
            _LOGGED.c.kept.is_(None),
            _LOGGED.c.first != 1,
            _LOGGED.c.highest != _ever.c.last,
            _LOGGED.c.kept != _LOGGED.c.highest - _LOGGED.c.first + 1,
        )
    ),
    dict,
    system=_REASON,
)
_UNCOUNTED: Final[Query[Row]] = Query(
    select(outbox.c.tenant_id, outbox.c.aggregate_type, outbox.c.aggregate_id)
    .where(
        ~exists(
            select(_ever.c.last).where(
                _ever.c.tenant_id == outbox.c.tenant_id,
                _ever.c.aggregate_type == outbox.c.aggregate_type,
                _ever.c.aggregate_id == outbox.c.aggregate_id,
            )
        )
    )
    .distinct(),
    dict,
    system=_REASON,
)
_UNAPPLIED: Final[Query[Row]] = Query(
    select(outbox.c.tenant_id, outbox.c.id, outbox.c.type)
    .where(
        outbox.c.published_at.is_not(None),
        outbox.c.published_at >= bindparam("since", type_=Timestamp()),
        outbox.c.published_at <= bindparam("until", type_=Timestamp()),
        outbox.c.type == bindparam("event_type", type_=outbox.c.type.type),
        ~exists(
            select(inbox.c.event_id).where(
                inbox.c.tenant_id == outbox.c.tenant_id,
                inbox.c.consumer == bindparam("consumer", type_=inbox.c.consumer.type),
                inbox.c.event_id == outbox.c.id,
            )
        ),
    )
    .order_by(outbox.c.position)
    .limit(MOST + 1),
    dict,
    system=_REASON,
)
_LETTERS: Final[Query[Row]] = Query(
    select(dead_letters.c.tenant_id, dead_letters.c.id, dead_letters.c.consumer)
    .where(
        dead_letters.c.resolved_at.is_(None),
        ~exists(
            select(inbox.c.event_id).where(
                inbox.c.tenant_id == dead_letters.c.tenant_id,
                inbox.c.consumer == dead_letters.c.consumer,
                inbox.c.event_id == dead_letters.c.event_id,
            )
        ),
    )
    .limit(MOST + 1),
    dict,
    system=_REASON,
)
_ORPHANS: Final[Query[Row]] = Query(
    select(inbox.c.tenant_id, inbox.c.consumer, inbox.c.event_id)
    .where(
        inbox.c.applied_at >= bindparam("since", type_=Timestamp()),
        ~exists(select(outbox.c.position).where(outbox.c.id == inbox.c.event_id)),
    )
    .limit(MOST + 1),
    dict,
    system=_REASON,
)


async def audit_database(
    tx: SystemTx, consumers: Sequence[Consumer], *, retention: timedelta, grace: timedelta
) -> Report:
    """Compare what the platform wrote about its events.

    Args:
        consumers: all of this program.
        retention: how long published events are kept (`events.retention_days`).
        grace: how long a consumer of another process may take (zero where the relay itself applies).
    """
    since, until = tx.now - retention, tx.now - grace
    findings = [
        *_sequences(await tx.all(_SEQUENCES), since),
        *(
            Finding(
                rule="sequence_not_counted",
                place=_aggregate(row),
                message="events in the log, but no counter of them",
            )
            for row in await tx.all(_UNCOUNTED)
        ),
    ]
    pairs = [(consumer.name, kind) for consumer in consumers for kind in consumer.handlers]
    for consumer, kind in pairs:
        rows = await tx.all(
            _UNAPPLIED, since=since, until=until, event_type=kind, consumer=consumer
        )
        findings += [
            Finding(
                rule="published_but_not_applied",
                place=f"event {row['id']} of tenant {row['tenant_id']}",
                message=f"{kind} is published, and {consumer} neither applied nor buried it",
            )
            for row in rows
        ]
    for row in await tx.all(_LETTERS):
        findings.append(
            Finding(
                rule="dead_letter_without_inbox",
                place=f"dead letter {row['id']} of tenant {row['tenant_id']}",
                message=f"{row['consumer']} would apply its event once more",
            )
        )
    for row in await tx.all(_ORPHANS, since=since):
        findings.append(
            Finding(
                rule="inbox_without_event",
                place=f"event {row['event_id']} of tenant {row['tenant_id']}",
                message=f"{row['consumer']} applied an event that the log does not have",
            )
        )
    versioned = versioned_tables()
    for table, kind in versioned.items():
        findings += _versions(kind, table.name, await tx.all(_behind(kind, table)))
    return Report(
        half="database",
        checked={
            "events": await _count(tx, outbox),
            "aggregates": await _count(tx, _ever),
            "inbox rows": await _count(tx, inbox),
            "dead letters": await _count(tx, dead_letters),
            "consumers and types": len(pairs),
            "tables with versions": len(versioned),
        },
        findings=sorted(findings),
        not_derivable=[
            f"events published more than {retention.days} days ago: retention may have removed them",
            "versions of tables whose rows are no aggregates of their own: "
            + ", ".join(sorted(_versions_without_events())),
            "that an event is the right one for a change of a version: their number is compared",
        ],
    )


async def _count(tx: SystemTx, table: Table) -> int:
    rows = await tx.all(_counting(table))
    return int(rows[0]["found"])


def _counting(table: Table) -> Query[Row]:
    return Query(select(func.count().label("found")).select_from(table), dict, system=_REASON)


def _aggregate(row: Mapping[str, Any]) -> str:
    return f"{row['aggregate_type']} {row['aggregate_id']} of tenant {row['tenant_id']}"


def born_at_millis(id_: UUID) -> int | None:
    """When a UUIDv7 was made, milliseconds since 1970 (RFC 9562 section 5.7); None for others."""
    return id_.int >> 80 if id_.version == 7 else None


def _sequences(rows: Sequence[Row], since: datetime) -> Iterator[Finding]:
    edge = since.timestamp() * 1000
    for row in rows:
        kept, last = row["kept"] or 0, row["last"]
        first, highest = row["first"] or last + 1, row["highest"] or last
        missing: list[str] = []
        if highest != last:
            missing.append(f"the counter says {last}, the log ends with {highest}")
        if kept and kept != highest - first + 1:
            missing.append(f"{highest - first + 1 - kept} missing between {first} and {highest}")
        born = born_at_millis(row["aggregate_id"])
        if first != 1 and born is not None and born >= edge:
            missing.append(f"1 to {first - 1} missing, which are too young for retention")
        for what in missing:
            yield Finding(rule="sequence_gap", place=_aggregate(row), message=what)


_KINDS: Final = {"catalog_categories": "category", "content_categories": "category"}
_COUNTED_OTHERWISE: Final = {
    "prices": "events of a price carry the sequence of its variant",
    "coupons": "a coupon is made with its promotion, whose events tell of it",
    "payments": "what is asked of a provider is written down first; events tell what came of it",
}


def versioned_tables() -> dict[Table, str]:
    """Tables whose rows are aggregates that count their versions, with the kind of aggregate."""
    kinds = {cls.aggregate for cls in event_types().values()}
    found: dict[Table, str] = {}
    for table in metadata.sorted_tables:
        has_version = "version" in table.c and "id" in table.c and table.info.get("tenant")
        kind = _KINDS.get(table.name, table.name.removesuffix("s"))
        if has_version and kind in kinds and table.name not in _COUNTED_OTHERWISE:
            found[table] = kind
    return found


def _versions_without_events() -> set[str]:
    derived = {table.name for table in versioned_tables()}
    return {t.name for t in metadata.sorted_tables if "version" in t.c} - derived


def _behind(kind: str, table: Table) -> Query[Row]:
    """Rows with a higher version than their aggregate has events."""
    tenant = table.c[table.info["tenant"]]
    counted = and_(
        _ever.c.tenant_id == tenant,
        _ever.c.aggregate_type == kind,
        _ever.c.aggregate_id == table.c.id,
    )
    return Query(
        select(tenant.label("tenant"), table.c.id, table.c.version, _ever.c.last)
        .select_from(table.outerjoin(_ever, counted))
        .where(func.coalesce(_ever.c.last, 0) < table.c.version)
        .limit(MOST + 1),
        dict,
        system=_REASON,
    )


def _versions(kind: str, table: str, rows: Sequence[Row]) -> Iterator[Finding]:
    for row in rows:
        yield Finding(
            rule="version_without_event",
            place=f"{kind} {row['id']} of tenant {row['tenant']}",
            message=f"{table} is at version {row['version']} after {row['last'] or 0} event(s)",
        )


__all__ = ["audit_database", "born_at_millis", "versioned_tables"]
