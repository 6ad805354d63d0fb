"""The use cases of categories and tags."""

from rustok.content.taxonomy.service.categories import (
    categories_below,
    create_category,
    describe_categories,
    ensure_category_path,
    list_categories,
    upsert_category,
)
from rustok.content.taxonomy.service.tags import (
    create_tag,
    describe_tags,
    ensure_tag,
    list_tags,
    upsert_tag,
)

__all__ = [
    "categories_below",
    "create_category",
    "create_tag",
    "describe_categories",
    "describe_tags",
    "ensure_category_path",
    "ensure_tag",
    "list_categories",
    "list_tags",
    "upsert_category",
    "upsert_tag",
]
