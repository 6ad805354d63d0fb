"""Where products stand: the tree of categories and the collections; refuses product data."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.core.types import Title

MAX_CATEGORY_DEPTH: Final = 8
"""Levels of the category tree, the root being the first."""
MAX_CATEGORIES: Final = 5_000
"""Categories of one tenant."""


class Text(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Name and description of a category or a collection in one locale."""

    name: Title
    description: Annotated[str, Meta(max_length=20_000)] = ""


class CategoryText(msgspec.Struct, frozen=True, kw_only=True):
    category_id: UUID
    locale: str
    name: str
    description: str


class CollectionText(msgspec.Struct, frozen=True, kw_only=True):
    collection_id: UUID
    locale: str
    name: str
    description: str


class Category(msgspec.Struct, frozen=True, kw_only=True):
    """A node of the tree. `path_ids` leads from the root to the category itself."""

    id: UUID
    parent_id: UUID | None
    handle: str
    position: int
    path_ids: tuple[UUID, ...]
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def depth(self) -> int:
        """Levels from the root to here; a root has 1."""
        return len(self.path_ids)


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """A hand-picked, ordered set of products."""

    id: UUID
    handle: str
    version: int
    created_at: datetime
    updated_at: datetime
