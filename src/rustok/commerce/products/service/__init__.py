"""The use cases of the catalogue, split by what they change; every change carries its event."""

from rustok.commerce.products.service.batches import Sought, UpsertBatch, look_ahead
from rustok.commerce.products.service.categories import (
    NamedCategory,
    create_category,
    ensure_paths,
    list_categories,
    list_product_ids_in_category,
)
from rustok.commerce.products.service.collections import (
    NamedCollection,
    add_products,
    create_collection,
    list_product_ids_in_collection,
)
from rustok.commerce.products.service.documents import (
    count_by_state,
    describe,
    list_ids,
    sellable_variants,
)
from rustok.commerce.products.service.imports import upsert
from rustok.commerce.products.service.memberships import (
    categories_of,
    collections_of,
    find_targets,
)
from rustok.commerce.products.service.parts import find_by_skus, find_variants, get_variant
from rustok.commerce.products.service.products import archive, create, get, publish, unpublish

__all__ = [
    "NamedCategory",
    "NamedCollection",
    "Sought",
    "UpsertBatch",
    "add_products",
    "archive",
    "categories_of",
    "collections_of",
    "count_by_state",
    "create",
    "create_category",
    "create_collection",
    "describe",
    "ensure_paths",
    "find_by_skus",
    "find_targets",
    "find_variants",
    "get",
    "get_variant",
    "list_categories",
    "list_ids",
    "list_product_ids_in_category",
    "list_product_ids_in_collection",
    "look_ahead",
    "publish",
    "sellable_variants",
    "unpublish",
    "upsert",
]
