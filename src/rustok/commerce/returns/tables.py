"""Tables of returns. The CHECKs say which data each state carries."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, Text, UniqueConstraint

from rustok.commerce.returns.states import RETURN_LIFECYCLE
from rustok.core.db import Id, Timestamp, tenant_reference, tenant_table
from rustok.core.db.schema import states_check

_APPROVED = "'approved', 'received', 'refunded', 'cancelled'"

returns: Final = tenant_table(
    "returns",
    Column("order_id", Id(), nullable=False),
    Column("customer_id", Id()),
    Column("status", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("value_minor", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    Column("refund_id", Id()),
    Column("approved_at", Timestamp()),
    Column("received_at", Timestamp()),
    Column("refunded_at", Timestamp()),
    Column("refunded_minor", BigInteger),
    Column("rejected_at", Timestamp()),
    Column("rejected_reason", Text),
    Column("cancelled_at", Timestamp()),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    states_check("status", RETURN_LIFECYCLE.states),
    CheckConstraint(
        "value_minor >= 0 AND (refunded_minor IS NULL OR "
        "(refunded_minor >= 0 AND refunded_minor <= value_minor))",
        name="refund_within_value",
    ),
    CheckConstraint(f"(status IN ({_APPROVED})) = (approved_at IS NOT NULL)", name="approved_data"),
    CheckConstraint(
        "(status IN ('received', 'refunded')) = (received_at IS NOT NULL)", name="received_data"
    ),
    CheckConstraint(
        "(status = 'refunded') = (refunded_at IS NOT NULL AND refunded_minor IS NOT NULL)",
        name="refunded_data",
    ),
    CheckConstraint(
        "(status = 'rejected') = (rejected_at IS NOT NULL AND rejected_reason IS NOT NULL)",
        name="rejected_data",
    ),
    CheckConstraint("(status = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled_data"),
    CheckConstraint(
        "refund_id IS NULL OR status IN ('received', 'refunded')", name="refund_when_received"
    ),
    tenant_reference("order_id", "orders"),
    Index("ix_returns_order", "tenant_id", "order_id", "id"),
    Index("ix_returns_status", "tenant_id", "status", "id"),
    Index("ix_returns_customer", "tenant_id", "customer_id", "id"),
)

return_lines: Final = tenant_table(
    "return_lines",
    Column("return_id", Id(), nullable=False),
    Column("order_line_id", Id(), nullable=False),
    Column("variant_id", Id(), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("value_minor", BigInteger, nullable=False),
    Column("restocked", Integer, nullable=False),
    UniqueConstraint("tenant_id", "return_id", "order_line_id", name="uq_return_lines_line"),
    CheckConstraint("quantity > 0 AND value_minor >= 0", name="numbers_in_range"),
    CheckConstraint("restocked BETWEEN 0 AND quantity", name="restocked_within_quantity"),
    tenant_reference("return_id", "returns", ondelete="CASCADE"),
    Index("ix_return_lines_order_line", "tenant_id", "order_line_id"),
)
