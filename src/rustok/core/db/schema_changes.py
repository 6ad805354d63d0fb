"""Changes of a schema that Alembic spells for one of the databases only; for migrations.

Refuses: changing rows.
"""

from __future__ import annotations

from sqlalchemy import Connection, text


def replace_check(
    connection: Connection, table: str, name: str, *, before: str, after: str
) -> None:
    """Give a CHECK another rule.

    SQLite has no statement for it; its own way is to write the table's text, which is right where
    rows need no change on disk.

    Args:
        name: as declared, without `ck_<table>_`.
        before, after: the rules as they stand in the declaration.

    Raises:
        LookupError: the table has no such rule.

    Source: sqlite.org/lang_altertable.html, "Making Other Kinds Of Table Schema Changes".
    """
    constraint = f"ck_{table}_{name}"
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            f"ALTER TABLE {table} DROP CONSTRAINT {constraint}"  # constant sql: own names
        )
        connection.exec_driver_sql(
            f"ALTER TABLE {table} ADD CONSTRAINT {constraint} CHECK ({after})"  # constant sql: own
        )
        return
    old, new = (f"CONSTRAINT {constraint} CHECK ({rule})" for rule in (before, after))
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    written = connection.execute(
        text(
            "UPDATE sqlite_schema SET sql = replace(sql, :old, :new) "
            "WHERE type = 'table' AND name = :name AND instr(sql, :old) > 0"
        ),
        {"old": old, "new": new, "name": table},
    ).rowcount
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql(
        f"PRAGMA schema_version = {int(version) + 1}"
    )  # constant sql: a number
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")
    if written != 1:
        raise LookupError(f"{table} has no CHECK {constraint} ({before})")
