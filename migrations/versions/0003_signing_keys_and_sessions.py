"""Signing keys, and where and how a session was opened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rustok.core.db.schema import Json, Timestamp, isolate

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _isolate(table: str, tenant_column: str | None) -> None:
    """Row-level security; SQLite has none, its statements carry the tenant."""
    if op.get_bind().dialect.name == "postgresql":
        for statement in isolate(table, tenant_column):
            op.execute(statement)


def upgrade() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("sealed_key", sa.Text(), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("retired_at", Timestamp(), nullable=True),
        sa.Column("verifies_until", Timestamp(), nullable=True),
        sa.PrimaryKeyConstraint("kid", name="pk_signing_keys"),
        info={"platform": True},
        sqlite_strict=True,
    )
    _isolate("signing_keys", None)
    op.add_column("sessions", sa.Column("address", sa.Text(), nullable=False, server_default=""))
    op.add_column("sessions", sa.Column("methods", Json(), nullable=False, server_default="[]"))
    op.add_column("sessions", sa.Column("authenticated_at", Timestamp(), nullable=True))


def downgrade() -> None:
    for column in ("authenticated_at", "methods", "address"):
        op.drop_column("sessions", column)
    op.drop_table("signing_keys")
