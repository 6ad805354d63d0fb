"""Drafts a migration from the difference between the declared tables and a freshly migrated database.

Usage: python tools/generate_migration.py NAME. Writes migrations/versions/NNNN_NAME.py; read it before
you commit it: renames and data moves are yours to write.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations import ops
from sqlalchemy import create_engine

from rustok.core.db.schema import Id, Json, StoredType, Timestamp, metadata
from rustok.server import migrations
from rustok.server.modules import all_modules
from rustok.server.settings import DatabaseSettings, DatabaseUrl, Settings
from rustok.server.tables import load_tables

HEAD = '''"""{title}"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from rustok.core.db.schema import APP_ROLE, SYSTEM_ROLE, Id, Json, Timestamp, isolate
from rustok.index.fulltext import create_statements, drop_statements

revision = "{revision}"
down_revision = {down}
branch_labels = None
depends_on = None


def _isolate(table: str, tenant_column: str | None) -> None:
    """Row-level security; SQLite has none, its statements carry the tenant."""
    if op.get_bind().dialect.name == "postgresql":
        for statement in isolate(table, tenant_column):
            op.execute(statement)


{roles}def upgrade() -> None:
    {up}


def downgrade() -> None:
    {down_ops}
'''


ROLES = '''def _make_roles() -> None:
    """The two logins that own nothing; an operator gives them passwords."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for role in (APP_ROLE, SYSTEM_ROLE):
        found = op.get_bind().execute(
            sa.text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}
        )
        if found.first() is None:
            op.execute(f"CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE")
        op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
        op.execute(f"GRANT SELECT ON alembic_version TO {role}")


def _grant_sequences() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for role in (APP_ROLE, SYSTEM_ROLE):
            op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}")


def _full_text(statements: list[str]) -> None:
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)


'''


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    if kind == "type" and isinstance(item, StoredType):
        for known in (Id, Timestamp, Json):
            if isinstance(item, known):
                return f"{known.__name__}()"
    return False


def main(name: str) -> None:
    all_modules()
    load_tables()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "draft.sqlite3"
        settings = Settings(database=DatabaseSettings(url=DatabaseUrl(f"sqlite:///{path}")))
        existing = sorted((migrations.folder() / "versions").glob("[0-9]*_*.py"))
        if existing:
            asyncio.run(migrations.migrate(settings))
        engine = create_engine(f"sqlite:///{path}")
        with engine.connect() as connection:
            context = MigrationContext.configure(
                connection,
                opts={
                    "target_metadata": metadata,
                    "render_item": render_item,
                    "compare_type": False,
                    "compare_server_default": False,
                    "include_object": lambda _o, n, t, _r, _c: (
                        not (
                            t == "table"
                            and ("_fts" in (n or "") or (n or "").startswith("alembic_version"))
                        )
                    ),
                },
            )
            script = produce_migrations(context, metadata)
            upgrade, downgrade = script.upgrade_ops, script.downgrade_ops
            if upgrade is None or downgrade is None:
                raise TypeError("Alembic drafts both ways")
            up = _render(upgrade, context)
            down = _render(downgrade, context)
        engine.dispose()
    created = re.findall(r'op\.create_table\(["\'](\w+)["\']', up)
    isolation = [
        f"_isolate({table!r}, {metadata.tables[table].info.get('tenant')!r})" for table in created
    ]
    before = [] if existing else ["_make_roles()"]
    full_text = "op.get_bind().dialect.name == 'postgresql'"
    after = (
        []
        if existing
        else [
            "_grant_sequences()",
            f"_full_text(create_statements('postgres' if {full_text} else 'sqlite'))",
        ]
    )
    ending = (
        []
        if existing
        else [f"_full_text(drop_statements('postgres' if {full_text} else 'sqlite'))"]
    )
    number = f"{len(existing) + 1:04d}"
    target = migrations.folder() / "versions" / f"{number}_{name}.py"
    previous = existing[-1].name.split("_", 1)[0] if existing else None
    target.write_text(
        HEAD.format(
            title=f"{name.replace('_', ' ').capitalize()}.",
            revision=number,
            down=repr(previous),
            roles="" if existing else ROLES,
            up="\n    ".join([*before, up, *isolation, *after]) if up else "pass",
            down_ops="\n    ".join([*ending, down]) if down else "pass",
        ),
        encoding="utf-8",
    )
    subprocess.run([sys.executable, "-m", "ruff", "format", "-q", str(target)], check=True)
    print(target)


def _render(operations: ops.UpgradeOps | ops.DowngradeOps, context: MigrationContext) -> str:
    rendered: str = render_python_code(
        operations, render_as_batch=False, migration_context=context, render_item=render_item
    )
    return rendered.replace("\n\n", "\n")


if __name__ == "__main__":
    main(sys.argv[1])
