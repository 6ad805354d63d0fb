"""Tables of comments."""

from __future__ import annotations

from typing import Final

from sqlalchemy import CheckConstraint, Column, Index, Integer, Text, UniqueConstraint

from rustok.content.comments.states import COMMENT_LIFECYCLE
from rustok.core.db import Id, Timestamp, tenant_reference, tenant_table
from rustok.core.db.schema import states_check

comments: Final = tenant_table(
    "comments",
    Column("node_id", Id(), nullable=False),
    Column("parent_id", Id()),
    Column("root_id", Id(), nullable=False),
    Column("depth", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("author_id", Id()),
    Column("author_name", Text, nullable=False),
    Column("author_email", Text),
    Column("author_url", Text),
    Column("avatar_seed", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("content_html", Text, nullable=False),
    Column("source", Text),
    Column("source_id", Text),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    UniqueConstraint("tenant_id", "source", "source_id", name="uq_comments_source"),
    tenant_reference("node_id", "nodes", ondelete="CASCADE", name="fk_comments_node"),
    tenant_reference("parent_id", "comments", ondelete="CASCADE", name="fk_comments_parent"),
    states_check("status", COMMENT_LIFECYCLE.states),
    CheckConstraint("depth BETWEEN 1 AND 5", name="depth_bounded"),
    CheckConstraint("(parent_id IS NULL) = (depth = 1)", name="depth_of_parent"),
    Index("ix_comments_shown", "tenant_id", "node_id", "status", "depth", "created_at", "id"),
    Index("ix_comments_thread", "tenant_id", "root_id", "status", "created_at"),
    Index("ix_comments_parent", "tenant_id", "parent_id"),
    Index("ix_comments_status", "tenant_id", "status", "id"),
)
