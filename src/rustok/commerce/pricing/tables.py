"""Tables of prices."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, Text, UniqueConstraint

from rustok.core.db import Id, Timestamp, tenant_reference, tenant_table

prices: Final = tenant_table(
    "prices",
    Column("variant_id", Id(), nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("compare_at_minor", BigInteger),
    Column("sale_amount_minor", BigInteger),
    Column("sale_starts_at", Timestamp()),
    Column("sale_ends_at", Timestamp()),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    UniqueConstraint("tenant_id", "variant_id", "currency", name="uq_prices_variant_currency"),
    CheckConstraint("amount_minor >= 0", name="amount_not_negative"),
    CheckConstraint("compare_at_minor > amount_minor", name="compare_at_above_amount"),
    CheckConstraint(
        "sale_amount_minor >= 0 AND sale_amount_minor < amount_minor", name="sale_below_amount"
    ),
    CheckConstraint(
        "sale_amount_minor IS NOT NULL OR (sale_starts_at IS NULL AND sale_ends_at IS NULL)",
        name="window_with_sale",
    ),
    CheckConstraint("sale_ends_at > sale_starts_at", name="sale_window_forward"),
    tenant_reference("variant_id", "product_variants", ondelete="CASCADE"),
)
