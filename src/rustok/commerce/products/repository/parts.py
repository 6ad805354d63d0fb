"""Queries on what belongs to products: texts, variants, pictures."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, func, select, update

from rustok.commerce.products.errors import VariantNotFound
from rustok.commerce.products.model import (
    ProductImage,
    ProductTranslation,
    Variant,
    combination_key,
)
from rustok.commerce.products.tables import (
    product_images,
    product_translations,
    product_variants,
)
from rustok.core.db import TENANT, Command, Id, Query, ReadTx, WriteTx, any_of

# --- Texts

_TEXT_COLUMNS: Final = [
    column for column in product_translations.c if column.key not in ("tenant_id", "title_key")
]
_TEXTS: Final = Query(
    select(*_TEXT_COLUMNS)
    .where(
        product_translations.c.tenant_id == TENANT, any_of(product_translations.c.product_id, "ids")
    )
    .order_by(product_translations.c.product_id, product_translations.c.locale),
    ProductTranslation,
)
_TAKEN_TEXT_HANDLES: Final = Query(
    select(product_translations.c.locale, product_translations.c.handle).where(
        product_translations.c.tenant_id == TENANT,
        any_of(product_translations.c.handle, "handles"),
        product_translations.c.product_id != bindparam("except_id", type_=Id()),
    ),
    lambda *, locale, handle: (str(locale), str(handle)),
)


class Title(msgspec.Struct, frozen=True, kw_only=True):
    product_id: UUID
    locale: str
    title: str | None


_TITLES: Final = Query(
    select(
        product_translations.c.product_id,
        product_translations.c.locale,
        product_translations.c.title,
    )
    .where(
        product_translations.c.tenant_id == TENANT, any_of(product_translations.c.product_id, "ids")
    )
    .order_by(product_translations.c.product_id, product_translations.c.locale),
    Title,
)


async def list_translations(tx: ReadTx, product_ids: Sequence[UUID]) -> list[ProductTranslation]:
    """Texts of all these products, by product and locale."""
    return await tx.all(_TEXTS, ids=list(product_ids)) if product_ids else []


async def list_titles(tx: ReadTx, product_ids: Sequence[UUID]) -> list[Title]:
    """Titles alone of all these products, by product and locale."""
    return await tx.all(_TITLES, ids=list(product_ids)) if product_ids else []


async def taken_translation_handles(
    tx: ReadTx, handles: Sequence[str], *, except_id: UUID
) -> frozenset[tuple[str, str]]:
    """(locale, handle) of other products among `handles`."""
    if not handles:
        return frozenset()
    return frozenset(await tx.all(_TAKEN_TEXT_HANDLES, handles=list(handles), except_id=except_id))


def _text_values(text: ProductTranslation) -> dict[str, object]:
    return {
        "title": text.title,
        "title_key": text.title.casefold() if text.title else None,
        "description_html": text.description_html,
        "seo_title": text.seo_title,
        "seo_description": text.seo_description,
        "handle": text.handle,
    }


async def add_translations(tx: WriteTx, texts: Sequence[ProductTranslation]) -> None:
    """Insert new texts. Raises UniqueViolation (uq_product_translations_handle)."""
    await tx.insert_many(
        product_translations,
        [
            {"product_id": text.product_id, "locale": text.locale, **_text_values(text)}
            for text in texts
        ],
    )


async def store_translation(tx: WriteTx, text: ProductTranslation) -> None:
    await tx.update(
        product_translations,
        {"product_id": text.product_id, "locale": text.locale},
        **_text_values(text),
    )


async def remove_translation(tx: WriteTx, product_id: UUID, locale: str) -> None:
    await tx.delete(product_translations, product_id=product_id, locale=locale)


# --- Variants

_VARIANT_COLUMNS: Final = [
    column
    for column in product_variants.c
    if column.key not in ("tenant_id", "combination", "sku_key")
]
_VARIANTS: Final = Query(
    select(*_VARIANT_COLUMNS)
    .where(product_variants.c.tenant_id == TENANT, any_of(product_variants.c.product_id, "ids"))
    .order_by(product_variants.c.product_id, product_variants.c.position, product_variants.c.id),
    Variant,
)
_VARIANT: Final = Query(
    select(*_VARIANT_COLUMNS).where(
        product_variants.c.tenant_id == TENANT, product_variants.c.id == bindparam("id", type_=Id())
    ),
    Variant,
)
_VARIANTS_BY_IDS: Final = Query(
    select(*_VARIANT_COLUMNS)
    .where(product_variants.c.tenant_id == TENANT, any_of(product_variants.c.id, "ids"))
    .order_by(product_variants.c.id),
    Variant,
)


class OwnedSku(msgspec.Struct, frozen=True, kw_only=True):
    sku: str
    variant_id: UUID
    product_id: UUID


_SKUS: Final = Query(
    select(
        product_variants.c.sku,
        product_variants.c.id.label("variant_id"),
        product_variants.c.product_id,
    ).where(product_variants.c.tenant_id == TENANT, any_of(product_variants.c.sku, "skus")),
    OwnedSku,
)


class VariantCount(msgspec.Struct, frozen=True, kw_only=True):
    product_id: UUID
    variants: int


_COUNTS: Final = Query(
    select(product_variants.c.product_id, func.count().label("variants"))
    .where(product_variants.c.tenant_id == TENANT, any_of(product_variants.c.product_id, "ids"))
    .group_by(product_variants.c.product_id),
    VariantCount,
)


async def get_variant(tx: ReadTx, variant_id: UUID) -> Variant:
    """Raises VariantNotFound."""
    found = await tx.one(_VARIANT, id=variant_id)
    if found is None:
        raise VariantNotFound
    return found


async def list_variants(tx: ReadTx, product_ids: Sequence[UUID]) -> list[Variant]:
    """Variants of all these products, by product and position."""
    return await tx.all(_VARIANTS, ids=list(product_ids)) if product_ids else []


async def list_variants_by_ids(tx: ReadTx, variant_ids: Sequence[UUID]) -> list[Variant]:
    """Those that exist, by id."""
    return await tx.all(_VARIANTS_BY_IDS, ids=list(variant_ids)) if variant_ids else []


async def count_variants(tx: ReadTx, product_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many variants each product has; products without any are left out."""
    rows = await tx.all(_COUNTS, ids=list(product_ids)) if product_ids else []
    return {row.product_id: row.variants for row in rows}


