"""Changing the variants, options and pictures of a product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from rustok.commerce.products.errors import (
    ImageNotFound,
    ImageOrderIncomplete,
    VariantNotFound,
)
from rustok.commerce.products.model import (
    ImageInput,
    ProductImage,
    ProductOption,
    ProductTree,
    Variant,
    VariantInput,
)
from rustok.commerce.products.model.planning import planned_variant
from rustok.commerce.products.repository import parts as repository
from rustok.commerce.products.service import trees
from rustok.core.db import ReadTx, WriteTx
from rustok.core.ids import new_id
from rustok.core.routing import check_version


async def get_variant(tx: ReadTx, variant_id: UUID) -> Variant:
    """Raises VariantNotFound."""
    return await repository.get_variant(tx, variant_id)


async def list_variants(tx: ReadTx, product_id: UUID) -> list[Variant]:
    """Variants of a product by position. Raises ProductNotFound."""
    return list((await trees.load(tx, product_id)).variants)


async def find_variants(tx: ReadTx, variant_ids: Sequence[UUID]) -> dict[UUID, Variant]:
    """Those of the variants that exist, whatever the state of their product; one statement."""
    return {one.id: one for one in await repository.list_variants_by_ids(tx, variant_ids)}


async def find_by_skus(tx: ReadTx, skus: Sequence[str]) -> dict[str, UUID]:
    """Variant ids by SKU, for those that exist; one statement."""
    owners = await repository.owners_of_skus(tx, skus)
    return {sku: owner.variant_id for sku, owner in owners.items()}


async def create_variant(
    tx: WriteTx,
    product_id: UUID,
    wanted: VariantInput,
    *,
    image_id: UUID | None = None,
    expected_version: int | None = None,
) -> Variant:
    """Add a variant after the others.

    Args:
        expected_version: of the product.

    Raises:
        ProductNotFound, PreconditionFailed, OptionValuesMismatch, VariantCombinationTaken, SkuTaken,
        ImageNotFound, TooManyParts.

    Emits: variant.created
    """
    before = await trees.lock(tx, product_id)
    check_version(before.product.version, expected_version)
    _check_image(before, image_id)
    variant = planned_variant(
        wanted,
        product_id=product_id,
        position=max((one.position for one in before.variants), default=0) + 1,
        image_id=image_id,
        at=tx.now,
    )
    await trees.store(
        tx, before, msgspec.structs.replace(before, variants=(*before.variants, variant))
    )
    return variant


async def update_variant(
    tx: WriteTx, variant_id: UUID, *, expected_version: int | None, changes: Mapping[str, object]
) -> Variant:
    """Change fields of a variant; no difference, no event.

    Args:
        expected_version: of the variant.
        changes: new values by field of `Variant`.

    Raises:
        VariantNotFound, PreconditionFailed, OptionValuesMismatch, VariantCombinationTaken, SkuTaken,
        ImageNotFound.

    Emits: variant.updated
    """
    before, variant = await _lock_with_product(tx, variant_id)
    check_version(variant.version, expected_version)
    changed = msgspec.structs.replace(variant, **changes)
    _check_image(before, changed.image_id)
    variants = tuple(changed if one.id == variant_id else one for one in before.variants)
    stored = await trees.store(tx, before, msgspec.structs.replace(before, variants=variants))
    return next(one for one in stored.variants if one.id == variant_id)


async def delete_variant(tx: WriteTx, variant_id: UUID, *, expected_version: int | None) -> None:
    """Remove a variant.

    Raises:
        VariantNotFound, PreconditionFailed.
        VariantNeeded: it is the last of an active product.
        ForeignKeyViolation: another feature still refers to it.

    Emits: variant.deleted
    """
    before, variant = await _lock_with_product(tx, variant_id)
    check_version(variant.version, expected_version)
    left = tuple(one for one in before.variants if one.id != variant_id)
    await trees.store(tx, before, msgspec.structs.replace(before, variants=left))


async def _lock_with_product(tx: WriteTx, variant_id: UUID) -> tuple[ProductTree, Variant]:
    product_id = (await repository.get_variant(tx, variant_id)).product_id
    tree = await trees.lock(tx, product_id)
    for variant in tree.variants:
        if variant.id == variant_id:
            return tree, variant
    raise VariantNotFound


def _check_image(tree: ProductTree, image_id: UUID | None) -> None:
    if image_id is not None and image_id not in {image.id for image in tree.images}:
        raise ImageNotFound


async def change_options(
    tx: WriteTx,
    product_id: UUID,
    options: Sequence[ProductOption],
    *,
    variant_values: Mapping[UUID, Sequence[str]],
    expected_version: int | None,
) -> ProductTree:
    """Replace the options of a product and, in the same step, the values of its variants.

    Args:
        variant_values: new option values by variant; variants not named keep theirs.

    Raises:
        ProductNotFound, PreconditionFailed, VariantNotFound, OptionsInvalid, OptionValuesMismatch,
        VariantCombinationTaken.

    Emits: product.updated, variant.updated for each variant whose values differ
    """
    before = await trees.lock(tx, product_id)
    check_version(before.product.version, expected_version)
    if set(variant_values) - {one.id for one in before.variants}:
        raise VariantNotFound
    after = msgspec.structs.replace(
        before,
        product=msgspec.structs.replace(before.product, options=tuple(options)),
        variants=tuple(
            msgspec.structs.replace(one, option_values=tuple(variant_values[one.id]))
            if one.id in variant_values
            else one
            for one in before.variants
        ),
    )
    return await trees.store(tx, before, after)


async def add_image(
    tx: WriteTx,
    product_id: UUID,
    wanted: ImageInput,
    *,
    variant_ids: Sequence[UUID] = (),
    expected_version: int | None = None,
) -> ProductTree:
    """Add a picture after the others and let `variant_ids` show it.

    Raises:
        ProductNotFound, PreconditionFailed, VariantNotFound, TooManyParts.

    Emits: product.updated, variant.updated for each of `variant_ids`
    """
    before = await trees.lock(tx, product_id)
    check_version(before.product.version, expected_version)
    if set(variant_ids) - {one.id for one in before.variants}:
        raise VariantNotFound
    image = ProductImage(
        id=new_id(),
        product_id=product_id,
        url=wanted.url,
        alt=wanted.alt,
        position=len(before.images) + 1,
        created_at=tx.now,
    )
    after = msgspec.structs.replace(
        before,
        images=(*before.images, image),
        variants=tuple(
            msgspec.structs.replace(one, image_id=image.id) if one.id in variant_ids else one
            for one in before.variants
        ),
    )
    return await trees.store(tx, before, after)


async def remove_image(
    tx: WriteTx, product_id: UUID, image_id: UUID, *, expected_version: int | None
) -> ProductTree:
    """Remove a picture; variants that showed it show the product's first.

    Raises:
        ProductNotFound, PreconditionFailed, ImageNotFound.

    Emits: product.updated, variant.updated for each variant that showed it
    """
    before = await trees.lock(tx, product_id)
    check_version(before.product.version, expected_version)
    _check_image(before, image_id)
    left = [image for image in before.images if image.id != image_id]
    after = msgspec.structs.replace(
        before,
        images=_numbered(left),
        variants=tuple(
            msgspec.structs.replace(one, image_id=None) if one.image_id == image_id else one
            for one in before.variants
        ),
    )
    return await trees.store(tx, before, after)


async def reorder_images(
    tx: WriteTx, product_id: UUID, image_ids: Sequence[UUID], *, expected_version: int | None
) -> ProductTree:
    """Show the pictures in the order of `image_ids`.

    Raises:
        ProductNotFound, PreconditionFailed.
        ImageOrderIncomplete: not exactly the product's pictures.

    Emits: product.updated
    """
    before = await trees.lock(tx, product_id)
    check_version(before.product.version, expected_version)
    images = {image.id: image for image in before.images}
    if len(image_ids) != len(images) or set(image_ids) != set(images):
        raise ImageOrderIncomplete
    ordered = _numbered([images[one] for one in image_ids])
    return await trees.store(tx, before, msgspec.structs.replace(before, images=ordered))


def _numbered(images: Sequence[ProductImage]) -> tuple[ProductImage, ...]:
    return tuple(
        msgspec.structs.replace(image, position=position)
        for position, image in enumerate(images, start=1)
    )
