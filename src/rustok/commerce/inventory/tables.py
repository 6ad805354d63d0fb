"""Tables of inventory. The CHECK `reserved <= on_hand` is what makes overselling impossible."""

from __future__ import annotations

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
    text,
)

from rustok.commerce.inventory.states import RESERVATION_LIFECYCLE
from rustok.core.db import Id, Timestamp, tenant_reference, tenant_table
from rustok.core.db.schema import states_check

# no event: DOMAIN has none for locations; stock at them is announced per variant
stock_locations: Final = tenant_table(
    "stock_locations",
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    UniqueConstraint("tenant_id", "code", name="uq_stock_locations_code"),
    Index("ix_stock_locations_priority", "tenant_id", "priority", "id"),
)

# Variants are known by id only: deleting a product must not delete the ledger of what was there.
stock_levels: Final = tenant_table(
    "stock_levels",
    Column("variant_id", Id(), nullable=False),
    Column("location_id", Id(), nullable=False),
    Column("on_hand", Integer, nullable=False),
    Column("reserved", Integer, nullable=False),
    Column("backordered", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    CheckConstraint("on_hand >= 0", name="stock_not_negative"),
    CheckConstraint("reserved >= 0", name="reserved_not_negative"),
    CheckConstraint("backordered >= 0", name="backordered_not_negative"),
    CheckConstraint("reserved <= on_hand", name="not_oversold"),
    tenant_reference("location_id", "stock_locations"),
    Index("ix_stock_levels_location", "tenant_id", "location_id"),
    primary_key=("variant_id", "location_id"),
    with_id=False,
)

stock_movements: Final = tenant_table(
    "stock_movements",
    Column("variant_id", Id(), nullable=False),
    Column("location_id", Id(), nullable=False),
    Column("reason", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("quantity_delta", Integer, nullable=False),
    Column("on_hand_before", Integer, nullable=False),
    Column("on_hand_after", Integer, nullable=False),
    Column("actor_id", Id()),
    Column("created_at", Timestamp(), nullable=False),
    CheckConstraint(
        "on_hand_before >= 0 AND on_hand_after >= 0 AND quantity_delta <> 0 "
        "AND on_hand_before + quantity_delta = on_hand_after",
        name="adds_up",
    ),
    tenant_reference("location_id", "stock_locations"),
    Index("ix_stock_movements_variant", "tenant_id", "variant_id", "id"),
    Index("ix_stock_movements_location", "tenant_id", "location_id"),
)

stock_reservations: Final = tenant_table(
    "stock_reservations",
    Column("order_id", Id(), nullable=False),
    Column("order_line_id", Id(), nullable=False),
    Column("variant_id", Id(), nullable=False),
    Column("location_id", Id(), nullable=False),
    Column("backorder", Boolean, nullable=False),
    Column("status", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("consumed", Integer, nullable=False),
    Column("released", Integer, nullable=False),
    Column("expires_at", Timestamp()),
    Column("version", BigInteger, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    states_check("status", RESERVATION_LIFECYCLE.states),
    CheckConstraint(
        "quantity > 0 AND consumed >= 0 AND released >= 0 AND consumed + released <= quantity",
        name="quantities_fit",
    ),
    CheckConstraint(
        "(status = 'active' AND consumed + released < quantity) "
        "OR (status = 'consumed' AND consumed + released = quantity AND consumed > 0) "
        "OR (status = 'released' AND released = quantity)",
        name="status_fits_quantities",
    ),
    tenant_reference("location_id", "stock_locations"),
    Index("ix_stock_reservations_order", "tenant_id", "order_id"),
    Index("ix_stock_reservations_location", "tenant_id", "location_id"),
    Index(
        "ix_stock_reservations_expiry",
        "expires_at",
        sqlite_where=text("status = 'active' AND expires_at IS NOT NULL"),
        postgresql_where=text("status = 'active' AND expires_at IS NOT NULL"),
    ),
)