async def owners_of_skus(tx: ReadTx, skus: Sequence[str]) -> dict[str, OwnedSku]:
    """Who has each of `skus`; free ones are left out."""
    rows = await tx.all(_SKUS, skus=list(skus)) if skus else []
    return {row.sku: row for row in rows}


_VARIANT_FIELDS: Final = tuple(column.key for column in _VARIANT_COLUMNS)


def _variant_values(variant: Variant, fields: Collection[str]) -> dict[str, object]:
    values: dict[str, object] = {name: getattr(variant, name) for name in fields}
    if "sku" in values:
        values["sku_key"] = variant.sku.casefold() if variant.sku else None
    if "option_values" in values:
        values["combination"] = combination_key(variant.option_values)
    return values


async def add_variants(tx: WriteTx, variants: Sequence[Variant]) -> None:
    """Raises UniqueViolation (uq_product_variants_sku, uq_product_variants_combination)."""
    await tx.insert_many(
        product_variants, [_variant_values(variant, _VARIANT_FIELDS) for variant in variants]
    )


async def store_variant(
    tx: WriteTx, before: Variant, after: Variant, fields: Collection[str]
) -> None:
    """Write `fields` of `after` at the version of `before`. Raises ConcurrentUpdate, UniqueViolation."""
    await tx.update_version(
        product_variants,
        {"id": before.id},
        version=before.version,
        updated_at=tx.now,
        **_variant_values(after, fields),
    )


async def park_variants(tx: WriteTx, variants: Sequence[Variant]) -> None:
    """Free the SKUs and combinations of variants about to exchange them, until they get their new ones."""
    for variant in variants:
        await tx.update(
            product_variants,
            {"id": variant.id},
            sku=None,
            sku_key=None,
            combination=f"parked:{variant.id}",
        )


_REMOVE_VARIANTS: Final = Command(
    product_variants.delete().where(
        product_variants.c.tenant_id == TENANT, any_of(product_variants.c.id, "ids")
    )
)


async def remove_variants(tx: WriteTx, variant_ids: Sequence[UUID]) -> None:
    """Raises ForeignKeyViolation: another feature still refers to one."""
    if variant_ids:
        await tx.run(_REMOVE_VARIANTS, ids=list(variant_ids))


# --- Pictures

_IMAGE_COLUMNS: Final = [column for column in product_images.c if column.key != "tenant_id"]
_IMAGES: Final = Query(
    select(*_IMAGE_COLUMNS)
    .where(product_images.c.tenant_id == TENANT, any_of(product_images.c.product_id, "ids"))
    .order_by(product_images.c.product_id, product_images.c.position, product_images.c.id),
    ProductImage,
)
_DETACH: Final = Command(
    update(product_variants)
    .where(product_variants.c.tenant_id == TENANT, any_of(product_variants.c.image_id, "ids"))
    .values(image_id=None)
)
_ATTACH: Final = Command(
    update(product_variants)
    .where(product_variants.c.tenant_id == TENANT, any_of(product_variants.c.id, "ids"))
    .values(image_id=bindparam("image", type_=Id()))
)
_REMOVE_IMAGES: Final = Command(
    product_images.delete().where(
        product_images.c.tenant_id == TENANT, any_of(product_images.c.id, "ids")
    )
)


async def list_images(tx: ReadTx, product_ids: Sequence[UUID]) -> list[ProductImage]:
    """Pictures of all these products, by product and position."""
    return await tx.all(_IMAGES, ids=list(product_ids)) if product_ids else []


async def add_images(tx: WriteTx, images: Sequence[ProductImage]) -> None:
    await tx.insert_many(
        product_images,
        [{name: getattr(image, name) for name in image.__struct_fields__} for image in images],
    )


async def store_image(tx: WriteTx, image: ProductImage) -> None:
    await tx.update(
        product_images, {"id": image.id}, alt=image.alt, position=image.position, url=image.url
    )


async def attach_image(tx: WriteTx, image_id: UUID, variant_ids: Sequence[UUID]) -> None:
    """Let variants show this picture."""
    if variant_ids:
        await tx.run(_ATTACH, image=image_id, ids=list(variant_ids))


async def remove_images(tx: WriteTx, image_ids: Sequence[UUID]) -> None:
    """Delete pictures; variants that showed one show none."""
    if image_ids:
        await tx.run(_DETACH, ids=list(image_ids))
        await tx.run(_REMOVE_IMAGES, ids=list(image_ids))
