"""What other features may call of taxonomy."""

from rustok.content.taxonomy.errors import CategoryNotFound, TagNotFound
from rustok.content.taxonomy.model import (
    Category,
    CategoryDescription,
    CategoryInput,
    CategoryText,
    Tag,
    TagDescription,
    TagInput,
)
from rustok.content.taxonomy.service import (
    categories_below,
    create_category,
    create_tag,
    describe_categories,
    describe_tags,
    ensure_category_path,
    ensure_tag,
    list_categories,
    list_tags,
    upsert_category,
    upsert_tag,
)

__all__ = [
    "Category",
    "CategoryDescription",
    "CategoryInput",
    "CategoryNotFound",
    "CategoryText",
    "Tag",
    "TagDescription",
    "TagInput",
    "TagNotFound",
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
