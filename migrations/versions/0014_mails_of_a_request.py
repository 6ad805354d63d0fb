"""Mails are found by the request that caused them."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_mails_correlation", "mails", ["tenant_id", "correlation_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_mails_correlation", table_name="mails")
