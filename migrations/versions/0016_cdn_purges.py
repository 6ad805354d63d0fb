"""Keys that wait for being purged at a CDN."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rustok.core.db.schema import Id, Json, Timestamp, isolate

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cdn_purges",
        sa.Column("tenant_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("keys", Json(), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_cdn_purges"),
        info={"tenant": "tenant_id"},
        sqlite_strict=True,
    )
    op.create_index("ix_cdn_purges_created", "cdn_purges", ["created_at"])
    if op.get_bind().dialect.name == "postgresql":
        for statement in isolate("cdn_purges", "tenant_id"):
            op.execute(statement)


def downgrade() -> None:
    op.drop_index("ix_cdn_purges_created", table_name="cdn_purges")
    op.drop_table("cdn_purges")
