"""Plans the tree of a product that an input asks for, on top of the stored one; finds what differs.

Parts are recognised again, so that ids stay: pictures by address, texts by locale, variants by
source id, then SKU, then option values. Refuses: deciding about states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from rustok.commerce.products.model.description import sanitised
from rustok.commerce.products.model.documents import ProductTree
from rustok.commerce.products.model.inputs import (
    ImageInput,
    ProductInput,
    TranslationInput,
    VariantInput,
)
from rustok.commerce.products.model.parts import ProductImage, ProductTranslation, Variant
from rustok.commerce.products.model.product import DraftProduct, ProductData
from rustok.core.ids import new_id

P = TypeVar("P", Variant, ProductImage)

_OWN_FIELDS: Final = (
    "handle",
    "kind",
    "is_gift_card",
    "vendor",
    "product_type",
    "external_url",
    "tags",
    "options",
    "metadata",
)
VARIANT_FIELDS: Final = (
    "sku",
    "barcode",
    "option_values",
    "weight_grams",
    "requires_shipping",
    "taxable",
    "track_inventory",
    "allow_backorder",
    "position",
    "image_id",
    "source_id",
)


def planned_translation(product_id: UUID, wanted: TranslationInput) -> ProductTranslation:
    """The texts to store: the description made safe, empty texts as none."""
    return ProductTranslation(
        product_id=product_id,
        locale=wanted.locale,
        title=wanted.title,
        description_html=sanitised(wanted.description_html or "") or None,
        seo_title=wanted.seo_title or None,
        seo_description=wanted.seo_description or None,
        handle=wanted.handle,
    )


def planned_variant(
    wanted: VariantInput,
    *,
    product_id: UUID,
    position: int,
    image_id: UUID | None,
    at: datetime,
    stored: Variant | None = None,
) -> Variant:
    """The variant to store; it keeps the identity of `stored`."""
    return Variant(
        id=stored.id if stored else new_id(),
        product_id=product_id,
        sku=wanted.sku,
        barcode=wanted.barcode,
        option_values=wanted.option_values,
        weight_grams=wanted.weight_grams,
        requires_shipping=wanted.requires_shipping,
        taxable=wanted.taxable,
        track_inventory=wanted.track_inventory,
        allow_backorder=wanted.allow_backorder,
        position=position,
        image_id=image_id,
        source_id=wanted.source_id,
        version=stored.version if stored else 1,
        created_at=stored.created_at if stored else at,
        updated_at=stored.updated_at if stored else at,
    )


def planned_tree(
    wanted: ProductInput,
    *,
    before: ProductTree | None,
    handle: str,
    translations: Iterable[TranslationInput],
    category_ids: Iterable[UUID],
    source: str | None,
    source_id: str | None,
    at: datetime,
) -> ProductTree:
    """The tree that `wanted` asks for, in the state of `before` (a draft when there is none).

    Args:
        handle, translations: with handles that are free.
        category_ids: of the categories its paths lead to.
    """
    if before is None:
        product_id = new_id()
        base: DraftProduct = DraftProduct(
            id=product_id,
            handle=handle,
            kind=wanted.kind,
            is_gift_card=wanted.is_gift_card,
            vendor=wanted.vendor,
            product_type=wanted.product_type,
            external_url=wanted.external_url,
            tags=tuple(dict.fromkeys(wanted.tags)),
            options=wanted.options,
            metadata=wanted.metadata,
            source=source,
            source_id=source_id,
            version=1,
            created_at=at,
            updated_at=at,
        )
        stored_images: Sequence[ProductImage] = ()
        stored_variants: Sequence[Variant] = ()
        product: ProductData = base
    else:
        product_id = before.product.id
        stored_images, stored_variants = before.images, before.variants
        product = msgspec.structs.replace(
            before.product,
            **{
                name: getattr(wanted, name)
                for name in _OWN_FIELDS
                if name not in ("handle", "tags")
            },
            handle=handle,
            tags=tuple(dict.fromkeys(wanted.tags)),
        )
    images = _planned_images(wanted, stored_images, product_id=product_id, at=at)
    image_ids = {image.url: image.id for image in reversed(images)}
    stored_for = _recognised(wanted.variants, stored_variants)
    variants = tuple(
        planned_variant(
            one,
            product_id=product_id,
            position=index + 1,
            image_id=image_ids[one.image_url] if one.image_url else None,
            at=at,
            stored=stored_for[index],
        )
        for index, one in enumerate(wanted.variants)
    )
    return ProductTree(
        product=product,  # type: ignore[arg-type]  # replace() keeps the class of the state
        translations=tuple(
            planned_translation(product_id, one)
            for one in sorted(translations, key=lambda one: one.locale)
        ),
        variants=variants,
        images=images,
        category_ids=tuple(sorted(set(category_ids))),
    )


def _planned_images(
    wanted: ProductInput, stored: Sequence[ProductImage], *, product_id: UUID, at: datetime
) -> tuple[ProductImage, ...]:
    shown = list(wanted.images)
    listed = {image.url for image in shown}
    for variant in wanted.variants:
        if variant.image_url and variant.image_url not in listed:
            listed.add(variant.image_url)
            shown.append(ImageInput(url=variant.image_url))
    left = list(stored)
    planned: list[ProductImage] = []
    for position, image in enumerate(shown, start=1):
        same = next((one for one in left if one.url == image.url), None)
        if same is not None:
            left.remove(same)
        planned.append(
            ProductImage(
                id=same.id if same else new_id(),
                product_id=product_id,
                url=image.url,
                alt=image.alt,
                position=position,
                created_at=same.created_at if same else at,
            )
        )
    return tuple(planned)


def _recognised(wanted: Sequence[VariantInput], stored: Sequence[Variant]) -> list[Variant | None]:
    """The stored variant of each wanted one; the surest sign first, over all, then the next."""
    found: list[Variant | None] = [None] * len(wanted)
    left = {variant.id: variant for variant in stored}

    def match(sign_of: Callable[[VariantInput | Variant], object | None]) -> None:
        known: dict[object, Variant] = {}
        for variant in left.values():
            sign = sign_of(variant)
            if sign is not None:
                known.setdefault(sign, variant)
        for index, one in enumerate(wanted):
            sign = sign_of(one)
            if found[index] is None and sign is not None and sign in known:
                found[index] = known.pop(sign)
                del left[found[index].id]  # type: ignore[union-attr]  # set in the line above

    match(lambda variant: variant.source_id)
    match(lambda variant: variant.sku)
    match(lambda variant: variant.option_values)
    return found


class VariantChange(msgspec.Struct, frozen=True, kw_only=True):
    before: Variant
    after: Variant
    fields: tuple[str, ...]


class TreeChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What turns one tree into another."""

    fields: tuple[str, ...]
    texts_added: tuple[ProductTranslation, ...]
    texts_changed: tuple[ProductTranslation, ...]
    locales_removed: tuple[str, ...]
    variants_added: tuple[Variant, ...]
    variants_changed: tuple[VariantChange, ...]
    variants_removed: tuple[Variant, ...]
    images_added: tuple[ProductImage, ...]
    images_changed: tuple[ProductImage, ...]
    images_removed: tuple[ProductImage, ...]
    categories_added: tuple[UUID, ...]
    categories_removed: tuple[UUID, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What changed in the product itself, for its event; variants have events of their own."""
        locales = {text.locale for text in (*self.texts_added, *self.texts_changed)}
        names = [*self.fields]
        names += [f"translations.{locale}" for locale in sorted({*locales, *self.locales_removed})]
        if self.images_added or self.images_changed or self.images_removed:
            names.append("images")
        if self.categories_added or self.categories_removed:
            names.append("categories")
        return tuple(names)

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__struct_fields__)


def differences(before: ProductTree, after: ProductTree) -> TreeChanges:
    """What differs in content; versions, times and states do not count."""
    texts = {text.locale: text for text in before.translations}
    variants = {variant.id: variant for variant in before.variants}
    images = {image.id: image for image in before.images}
    changed_variants = []
    for variant in after.variants:
        stored = variants.get(variant.id)
        fields = _differing(stored, variant, VARIANT_FIELDS) if stored else ()
        if stored and fields:
            changed_variants.append(VariantChange(before=stored, after=variant, fields=fields))
    return TreeChanges(
        fields=_differing(before.product, after.product, _OWN_FIELDS),
        texts_added=tuple(one for one in after.translations if one.locale not in texts),
        texts_changed=tuple(
            one for one in after.translations if one.locale in texts and texts[one.locale] != one
        ),
        locales_removed=tuple(sorted(set(texts) - {one.locale for one in after.translations})),
        variants_added=tuple(one for one in after.variants if one.id not in variants),
        variants_changed=tuple(changed_variants),
        variants_removed=_without(variants, after.variants),
        images_added=tuple(one for one in after.images if one.id not in images),
        images_changed=tuple(
            one for one in after.images if one.id in images and images[one.id] != one
        ),
        images_removed=_without(images, after.images),
        categories_added=tuple(sorted(set(after.category_ids) - set(before.category_ids))),
        categories_removed=tuple(sorted(set(before.category_ids) - set(after.category_ids))),
    )


def _differing(before: object, after: object, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in names if getattr(before, name) != getattr(after, name))


def _without(stored: Mapping[UUID, P], kept: Iterable[P]) -> tuple[P, ...]:
    ids = {one.id for one in kept}
    return tuple(one for one in stored.values() if one.id not in ids)
