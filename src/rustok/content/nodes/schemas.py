"""Wire shapes of nodes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.content.nodes.events import KindSlug
from rustok.content.nodes.model.bodies import Body, read_body
from rustok.content.nodes.model.content import NodeContent, Revision, RevisionSummary
from rustok.content.nodes.model.kinds import FieldDefinition, FieldName, FieldValue, NodeKind
from rustok.content.nodes.model.node import Node, NodeState
from rustok.content.nodes.repository.texts import FullTextRow
from rustok.content.nodes.service.editing import TextInput
from rustok.content.nodes.service.reading import FullNode, ListedNode
from rustok.content.nodes.states import steps_offered
from rustok.core.pagination import PageRequest
from rustok.core.types import Handle, LocaleTag, ShortText, Title

Excerpt = Annotated[str, Meta(max_length=2_000, description="A few sentences, plain text.")]
MenuOrder = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Policy = Literal["open", "closed"]
Fields = Annotated[dict[FieldName, FieldValue], Meta(max_length=100)]
Definitions = Annotated[list[FieldDefinition], Meta(max_length=100)]
Moment = Annotated[datetime, Meta(tz=True, examples=["2026-12-24T08:00:00Z"])]


class TranslationInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The texts of one locale. Without `handle` one is made from the title; without `body` it stays."""

    title: Title
    handle: Handle | None = None
    excerpt: Excerpt = ""
    seo_title: Title | None = None
    seo_description: ShortText | None = None
    body: Body | msgspec.UnsetType | None = msgspec.UNSET


class CreateNode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new draft; its author is the caller unless another is named."""

    kind: KindSlug
    translations: Annotated[dict[LocaleTag, TranslationInput], Meta(min_length=1, max_length=50)]
    parent_id: UUID | None = None
    menu_order: MenuOrder = 0
    is_sticky: bool = False
    is_protected: bool = False
    comment_policy: Policy = "open"
    author_id: UUID | None = None
    author_name: Title | None = None
    featured_media_id: UUID | None = None
    fields: Fields = msgspec.field(default_factory=dict)


class UpdateNode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes; absent fields stay, null takes a parent, author or picture away. `fields` replaces all."""

    parent_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    menu_order: MenuOrder | msgspec.UnsetType = msgspec.UNSET
    is_sticky: bool | msgspec.UnsetType = msgspec.UNSET
    is_protected: bool | msgspec.UnsetType = msgspec.UNSET
    comment_policy: Policy | msgspec.UnsetType = msgspec.UNSET
    author_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    author_name: Title | msgspec.UnsetType | None = msgspec.UNSET
    featured_media_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    fields: Fields | msgspec.UnsetType = msgspec.UNSET


class SetTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The categories and tags a node has from now on."""

    category_ids: Annotated[list[UUID], Meta(max_length=50)] = msgspec.field(default_factory=list)
    tag_ids: Annotated[list[UUID], Meta(max_length=100)] = msgspec.field(default_factory=list)


class ScheduleNode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    publish_at: Moment


class ApproveNode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without a time it is published now."""

    publish_at: Moment | None = None


class RejectNode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: ShortText


class ArchiveNode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Annotated[ShortText, Meta(min_length=1, examples=["Out of date"])]


class NodeFilter(PageRequest, frozen=True, kw_only=True):
    """Which nodes: `q` is how a title begins, `category_id` also takes those below it."""

    kind: KindSlug | None = None
    status: NodeState | None = None
    locale: LocaleTag | None = None
    q: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    category_id: UUID | None = None
    tag_id: UUID | None = None
    parent_id: UUID | None = None


class CreateKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind of node; "page" and "post" can be given fields this way."""

    slug: KindSlug
    name: Title
    is_hierarchical: bool = False
    fields: Definitions = msgspec.field(default_factory=list)


class UpdateKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes; absent fields stay. `fields` replaces all definitions."""

    name: Title | None = None
    fields: Definitions | None = None


class KindView(msgspec.Struct, frozen=True, kw_only=True):
    """`id` is null for a built-in kind without a definition of the tenant's own."""

    id: UUID | None
    slug: str
    name: str
    is_hierarchical: bool
    fields: list[FieldDefinition]
    version: int
    created_at: datetime | None
    updated_at: datetime | None


class TranslationView(msgspec.Struct, frozen=True, kw_only=True):
    """`body` as it was written, `html` as it is shown."""

    title: str
    handle: str
    excerpt: str
    seo_title: str | None
    seo_description: str | None
    body: Body | None
    html: str


class NodeView(msgspec.Struct, frozen=True, kw_only=True):
    """A node as its editors see it."""

    id: UUID
    kind: str
    status: NodeState
    parent_id: UUID | None
    menu_order: int
    is_sticky: bool
    is_protected: bool
    comment_policy: Policy
    author_id: UUID | None
    author_name: str | None
    featured_media_id: UUID | None
    fields: dict[str, FieldValue]
    translations: dict[str, TranslationView]
    category_ids: list[UUID]
    tag_ids: list[UUID]
    submitted_at: datetime | None
    publish_at: datetime | None
    published_at: datetime | None
    archived_at: datetime | None
    archived_reason: str | None
    revision: int
    allowed_actions: list[str]
    version: int
    created_at: datetime
    updated_at: datetime


