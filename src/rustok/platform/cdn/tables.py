"""Keys that wait for being purged: one row for each transaction that altered what is shown."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index

from rustok.core.db import Json, Timestamp, tenant_table

# no event: a row is the effect of a change that has its own, and lives for seconds
cdn_purges: Final = tenant_table(
    "cdn_purges",
    Column("keys", Json(list[str]), nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Index("ix_cdn_purges_created", "created_at"),
)
