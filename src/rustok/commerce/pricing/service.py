"""The use cases of prices; every change carries its event with the old and the new amount."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec

from rustok.commerce.pricing import repository
from rustok.commerce.pricing.errors import PriceNotFound
from rustok.commerce.pricing.events import PriceUpdated
from rustok.commerce.pricing.model import Price, PriceEntry, Sale, check_amounts
from rustok.commerce.products import api as products
from rustok.core.audit.difference import state_of
from rustok.core.audit.entry import AuditValue
from rustok.core.db import ReadTx, WriteTx
from rustok.core.ids import new_id
from rustok.core.money import parse_currency
from rustok.core.routing import check_version


async def get_price(tx: ReadTx, variant_id: UUID, currency: str) -> PriceEntry:
    """What is set for a variant in a currency.

    Raises:
        VariantNotFound, InvalidCurrency, PriceNotFound.
    """
    code = parse_currency(currency, pointer="currency")
    await products.get_variant(tx, variant_id)
    found = await repository.find(tx, variant_id, code)
    if found is None:
        raise PriceNotFound(code)
    return found


async def list_prices(tx: ReadTx, variant_id: UUID) -> list[PriceEntry]:
    """What is set for a variant, by currency. Raises VariantNotFound."""
    await products.get_variant(tx, variant_id)
    return await repository.list_all(tx, [variant_id])


async def set_price(
    tx: WriteTx,
    variant_id: UUID,
    currency: str,
    *,
    amount_minor: int,
    compare_at_minor: int | None = None,
    sale: Sale | None = None,
    expected_version: int | None = None,
) -> PriceEntry:
    """Set the price of a variant in a currency, new or not; the same again writes and announces nothing.

    Args:
        amount_minor: what a buyer pays outside a sale.
        compare_at_minor: shown crossed out; above the amount.
        sale: a lower amount for a while.
        expected_version: of the price that is there; a price that is not there has none.

    Raises:
        VariantNotFound, InvalidCurrency, PriceInvalid, PreconditionFailed, ConcurrentUpdate.

    Emits: price.updated
    """
    code = parse_currency(currency, pointer="currency")
    check_amounts(amount_minor, compare_at_minor, sale)
    sale = _in_utc(sale)
    await products.get_variant(tx, variant_id)
    before = await repository.lock(tx, variant_id, code)
    if expected_version is not None:
        check_version(before.version if before else 0, expected_version)
    if before is None:
        after = PriceEntry(
            id=new_id(),
            variant_id=variant_id,
            currency=code,
            amount_minor=amount_minor,
            compare_at_minor=compare_at_minor,
            sale=sale,
            version=1,
            created_at=tx.now,
            updated_at=tx.now,
        )
        await repository.add(tx, after)
    else:
        wanted = msgspec.structs.replace(
            before, amount_minor=amount_minor, compare_at_minor=compare_at_minor, sale=sale
        )
        if wanted == before:
            return before
        await repository.store(tx, before, wanted)
        after = msgspec.structs.replace(wanted, version=before.version + 1, updated_at=tx.now)
    tx.emit(
        _updated(before, after, variant_id=variant_id, currency=code),
        before=_terms(before),
        after=_terms(after),
    )
    return after


class NewPrice(msgspec.Struct, frozen=True, kw_only=True):
    """A price of a variant that has none in the currency; fields as in `set_price`."""

    variant_id: UUID
    currency: str
    amount_minor: int
    compare_at_minor: int | None = None
    sale: Sale | None = None


def check_new(wanted: NewPrice) -> None:
    """Raises InvalidCurrency, PriceInvalid."""
    parse_currency(wanted.currency, pointer="currency")
    check_amounts(wanted.amount_minor, wanted.compare_at_minor, wanted.sale)


async def add_prices(tx: WriteTx, wanted: Sequence[NewPrice]) -> None:
    """Set the first prices of variants made in this transaction; one statement for all of them.

    Raises:
        InvalidCurrency, PriceInvalid.
        UniqueViolation, ForeignKeyViolation: there is a price already, or no such variant.

    Emits: price.updated for each
    """
    entries: list[PriceEntry] = []
    for one in wanted:
        check_new(one)
        entries.append(
            PriceEntry(
                id=new_id(),
                variant_id=one.variant_id,
                currency=parse_currency(one.currency, pointer="currency"),
                amount_minor=one.amount_minor,
                compare_at_minor=one.compare_at_minor,
                sale=_in_utc(one.sale),
                version=1,
                created_at=tx.now,
                updated_at=tx.now,
            )
        )
    await repository.add_many(tx, entries)
    for entry in entries:
        tx.emit(
            _updated(None, entry, variant_id=entry.variant_id, currency=entry.currency),
            before=_terms(None),
        )


async def delete_price(
    tx: WriteTx, variant_id: UUID, currency: str, *, expected_version: int | None = None
) -> None:
    """Remove the price of a variant in a currency; it is not for sale there any more.

    Raises:
        VariantNotFound, InvalidCurrency, PriceNotFound, PreconditionFailed, ConcurrentUpdate.

    Emits: price.updated
    """
    code = parse_currency(currency, pointer="currency")
    await products.get_variant(tx, variant_id)
    before = await repository.lock(tx, variant_id, code)
    if before is None:
        raise PriceNotFound(code)
    check_version(before.version, expected_version)
    await repository.remove(tx, before)
    tx.emit(
        _updated(before, None, variant_id=variant_id, currency=code),
        before=_terms(before),
        after=_terms(None),
    )


def _in_utc(sale: Sale | None) -> Sale | None:
    if sale is None:
        return None
    return Sale(
        amount_minor=sale.amount_minor,
        starts_at=sale.starts_at.astimezone(UTC) if sale.starts_at else None,
        ends_at=sale.ends_at.astimezone(UTC) if sale.ends_at else None,
    )


_TERMS: Final = ("amount_minor", "compare_at_minor", "sale")


def _terms(price: PriceEntry | None) -> dict[str, AuditValue]:
    return dict.fromkeys(_TERMS) if price is None else state_of(price, *_TERMS)


def _updated(
    before: PriceEntry | None, after: PriceEntry | None, *, variant_id: UUID, currency: str
) -> PriceUpdated:
    def pair(name: str) -> tuple[int | None, int | None]:
        return (getattr(before, name) if before else None, getattr(after, name) if after else None)

    old_amount, new_amount = pair("amount_minor")
    old_compare, new_compare = pair("compare_at_minor")
    old_sale, new_sale = (before.sale if before else None, after.sale if after else None)
    differing = {
        "amount": old_amount != new_amount,
        "compare_at": old_compare != new_compare,
        "sale": old_sale != new_sale,
    }
    return PriceUpdated(
        variant_id=variant_id,
        currency=currency,
        changed=tuple(name for name, differs in differing.items() if differs),
        old_amount_minor=old_amount,
        new_amount_minor=new_amount,
        old_compare_at_minor=old_compare,
        new_compare_at_minor=new_compare,
        old_sale_amount_minor=old_sale.amount_minor if old_sale else None,
        new_sale_amount_minor=new_sale.amount_minor if new_sale else None,
    )


async def prices_for(
    tx: ReadTx, variant_ids: Sequence[UUID], currency: str, at: datetime
) -> dict[UUID, Price]:
    """What a buyer pays for each of the variants at `at`; one statement.

    Returns: by variant; those without a price in `currency` are left out: they are not for sale in it.
    """
    entries = await repository.list_in_currency(tx, variant_ids, currency)
    return {entry.variant_id: entry.at(at) for entry in entries}


async def all_prices(tx: ReadTx, variant_ids: Sequence[UUID]) -> dict[UUID, list[PriceEntry]]:
    """What is set for each of the variants, by currency; one statement. Variants without any are left out."""
    found: dict[UUID, list[PriceEntry]] = {}
    for entry in await repository.list_all(tx, variant_ids):
        found.setdefault(entry.variant_id, []).append(entry)
    return found
