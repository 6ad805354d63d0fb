"""Content as readers get it, and what a list of content may be asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.content.nodes.events import KindSlug
from rustok.core.pagination import PageRequest
from rustok.core.types import Handle

NodeSort = Literal["relevance", "newest", "oldest", "title"]
NodeFieldValue = str | int | bool | list[str | int | bool] | None


class NodeFilters(PageRequest, frozen=True, kw_only=True):
    """Which content; values of one parameter are alternatives, parameters narrow each other down."""

    q: Annotated[str, Meta(min_length=1, max_length=200, examples=["bicycle"])] | None = None
    kind: KindSlug | None = None
    category: Handle | None = None
    tag: Annotated[tuple[Handle, ...], Meta(max_length=20)] = ()
    is_sticky: bool | None = None
    sort: NodeSort | None = None


class PictureView(msgspec.Struct, frozen=True, kw_only=True):
    """A picture with its size in pixels, where it is known."""

    url: str
    alt: str
    width: int | None
    height: int | None


class TermView(msgspec.Struct, frozen=True, kw_only=True):
    """A category or a tag: filter by `handle`, show `name`."""

    handle: str
    name: str


class NodeCard(msgspec.Struct, frozen=True, kw_only=True):
    """A page or post in a list. `path`: handles from the root page to this one."""

    id: UUID
    kind: str
    handle: str
    path: list[str]
    title: str
    excerpt: str
    image: PictureView | None
    author_id: UUID | None
    author_name: str | None
    categories: list[TermView]
    tags: list[TermView]
    is_sticky: bool
    menu_order: int
    parent_id: UUID | None
    published_at: datetime
    updated_at: datetime


class NodeDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A page or post at its own address.

    Attributes:
        body_html: sanitised.
        locale: of this document; the texts may come from a nearby locale, named by `text_locale`.
        alternates: handle by locale, for the other languages of this page.
    """

    id: UUID
    kind: str
    handle: str
    path: list[str]
    title: str
    excerpt: str
    body_html: str
    seo_title: str
    seo_description: str
    locale: str
    text_locale: str
    image: PictureView | None
    author_id: UUID | None
    author_name: str | None
    categories: list[TermView]
    tags: list[TermView]
    fields: dict[str, NodeFieldValue]
    comment_policy: str
    is_sticky: bool
    menu_order: int
    parent_id: UUID | None
    ancestor_ids: list[UUID]
    alternates: dict[str, str]
    published_at: datetime
    updated_at: datetime