class NodeListItem(msgspec.Struct, frozen=True, kw_only=True):
    """A node in a list: title and handle in the locale asked for or its fallback (`locale`)."""

    id: UUID
    kind: str
    status: NodeState
    locale: str | None
    title: str
    handle: str
    excerpt: str
    locales: list[str]
    parent_id: UUID | None
    menu_order: int
    is_sticky: bool
    is_protected: bool
    author_id: UUID | None
    author_name: str | None
    publish_at: datetime | None
    published_at: datetime | None
    allowed_actions: list[str]
    version: int
    created_at: datetime
    updated_at: datetime


class NodeStepView(msgspec.Struct, frozen=True, kw_only=True):
    """A node after a step of its life."""

    id: UUID
    kind: str
    status: NodeState
    submitted_at: datetime | None
    publish_at: datetime | None
    published_at: datetime | None
    archived_at: datetime | None
    archived_reason: str | None
    allowed_actions: list[str]
    version: int
    created_at: datetime
    updated_at: datetime


class RevisionItem(msgspec.Struct, frozen=True, kw_only=True):
    """A save: `changed` names fields, as in "menu_order", "en.title", "de.body"."""

    number: int
    author_id: UUID | None
    changed: list[str]
    created_at: datetime


class RevisionView(msgspec.Struct, frozen=True, kw_only=True):
    """A save with everything as it was after it."""

    number: int
    author_id: UUID | None
    changed: list[str]
    content: NodeContent
    created_at: datetime


def text_input(data: TranslationInput) -> TextInput:
    return TextInput(
        title=data.title,
        handle=data.handle,
        excerpt=data.excerpt,
        seo_title=data.seo_title,
        seo_description=data.seo_description,
        body=data.body,
    )


def changes_of(data: UpdateNode) -> dict[str, object]:
    """The fields that were sent."""
    sent = {name: getattr(data, name) for name in data.__struct_fields__}
    return {name: value for name, value in sent.items() if value is not msgspec.UNSET}


def _translation_view(row: FullTextRow) -> TranslationView:
    return TranslationView(
        title=row.title,
        handle=row.handle,
        excerpt=row.excerpt,
        seo_title=row.seo_title,
        seo_description=row.seo_description,
        body=None if row.format is None else read_body(row.format, row.body_source or ""),
        html=row.html or "",
    )


def _of_states(node: Node) -> dict[str, datetime | str | None]:
    names = ("submitted_at", "publish_at", "published_at", "archived_at", "archived_reason")
    return {name: getattr(node, name, None) for name in names}


def node_view(full: FullNode) -> NodeView:
    node = full.stored.node
    shown: dict[str, object] = {
        **{n: getattr(node, n) for n in NodeView.__struct_fields__ if hasattr(node, n)},
        **_of_states(node),
        "status": node.state,
        "translations": {row.locale: _translation_view(row) for row in full.stored.texts},
        "category_ids": full.category_ids,
        "tag_ids": full.tag_ids,
        "allowed_actions": steps_offered(node.state),
    }
    return msgspec.convert(shown, NodeView)


def step_view(node: Node) -> NodeStepView:
    shown: dict[str, object] = {
        **{n: getattr(node, n) for n in NodeStepView.__struct_fields__ if hasattr(node, n)},
        **_of_states(node),
        "status": node.state,
        "allowed_actions": steps_offered(node.state),
    }
    return msgspec.convert(shown, NodeStepView)


def list_item(listed: ListedNode) -> NodeListItem:
    node, text = listed.node, listed.text
    return NodeListItem(
        id=node.id,
        kind=node.kind,
        status=node.state,
        locale=text.locale if text else None,
        title=text.title if text else "",
        handle=text.handle if text else "",
        excerpt=text.excerpt if text else "",
        locales=listed.locales,
        parent_id=node.parent_id,
        menu_order=node.menu_order,
        is_sticky=node.is_sticky,
        is_protected=node.is_protected,
        author_id=node.author_id,
        author_name=node.author_name,
        publish_at=getattr(node, "publish_at", None),
        published_at=getattr(node, "published_at", None),
        allowed_actions=steps_offered(node.state),
        version=node.version,
        created_at=node.created_at,
        updated_at=node.updated_at,
    )


def kind_view(kind: NodeKind) -> KindView:
    return msgspec.convert(kind, KindView, from_attributes=True)


def revision_item(revision: RevisionSummary) -> RevisionItem:
    return msgspec.convert(revision, RevisionItem, from_attributes=True)


def revision_view(revision: Revision) -> RevisionView:
    return msgspec.convert(revision, RevisionView, from_attributes=True)
