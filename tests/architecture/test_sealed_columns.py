"""A column that holds sealed secrets says what they belong to, so that they can be brought under another key."""

from __future__ import annotations

import re

from rustok.core.db.schema import metadata
from rustok.core.db.sealed_columns import sealed_columns
from rustok.server.tables import load_tables

_SECRET = re.compile(r"(^|_)(sealed|secret|private_key|credentials?|seed)(_|$)")
NOT_SEALED = {
    "audit_heads.sealed_at": "a time",
    "second_factors.credential_ref": "names a public key",
    "comments.avatar_seed": "a drawing is made from it, for everybody to see",
}
"""Columns that have the name of a sealed secret and are none, with the reason."""


def test_no_column_with_the_name_of_a_secret_is_undeclared() -> None:
    load_tables()
    declared = {f"{table}.{column}" for table, column in sealed_columns()}
    named = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.c
        if _SECRET.search(column.name)
    }
    assert named - declared == set(NOT_SEALED)
