"""Tables of payments. CHECKs hold captured <= amount, and refunded or on its way back <= captured."""

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

from rustok.commerce.payments.model import (
    CAPTURE_MODES,
    CAUSES,
    OPERATION_KINDS,
    OPERATION_STATUSES,
    PROVIDERS,
)
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
    Column("refunding_minor", BigInteger, nullable=False),
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
    states_check("provider", PROVIDERS),
    CheckConstraint(
        "0 <= refunded_minor AND 0 <= refunding_minor "
        "AND refunded_minor + refunding_minor <= captured_minor "
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
    # A notice of the provider names the payment by the provider's word for it.
    Index(
        "ix_payments_reference",
        "tenant_id",
        "provider",
        "reference",
        sqlite_where=text("provider <> 'manual'"),
        postgresql_where=text("provider <> 'manual'"),
    ),
)

# no event: the payment's own events tell what came of it
payment_operations: Final = tenant_table(
    "payment_operations",
    Column("payment_id", Id(), nullable=False),
    Column("order_id", Id(), nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("cause", Text, nullable=False),
    Column("subject_id", Id()),
    Column("reference", Text),
    Column("key", Text),
    Column("reason", Text),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Timestamp(), nullable=False),
    Column("settled_at", Timestamp()),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    states_check("kind", OPERATION_KINDS),
    states_check("status", OPERATION_STATUSES),
    states_check("cause", CAUSES),
    CheckConstraint("amount_minor >= 0 AND attempts >= 0", name="numbers_not_negative"),
    CheckConstraint("(status = 'open') = (settled_at IS NULL)", name="settled_data"),
    CheckConstraint("(status = 'refused') = (reason IS NOT NULL)", name="refused_data"),
    tenant_reference("payment_id", "payments"),
    # A key names one thing that was asked for.
    UniqueConstraint("tenant_id", "payment_id", "key", name="uq_payment_operations_key"),
    # Refunds may go side by side, the money aside is counted; all else is one at a time.
    Index(
        "uq_payment_operations_open",
        "tenant_id",
        "payment_id",
        unique=True,
        sqlite_where=text("status = 'open' AND kind <> 'refund'"),
        postgresql_where=text("status = 'open' AND kind <> 'refund'"),
    ),
    Index("ix_payment_operations_order", "tenant_id", "order_id", "id"),
    # The job looks over all tenants by time.
    Index(
        "ix_payment_operations_due",
        "due_at",
        sqlite_where=text("status = 'open'"),
        postgresql_where=text("status = 'open'"),
    ),
)

# no event: it holds keys; who set them is in the audit log
payment_accounts: Final = tenant_table(
    "payment_accounts",
    Column("provider", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("capture", Text, nullable=False),
    Column("public_key", Text),
    Column("sealed_secret_key", Text, info={"sealed": "payment_account/{id}/secret_key"}),
    Column("sealed_webhook_secret", Text, info={"sealed": "payment_account/{id}/webhook_secret"}),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    states_check("provider", PROVIDERS),
    states_check("capture", CAPTURE_MODES),
    UniqueConstraint("tenant_id", "provider", name="uq_payment_accounts_provider"),
)
