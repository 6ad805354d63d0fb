"""Wire shapes of categories and collections."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from rustok.commerce.products.model import Text
from rustok.commerce.products.service.categories import NamedCategory
from rustok.commerce.products.service.collections import NamedCollection
from rustok.commerce.products.service.products import nearest
from rustok.core.types import Handle, LocaleTag

Texts = Annotated[
    dict[LocaleTag, Text],
    Meta(min_length=1, max_length=50, description="Name and description by locale."),
]
SiblingPosition = Annotated[
    int,
    Meta(ge=0, le=100_000, description="Place among its siblings, the lowest first.", examples=[0]),
]


class CreateCategory(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    handle: Handle
    translations: Texts
    parent_id: UUID | None = None
    position: SiblingPosition = 0


class UpdateCategory(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes; absent fields stay as they are. `translations` are all texts it is to have."""

    handle: Handle | None = None
    position: SiblingPosition | None = None
    translations: Texts | None = None


class MoveCategory(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the category goes; a null parent makes it a root."""

    parent_id: UUID | None
    position: SiblingPosition | UnsetType = UNSET


class CategoryView(msgspec.Struct, frozen=True, kw_only=True):
    """`path_ids` leads from the root to the category itself."""

    id: UUID
    parent_id: UUID | None
    handle: str
    position: int
    path_ids: list[UUID]
    translations: dict[str, Text]
    version: int
    created_at: datetime
    updated_at: datetime


class CategoryNode(msgspec.Struct, frozen=True, kw_only=True):
    """A category with what stands below it, in the reader's locale."""

    id: UUID
    handle: str
    name: str
    description: str
    children: list[CategoryNode]


class CreateCollection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    handle: Handle
    translations: Texts


class UpdateCollection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes; absent fields stay as they are. `translations` are all texts it is to have."""

    handle: Handle | None = None
    translations: Texts | None = None


class AddProducts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    product_ids: Annotated[list[UUID], Meta(min_length=1, max_length=500)]


class CollectionView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    handle: str
    translations: dict[str, Text]
    version: int
    created_at: datetime
    updated_at: datetime


class MemberView(msgspec.Struct, frozen=True, kw_only=True):
    """A product in a collection."""

    product_id: UUID
    position: int


def category_view(named: NamedCategory) -> CategoryView:
    category = named.category
    return CategoryView(
        id=category.id,
        parent_id=category.parent_id,
        handle=category.handle,
        position=category.position,
        path_ids=list(category.path_ids),
        translations=named.texts,
        version=category.version,
        created_at=category.created_at,
        updated_at=category.updated_at,
    )


def category_tree(found: Sequence[NamedCategory], chain: Sequence[str]) -> list[CategoryNode]:
    """The roots with everything below them.

    Args:
        found: parents before children, siblings in their order.
        chain: locales to look for a text in, in turn.
    """
    roots: list[CategoryNode] = []
    by_id: dict[UUID, CategoryNode] = {}
    for one in found:
        names = {locale: text.name for locale, text in one.texts.items()}
        descriptions = {locale: text.description for locale, text in one.texts.items()}
        node = CategoryNode(
            id=one.category.id,
            handle=one.category.handle,
            name=nearest(names, chain) or one.category.handle,
            description=nearest(descriptions, chain) or "",
            children=[],
        )
        by_id[node.id] = node
        parent_id = one.category.parent_id
        siblings = by_id[parent_id].children if parent_id in by_id else roots
        siblings.append(node)
    return roots


def collection_view(named: NamedCollection) -> CollectionView:
    collection = named.collection
    return CollectionView(
        id=collection.id,
        handle=collection.handle,
        translations=named.texts,
        version=collection.version,
        created_at=collection.created_at,
        updated_at=collection.updated_at,
    )
