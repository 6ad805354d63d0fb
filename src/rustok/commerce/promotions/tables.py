"""Tables of promotions. CHECKs hold the uses within their limits, whoever writes."""

from __future__ import annotations

from typing import Final
from uuid import UUID

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

from rustok.commerce.promotions.model import KINDS, MAX_BASIS_POINTS, SCOPES
from rustok.core.db import Id, Json, Timestamp, tenant_reference, tenant_table
from rustok.core.db.schema import states_check

_WITHIN = "used_count >= 0 AND (usage_limit IS NULL OR used_count <= usage_limit)"

promotions: Final = tenant_table(
    "promotions",
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("percent_basis_points", Integer),
    Column("amount_minor", BigInteger),
    Column("currency", Text),
    Column("scope", Text, nullable=False),
    Column("target_ids", Json(tuple[UUID, ...]), nullable=False),
    Column("starts_at", Timestamp()),
    Column("ends_at", Timestamp()),
    Column("min_total_minor", BigInteger),
    Column("usage_limit", Integer),
    Column("usage_limit_per_customer", Integer),
    Column("combinable", Boolean, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("used_count", Integer, nullable=False),
    Column("deleted_at", Timestamp()),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    states_check("kind", KINDS),
    states_check("scope", SCOPES),
    CheckConstraint(
        "(kind = 'percent' AND percent_basis_points IS NOT NULL AND amount_minor IS NULL "
        f"AND percent_basis_points BETWEEN 1 AND {MAX_BASIS_POINTS}) "
        "OR (kind = 'amount' AND amount_minor IS NOT NULL AND percent_basis_points IS NULL "
        "AND amount_minor > 0 AND currency IS NOT NULL)",
        name="value_of_its_kind",
    ),
    CheckConstraint("min_total_minor IS NULL OR currency IS NOT NULL", name="minimum_has_currency"),
    CheckConstraint(
        "ends_at IS NULL OR starts_at IS NULL OR ends_at > starts_at", name="time_runs"
    ),
    CheckConstraint(_WITHIN, name="used_within_limit"),
)

coupons: Final = tenant_table(
    "coupons",
    Column("promotion_id", Id(), nullable=False),
    Column("code", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("usage_limit", Integer),
    Column("used_count", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    UniqueConstraint("tenant_id", "code", name="uq_coupons_code"),
    CheckConstraint(_WITHIN, name="used_within_limit"),
    tenant_reference("promotion_id", "promotions"),
    Index("ix_coupons_promotion", "tenant_id", "promotion_id", "id"),
)

coupon_redemptions: Final = tenant_table(
    "coupon_redemptions",
    Column("coupon_id", Id(), nullable=False),
    Column("promotion_id", Id(), nullable=False),
    Column("order_id", Id(), nullable=False),
    Column("customer_key", Text, nullable=False),
    Column("discount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("released_at", Timestamp()),
    Column("created_at", Timestamp(), nullable=False),
    UniqueConstraint("tenant_id", "coupon_id", "order_id", name="uq_coupon_redemptions_order"),
    CheckConstraint("discount_minor >= 0", name="discount_not_negative"),
    tenant_reference("coupon_id", "coupons"),
    Index("ix_coupon_redemptions_order", "tenant_id", "order_id"),
    Index("ix_coupon_redemptions_customer", "tenant_id", "promotion_id", "customer_key"),
)
