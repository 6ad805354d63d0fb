"""Tables of the catalogue."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Column, Index, Integer, Text, UniqueConstraint

from rustok.commerce.products.model import MetadataValue, ProductOption
from rustok.commerce.products.states import PRODUCT_LIFECYCLE
from rustok.core.db import Id, Json, Timestamp, tenant_reference, tenant_table
from rustok.core.db.schema import states_check

products: Final = tenant_table(
    "products",
    Column("handle", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("is_gift_card", Boolean, nullable=False),
    Column("vendor", Text),
    Column("product_type", Text),
    Column("external_url", Text),
    Column("tags", Json(tuple[str, ...]), nullable=False),
    Column("options", Json(tuple[ProductOption, ...]), nullable=False),
    Column("metadata", Json(dict[str, MetadataValue]), nullable=False),
    Column("source", Text),
    Column("source_id", Text),
    Column("published_at", Timestamp()),
    Column("archived_at", Timestamp()),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    UniqueConstraint("tenant_id", "handle", name="uq_products_handle"),
    UniqueConstraint("tenant_id", "source", "source_id", name="uq_products_source"),
    states_check("status", PRODUCT_LIFECYCLE.states),
    CheckConstraint("kind IN ('physical', 'digital')", name="kind_known"),
    CheckConstraint(
        "(status = 'active') = (published_at IS NOT NULL)", name="published_at_when_active"
    ),
    CheckConstraint(
        "(status = 'archived') = (archived_at IS NOT NULL)", name="archived_at_when_archived"
    ),
    Index("ix_products_status", "tenant_id", "status", "id"),
)

product_translations: Final = tenant_table(
    "product_translations",
    Column("product_id", Id(), nullable=False),
    Column("locale", Text, nullable=False),
    Column("title", Text),
    # The title in lower case: SQLite's lower() knows ASCII only.
    Column("title_key", Text),
    Column("description_html", Text),
    Column("seo_title", Text),
    Column("seo_description", Text),
    Column("handle", Text),
    UniqueConstraint("tenant_id", "locale", "handle", name="uq_product_translations_handle"),
    Index("ix_product_translations_title", "tenant_id", "title_key"),
    tenant_reference("product_id", "products", ondelete="CASCADE"),
    primary_key=("product_id", "locale"),
    with_id=False,
)

product_images: Final = tenant_table(
    "product_images",
    Column("product_id", Id(), nullable=False),
    Column("url", Text, nullable=False),
    Column("alt", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Index("ix_product_images_product", "tenant_id", "product_id", "position"),
    tenant_reference("product_id", "products"),
)

product_variants: Final = tenant_table(
    "product_variants",
    Column("product_id", Id(), nullable=False),
    Column("sku", Text),
    # The SKU in lower case, for look-up by its beginning.
    Column("sku_key", Text),
    Column("barcode", Text),
    Column("option_values", Json(tuple[str, ...]), nullable=False),
    Column("combination", Text, nullable=False),
    Column("weight_grams", Integer),
    Column("requires_shipping", Boolean, nullable=False),
    Column("taxable", Boolean, nullable=False),
    Column("track_inventory", Boolean, nullable=False),
    Column("allow_backorder", Boolean, nullable=False),
    Column("position", Integer, nullable=False),
    Column("image_id", Id()),
    Column("source_id", Text),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    UniqueConstraint("tenant_id", "sku", name="uq_product_variants_sku"),
    UniqueConstraint(
        "tenant_id", "product_id", "combination", name="uq_product_variants_combination"
    ),
    CheckConstraint("weight_grams >= 0", name="weight_not_negative"),
    Index("ix_product_variants_product", "tenant_id", "product_id", "position"),
    Index("ix_product_variants_image", "tenant_id", "image_id"),
    Index("ix_product_variants_sku_key", "tenant_id", "sku_key"),
    tenant_reference("product_id", "products"),
    tenant_reference("image_id", "product_images"),
)

catalog_categories: Final = tenant_table(
    "catalog_categories",
    Column("parent_id", Id()),
    Column("handle", Text, nullable=False),
    Column("position", Integer, nullable=False),
    # The ids from the root to the category itself: a path is read without walking the tree.
    Column("path_ids", Json(tuple[UUID, ...]), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    UniqueConstraint("tenant_id", "handle", name="uq_catalog_categories_handle"),
    CheckConstraint("parent_id <> id", name="not_own_parent"),
    Index("ix_catalog_categories_parent", "tenant_id", "parent_id", "position"),
    tenant_reference("parent_id", "catalog_categories"),
)

catalog_category_texts: Final = tenant_table(
    "catalog_category_texts",
    Column("category_id", Id(), nullable=False),
    Column("locale", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Index("ix_catalog_category_texts_name", "tenant_id", "locale", "name"),
    tenant_reference("category_id", "catalog_categories", ondelete="CASCADE"),
    primary_key=("category_id", "locale"),
    with_id=False,
)

catalog_category_products: Final = tenant_table(
    "catalog_category_products",
    Column("product_id", Id(), nullable=False),
    Column("category_id", Id(), nullable=False),
    Index("ix_catalog_category_products_category", "tenant_id", "category_id", "product_id"),
    tenant_reference("product_id", "products", ondelete="CASCADE"),
    tenant_reference("category_id", "catalog_categories", ondelete="CASCADE"),
    primary_key=("product_id", "category_id"),
    with_id=False,
)

collections: Final = tenant_table(
    "collections",
    Column("handle", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    UniqueConstraint("tenant_id", "handle", name="uq_collections_handle"),
)

collection_texts: Final = tenant_table(
    "collection_texts",
    Column("collection_id", Id(), nullable=False),
    Column("locale", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    tenant_reference("collection_id", "collections", ondelete="CASCADE"),
    primary_key=("collection_id", "locale"),
    with_id=False,
)

collection_products: Final = tenant_table(
    "collection_products",
    Column("collection_id", Id(), nullable=False),
    Column("product_id", Id(), nullable=False),
    Column("position", Integer, nullable=False),
    Index("ix_collection_products_product", "tenant_id", "product_id"),
    Index("ix_collection_products_position", "tenant_id", "collection_id", "position"),
    tenant_reference("collection_id", "collections", ondelete="CASCADE"),
    tenant_reference("product_id", "products", ondelete="CASCADE"),
    primary_key=("collection_id", "product_id"),
    with_id=False,
)
