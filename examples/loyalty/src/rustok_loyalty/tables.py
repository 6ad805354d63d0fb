"""Tables of points: what each order earned, so that a total can always be explained."""

from __future__ import annotations

from typing import Final

from sqlalchemy import CheckConstraint, Column, Index, Integer, UniqueConstraint

from rustok.core.db import Id, Timestamp, tenant_table

loyalty_earnings: Final = tenant_table(
    "loyalty_earnings",
    Column("order_id", Id(), nullable=False),
    Column("customer_id", Id()),
    Column("points", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    UniqueConstraint("tenant_id", "order_id", name="uq_loyalty_earnings_order"),
    CheckConstraint("points >= 0", name="points_not_negative"),
    Index("ix_loyalty_earnings_customer", "tenant_id", "customer_id"),
)
