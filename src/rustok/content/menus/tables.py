"""Table of menus."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Integer, Text, UniqueConstraint

from rustok.content.menus.model import MenuItem
from rustok.core.db import Json, Timestamp, tenant_table

# The tree is one value: it is read and written whole, and its order is its meaning.
menus: Final = tenant_table(
    "menus",
    Column("handle", Text, nullable=False),
    Column("names", Json(dict[str, str]), nullable=False),
    Column("items", Json(list[MenuItem]), nullable=False),
    Column("source", Text),
    Column("source_id", Text),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    UniqueConstraint("tenant_id", "handle", name="uq_menus_handle"),
    UniqueConstraint("tenant_id", "source", "source_id", name="uq_menus_source"),
)
