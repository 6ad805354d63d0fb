"""Tables of the content read model."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Text

from rustok.index.shelves import make_shelf

NODES: Final = make_shelf(
    "node",
    Column("kind", Text, nullable=False),
    Column("is_sticky", Boolean, nullable=False),
    per_currency=False,
    orders=("published_at", "title_key"),
)
