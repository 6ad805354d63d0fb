"""A product as types, one per state; steps return the new state with its event."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

import msgspec

from rustok.commerce.products.errors import ProductNotPublishable
from rustok.commerce.products.events import (
    ProductArchived,
    ProductPublished,
    ProductUnpublished,
    ProductUpdated,
)
from rustok.commerce.products.model.options import ProductOption

ProductStatus = Literal["draft", "active", "archived"]
ProductKind = Literal["physical", "digital"]
MetadataValue = str | int | bool | list[str] | None


class ProductData(msgspec.Struct, frozen=True, kw_only=True):
    """What every product has, whatever its state.

    Attributes:
        external_url: where it is sold when not here.
        source, source_id: the system it was imported from and its id there.
    """

    state: ClassVar[ProductStatus]

    id: UUID
    handle: str
    kind: ProductKind
    is_gift_card: bool
    vendor: str | None
    product_type: str | None
    external_url: str | None
    tags: tuple[str, ...]
    options: tuple[ProductOption, ...]
    metadata: dict[str, MetadataValue]
    source: str | None
    source_id: str | None
    version: int
    created_at: datetime
    updated_at: datetime

    def _shared(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ProductData.__struct_fields__}


class DraftProduct(ProductData, frozen=True, kw_only=True):
    """Not to be seen by shoppers yet, or no longer."""

    state: ClassVar[ProductStatus] = "draft"

    def publish(
        self, *, at: datetime, variant_count: int, default_title: str | None, default_locale: str
    ) -> tuple[ActiveProduct, ProductPublished]:
        """Offer it to shoppers.

        Args:
            variant_count: how many variants it has.
            default_title: its title in the tenant's default locale; None when it has none.

        Raises:
            ProductNotPublishable: no variant or no such title.
        """
        checks = {"variants": variant_count > 0, "title": bool(default_title)}
        missing = [name for name, holds in checks.items() if not holds]
        if missing:
            raise ProductNotPublishable(missing, locale=default_locale)
        return (
            ActiveProduct(**self._shared(), published_at=at),
            ProductPublished(product_id=self.id, handle=self.handle),
        )

    def archive(self, *, at: datetime) -> tuple[ArchivedProduct, ProductArchived]:
        """Put it away."""
        return (
            ArchivedProduct(**self._shared(), archived_at=at),
            ProductArchived(product_id=self.id),
        )


class ActiveProduct(ProductData, frozen=True, kw_only=True):
    """On offer since `published_at`."""

    state: ClassVar[ProductStatus] = "active"

    published_at: datetime

    def unpublish(self) -> tuple[DraftProduct, ProductUnpublished]:
        """Take it off the shelves to work on it."""
        return DraftProduct(**self._shared()), ProductUnpublished(product_id=self.id)

    def archive(self, *, at: datetime) -> tuple[ArchivedProduct, ProductArchived]:
        """Take it off the shelves for good."""
        return (
            ArchivedProduct(**self._shared(), archived_at=at),
            ProductArchived(product_id=self.id),
        )


class ArchivedProduct(ProductData, frozen=True, kw_only=True):
    """Put away since `archived_at`; kept for old orders."""

    state: ClassVar[ProductStatus] = "archived"

    archived_at: datetime

    def restore(self) -> tuple[DraftProduct, ProductUpdated]:
        """Work on it again; it comes back as a draft."""
        return (
            DraftProduct(**self._shared()),
            ProductUpdated(product_id=self.id, changed=("status",)),
        )


Product = DraftProduct | ActiveProduct | ArchivedProduct
