"""Tables of payments. CHECKs hold captured <= amount and refunded <= captured."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, Text, text

from rustok.commerce.payments.states import PAYMENT_LIFECYCLE
from rustok.core.db import Id, Timestamp, tenant_reference, tenant_table
from rustok.core.db.schema import states_check

_CAPTURED = "'partially_captured', 'captured', 'partially_refunded', 'refunded'"
_REFUNDED = "'partially_refunded', 'refunded'"

payments: Final = tenant_table(
    "payments",
    Column("order_id", Id(), nullable=False),
    Column("provider", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("method", Text),
    Column("reference", Text),
    Column("captured_minor", BigInteger, nullable=False),
    Column("refunded_minor", BigInteger, nullable=False),
    Column("authorized_at", Timestamp()),
    Column("captured_at", Timestamp()),
    Column("refunded_at", Timestamp()),
    Column("failed_at", Timestamp()),
    Column("failure_reason", Text),
    Column("voided_at", Timestamp()),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    states_check("status", PAYMENT_LIFECYCLE.states),
    CheckConstraint("provider IN ('manual')", name="provider_known"),
    CheckConstraint(
        "0 <= refunded_minor AND refunded_minor <= captured_minor "
        "AND captured_minor <= amount_minor",
        name="amounts_within_bounds",
    ),
    CheckConstraint(
        f"(status IN ({_CAPTURED}) AND captured_at IS NOT NULL AND method IS NOT NULL) "
        f"OR (status NOT IN ({_CAPTURED}) AND captured_at IS NULL AND captured_minor = 0)",
        name="captured_data",
    ),
    CheckConstraint(
        "(status = 'captured' AND captured_minor = amount_minor) OR status <> 'captured'",
        name="captured_in_full",
    ),
    CheckConstraint(f"(status IN ({_REFUNDED})) = (refunded_at IS NOT NULL)", name="refunded_data"),
    CheckConstraint(
        "(status = 'refunded' AND refunded_minor = captured_minor) OR status <> 'refunded'",
        name="refunded_in_full",
    ),
    CheckConstraint(
        "(status = 'failed') = (failed_at IS NOT NULL AND failure_reason IS NOT NULL)",
        name="failed_data",
    ),
    CheckConstraint("(status = 'voided') = (voided_at IS NOT NULL)", name="voided_data"),
    tenant_reference("order_id", "orders"),
    Index("ix_payments_order", "tenant_id", "order_id", "id"),
    # One payment at a time: together payments can never take more than the order's total.
    Index(
        "uq_payments_live",
        "tenant_id",
        "order_id",
        unique=True,
        sqlite_where=text("status NOT IN ('failed', 'voided')"),
        postgresql_where=text("status NOT IN ('failed', 'voided')"),
    ),
)
