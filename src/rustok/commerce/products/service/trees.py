"""Loads and stores whole products: the one place that writes a product and what belongs to it.

Whatever changes a product plans its tree and hands both here, so that the rules, the version and
the events are the same for a click in the admin and for an import. Refuses: state changes without
their step's event (`announced`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from rustok.commerce.products.errors import (
    CategoriesUnknown,
    ProductHandleTaken,
    ProductNotFound,
    SkuTaken,
    TooManyParts,
    TranslationNeeded,
    VariantCombinationTaken,
    VariantNeeded,
)
from rustok.commerce.products.events import (
    ProductCreated,
    ProductUpdated,
    VariantCreated,
    VariantDeleted,
    VariantUpdated,
)
from rustok.commerce.products.model import (
    MAX_IMAGES,
    MAX_VARIANTS,
    ActiveProduct,
    Product,
    ProductTranslation,
    ProductTree,
    Variant,
    check_combination,
    check_options,
)
from rustok.commerce.products.model.planning import TreeChanges, differences
from rustok.commerce.products.repository import categories, parts, products
from rustok.core.db import ReadTx, WriteTx
from rustok.core.errors import ConcurrentUpdate
from rustok.core.events.event import Event


async def load(tx: ReadTx, product_id: UUID) -> ProductTree:
    """A product with all its parts. Raises ProductNotFound."""
    found = await load_many(tx, [product_id])
    if not found:
        raise ProductNotFound
    return found[0]


async def load_many(tx: ReadTx, product_ids: Sequence[UUID]) -> list[ProductTree]:
    """Those that exist, by id, in five statements however many they are."""
    return await with_parts(tx, await products.list_by_ids(tx, product_ids))


async def lock(tx: WriteTx, product_id: UUID) -> ProductTree:
    """As `load`, held against other writers of the product. Raises ProductNotFound."""
    return (await with_parts(tx, [await products.lock(tx, product_id)]))[0]


async def with_parts(tx: ReadTx, found: Sequence[Product]) -> list[ProductTree]:
    """The trees of these products, in their order."""
    ids = [product.id for product in found]
    texts = await parts.list_translations(tx, ids)
    variants = await parts.list_variants(tx, ids)
    images = await parts.list_images(tx, ids)
    links = await categories.list_links(tx, ids)
    return [
        ProductTree(
            product=product,
            translations=tuple(one for one in texts if one.product_id == product.id),
            variants=tuple(one for one in variants if one.product_id == product.id),
            images=tuple(one for one in images if one.product_id == product.id),
            category_ids=tuple(one.category_id for one in links if one.product_id == product.id),
        )
        for product in found
    ]


def default_title(tx: ReadTx, tree: ProductTree) -> str | None:
    """The title in the tenant's default locale."""
    locale = tx.ctx.tenant.default_locale
    return next((one.title for one in tree.translations if one.locale == locale), None)


async def insert(tx: WriteTx, tree: ProductTree, announced: Sequence[Event] = ()) -> ProductTree:
    """Write a new product.

    Raises:
        ProductHandleTaken, SkuTaken, VariantCombinationTaken, OptionsInvalid, OptionValuesMismatch,
        CategoriesUnknown, TooManyParts.

    Emits: product.created, variant.created for each, then `announced`
    """
    nothing = msgspec.structs.replace(
        tree, translations=(), variants=(), images=(), category_ids=()
    )
    check_shape(tx, tree)
    await _check(tx, tree, differences(nothing, tree), handle_is_new=True)
    await add_checked(tx, [(tree, announced)])
    return tree


async def add_checked(tx: WriteTx, new: Sequence[tuple[ProductTree, Sequence[Event]]]) -> None:
    """Write new products that were checked, in five statements however many they are.

    Args:
        new: each with the events of the steps that led to its state.

    Raises:
        UniqueViolation, ForeignKeyViolation: somebody took a value or a category meanwhile.

    Emits: as `insert`, for each
    """
    trees = [tree for tree, _ in new]
    await products.add(tx, [tree.product for tree in trees])
    await parts.add_translations(tx, [text for tree in trees for text in tree.translations])
    await parts.add_images(tx, [image for tree in trees for image in tree.images])
    await parts.add_variants(tx, [variant for tree in trees for variant in tree.variants])
    await categories.link(
        tx, [(tree.product.id, one) for tree in trees for one in tree.category_ids]
    )
    for tree, announced in new:
        tx.emit(ProductCreated(product_id=tree.product.id, handle=tree.product.handle))
        for variant in tree.variants:
            tx.emit(_created(variant))
        for event in announced:
            tx.emit(event)


async def store(
    tx: WriteTx, before: ProductTree, after: ProductTree, announced: Sequence[Event] = ()
) -> ProductTree:
    """Turn the stored product into `after`; equal trees write and announce nothing.

    Args:
        announced: the events of the steps that led to the state of `after`.

    Raises:
        as `insert`, and ConcurrentUpdate, VariantNeeded, TranslationNeeded.

    Emits: product.updated, variant.created, variant.updated, variant.deleted as needed, then `announced`
    """
    changes = differences(before, after)
    if not changes and before.product.state == after.product.state:
        return before
    check_shape(tx, after)
    await _check(tx, after, changes, handle_is_new="handle" in changes.fields)
    await products.store(tx, before.product, after.product, changes.fields)
    await _write_parts(tx, after, changes)
    if changes.names:
        tx.emit(ProductUpdated(product_id=after.product.id, changed=changes.names))
    _emit_variants(tx, changes)
    for event in announced:
        tx.emit(event)
    moved = {change.after.id for change in changes.variants_changed}
    return msgspec.structs.replace(
        after,
        product=msgspec.structs.replace(
            after.product, version=before.product.version + 1, updated_at=tx.now
        ),
        variants=tuple(
            msgspec.structs.replace(one, version=one.version + 1, updated_at=tx.now)
            if one.id in moved
            else one
            for one in after.variants
        ),
    )


