"""Tables of carts."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)

from rustok.commerce.carts.model import MAX_LINE_QUANTITY
from rustok.commerce.carts.states import CART_LIFECYCLE
from rustok.core.db import Id, Json, Timestamp, tenant_reference, tenant_table
from rustok.core.db.schema import states_check
from rustok.core.postal import PostalAddress

carts: Final = tenant_table(
    "carts",
    Column("status", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("email", Text),
    Column("customer_id", Id()),
    Column("shipping_address", Json(PostalAddress)),
    Column("billing_address", Json(PostalAddress)),
    Column("coupon_codes", Json(tuple[str, ...]), nullable=False),
    Column("order_id", Id()),
    Column("completed_at", Timestamp()),
    Column("abandoned_at", Timestamp()),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    states_check("status", CART_LIFECYCLE.states),
    CheckConstraint(
        "(status = 'completed') = (order_id IS NOT NULL AND completed_at IS NOT NULL)",
        name="order_when_completed",
    ),
    CheckConstraint(
        "(status = 'abandoned') = (abandoned_at IS NOT NULL)", name="abandoned_at_when_abandoned"
    ),
    Index("ix_carts_customer", "tenant_id", "customer_id"),
    # The idle job looks over all tenants by age.
    Index(
        "ix_carts_idle",
        "tenant_id",
        "updated_at",
        sqlite_where=text("status = 'active'"),
        postgresql_where=text("status = 'active'"),
    ),
)

cart_lines: Final = tenant_table(
    "cart_lines",
    Column("cart_id", Id(), nullable=False),
    Column("variant_id", Id(), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("unit_amount_minor", BigInteger, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    UniqueConstraint("tenant_id", "cart_id", "variant_id", name="uq_cart_lines_variant"),
    CheckConstraint(f"quantity BETWEEN 1 AND {MAX_LINE_QUANTITY}", name="quantity_in_range"),
    tenant_reference("cart_id", "carts", ondelete="CASCADE"),
)
