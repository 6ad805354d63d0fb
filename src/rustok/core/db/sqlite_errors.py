"""What SQLite's errors mean to the platform."""

from __future__ import annotations

import re
import sqlite3

from sqlalchemy import PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy.sql.schema import ColumnCollectionConstraint

from rustok.core.db.errors import (
    CheckViolation,
    DatabaseUnavailable,
    DataRefused,
    ForeignKeyViolation,
    UniqueViolation,
)
from rustok.core.db.schema import metadata

_UNIQUE = re.compile(r"^UNIQUE constraint failed: (?:index '(?P<index>[^']+)'|(?P<columns>.+))$")
_CHECK = re.compile(r"^CHECK constraint failed: (?P<name>.+)$")


def translate(error: sqlite3.Error) -> Exception:
    """The platform's error for what SQLite said."""
    text = str(error)
    if isinstance(error, sqlite3.IntegrityError):
        if found := _UNIQUE.match(text):
            return UniqueViolation(found["index"] or _constraint_on(found["columns"]))
        if found := _CHECK.match(text):
            return CheckViolation(found["name"])
        if "FOREIGN KEY" in text:
            return ForeignKeyViolation(None)
        if "NOT NULL" in text or "cannot store" in text:
            return DataRefused()
    if isinstance(error, sqlite3.OperationalError) and (
        "locked" in text or "closed" in text or "disk" in text or "readonly" in text
    ):
        return DatabaseUnavailable()
    if isinstance(error, sqlite3.DataError | sqlite3.InterfaceError):
        return DataRefused()
    return error


def _constraint_on(columns: str) -> str:
    """The declared name of the unique constraint over `table.a, table.b`."""
    pairs = [part.strip().split(".", 1) for part in columns.split(",")]
    table = metadata.tables.get(pairs[0][0])
    wanted = {pair[-1] for pair in pairs}
    if table is not None:
        for constraint in table.constraints:
            if isinstance(constraint, ColumnCollectionConstraint) and constraint.name:
                unique = isinstance(constraint, UniqueConstraint | PrimaryKeyConstraint)
                if unique and {column.name for column in constraint.columns} == wanted:
                    return str(constraint.name)
        for index in table.indexes:
            if index.unique and {column.name for column in index.columns} == wanted:
                return str(index.name)
    return columns
