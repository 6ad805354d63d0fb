"""Every query on prices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Text, bindparam, select

from rustok.commerce.pricing.model import PriceEntry, Sale
from rustok.commerce.pricing.tables import prices
from rustok.core.db import TENANT, Id, Query, ReadTx, WriteTx, any_of
from rustok.core.errors import ConcurrentUpdate


def to_entry(
    *,
    sale_amount_minor: int | None,
    sale_starts_at: datetime | None,
    sale_ends_at: datetime | None,
    **fields: Any,
) -> PriceEntry:
    """A row as a price."""
    sale = None
    if sale_amount_minor is not None:
        sale = Sale(amount_minor=sale_amount_minor, starts_at=sale_starts_at, ends_at=sale_ends_at)
    return PriceEntry(sale=sale, **fields)


_COLUMNS: Final = [column for column in prices.c if column.key != "tenant_id"]
_SELECT: Final = select(*_COLUMNS).where(prices.c.tenant_id == TENANT)
_ONE: Final = _SELECT.where(
    prices.c.variant_id == bindparam("variant_id", type_=Id()),
    prices.c.currency == bindparam("currency", type_=Text()),
)
_GET: Final = Query(_ONE, to_entry)
_LOCK: Final = Query(_ONE.with_for_update(), to_entry)
_IN_CURRENCY: Final = Query(
    _SELECT.where(
        any_of(prices.c.variant_id, "ids"),
        prices.c.currency == bindparam("currency", type_=Text()),
    ).order_by(prices.c.variant_id),
    to_entry,
)
_ALL: Final = Query(
    _SELECT.where(any_of(prices.c.variant_id, "ids")).order_by(
        prices.c.variant_id, prices.c.currency
    ),
    to_entry,
)


async def find(tx: ReadTx, variant_id: UUID, currency: str) -> PriceEntry | None:
    return await tx.one(_GET, variant_id=variant_id, currency=currency)


async def lock(tx: WriteTx, variant_id: UUID, currency: str) -> PriceEntry | None:
    """As `find`, held against other writers."""
    return await tx.one(_LOCK, variant_id=variant_id, currency=currency)


async def list_in_currency(  # bounded: one per variant asked for
    tx: ReadTx, variant_ids: Sequence[UUID], currency: str
) -> list[PriceEntry]:
    """Prices of all these variants in one currency, by variant."""
    if not variant_ids:
        return []
    return await tx.all(_IN_CURRENCY, ids=list(variant_ids), currency=currency)


async def list_all(
    tx: ReadTx, variant_ids: Sequence[UUID]
) -> list[PriceEntry]:  # bounded: one per currency and variant asked for
    """Prices of all these variants in all currencies, by variant and currency."""
    return await tx.all(_ALL, ids=list(variant_ids)) if variant_ids else []


def _values(entry: PriceEntry) -> dict[str, object]:
    sale = entry.sale
    return {
        "amount_minor": entry.amount_minor,
        "compare_at_minor": entry.compare_at_minor,
        "sale_amount_minor": sale.amount_minor if sale else None,
        "sale_starts_at": sale.starts_at if sale else None,
        "sale_ends_at": sale.ends_at if sale else None,
    }


def _row(entry: PriceEntry) -> dict[str, object]:
    return {
        "id": entry.id,
        "variant_id": entry.variant_id,
        "currency": entry.currency,
        "version": entry.version,
        "created_at": entry.created_at,
        "updated_at": entry.updated_at,
        **_values(entry),
    }


async def add(tx: WriteTx, entry: PriceEntry) -> None:
    """Raises UniqueViolation (uq_prices_variant_currency), ForeignKeyViolation (no such variant)."""
    await tx.insert(prices, **_row(entry))


async def add_many(tx: WriteTx, entries: Sequence[PriceEntry]) -> None:
    """As `add` for several, in one statement."""
    await tx.insert_many(prices, [_row(entry) for entry in entries])


async def store(tx: WriteTx, before: PriceEntry, after: PriceEntry) -> None:
    """Write `after` at the version of `before`. Raises ConcurrentUpdate."""
    await tx.update_version(
        prices, {"id": before.id}, version=before.version, updated_at=tx.now, **_values(after)
    )


async def remove(tx: WriteTx, entry: PriceEntry) -> None:
    """Delete at the version of `entry`. Raises ConcurrentUpdate."""
    if await tx.delete(prices, id=entry.id, version=entry.version) != 1:
        raise ConcurrentUpdate("The price was changed by somebody else; nothing was deleted.")
