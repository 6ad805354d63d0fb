"""Tables of media."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, Text, UniqueConstraint

from rustok.core.db import Json, Timestamp, tenant_table

media: Final = tenant_table(
    "media",
    Column("url", Text),
    Column("stored_as", Text),
    Column("filename", Text),
    Column("mime_type", Text, nullable=False),
    Column("width", Integer),
    Column("height", Integer),
    Column("size_bytes", BigInteger),
    Column("checksum", Text),
    Column("alt", Json(dict[str, str]), nullable=False),
    Column("source", Text),
    Column("source_id", Text),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    # The same content uploaded twice is one media.
    UniqueConstraint("tenant_id", "stored_as", name="uq_media_stored_as"),
    UniqueConstraint("tenant_id", "source", "source_id", name="uq_media_source"),
    CheckConstraint("(url IS NULL) <> (stored_as IS NULL)", name="one_place"),
)
