"""The table of earned points."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rustok.core.db.schema import Id, Timestamp, isolate

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "loyalty_earnings",
        sa.Column("tenant_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("customer_id", Id(), nullable=True),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.CheckConstraint("points >= 0", name=op.f("ck_loyalty_earnings_points_not_negative")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_loyalty_earnings"),
        sa.UniqueConstraint("tenant_id", "order_id", name="uq_loyalty_earnings_order"),
        info={"tenant": "tenant_id"},
        sqlite_strict=True,
    )
    op.create_index(
        "ix_loyalty_earnings_customer", "loyalty_earnings", ["tenant_id", "customer_id"]
    )
    if op.get_bind().dialect.name == "postgresql":
        for statement in isolate("loyalty_earnings", "tenant_id"):
            op.execute(statement)


def downgrade() -> None:
    op.drop_table("loyalty_earnings")
