"""Tables of orders. The CHECKs say which data each state carries, so no row can lie about its state."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    Text,
    UniqueConstraint,
)

from rustok.commerce.orders.states import FULFILMENT_STATUSES, ORDER_LIFECYCLE, PAYMENT_STATUSES
from rustok.core.db import Id, Json, Timestamp, tenant_reference, tenant_table
from rustok.core.db.schema import states_check
from rustok.core.postal import PostalAddress

order_counters: Final = tenant_table(
    "order_counters",
    Column("name", Text, nullable=False),
    Column("last", BigInteger, nullable=False),
    primary_key=("name",),
    with_id=False,
)


def _exactly_in(states: str, columns: Iterable[str], name: str) -> CheckConstraint:
    """In these states every column is set, in all others none is."""
    set_ = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    unset = " AND ".join(f"{column} IS NULL" for column in columns)
    return CheckConstraint(
        f"(status IN ({states}) AND {set_}) OR (status NOT IN ({states}) AND {unset})", name=name
    )


def _needed_in(states: str, columns: Iterable[str], name: str, *, never_in: str) -> CheckConstraint:
    """In `states` every column is set, in `never_in` none is; a cancelled order keeps what it had."""
    set_ = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    unset = " AND ".join(f"{column} IS NULL" for column in columns)
    return CheckConstraint(
        f"(status IN ({states}) AND {set_}) OR (status IN ({never_in}) AND {unset}) "
        f"OR (status = 'cancelled' AND (({set_}) OR ({unset})))",
        name=name,
    )


orders: Final = tenant_table(
    "orders",
    Column("number", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("cart_id", Id(), nullable=False),
    Column("currency", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("customer_id", Id()),
    Column("shipping_address", Json(PostalAddress), nullable=False),
    Column("billing_address", Json(PostalAddress), nullable=False),
    Column("subtotal_minor", BigInteger, nullable=False),
    Column("discount_minor", BigInteger, nullable=False),
    Column("shipping_minor", BigInteger, nullable=False),
    Column("tax_minor", BigInteger, nullable=False),
    Column("total_minor", BigInteger, nullable=False),
    Column("payment_status", Text, nullable=False),
    Column("fulfilment_status", Text, nullable=False),
    Column("access_token_digest", Text, nullable=False),
    Column("confirmed_at", Timestamp()),
    Column("paid_at", Timestamp()),
    Column("payment_id", Id()),
    Column("payment_method", Text),
    Column("shipped_at", Timestamp()),
    Column("carrier", Text),
    Column("tracking_number", Text),
    Column("delivered_at", Timestamp()),
    Column("delivered_signature", Text),
    Column("cancelled_at", Timestamp()),
    Column("cancelled_reason", Text),
    Column("refunded_minor", BigInteger),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    UniqueConstraint("tenant_id", "number", name="uq_orders_number"),
    UniqueConstraint("tenant_id", "cart_id", name="uq_orders_cart"),
    states_check("status", ORDER_LIFECYCLE.states),
    states_check("payment_status", PAYMENT_STATUSES),
    states_check("fulfilment_status", FULFILMENT_STATUSES),
    CheckConstraint(
        "subtotal_minor >= 0 AND shipping_minor >= 0 AND tax_minor >= 0 "
        "AND discount_minor >= 0 AND discount_minor <= subtotal_minor "
        "AND total_minor = subtotal_minor - discount_minor + shipping_minor + tax_minor",
        name="total_adds_up",
    ),
    CheckConstraint(
        "refunded_minor >= 0 AND refunded_minor <= total_minor", name="refund_within_total"
    ),
    _needed_in(
        "'confirmed', 'paid', 'shipped', 'delivered'",
        ("confirmed_at",),
        "confirmed_data",
        never_in="'pending'",
    ),
    _needed_in(
        "'paid', 'shipped', 'delivered'",
        ("paid_at", "payment_id", "payment_method"),
        "paid_data",
        never_in="'pending', 'confirmed'",
    ),
    _exactly_in("'shipped', 'delivered'", ("shipped_at", "carrier"), "shipped_data"),
    _exactly_in("'delivered'", ("delivered_at",), "delivered_data"),
    _exactly_in(
        "'cancelled'", ("cancelled_at", "cancelled_reason", "refunded_minor"), "cancelled_data"
    ),
    CheckConstraint(
        "cancelled_reason IS NULL OR trim(cancelled_reason) <> ''", name="reason_not_blank"
    ),
    Index("ix_orders_status", "tenant_id", "status", "id"),
    Index("ix_orders_customer", "tenant_id", "customer_id", "id"),
    Index("ix_orders_email", "tenant_id", "email", "id"),
)

order_lines: Final = tenant_table(
    "order_lines",
    Column("order_id", Id(), nullable=False),
    Column("position", Integer, nullable=False),
    Column("product_id", Id(), nullable=False),
    Column("variant_id", Id(), nullable=False),
    Column("sku", Text),
    Column("title", Text, nullable=False),
    Column("variant_title", Text, nullable=False),
    Column("image_url", Text),
    Column("quantity", Integer, nullable=False),
    Column("shipped_quantity", Integer, nullable=False),
    Column("unit_amount_minor", BigInteger, nullable=False),
    Column("total_minor", BigInteger, nullable=False),
    Column("discount_minor", BigInteger, nullable=False),
    Column("requires_shipping", Boolean, nullable=False),
    Column("taxable", Boolean, nullable=False),
    Column("track_inventory", Boolean, nullable=False),
    UniqueConstraint("tenant_id", "order_id", "position", name="uq_order_lines_position"),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    CheckConstraint("shipped_quantity BETWEEN 0 AND quantity", name="shipped_within_quantity"),
    CheckConstraint(
        "unit_amount_minor >= 0 AND total_minor = unit_amount_minor * quantity "
        "AND discount_minor >= 0 AND discount_minor <= total_minor",
        name="total_adds_up",
    ),
    tenant_reference("order_id", "orders", ondelete="CASCADE"),
    Index("ix_order_lines_variant", "tenant_id", "variant_id"),
)
