"""Brings a stored product to what its source says, in one call; the same input again changes nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final, Literal
from uuid import UUID

import msgspec

from rustok.commerce.products.errors import ProductInputInvalid, ProductNotPublishable
from rustok.commerce.products.model import (
    ActiveProduct,
    ArchivedProduct,
    DraftProduct,
    Product,
    ProductInput,
    ProductTree,
    TranslationInput,
    UpsertResult,
)
from rustok.commerce.products.model.fields import SourceId, SourceName
from rustok.commerce.products.model.planning import planned_tree
from rustok.commerce.products.repository import parts, products
from rustok.commerce.products.service import trees
from rustok.commerce.products.service.batches import Sought, UpsertBatch, look_ahead
from rustok.commerce.products.service.categories import ensure_paths
from rustok.core.db import WriteTx
from rustok.core.errors import FieldError
from rustok.core.events.event import Event
from rustok.core.ids import NIL, new_id
from rustok.core.locale import parse_locale

_NUMBERED: Final = 30
_encoder: Final = msgspec.json.Encoder()


class _Checked(msgspec.Struct, frozen=True, kw_only=True):
    draft: ProductInput
    source: SourceName
    source_id: SourceId


_decoder: Final = msgspec.json.Decoder(_Checked)
_PLACE: Final = re.compile(r" - at `\$(?:\.draft)?(?P<path>[^`]*)`")


async def upsert(
    tx: WriteTx,
    draft: ProductInput,
    *,
    source: str,
    source_id: str,
    batch: UpsertBatch | None = None,
) -> UpsertResult:
    """Create or update the product that `source` knows as `source_id`, whole.

    A handle another product has gets a number. A product that is to be active but lacks a variant
    or a title stays (or becomes) a draft; `held_back` says why.

    Args:
        batch: looked ahead to this product; it keeps a new one until its `write`.

    Raises:
        ProductInputInvalid: a field breaks its rule; naming field and rule.
        SkuTaken, VariantCombinationTaken, OptionsInvalid, OptionValuesMismatch, CategoryTooDeep,
        TooManyParts, InvalidLocale. All are raised before the product is written, but categories
        may have been made: let the transaction go.

    Emits: product.created or product.updated, product.published, product.unpublished,
        product.archived, variant.created, variant.updated, variant.deleted, category.created;
        nothing when nothing differs
    """
    wanted = _checked(draft, source=source, source_id=source_id)
    together = batch or await look_ahead(tx, [sought(wanted, source_id=source_id)], source=source)
    before = together.stored(source_id)
    default_locale = tx.ctx.tenant.default_locale
    category_ids = await ensure_paths(
        tx,
        [path for path in wanted.categories if path],
        locale=parse_locale(wanted.category_locale or default_locale, pointer="/category_locale"),
    )
    planned = planned_tree(
        wanted,
        before=before,
        handle=await _free_handle(tx, wanted.handle, before, together),
        translations=await _with_free_handles(tx, wanted.translations, before),
        category_ids=category_ids,
        source=source,
        source_id=source_id,
        at=tx.now,
    )
    product, events, held_back = _steps(tx, planned, wanted)
    after = msgspec.structs.replace(planned, product=product)
    if before is None:
        await together.add(tx, after, events)
        outcome: Literal["created", "updated", "unchanged"] = "created"
    else:
        result = await trees.store(tx, before, after, events)
        together.replace(source_id, result)
        outcome = "unchanged" if result is before else "updated"
    if batch is None:
        await together.write(tx)
    return UpsertResult(
        outcome=outcome,
        product_id=after.product.id,
        variant_ids=tuple(one.id for one in after.variants),
        held_back=held_back,
    )


def sought(draft: ProductInput, *, source_id: str) -> Sought:
    """What to look ahead for."""
    skus = tuple(one.sku for one in draft.variants if one.sku)
    return Sought(source_id=source_id, handle=draft.handle, skus=skus)


def _checked(draft: ProductInput, *, source: str, source_id: str) -> ProductInput:
    """The input held to the bounds of its fields, as a request body would be."""
    try:
        return _decoder.decode(
            _encoder.encode(_Checked(draft=draft, source=source, source_id=source_id))
        ).draft
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        message = str(error)
        found = _PLACE.search(message)
        rule = _PLACE.sub("", message)
        pointer = (found["path"] if found else "").replace("[", "/").replace("]", "")
        pointer = pointer.replace(".", "/")
        raise ProductInputInvalid(
            f"At {pointer or 'the product'}: {rule}.",
            fields=[FieldError(pointer=pointer, rule="field", message=rule)],
        ) from None


def _steps(
    tx: WriteTx, tree: ProductTree, wanted: ProductInput
) -> tuple[Product, list[Event], tuple[str, ...]]:
    """The product taken through its lifecycle to the state wanted, as far as it can go."""
    product, events = tree.product, list[Event]()
    if isinstance(product, ArchivedProduct) and wanted.status != "archived":
        product, restored = product.restore()
        events.append(restored)
    if wanted.status == "archived" and isinstance(product, DraftProduct | ActiveProduct):
        product, archived = product.archive(at=tx.now)
        return product, [archived], ()
    if wanted.status == "draft" and isinstance(product, ActiveProduct):
        product, unpublished = product.unpublish()
        return product, [unpublished], ()
    if wanted.status != "active":
        return product, events, ()
    draft = product.unpublish()[0] if isinstance(product, ActiveProduct) else product
    assert isinstance(draft, DraftProduct)
    try:
        active, published = draft.publish(
            at=tx.now,
            variant_count=len(tree.variants),
            default_title=trees.default_title(tx, tree),
            default_locale=tx.ctx.tenant.default_locale,
        )
    except ProductNotPublishable as missing:
        if isinstance(product, ActiveProduct):
            draft, unpublished = product.unpublish()
            events.append(unpublished)
        return draft, events, missing.missing
    if isinstance(product, ActiveProduct):
        return product, events, ()
    return active, [*events, published], ()


def _numbered(wanted: str) -> list[str]:
    return [wanted, *(f"{wanted[:190].strip('-')}-{number}" for number in range(2, _NUMBERED))]


def _free(wanted: str, current: str | None, taken: Collection[str]) -> str:
    """`wanted` if it is free, else the current one if that is `wanted` with a number, else the next number."""
    if wanted not in taken:
        return wanted
    options = _numbered(wanted)
    if current in options:
        return current
    return next((one for one in options if one not in taken), f"{wanted[:160]}-{new_id().hex}")


async def _free_handle(
    tx: WriteTx, wanted: str, before: ProductTree | None, batch: UpsertBatch
) -> str:
    if before is not None and before.product.handle == wanted:
        return wanted
    if batch.is_free(wanted):
        return wanted
    except_id: UUID = before.product.id if before else NIL
    taken = await products.taken_handles(tx, _numbered(wanted), except_id=except_id)
    current = before.product.handle if before else None
    return _free(wanted, current, taken | batch.claimed_handles)


async def _with_free_handles(
    tx: WriteTx, wanted: Sequence[TranslationInput], before: ProductTree | None
) -> list[TranslationInput]:
    texts: dict[str, TranslationInput] = {}
    for one in wanted:
        locale = parse_locale(one.locale, pointer="/translations")
        texts[locale] = msgspec.structs.replace(one, locale=locale)
    current = {one.locale: one.handle for one in before.translations} if before else {}
    new = [one for one in texts.values() if one.handle and one.handle != current.get(one.locale)]
    candidates = [option for one in new for option in _numbered(one.handle or "")]
    taken = await parts.taken_translation_handles(
        tx, candidates, except_id=before.product.id if before else NIL
    )
    for one in new:
        here = {handle for locale, handle in taken if locale == one.locale}
        free = _free(one.handle or "", current.get(one.locale), here)
        texts[one.locale] = msgspec.structs.replace(one, handle=free)
    return list(texts.values())
