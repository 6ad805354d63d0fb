"""Creating, reading, changing and deleting products."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from rustok.commerce.products.errors import TranslationNotFound
from rustok.commerce.products.events import ProductDeleted
from rustok.commerce.products.model import (
    ActiveProduct,
    ArchivedProduct,
    DraftProduct,
    Product,
    ProductInput,
    ProductStatus,
    ProductTree,
    TranslationInput,
)
from rustok.commerce.products.model.planning import planned_translation, planned_tree
from rustok.commerce.products.repository import parts
from rustok.commerce.products.repository import products as repository
from rustok.commerce.products.service import trees
from rustok.commerce.products.states import PRODUCT_LIFECYCLE
from rustok.core.db import ReadTx, WriteTx
from rustok.core.locale import fallback_chain, parse_locale
from rustok.core.pagination import Page, PageRequest
from rustok.core.routing import check_version
from rustok.core.security.identifiers import parse_handle


class ProductSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A product in a list: its title in the reader's locale, its first picture, its size."""

    product: Product
    title: str
    image_url: str | None
    variant_count: int


async def create(
    tx: WriteTx, wanted: ProductInput, *, category_ids: Sequence[UUID] = ()
) -> ProductTree:
    """Create a draft with everything `wanted` says but its status and category paths.

    Raises:
        ProductHandleTaken, SkuTaken, VariantCombinationTaken, OptionsInvalid, OptionValuesMismatch,
        CategoriesUnknown, InvalidLocale, InvalidHandle.

    Emits: product.created, variant.created for each variant
    """
    parse_handle(wanted.handle, pointer="/handle")
    texts = [
        msgspec.structs.replace(one, locale=parse_locale(one.locale, pointer="/translations"))
        for one in wanted.translations
    ]
    planned = planned_tree(
        wanted,
        before=None,
        handle=wanted.handle,
        translations=list({one.locale: one for one in texts}.values()),
        category_ids=category_ids,
        source=None,
        source_id=None,
        at=tx.now,
    )
    return await trees.insert(tx, planned)


async def get(tx: ReadTx, product_id: UUID) -> ProductTree:
    """Raises ProductNotFound."""
    return await trees.load(tx, product_id)


async def list_products(
    tx: ReadTx,
    page: PageRequest,
    *,
    status: ProductStatus | None = None,
    begins: str | None = None,
    category_id: UUID | None = None,
) -> Page[ProductSummary]:
    """Products, the newest first, with titles in the reader's locale; four statements a page.

    Args:
        begins: how a title, the handle or a SKU begins; letter case does not matter.
    """
    found = await repository.list_page(
        tx, page, status=status, begins=begins, category_id=category_id
    )
    ids = [product.id for product in found.items]
    titles: dict[UUID, dict[str, str]] = {}
    for row in await parts.list_titles(tx, ids):
        if row.title:
            titles.setdefault(row.product_id, {})[row.locale] = row.title
    pictures: dict[UUID, str] = {}
    for image in await parts.list_images(tx, ids):
        pictures.setdefault(image.product_id, image.url)
    counts = await parts.count_variants(tx, ids)
    chain = fallback_chain(tx.ctx.locale, default=tx.ctx.tenant.default_locale)
    return Page(
        items=[
            ProductSummary(
                product=product,
                title=nearest(titles.get(product.id, {}), chain) or product.handle,
                image_url=pictures.get(product.id),
                variant_count=counts.get(product.id, 0),
            )
            for product in found.items
        ],
        next_cursor=found.next_cursor,
    )


def nearest(texts: dict[str, str], chain: Sequence[str]) -> str | None:
    """The text of the first locale in `chain` that has one, else any; None when there is none."""
    for locale in chain:
        if locale in texts:
            return texts[locale]
    return next(iter(texts.values()), None)


async def update(
    tx: WriteTx,
    product_id: UUID,
    *,
    expected_version: int | None,
    changes: dict[str, object],
    category_ids: Sequence[UUID] | None = None,
) -> ProductTree:
    """Change fields of a product; no difference, no event.

    Args:
        changes: new values by field: handle, kind, is_gift_card, vendor, product_type, external_url,
            tags, metadata, options.
        category_ids: all categories it is to stand in; None leaves them.

    Raises:
        ProductNotFound, PreconditionFailed, ProductHandleTaken, OptionsInvalid,
        OptionValuesMismatch (a variant does not fit the new options), CategoriesUnknown.

    Emits: product.updated
    """
    before = await trees.lock(tx, product_id)
    check_version(before.product.version, expected_version)
    after = msgspec.structs.replace(
        before, product=msgspec.structs.replace(before.product, **changes)
    )
    if category_ids is not None:
        after = msgspec.structs.replace(after, category_ids=tuple(sorted(set(category_ids))))
    return await trees.store(tx, before, after)


