"""Promotions and coupons, and what they take off carts and orders."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rustok.core.db.schema import Id, Json, Timestamp, isolate
from rustok.core.db.schema_changes import replace_check

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _isolate(table: str, tenant_column: str) -> None:
    """Row-level security; SQLite has none, its statements carry the tenant."""
    if op.get_bind().dialect.name == "postgresql":
        for statement in isolate(table, tenant_column):
            op.execute(statement)


_TOTAL = (
    "subtotal_minor >= 0 AND shipping_minor >= 0 AND tax_minor >= 0 "
    "AND total_minor = subtotal_minor + shipping_minor + tax_minor"
)
_TOTAL_OFF = (
    "subtotal_minor >= 0 AND shipping_minor >= 0 AND tax_minor >= 0 "
    "AND discount_minor >= 0 AND discount_minor <= subtotal_minor "
    "AND total_minor = subtotal_minor - discount_minor + shipping_minor + tax_minor"
)
_LINE = "unit_amount_minor >= 0 AND total_minor = unit_amount_minor * quantity"
_LINE_OFF = _LINE + " AND discount_minor >= 0 AND discount_minor <= total_minor"


def upgrade() -> None:
    for table in ("orders", "order_lines"):
        op.add_column(
            table,
            sa.Column(
                "discount_minor", sa.BigInteger(), nullable=False, server_default=sa.text("0")
            ),
        )
    op.add_column(
        "carts",
        sa.Column("coupon_codes", Json(), nullable=False, server_default=sa.text("'[]'")),
    )
    connection = op.get_bind()
    replace_check(connection, "orders", "total_adds_up", before=_TOTAL, after=_TOTAL_OFF)
    replace_check(connection, "order_lines", "total_adds_up", before=_LINE, after=_LINE_OFF)
    op.create_table(
        "promotions",
        sa.Column("tenant_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("percent_basis_points", sa.Integer(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("target_ids", Json(), nullable=False),
        sa.Column("starts_at", Timestamp(), nullable=True),
        sa.Column("ends_at", Timestamp(), nullable=True),
        sa.Column("min_total_minor", sa.BigInteger(), nullable=True),
        sa.Column("usage_limit", sa.Integer(), nullable=True),
        sa.Column("usage_limit_per_customer", sa.Integer(), nullable=True),
        sa.Column("combinable", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("used_count", sa.Integer(), nullable=False),
        sa.Column("deleted_at", Timestamp(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("updated_at", Timestamp(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'percent' AND percent_basis_points IS NOT NULL AND amount_minor IS NULL AND percent_basis_points BETWEEN 1 AND 10000) OR (kind = 'amount' AND amount_minor IS NOT NULL AND percent_basis_points IS NULL AND amount_minor > 0 AND currency IS NOT NULL)",
            name=op.f("ck_promotions_value_of_its_kind"),
        ),
        sa.CheckConstraint("kind IN ('percent', 'amount')", name=op.f("ck_promotions_kind_known")),
        sa.CheckConstraint(
            "scope IN ('cart', 'products', 'categories', 'collections')",
            name=op.f("ck_promotions_scope_known"),
        ),
        sa.CheckConstraint(
            "ends_at IS NULL OR starts_at IS NULL OR ends_at > starts_at",
            name=op.f("ck_promotions_time_runs"),
        ),
        sa.CheckConstraint(
            "min_total_minor IS NULL OR currency IS NOT NULL",
            name=op.f("ck_promotions_minimum_has_currency"),
        ),
        sa.CheckConstraint(
            "used_count >= 0 AND (usage_limit IS NULL OR used_count <= usage_limit)",
            name=op.f("ck_promotions_used_within_limit"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_promotions"),
        info={"tenant": "tenant_id"},
        sqlite_strict=True,
    )
    op.create_table(
        "coupons",
        sa.Column("tenant_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("promotion_id", Id(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("usage_limit", sa.Integer(), nullable=True),
        sa.Column("used_count", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("updated_at", Timestamp(), nullable=False),
        sa.CheckConstraint(
            "used_count >= 0 AND (usage_limit IS NULL OR used_count <= usage_limit)",
            name=op.f("ck_coupons_used_within_limit"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "promotion_id"],
            ["promotions.tenant_id", "promotions.id"],
            name=op.f("fk_coupons_tenant_id_promotion_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_coupons"),
        sa.UniqueConstraint("tenant_id", "code", name="uq_coupons_code"),
        info={"tenant": "tenant_id"},
        sqlite_strict=True,
    )
    op.create_index(
        "ix_coupons_promotion", "coupons", ["tenant_id", "promotion_id", "id"], unique=False
    )
    op.create_table(
        "coupon_redemptions",
        sa.Column("tenant_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("coupon_id", Id(), nullable=False),
        sa.Column("promotion_id", Id(), nullable=False),
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("customer_key", sa.Text(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("released_at", Timestamp(), nullable=True),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.CheckConstraint(
            "discount_minor >= 0", name=op.f("ck_coupon_redemptions_discount_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "coupon_id"],
            ["coupons.tenant_id", "coupons.id"],
            name=op.f("fk_coupon_redemptions_tenant_id_coupon_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_coupon_redemptions"),
        sa.UniqueConstraint(
            "tenant_id", "coupon_id", "order_id", name="uq_coupon_redemptions_order"
        ),
        info={"tenant": "tenant_id"},
        sqlite_strict=True,
    )
    op.create_index(
        "ix_coupon_redemptions_customer",
        "coupon_redemptions",
        ["tenant_id", "promotion_id", "customer_key"],
        unique=False,
    )
    op.create_index(
        "ix_coupon_redemptions_order", "coupon_redemptions", ["tenant_id", "order_id"], unique=False
    )
    _isolate("promotions", "tenant_id")
    _isolate("coupons", "tenant_id")
    _isolate("coupon_redemptions", "tenant_id")


def downgrade() -> None:
    op.drop_table("coupon_redemptions")
    op.drop_table("coupons")
    op.drop_table("promotions")
    # An order keeps what was paid for it: what came off goes out of its subtotal.
    op.execute(
        "UPDATE orders SET subtotal_minor = subtotal_minor - discount_minor, discount_minor = 0 "
        "WHERE discount_minor <> 0"
    )
    connection = op.get_bind()
    replace_check(connection, "order_lines", "total_adds_up", before=_LINE_OFF, after=_LINE)
    replace_check(connection, "orders", "total_adds_up", before=_TOTAL_OFF, after=_TOTAL)
    op.drop_column("carts", "coupon_codes")
    for table in ("order_lines", "orders"):
        op.drop_column(table, "discount_minor")
