"""Tables of nodes."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)

from rustok.content.nodes.model.content import NodeContent
from rustok.content.nodes.model.kinds import FieldDefinition, FieldValue
from rustok.content.nodes.states import NODE_LIFECYCLE
from rustok.core.db import Id, Json, Timestamp, tenant_reference, tenant_table
from rustok.core.db.schema import states_check

# no event: the shape of fields for authors; nodes of the kind stay as they are
node_kinds: Final = tenant_table(
    "node_kinds",
    Column("slug", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("is_hierarchical", Boolean, nullable=False),
    Column("fields", Json(list[FieldDefinition]), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    UniqueConstraint("tenant_id", "slug", name="uq_node_kinds_slug"),
)

nodes: Final = tenant_table(
    "nodes",
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("parent_id", Id()),
    Column("menu_order", Integer, nullable=False),
    Column("is_sticky", Boolean, nullable=False),
    Column("is_protected", Boolean, nullable=False),
    Column("comment_policy", Text, nullable=False),
    Column("author_id", Id()),
    Column("author_name", Text),
    Column("featured_media_id", Id()),
    Column("fields", Json(dict[str, FieldValue]), nullable=False),
    Column("imported_fields", Json(dict[str, str]), nullable=False),
    Column("source", Text),
    Column("source_id", Text),
    Column("revision", Integer, nullable=False),
    Column("submitted_at", Timestamp()),
    Column("publish_at", Timestamp()),
    Column("published_at", Timestamp()),
    Column("archived_at", Timestamp()),
    Column("archived_reason", Text),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    UniqueConstraint("tenant_id", "source", "source_id", name="uq_nodes_source"),
    tenant_reference("parent_id", "nodes", name="fk_nodes_parent"),
    tenant_reference("featured_media_id", "media", name="fk_nodes_featured_media"),
    states_check("status", NODE_LIFECYCLE.states),
    CheckConstraint("comment_policy IN ('open', 'closed')", name="comment_policy_known"),
    CheckConstraint(
        "(status = 'in_review') = (submitted_at IS NOT NULL)", name="submitted_at_of_state"
    ),
    CheckConstraint(
        "(status = 'scheduled') = (publish_at IS NOT NULL)", name="publish_at_of_state"
    ),
    CheckConstraint(
        "(status = 'published') = (published_at IS NOT NULL)", name="published_at_of_state"
    ),
    CheckConstraint(
        "(status = 'archived') = (archived_at IS NOT NULL)", name="archived_at_of_state"
    ),
    CheckConstraint(
        "(status = 'archived') = (archived_reason IS NOT NULL AND trim(archived_reason) <> '')",
        name="archived_reason_of_state",
    ),
    Index("ix_nodes_kind", "tenant_id", "kind", "status", "id"),
    Index("ix_nodes_status", "tenant_id", "status", "id"),
    Index("ix_nodes_parent", "tenant_id", "parent_id", "menu_order", "id"),
    Index("ix_nodes_author", "tenant_id", "author_id", "id"),
    Index("ix_nodes_featured_media", "tenant_id", "featured_media_id"),
    Index(
        "ix_nodes_due",
        "publish_at",
        "id",
        sqlite_where=text("status = 'scheduled'"),
        postgresql_where=text("status = 'scheduled'"),
    ),
)

# Without bodies, so that lists stay light. `kind` stands here for the unique handle.
node_translations: Final = tenant_table(
    "node_translations",
    Column("node_id", Id(), nullable=False),
    Column("locale", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("title_folded", Text, nullable=False),
    Column("handle", Text, nullable=False),
    Column("excerpt", Text, nullable=False),
    Column("seo_title", Text),
    Column("seo_description", Text),
    UniqueConstraint("tenant_id", "kind", "locale", "handle", name="uq_node_translations_handle"),
    tenant_reference("node_id", "nodes", ondelete="CASCADE", name="fk_node_translations_node"),
    Index("ix_node_translations_title", "tenant_id", "title_folded"),
    primary_key=("node_id", "locale"),
    with_id=False,
)

node_bodies: Final = tenant_table(
    "node_bodies",
    Column("node_id", Id(), nullable=False),
    Column("locale", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("html", Text, nullable=False),
    CheckConstraint("format IN ('markdown', 'html', 'blocks')", name="format_known"),
    tenant_reference(
        ("node_id", "locale"),
        "node_translations",
        ondelete="CASCADE",
        target_columns=("node_id", "locale"),
        name="fk_node_bodies_translation",
    ),
    primary_key=("node_id", "locale"),
    with_id=False,
)

node_revisions: Final = tenant_table(
    "node_revisions",
    Column("node_id", Id(), nullable=False),
    Column("number", Integer, nullable=False),
    Column("author_id", Id()),
    Column("changed", Json(list[str]), nullable=False),
    Column("content", Json(NodeContent), nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    UniqueConstraint("tenant_id", "node_id", "number", name="uq_node_revisions_number"),
    tenant_reference("node_id", "nodes", ondelete="CASCADE", name="fk_node_revisions_node"),
)

node_categories: Final = tenant_table(
    "node_categories",
    Column("node_id", Id(), nullable=False),
    Column("category_id", Id(), nullable=False),
    tenant_reference("node_id", "nodes", ondelete="CASCADE", name="fk_node_categories_node"),
    tenant_reference(
        "category_id", "content_categories", ondelete="CASCADE", name="fk_node_categories_category"
    ),
    Index("ix_node_categories_category", "tenant_id", "category_id", "node_id"),
    primary_key=("node_id", "category_id"),
    with_id=False,
)

node_tags: Final = tenant_table(
    "node_tags",
    Column("node_id", Id(), nullable=False),
    Column("tag_id", Id(), nullable=False),
    tenant_reference("node_id", "nodes", ondelete="CASCADE", name="fk_node_tags_node"),
    tenant_reference("tag_id", "content_tags", ondelete="CASCADE", name="fk_node_tags_tag"),
    Index("ix_node_tags_tag", "tenant_id", "tag_id", "node_id"),
    primary_key=("node_id", "tag_id"),
    with_id=False,
)
