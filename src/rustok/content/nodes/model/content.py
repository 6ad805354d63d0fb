"""What an editor writes: the texts of a node in its locales with everything else a save can change.

This is also what a revision keeps. Refuses: the state of the lifecycle (model.node has it).
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from rustok.content.nodes.model.bodies import Format
from rustok.content.nodes.model.kinds import FieldValue
from rustok.core.locale import fallback_chain

CommentPolicy = Literal["open", "closed"]


class StoredBody(msgspec.Struct, frozen=True, kw_only=True):
    """A body as it was written."""

    format: Format
    source: str


class Translation(msgspec.Struct, frozen=True, kw_only=True):
    """The texts of a node in one locale; the handle is unique per tenant, kind and locale."""

    title: str
    handle: str
    excerpt: str = ""
    seo_title: str | None = None
    seo_description: str | None = None
    body: StoredBody | None = None


TRANSLATION_FIELDS = ("title", "handle", "excerpt", "seo_title", "seo_description")
NODE_FIELDS = (
    "parent_id",
    "menu_order",
    "is_sticky",
    "is_protected",
    "comment_policy",
    "author_id",
    "author_name",
    "featured_media_id",
    "fields",
    "imported_fields",
)


class NodeContent(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of a node that a save writes.

    Attributes:
        imported_fields: what an import found beyond the kind's fields, kept verbatim.
        translations: by locale; at least one.
    """

    parent_id: UUID | None = None
    menu_order: int = 0
    is_sticky: bool = False
    is_protected: bool = False
    comment_policy: CommentPolicy = "open"
    author_id: UUID | None = None
    author_name: str | None = None
    featured_media_id: UUID | None = None
    fields: dict[str, FieldValue] = msgspec.field(default_factory=dict)
    imported_fields: dict[str, str] = msgspec.field(default_factory=dict)
    translations: dict[str, Translation] = msgspec.field(default_factory=dict)


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What one content has that another had not."""

    node: tuple[str, ...] = ()
    translations: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    bodies: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def summary(self) -> list[str]:
        """What changed in words of the wire: fields, "en.title", "de.body", "fr.removed"."""
        texts = [
            f"{locale}.{name}" for locale, names in self.translations.items() for name in names
        ]
        return [
            *self.node,
            *texts,
            *(f"{one}.body" for one in self.bodies),
            *(f"{one}.removed" for one in self.removed),
        ]


def difference(before: NodeContent | None, after: NodeContent) -> Difference:
    """What a save from `before` to `after` has to write; `before` None is a new node."""
    old = before or NodeContent()
    translations: dict[str, tuple[str, ...]] = {}
    bodies: list[str] = []
    for locale, text in after.translations.items():
        was = old.translations.get(locale)
        names = tuple(
            n for n in TRANSLATION_FIELDS if was is None or getattr(was, n) != getattr(text, n)
        )
        if names:
            translations[locale] = names
        if text.body != (was.body if was is not None else None):
            bodies.append(locale)
    return Difference(
        node=tuple(name for name in NODE_FIELDS if getattr(old, name) != getattr(after, name)),
        translations=translations,
        bodies=tuple(bodies),
        removed=tuple(locale for locale in old.translations if locale not in after.translations),
    )


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """One save: who, when, what changed; `content` is everything as it was after it."""

    id: UUID
    node_id: UUID
    number: int
    author_id: UUID | None
    changed: list[str]
    content: NodeContent
    created_at: datetime


class RevisionSummary(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    author_id: UUID | None
    changed: list[str]
    created_at: datetime


def pick_locale(available: list[str], wanted: str, *, default: str) -> str | None:
    """The best of `available` for a reader of `wanted`: its fallback chain, else the first by name."""
    for tag in fallback_chain(wanted, default=default):
        if tag in available:
            return tag
    return min(available, default=None)
