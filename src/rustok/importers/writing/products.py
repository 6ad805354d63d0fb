"""Writes product drafts: the product, then its prices and its stock, in one transaction.

Refuses: taking a SKU from another product; the newcomer's gets a number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from rustok.commerce.inventory import api as inventory
from rustok.commerce.pricing import api as pricing
from rustok.commerce.products import api as products
from rustok.core.db import WriteTx
from rustok.importers.drafts import ProductDraft, VariantDraft
from rustok.importers.errors import RowRefused
from rustok.importers.model import ImportOptions
from rustok.importers.report import Issue, Outcome
from rustok.importers.writing.blame import Place, blame
from rustok.importers.writing.product_inputs import (
    VariantPrice,
    column_of,
    prices_of,
    product_input,
    product_issue,
)
from rustok.importers.writing.writer import Written

_NUMBERED: Final = 50
_MAX_SKU_CHARS: Final = 100
_OTHERS: Final = "\0others"
_POINTER: Final = re.compile(r"^/(?P<head>\w+)(?:/(?P<index>\d+))?(?:/(?P<field>\w+))?")


class ProductWriter:
    """Args:
    options: of the run.
    """

    def __init__(self, options: ImportOptions) -> None:
        self._locale = options.locale
        self._known_as = options.known_as
        self._claimed: dict[str, str] = {}
        self._handles: dict[str, str] = {}
        self._new_prices: list[pricing.NewPrice] = []
        self._new_stock: dict[str, dict[UUID, int]] = {}
        self._batch: products.UpsertBatch | None = None

    def remember(self, draft: ProductDraft) -> None:
        """The first draft of a file that names a SKU or a handle has it."""
        self._handles.setdefault(draft.handle, draft.source_id)
        for variant in draft.variants:
            if variant.sku:
                self._claimed.setdefault(variant.sku, draft.source_id)

    def begin(self) -> None:
        """Forget what was kept back for a transaction that was given up."""
        self._new_prices = []
        self._new_stock = {}
        self._batch = None

    async def look_ahead(self, tx: WriteTx, drafts: Sequence[ProductDraft]) -> None:
        """A few statements for all of them; new products are kept back for `settle`, too."""
        sought = [
            products.Sought(
                source_id=self._known_as(draft.source_id),
                handle=draft.handle,
                skus=tuple(one.sku for one in draft.variants if one.sku),
            )
            for draft in drafts
        ]
        self._batch = await products.look_ahead(tx, sought, source=drafts[0].source)

    async def settle(self, tx: WriteTx) -> None:
        """The products that are new, their prices and their stock: a few statements for all of them."""
        if self._batch is not None:
            await self._batch.write(tx)
        prices, self._new_prices = self._new_prices, []
        stock, self._new_stock = self._new_stock, {}
        if prices:
            await pricing.add_prices(tx, prices)
        for source, on_hand in stock.items():
            await inventory.set_levels(tx, on_hand, reason="counted", reference=f"import:{source}")

    def committed(self) -> None:
        """Nothing: what was written is found in the database."""

    @property
    def menus(self) -> list[dict[str, object]]:
        """None: shops export no menus."""
        return []

    async def write(self, tx: WriteTx, draft: ProductDraft, *, careful: bool) -> Written:
        """Create or update the product with its prices and stock.

        Raises:
            SkuTaken: a SKU is another product's; with `careful` it gets a number instead.
            RowRefused, ProductInputInvalid, and as `products.upsert`.

        Emits: as products.upsert, price.updated, inventory.adjusted
        """
        issues: list[Issue] = []
        if self._handles.get(draft.handle, draft.source_id) != draft.source_id:
            message = f"Another product has the handle {draft.handle!r}; this one's gets a number."
            issues.append(
                product_issue(draft, "handle_numbered", message, "handle", severity="info")
            )
        skus = await self._free_skus(tx, draft, careful=careful, issues=issues)
        wanted = product_input(
            draft, locale=self._locale or tx.ctx.tenant.default_locale, skus=skus, issues=issues
        )
        source_id = self._known_as(draft.source_id)
        result = await products.upsert(
            tx, wanted, source=draft.source, source_id=source_id, batch=self._batch
        )
        if result.held_back:
            message = f"It stays a draft; missing: {', '.join(result.held_back)}."
            issues.append(product_issue(draft, "held_back", message, "status", severity="info"))
        variants = list(zip(draft.variants, result.variant_ids, strict=True))
        is_new = result.outcome == "created"
        changed = await self._set_prices(tx, draft, variants, issues, is_new=is_new)
        changed = await self._set_stock(tx, draft, variants, issues, is_new=is_new) or changed
        outcome: Outcome = (
            "updated" if changed and result.outcome == "unchanged" else result.outcome
        )
        return Written(outcomes=(("product", outcome),), issues=tuple(issues))

    async def _set_prices(
        self,
        tx: WriteTx,
        draft: ProductDraft,
        variants: Sequence[tuple[VariantDraft, UUID]],
        issues: list[Issue],
        *,
        is_new: bool,
    ) -> bool:
        """Set what differs; True when something did."""
        stored = {} if is_new else await pricing.all_prices(tx, [one for _, one in variants])
        changed = False
        for variant, variant_id in variants:
            there = {entry.currency: entry for entry in stored.get(variant_id, [])}
            wanted = prices_of(draft, variant, issues)
            for price in wanted:
                if _is_set(there.get(price.amount.currency), price):
                    continue
                new = pricing.NewPrice(
                    variant_id=variant_id,
                    currency=price.amount.currency,
                    amount_minor=price.amount.amount_minor,
                    compare_at_minor=price.compare_at_minor,
                    sale=price.sale,
                )
                try:
                    if is_new:
                        pricing.check_new(new)
                        self._new_prices.append(new)
                    else:
                        await pricing.set_price(
                            tx,
                            variant_id,
                            new.currency,
                            amount_minor=new.amount_minor,
                            compare_at_minor=new.compare_at_minor,
                            sale=new.sale,
                        )
                except pricing.PriceInvalid as error:
                    raise RowRefused(
                        [
                            product_issue(
                                draft,
                                error.code,
                                str(error),
                                "price",
                                severity="error",
                                variant=variant,
                            )
                        ]
                    ) from None
                changed = True
            if not wanted:
                for currency in there:
                    await pricing.delete_price(tx, variant_id, currency)
                    changed = True
        return changed

    async def _set_stock(
        self,
        tx: WriteTx,
        draft: ProductDraft,
        variants: Sequence[tuple[VariantDraft, UUID]],
        issues: list[Issue],
        *,
        is_new: bool,
    ) -> bool:
        """Set the pieces on hand at the default location where the file names them and they differ."""
        counted = [
            (variant, variant_id, variant.inventory_quantity)
            for variant, variant_id in variants
            if variant.track_inventory and variant.inventory_quantity is not None
        ]
        if not counted:
            return False
        location = None if is_new else await inventory.default_location(tx)
        levels = [] if is_new else await inventory.list_levels(tx, [one for _, one, _ in counted])
        on_hand = {
            level.variant_id: level.on_hand
            for level in levels
            if location is not None and level.location_id == location.id
        }
        changed = False
        for variant, variant_id, quantity in counted:
            if quantity < 0:
                message = "Less than nothing is in stock; it becomes 0."
                issues.append(
                    product_issue(draft, "stock_negative", message, "stock", variant=variant)
                )
            pieces = max(0, quantity)
            if on_hand.get(variant_id, 0) == pieces:
                continue
            if location is None:
                self._new_stock.setdefault(draft.source, {})[variant_id] = pieces
                changed = True
                continue
            try:
                await inventory.set_level(
                    tx,
                    variant_id,
                    on_hand=pieces,
                    reference=f"import:{draft.source}",
                    location_id=location.id,
                )
            except inventory.StockReserved as error:
                # Raised before anything is written: what is promised to orders stays on hand.
                issues.append(
                    product_issue(draft, error.code, str(error), "stock", variant=variant)
                )
                continue
            changed = True
        return changed

    async def _free_skus(
        self, tx: WriteTx, draft: ProductDraft, *, careful: bool, issues: list[Issue]
    ) -> dict[str, str]:
        """SKUs to write instead of those that are another product's, by the variant's source id.

        The variant keeps the numbered SKU it got before, so a second run changes nothing.
        """
        mine: set[str] = set()
        clashing: list[VariantDraft] = []
        for variant in draft.variants:
            if not variant.sku:
                continue
            other = self._claimed.get(variant.sku, draft.source_id) != draft.source_id
            if careful or other or variant.sku in mine:
                clashing.append(variant)
            mine.add(variant.sku)
        if not clashing:
            return {}
        wanted = {sku for one in clashing if one.sku for sku in _numbered(one.sku)}
        owners = await self._owners(tx, draft, sorted(wanted))
        numbered = {one.source_id for one in clashing}
        taken: set[str] = {
            one.sku for one in draft.variants if one.sku and one.source_id not in numbered
        }
        skus: dict[str, str] = {}
        for variant in clashing:
            assert variant.sku
            free = [
                sku
                for sku in _numbered(variant.sku)
                if sku not in taken
                and self._claimed.get(sku, draft.source_id) == draft.source_id
                and owners.get(sku) != _OTHERS
            ]
            kept = [sku for sku in free if owners.get(sku) == variant.source_id]
            chosen = (free[:1] if variant.sku in free[:1] else kept or free)[:1]
            if not chosen:
                raise RowRefused(
                    [
                        product_issue(
                            draft,
                            "sku_taken",
                            f"The SKU {variant.sku!r} and its numbers are taken.",
                            "sku",
                            severity="error",
                            variant=variant,
                        )
                    ]
                )
            taken.add(chosen[0])
            if chosen[0] != variant.sku:
                skus[variant.source_id] = chosen[0]
                message = f"The SKU {variant.sku!r} is another variant's; it becomes {chosen[0]!r}."
                issues.append(
                    product_issue(
                        draft, "sku_numbered", message, "sku", severity="info", variant=variant
                    )
                )
        return skus

    async def _owners(
        self, tx: WriteTx, draft: ProductDraft, skus: Sequence[str]
    ) -> dict[str, str]:
        """Who has which SKU: the source id of a variant of this very product, or `_OTHERS`."""
        found = await products.find_by_skus(tx, skus)
        owners: dict[str, str] = {}
        for sku, variant_id in found.items():
            variant = await products.get_variant(tx, variant_id)
            owner = await products.get(tx, variant.product_id)
            own = (owner.product.source, owner.product.source_id) == (
                draft.source,
                self._known_as(draft.source_id),
            )
            owners[sku] = (variant.source_id or "") if own else _OTHERS
        return owners

    def late(self) -> Sequence[ProductDraft]:
        return ()

    async def write_late(
        self,
        tx: WriteTx,  # noqa: ARG002 - the protocol's
        draft: ProductDraft,  # noqa: ARG002 - the protocol's
    ) -> tuple[Issue, ...]:
        """Nothing is late here."""
        return ()

    def blame(self, draft: ProductDraft, error: Exception) -> tuple[Issue, ...]:
        """The issues of an error, at the row and column that caused it."""

        def place_of(code: str, pointer: str) -> Place:
            found = _POINTER.match(pointer)
            head, field = (found["head"], found["field"]) if found else ("", None)
            rows = draft.rows
            if head == "variants" and found and found["index"]:
                index = int(found["index"])
                rows = (draft.variants[index].rows if index < len(draft.variants) else ()) or rows
            name = field if field and column_of(draft, field) else head or _OF_CODE.get(code, "")
            return (rows[0] if rows else None), column_of(draft, name)

        return blame(error, place_of)


_OF_CODE: Final = {
    "sku_taken": "sku",
    "variant_combination_taken": "option_values",
    "option_values_mismatch": "option_values",
    "product_options_invalid": "options",
    "catalog_category_too_deep": "categories",
    "catalog_limit_reached": "handle",
    "price_invalid": "price",
    "invalid_currency": "price",
}


def _is_set(entry: pricing.PriceEntry | None, wanted: VariantPrice) -> bool:
    return entry is not None and (entry.amount_minor, entry.compare_at_minor, entry.sale) == (
        wanted.amount.amount_minor,
        wanted.compare_at_minor,
        wanted.sale,
    )


def _numbered(sku: str) -> list[str]:
    stem = sku[: _MAX_SKU_CHARS - 4].rstrip()
    return [sku, *(f"{stem}-{number}" for number in range(2, _NUMBERED))]
