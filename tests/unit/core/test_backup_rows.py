"""Which tables a backup holds, and how its lines become rows."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from rustok.core.db import backup_rows
from rustok.core.db.backup_rows import (
    KEPT_IN_PLACE,
    NOT_BACKED_UP,
    LineBroken,
    backed_up_tables,
    not_backed_up,
)
from rustok.core.db.schema import metadata
from rustok.core.ids import new_id
from rustok.server.tables import load_tables

load_tables()


def _category(parent: UUID | None, id_: UUID | None = None) -> tuple[UUID, bytes]:
    made = id_ or new_id()
    row: dict[str, object] = {
        "id": made,
        "parent_id": parent,
        "handle": "h",
        "position": 0,
        "path_ids": [],
        "version": 1,
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
    }
    return made, json.dumps(row, default=str).encode()


def test_every_table_of_tenants_is_backed_up_or_says_why_not() -> None:
    tables = {table.name for table in metadata.sorted_tables if table.info.get("tenant")}
    held = {table.name for table in backed_up_tables()}
    assert held | set(not_backed_up()) == tables
    assert not held & set(not_backed_up())
    assert {*NOT_BACKED_UP, *KEPT_IN_PLACE} <= tables
    assert all({**not_backed_up(), **KEPT_IN_PLACE}.values())


def test_a_line_of_a_backup_names_no_tenant() -> None:
    for table in backed_up_tables():
        names = {column.name for column in backup_rows._stored(table)}
        assert table.info["tenant"] not in names
        assert "position" not in names or table.name not in ("outbox", "audit_pending")


def test_rows_that_others_refer_to_lie_above_them_whatever_their_order() -> None:
    top, first = _category(None)
    middle, second = _category(top)
    _, third = _category(middle)
    lines = [third, second, first]
    levels = backup_rows._levels("catalog_categories", "parent_id", lambda: lines)
    assert levels == {top: 0, middle: 1}


def test_rows_that_refer_to_each_other_in_a_circle_are_refused() -> None:
    one, other = new_id(), new_id()
    lines = [_category(other, one)[1], _category(one, other)[1]]
    with pytest.raises(LineBroken):
        backup_rows._levels("catalog_categories", "parent_id", lambda: lines)


@pytest.mark.parametrize(
    "change", [{"tenant_id": str(new_id())}, {"handle": None}, {"version": "1"}, {"id": "x"}]
)
def test_a_line_that_is_no_row_of_its_table_is_refused(change: dict[str, object]) -> None:
    line = json.dumps(json.loads(_category(None)[1]) | change).encode()
    with pytest.raises(LineBroken):
        list(backup_rows._rows("catalog_categories", [line]))
