"""Payments by a provider: accounts, operations, and what is on its way back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rustok.core.db.schema import Id, Timestamp, isolate
from rustok.core.db.schema_changes import replace_check

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_BEFORE = (
    "0 <= refunded_minor AND refunded_minor <= captured_minor AND captured_minor <= amount_minor"
)
_AFTER = (
    "0 <= refunded_minor AND 0 <= refunding_minor "
    "AND refunded_minor + refunding_minor <= captured_minor AND captured_minor <= amount_minor"
)
_BY_HAND = "provider IN ('manual')"
_ALL = "provider IN ('manual', 'stripe', 'test')"


def _isolate(table: str) -> None:
    """Row-level security; SQLite has none, its statements carry the tenant."""
    if op.get_bind().dialect.name == "postgresql":
        for statement in isolate(table, "tenant_id"):
            op.execute(statement)


def upgrade() -> None:
    op.add_column(
        "payments",
        sa.Column("refunding_minor", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
    )
    connection = op.get_bind()
    replace_check(connection, "payments", "amounts_within_bounds", before=_BEFORE, after=_AFTER)
    replace_check(connection, "payments", "provider_known", before=_BY_HAND, after=_ALL)
    op.create_index(
        "ix_payments_reference",
        "payments",
        ["tenant_id", "provider", "reference"],
        sqlite_where=sa.text("provider <> 'manual'"),
        postgresql_where=sa.text("provider <> 'manual'"),
    )
    op.create_table(
        "payment_accounts",
        sa.Column("tenant_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("capture", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=True),
        sa.Column("sealed_secret_key", sa.Text(), nullable=True),
        sa.Column("sealed_webhook_secret", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("updated_at", Timestamp(), nullable=False),
        sa.CheckConstraint(
            "capture IN ('automatic', 'manual')", name=op.f("ck_payment_accounts_capture_known")
        ),
        sa.CheckConstraint(
            "provider IN ('manual', 'stripe', 'test')",
            name=op.f("ck_payment_accounts_provider_known"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_payment_accounts"),
        sa.UniqueConstraint("tenant_id", "provider", name="uq_payment_accounts_provider"),
        info={"tenant": "tenant_id"},
        sqlite_strict=True,
    )
    op.create_table(
        "payment_operations",
        sa.Column("tenant_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("payment_id", Id(), nullable=False),
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("subject_id", Id(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", Timestamp(), nullable=False),
        sa.Column("settled_at", Timestamp(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("updated_at", Timestamp(), nullable=False),
        sa.CheckConstraint(
            "(status = 'open') = (settled_at IS NULL)",
            name=op.f("ck_payment_operations_settled_data"),
        ),
        sa.CheckConstraint(
            "(status = 'refused') = (reason IS NOT NULL)",
            name=op.f("ck_payment_operations_refused_data"),
        ),
        sa.CheckConstraint(
            "cause IN ('requested', 'order_cancelled', 'return', 'stray', 'outside')",
            name=op.f("ck_payment_operations_cause_known"),
        ),
        sa.CheckConstraint(
            "kind IN ('authorize', 'capture', 'refund', 'void')",
            name=op.f("ck_payment_operations_kind_known"),
        ),
        sa.CheckConstraint(
            "status IN ('open', 'done', 'refused')", name=op.f("ck_payment_operations_status_known")
        ),
        sa.CheckConstraint(
            "amount_minor >= 0 AND attempts >= 0",
            name=op.f("ck_payment_operations_numbers_not_negative"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "payment_id"],
            ["payments.tenant_id", "payments.id"],
            name=op.f("fk_payment_operations_tenant_id_payment_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_payment_operations"),
        sa.UniqueConstraint("tenant_id", "payment_id", "key", name="uq_payment_operations_key"),
        info={"tenant": "tenant_id"},
        sqlite_strict=True,
    )
    op.create_index(
        "ix_payment_operations_due",
        "payment_operations",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(
        "ix_payment_operations_order",
        "payment_operations",
        ["tenant_id", "order_id", "id"],
        unique=False,
    )
    op.create_index(
        "uq_payment_operations_open",
        "payment_operations",
        ["tenant_id", "payment_id"],
        unique=True,
        sqlite_where=sa.text("status = 'open' AND kind <> 'refund'"),
        postgresql_where=sa.text("status = 'open' AND kind <> 'refund'"),
    )
    _isolate("payment_accounts")
    _isolate("payment_operations")


def downgrade() -> None:
    op.drop_table("payment_operations")
    op.drop_table("payment_accounts")
    op.drop_index("ix_payments_reference", table_name="payments")
    # What a provider took stays in the books, as if somebody had seen it come in.
    op.execute("UPDATE payments SET provider = 'manual', refunding_minor = 0")
    connection = op.get_bind()
    replace_check(connection, "payments", "provider_known", before=_ALL, after=_BY_HAND)
    replace_check(connection, "payments", "amounts_within_bounds", before=_AFTER, after=_BEFORE)
    op.drop_column("payments", "refunding_minor")
