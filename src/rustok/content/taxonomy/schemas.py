"""Wire shapes of content categories and tags."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.content.taxonomy.model import Category, CategoryText, Tag
from rustok.core.pagination import PageRequest
from rustok.core.types import Handle, LocaleTag, Title

Description = Annotated[str, Meta(max_length=5_000)]
Position = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]


class CategoryTextInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Title
    description: Description = ""


CategoryTexts = Annotated[dict[LocaleTag, CategoryTextInput], Meta(min_length=1, max_length=50)]


class CreateContentCategory(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new category; without a handle one is made from the name."""

    texts: CategoryTexts
    handle: Handle | None = None
    parent_id: UUID | None = None
    position: Position = 0


class UpdateContentCategory(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes; absent fields stay. `texts` replaces all texts; `parent_id` null makes it a root."""

    texts: CategoryTexts | None = None
    handle: Handle | None = None
    parent_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    position: Position | None = None


class CategoryFilter(PageRequest, frozen=True, kw_only=True):
    """`parent_id` keeps those directly below one category."""

    parent_id: UUID | None = None


class CreateTag(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Title
    handle: Handle | None = None


class UpdateTag(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes; absent fields stay."""

    name: Title | None = None
    handle: Handle | None = None


class ContentCategoryView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    parent_id: UUID | None
    handle: str
    position: int
    texts: dict[str, CategoryText]
    version: int
    created_at: datetime
    updated_at: datetime


class TagView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    handle: str
    version: int
    created_at: datetime
    updated_at: datetime


def category_texts(texts: dict[str, CategoryTextInput]) -> dict[str, CategoryText]:
    return {
        tag: CategoryText(name=one.name, description=one.description) for tag, one in texts.items()
    }


def category_view(category: Category) -> ContentCategoryView:
    return msgspec.convert(category, ContentCategoryView, from_attributes=True)


def tag_view(tag: Tag) -> TagView:
    return msgspec.convert(tag, TagView, from_attributes=True)