def check_shape(tx: ReadTx, tree: ProductTree) -> None:
    """The rules a product keeps by itself.

    Raises:
        TooManyParts, VariantNeeded, TranslationNeeded, OptionsInvalid, OptionValuesMismatch,
        VariantCombinationTaken, SkuTaken.
    """
    product = tree.product
    if len(tree.variants) > MAX_VARIANTS:
        raise TooManyParts("variants of a product", MAX_VARIANTS)
    if len(tree.images) > MAX_IMAGES:
        raise TooManyParts("images of a product", MAX_IMAGES)
    if isinstance(product, ActiveProduct):
        if not tree.variants:
            raise VariantNeeded
        if not default_title(tx, tree):
            raise TranslationNeeded(tx.ctx.tenant.default_locale)
    check_options(product.options)
    combinations: set[tuple[str, ...]] = set()
    skus: set[str] = set()
    for variant in tree.variants:
        check_combination(product.options, variant.option_values)
        if variant.option_values in combinations:
            raise VariantCombinationTaken(variant.option_values)
        combinations.add(variant.option_values)
        if variant.sku is not None and variant.sku in skus:
            raise SkuTaken(variant.sku)
        skus.add(variant.sku or "")


async def _check(
    tx: WriteTx, tree: ProductTree, changes: TreeChanges, *, handle_is_new: bool
) -> None:
    """The rules among products."""
    product = tree.product
    if handle_is_new and await products.taken_handles(tx, [product.handle], except_id=product.id):
        raise ProductHandleTaken(product.handle)
    await _check_skus(tx, tree, changes)
    await check_text_handles(tx, product.id, (*changes.texts_added, *changes.texts_changed))
    if changes.categories_added:
        known = await categories.list_by_ids(tx, changes.categories_added)
        unknown = set(changes.categories_added) - {one.id for one in known}
        if unknown:
            raise CategoriesUnknown(unknown)


async def check_text_handles(
    tx: ReadTx, product_id: UUID, texts: Iterable[ProductTranslation]
) -> None:
    """Raises ProductHandleTaken: another product has the handle of a text in its locale."""
    texts = [one for one in texts if one.handle]
    taken = await parts.taken_translation_handles(
        tx, [one.handle for one in texts if one.handle], except_id=product_id
    )
    for text in texts:
        if text.handle and (text.locale, text.handle) in taken:
            raise ProductHandleTaken(text.handle, locale=text.locale)


async def _check_skus(tx: WriteTx, tree: ProductTree, changes: TreeChanges) -> None:
    wanted = [one.sku for one in changes.variants_added if one.sku]
    wanted += [
        one.after.sku for one in changes.variants_changed if "sku" in one.fields and one.after.sku
    ]
    for owner in (await parts.owners_of_skus(tx, wanted)).values():
        if owner.product_id != tree.product.id:
            raise SkuTaken(owner.sku)


async def _write_parts(tx: WriteTx, tree: ProductTree, changes: TreeChanges) -> None:
    product_id = tree.product.id
    for locale in changes.locales_removed:
        await parts.remove_translation(tx, product_id, locale)
    for text in changes.texts_changed:
        await parts.store_translation(tx, text)
    await parts.add_translations(tx, changes.texts_added)
    # Pictures come before the variants that show them, and go after these let go of them.
    await parts.add_images(tx, changes.images_added)
    for image in changes.images_changed:
        await parts.store_image(tx, image)
    await parts.remove_variants(tx, [one.id for one in changes.variants_removed])
    moving = [one for one in changes.variants_changed if {"sku", "option_values"} & set(one.fields)]
    if len(moving) > 1:
        await parts.park_variants(tx, [one.before for one in moving])
    for change in changes.variants_changed:
        fields = change.fields
        if len(moving) > 1 and change in moving:
            fields = tuple({*fields, "sku", "option_values"})
        await parts.store_variant(tx, change.before, change.after, sorted(fields))
    await parts.add_variants(tx, changes.variants_added)
    await parts.remove_images(tx, [one.id for one in changes.images_removed])
    await categories.unlink(tx, product_id, changes.categories_removed)
    await categories.link(tx, [(product_id, one) for one in changes.categories_added])


def _emit_variants(tx: WriteTx, changes: TreeChanges) -> None:
    for gone in changes.variants_removed:
        tx.emit(VariantDeleted(variant_id=gone.id, product_id=gone.product_id, sku=gone.sku))
    for change in changes.variants_changed:
        tx.emit(
            VariantUpdated(
                variant_id=change.after.id,
                product_id=change.after.product_id,
                changed=change.fields,
            )
        )
    for new in changes.variants_added:
        tx.emit(_created(new))


def _created(variant: Variant) -> VariantCreated:
    return VariantCreated(variant_id=variant.id, product_id=variant.product_id, sku=variant.sku)


async def remove(tx: WriteTx, tree: ProductTree) -> None:
    """Delete a product with its parts. Raises ConcurrentUpdate. Emits: variant.deleted for each"""
    await parts.remove_variants(tx, [one.id for one in tree.variants])
    await parts.remove_images(tx, [one.id for one in tree.images])
    if await products.remove(tx, tree.product) != 1:
        raise ConcurrentUpdate("The product was changed by somebody else; nothing was deleted.")
    for gone in tree.variants:
        tx.emit(VariantDeleted(variant_id=gone.id, product_id=gone.product_id, sku=gone.sku))
