"""Stamps: how often a tenant has changed, for caches that missed a message."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rustok.core.db.schema import Id, Timestamp, isolate

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cache_stamps",
        sa.Column("tenant_id", Id(), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.Column("moved_at", Timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_cache_stamps"),
        info={"tenant": "tenant_id"},
        sqlite_strict=True,
    )
    op.create_index("ix_cache_stamps_moved_at", "cache_stamps", ["moved_at"])
    if op.get_bind().dialect.name == "postgresql":
        for statement in isolate("cache_stamps", "tenant_id"):
            op.execute(statement)


def downgrade() -> None:
    op.drop_index("ix_cache_stamps_moved_at", table_name="cache_stamps")
    op.drop_table("cache_stamps")
