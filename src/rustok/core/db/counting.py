"""Counts the rows of a table by the values of one column, over all tenants, for the gauges.

Refuses: being part of an answer; it reads whole tables, now and then.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Column, func, select
from sqlalchemy.sql.elements import ColumnElement

from rustok.core.db.statement import Query


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows have a value."""

    value: str
    count: int


def count_by(column: Column[Any], *conditions: ColumnElement[bool], system: str) -> Query[Counted]:
    """The query of how many rows have each value of `column`.

    Args:
        conditions: which rows count.
        system: why it may look across tenants.
    """
    counted = select(column.label("value"), func.count().label("count"))
    return Query(counted.where(*conditions).group_by(column), Counted, system=system)
