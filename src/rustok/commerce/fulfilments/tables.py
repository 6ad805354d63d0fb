"""Tables of fulfilments."""

from __future__ import annotations

from typing import Final

from sqlalchemy import CheckConstraint, Column, Index, Integer, Text, UniqueConstraint

from rustok.commerce.fulfilments.states import FULFILMENT_LIFECYCLE
from rustok.core.db import Id, Timestamp, tenant_reference, tenant_table
from rustok.core.db.schema import states_check

fulfilments: Final = tenant_table(
    "fulfilments",
    Column("order_id", Id(), nullable=False),
    Column("status", Text, nullable=False),
    Column("packed_at", Timestamp()),
    Column("shipped_at", Timestamp()),
    Column("carrier", Text),
    Column("tracking_number", Text),
    Column("delivered_at", Timestamp()),
    Column("cancelled_at", Timestamp()),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    states_check("status", FULFILMENT_LIFECYCLE.states),
    CheckConstraint(
        "packed_at IS NOT NULL OR status NOT IN ('packed', 'shipped', 'delivered')",
        name="packed_data",
    ),
    CheckConstraint(
        "(status IN ('shipped', 'delivered')) = (shipped_at IS NOT NULL AND carrier IS NOT NULL)",
        name="shipped_data",
    ),
    CheckConstraint("(status = 'delivered') = (delivered_at IS NOT NULL)", name="delivered_data"),
    CheckConstraint("(status = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled_data"),
    tenant_reference("order_id", "orders"),
    Index("ix_fulfilments_order", "tenant_id", "order_id", "id"),
)

fulfilment_lines: Final = tenant_table(
    "fulfilment_lines",
    Column("fulfilment_id", Id(), nullable=False),
    Column("order_line_id", Id(), nullable=False),
    Column("quantity", Integer, nullable=False),
    UniqueConstraint(
        "tenant_id", "fulfilment_id", "order_line_id", name="uq_fulfilment_lines_order_line"
    ),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    tenant_reference("fulfilment_id", "fulfilments", ondelete="CASCADE"),
    tenant_reference("order_line_id", "order_lines"),
    Index("ix_fulfilment_lines_order_line", "tenant_id", "order_line_id"),
)
