"""Returns: pieces that come back, with their lines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rustok.core.db.schema import Id, Timestamp, isolate

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _isolate(table: str, tenant_column: str) -> None:
    """Row-level security; SQLite has none, its statements carry the tenant."""
    if op.get_bind().dialect.name == "postgresql":
        for statement in isolate(table, tenant_column):
            op.execute(statement)


def upgrade() -> None:
    op.create_table(
        "returns",
        sa.Column("tenant_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("customer_id", Id(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("value_minor", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("refund_id", Id(), nullable=True),
        sa.Column("approved_at", Timestamp(), nullable=True),
        sa.Column("received_at", Timestamp(), nullable=True),
        sa.Column("refunded_at", Timestamp(), nullable=True),
        sa.Column("refunded_minor", sa.BigInteger(), nullable=True),
        sa.Column("rejected_at", Timestamp(), nullable=True),
        sa.Column("rejected_reason", sa.Text(), nullable=True),
        sa.Column("cancelled_at", Timestamp(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("updated_at", Timestamp(), nullable=False),
        sa.CheckConstraint(
            "(status = 'cancelled') = (cancelled_at IS NOT NULL)",
            name=op.f("ck_returns_cancelled_data"),
        ),
        sa.CheckConstraint(
            "(status = 'refunded') = (refunded_at IS NOT NULL AND refunded_minor IS NOT NULL)",
            name=op.f("ck_returns_refunded_data"),
        ),
        sa.CheckConstraint(
            "(status = 'rejected') = (rejected_at IS NOT NULL AND rejected_reason IS NOT NULL)",
            name=op.f("ck_returns_rejected_data"),
        ),
        sa.CheckConstraint(
            "(status IN ('approved', 'received', 'refunded', 'cancelled')) = (approved_at IS NOT NULL)",
            name=op.f("ck_returns_approved_data"),
        ),
        sa.CheckConstraint(
            "(status IN ('received', 'refunded')) = (received_at IS NOT NULL)",
            name=op.f("ck_returns_received_data"),
        ),
        sa.CheckConstraint(
            "refund_id IS NULL OR status IN ('received', 'refunded')",
            name=op.f("ck_returns_refund_when_received"),
        ),
        sa.CheckConstraint(
            "status IN ('requested', 'approved', 'received', 'refunded', 'rejected', 'cancelled')",
            name=op.f("ck_returns_status_known"),
        ),
        sa.CheckConstraint(
            "value_minor >= 0 AND (refunded_minor IS NULL OR (refunded_minor >= 0 AND refunded_minor <= value_minor))",
            name=op.f("ck_returns_refund_within_value"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["orders.tenant_id", "orders.id"],
            name=op.f("fk_returns_tenant_id_order_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_returns"),
        info={"tenant": "tenant_id"},
        sqlite_strict=True,
    )
    op.create_index(
        "ix_returns_customer", "returns", ["tenant_id", "customer_id", "id"], unique=False
    )
    op.create_index("ix_returns_order", "returns", ["tenant_id", "order_id", "id"], unique=False)
    op.create_index("ix_returns_status", "returns", ["tenant_id", "status", "id"], unique=False)
    op.create_table(
        "return_lines",
        sa.Column("tenant_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("return_id", Id(), nullable=False),
        sa.Column("order_line_id", Id(), nullable=False),
        sa.Column("variant_id", Id(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("value_minor", sa.BigInteger(), nullable=False),
        sa.Column("restocked", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "quantity > 0 AND value_minor >= 0", name=op.f("ck_return_lines_numbers_in_range")
        ),
        sa.CheckConstraint(
            "restocked BETWEEN 0 AND quantity",
            name=op.f("ck_return_lines_restocked_within_quantity"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "return_id"],
            ["returns.tenant_id", "returns.id"],
            name=op.f("fk_return_lines_tenant_id_return_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_return_lines"),
        sa.UniqueConstraint("tenant_id", "return_id", "order_line_id", name="uq_return_lines_line"),
        info={"tenant": "tenant_id"},
        sqlite_strict=True,
    )
    op.create_index(
        "ix_return_lines_order_line", "return_lines", ["tenant_id", "order_line_id"], unique=False
    )
    _isolate("returns", "tenant_id")
    _isolate("return_lines", "tenant_id")


def downgrade() -> None:
    op.drop_table("return_lines")
    op.drop_table("returns")
