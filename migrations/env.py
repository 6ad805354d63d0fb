"""Alembic's environment: runs the migrations on the connection rustok.server.migrations hands over."""

from __future__ import annotations

from alembic import context

from rustok.core.db.schema import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    transaction_per_migration=True,
    render_as_batch=False,
    compare_type=False,
    version_table=context.config.attributes.get("version_table", "alembic_version"),
)
with context.begin_transaction():
    context.run_migrations()