async def delete(tx: WriteTx, product_id: UUID, *, expected_version: int | None) -> None:
    """Delete a draft or an archived product with all that belongs to it.

    Raises:
        ProductNotFound, PreconditionFailed, ConcurrentUpdate.
        IllegalTransition: it is active; archive it first.
        ForeignKeyViolation: another feature still refers to a variant.

    Emits: variant.deleted for each variant, product.deleted
    """
    tree = await trees.lock(tx, product_id)
    check_version(tree.product.version, expected_version)
    if isinstance(tree.product, ActiveProduct):
        raise PRODUCT_LIFECYCLE.refusal(tree.product.state, "delete")
    await trees.remove(tx, tree)
    tx.emit(ProductDeleted(product_id=product_id, handle=tree.product.handle))


async def publish(
    tx: WriteTx, product_id: UUID, *, expected_version: int | None = None
) -> ProductTree:
    """Offer a draft to shoppers.

    Raises:
        ProductNotFound, PreconditionFailed, IllegalTransition, ConcurrentUpdate.
        ProductNotPublishable: it lacks a variant or a title in the tenant's default locale.

    Emits: product.published
    """
    before = await trees.lock(tx, product_id)
    check_version(before.product.version, expected_version)
    match before.product:
        case DraftProduct() as draft:
            active, event = draft.publish(
                at=tx.now,
                variant_count=len(before.variants),
                default_title=trees.default_title(tx, before),
                default_locale=tx.ctx.tenant.default_locale,
            )
        case other:
            raise PRODUCT_LIFECYCLE.refusal(other.state, "publish")
    return await trees.store(tx, before, msgspec.structs.replace(before, product=active), [event])


async def unpublish(
    tx: WriteTx, product_id: UUID, *, expected_version: int | None = None
) -> ProductTree:
    """Take an active product back to draft.

    Raises:
        ProductNotFound, PreconditionFailed, IllegalTransition, ConcurrentUpdate.

    Emits: product.unpublished
    """
    before = await trees.lock(tx, product_id)
    check_version(before.product.version, expected_version)
    match before.product:
        case ActiveProduct() as active:
            draft, event = active.unpublish()
        case other:
            raise PRODUCT_LIFECYCLE.refusal(other.state, "unpublish")
    return await trees.store(tx, before, msgspec.structs.replace(before, product=draft), [event])


async def archive(
    tx: WriteTx, product_id: UUID, *, expected_version: int | None = None
) -> ProductTree:
    """Put a draft or an active product away.

    Raises:
        ProductNotFound, PreconditionFailed, IllegalTransition, ConcurrentUpdate.

    Emits: product.archived
    """
    before = await trees.lock(tx, product_id)
    check_version(before.product.version, expected_version)
    match before.product:
        case DraftProduct() | ActiveProduct() as shelved:
            archived, event = shelved.archive(at=tx.now)
        case other:
            raise PRODUCT_LIFECYCLE.refusal(other.state, "archive")
    return await trees.store(tx, before, msgspec.structs.replace(before, product=archived), [event])


async def restore(
    tx: WriteTx, product_id: UUID, *, expected_version: int | None = None
) -> ProductTree:
    """Bring an archived product back as a draft.

    Raises:
        ProductNotFound, PreconditionFailed, IllegalTransition, ConcurrentUpdate.

    Emits: product.updated
    """
    before = await trees.lock(tx, product_id)
    check_version(before.product.version, expected_version)
    match before.product:
        case ArchivedProduct() as archived:
            draft, event = archived.restore()
        case other:
            raise PRODUCT_LIFECYCLE.refusal(other.state, "restore")
    return await trees.store(tx, before, msgspec.structs.replace(before, product=draft), [event])


async def translate(
    tx: WriteTx, product_id: UUID, wanted: TranslationInput, *, expected_version: int | None
) -> ProductTree:
    """Set the texts of a product in one locale; the description is sanitised.

    Raises:
        ProductNotFound, PreconditionFailed, InvalidLocale, TranslationNeeded.
        ProductHandleTaken: another product has the handle in this locale.

    Emits: product.updated
    """
    locale = parse_locale(wanted.locale, pointer="locale")
    before = await trees.lock(tx, product_id)
    check_version(before.product.version, expected_version)
    text = planned_translation(product_id, msgspec.structs.replace(wanted, locale=locale))
    others = [one for one in before.translations if one.locale != locale]
    texts = tuple(sorted([*others, text], key=lambda one: one.locale))
    return await trees.store(tx, before, msgspec.structs.replace(before, translations=texts))


async def remove_translation(
    tx: WriteTx, product_id: UUID, locale: str, *, expected_version: int | None
) -> ProductTree:
    """Drop the texts of a product in one locale.

    Raises:
        ProductNotFound, PreconditionFailed, InvalidLocale, TranslationNotFound.
        TranslationNeeded: the product is active and this is the tenant's default locale.

    Emits: product.updated
    """
    tag = parse_locale(locale, pointer="locale")
    before = await trees.lock(tx, product_id)
    check_version(before.product.version, expected_version)
    texts = tuple(one for one in before.translations if one.locale != tag)
    if len(texts) == len(before.translations):
        raise TranslationNotFound(tag)
    return await trees.store(tx, before, msgspec.structs.replace(before, translations=texts))
