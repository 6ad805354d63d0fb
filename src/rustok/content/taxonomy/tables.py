"""Tables of content categories and tags."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, Integer, Text, UniqueConstraint

from rustok.content.taxonomy.model import CategoryText
from rustok.core.db import Id, Json, Timestamp, tenant_reference, tenant_table

content_categories: Final = tenant_table(
    "content_categories",
    Column("parent_id", Id()),
    Column("handle", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("texts", Json(dict[str, CategoryText]), nullable=False),
    Column("source", Text),
    Column("source_id", Text),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    UniqueConstraint("tenant_id", "handle", name="uq_content_categories_handle"),
    UniqueConstraint("tenant_id", "source", "source_id", name="uq_content_categories_source"),
    tenant_reference("parent_id", "content_categories", name="fk_content_categories_parent"),
    Index("ix_content_categories_parent", "tenant_id", "parent_id"),
)

content_tags: Final = tenant_table(
    "content_tags",
    Column("name", Text, nullable=False),
    Column("handle", Text, nullable=False),
    Column("source", Text),
    Column("source_id", Text),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    UniqueConstraint("tenant_id", "handle", name="uq_content_tags_handle"),
    UniqueConstraint("tenant_id", "source", "source_id", name="uq_content_tags_source"),
)
