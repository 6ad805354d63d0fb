"""Facts about products and what belongs to them; those about categories are `core.events.shared`.

Events of a variant belong to its product's aggregate, so they stay in order with the product's own.
"""

from __future__ import annotations

from uuid import UUID

from rustok.core.events.event import Event, event
from rustok.core.events.shared import CategoryCreated, CategoryDeleted, CategoryUpdated
from rustok.core.types import Handle, Sku

__all__ = [
    "CategoryCreated",
    "CategoryDeleted",
    "CategoryUpdated",
    "CollectionCreated",
    "CollectionDeleted",
    "CollectionUpdated",
    "ProductArchived",
    "ProductCreated",
    "ProductDeleted",
    "ProductPublished",
    "ProductUnpublished",
    "ProductUpdated",
    "VariantCreated",
    "VariantDeleted",
    "VariantUpdated",
]

_NOTHING_CHANGED = ("changed", "at least one field must have changed")


@event("product.created", aggregate="product", key="product_id", read_model=True)
class ProductCreated(Event, frozen=True, kw_only=True):
    product_id: UUID
    handle: Handle


@event("product.updated", aggregate="product", key="product_id", read_model=True)
class ProductUpdated(Event, frozen=True, kw_only=True):
    """`changed` names fields; a translation is "translations.<locale>"."""

    product_id: UUID
    changed: tuple[str, ...]

    def rule_broken(self) -> tuple[str, str] | None:
        return None if self.changed else _NOTHING_CHANGED


@event("product.published", aggregate="product", key="product_id", read_model=True)
class ProductPublished(Event, frozen=True, kw_only=True):
    product_id: UUID
    handle: Handle


@event("product.unpublished", aggregate="product", key="product_id", read_model=True)
class ProductUnpublished(Event, frozen=True, kw_only=True):
    product_id: UUID


@event("product.archived", aggregate="product", key="product_id", read_model=True)
class ProductArchived(Event, frozen=True, kw_only=True):
    product_id: UUID


@event("product.deleted", aggregate="product", key="product_id", read_model=True)
class ProductDeleted(Event, frozen=True, kw_only=True):
    product_id: UUID
    handle: Handle


@event("variant.created", aggregate="product", key="product_id", read_model=True)
class VariantCreated(Event, frozen=True, kw_only=True):
    variant_id: UUID
    product_id: UUID
    sku: Sku | None = None


@event("variant.updated", aggregate="product", key="product_id", read_model=True)
class VariantUpdated(Event, frozen=True, kw_only=True):
    variant_id: UUID
    product_id: UUID
    changed: tuple[str, ...]

    def rule_broken(self) -> tuple[str, str] | None:
        return None if self.changed else _NOTHING_CHANGED


@event("variant.deleted", aggregate="product", key="product_id", read_model=True)
class VariantDeleted(Event, frozen=True, kw_only=True):
    variant_id: UUID
    product_id: UUID
    sku: Sku | None = None


@event("collection.created", aggregate="collection", key="collection_id", read_model=True)
class CollectionCreated(Event, frozen=True, kw_only=True):
    collection_id: UUID
    handle: Handle


@event("collection.updated", aggregate="collection", key="collection_id", read_model=True)
class CollectionUpdated(Event, frozen=True, kw_only=True):
    """Products that joined or left have a product.updated of their own as well."""

    collection_id: UUID
    changed: tuple[str, ...]

    def rule_broken(self) -> tuple[str, str] | None:
        return None if self.changed else _NOTHING_CHANGED


@event("collection.deleted", aggregate="collection", key="collection_id", read_model=True)
class CollectionDeleted(Event, frozen=True, kw_only=True):
    collection_id: UUID
    handle: Handle
