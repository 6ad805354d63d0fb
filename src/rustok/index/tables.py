"""Tables on the state of the read models: the last event applied, and rebuilds with where they are."""

from __future__ import annotations

from typing import Final

from sqlalchemy import CheckConstraint, Column, Index, Integer, Text, text

from rustok.core.db import Id, Timestamp, tenant_table

index_marks: Final = tenant_table(
    "index_marks",
    Column("name", Text, nullable=False),
    Column("last_event_at", Timestamp(), nullable=False),
    Column("applied_at", Timestamp(), nullable=False),
    primary_key=("name",),
    with_id=False,
)

index_rebuilds: Final = tenant_table(
    "index_rebuilds",
    Column("name", Text, nullable=False),
    Column("reason", Text, nullable=False),
    # The last subject dealt with; a rebuild goes on after it.
    Column("position", Id()),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("requested_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    Column("finished_at", Timestamp()),
    CheckConstraint("done >= 0 AND total >= 0 AND changed >= 0", name="counts_not_negative"),
    Index(
        "uq_index_rebuilds_running",
        "tenant_id",
        "name",
        unique=True,
        sqlite_where=text("finished_at IS NULL"),
        postgresql_where=text("finished_at IS NULL"),
    ),
    Index("ix_index_rebuilds_requested", "tenant_id", "name", "requested_at"),
)
