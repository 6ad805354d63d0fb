"""Categories and tags as values; no I/O."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

MAX_DEPTH = 8


class CategoryText(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Name and description in one locale."""

    name: str
    description: str = ""


class Category(msgspec.Struct, frozen=True, kw_only=True):
    """A category; `texts` by locale, at least one."""

    id: UUID
    parent_id: UUID | None
    handle: str
    position: int
    texts: dict[str, CategoryText]
    source: str | None
    source_id: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class Tag(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    handle: str
    source: str | None
    source_id: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class CategoryDescription(msgspec.Struct, frozen=True, kw_only=True):
    """What an index document needs of a category.

    Attributes:
        path: handles from the root to this one.
        ancestor_ids: from the root, without this one.
        names: by locale.
    """

    id: UUID
    handle: str
    path: tuple[str, ...]
    ancestor_ids: tuple[UUID, ...]
    names: dict[str, str]


class TagDescription(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    handle: str
    name: str


class CategoryInput(msgspec.Struct, frozen=True, kw_only=True):
    """A category as an import brings it; `handle` is made free when another category has it."""

    handle: str
    texts: dict[str, CategoryText]
    parent_id: UUID | None = None
    position: int = 0


class TagInput(msgspec.Struct, frozen=True, kw_only=True):
    handle: str
    name: str
