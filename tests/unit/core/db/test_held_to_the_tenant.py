"""Which statements are let through: those that hold every tenant table they name to the tenant."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Column, MetaData, Table, Text, func, select, text, union_all

from rustok.core.db.schema import TENANT, Id, any_of
from rustok.core.db.statement import TenantPredicateMissing, check_tenant

_metadata = MetaData()


def _table(name: str, tenant: str | None = "tenant_id") -> Table:
    return Table(
        name,
        _metadata,
        Column("tenant_id", Id(), primary_key=True),
        Column("id", Id(), primary_key=True),
        Column("name", Text),
        info={"tenant": tenant} if tenant else {"platform": True},
    )


ours = _table("ours")
others = _table("others")
third = _table("third")
roots = _table("roots", tenant="id")
shared = _table("shared", tenant=None)
one, two = ours.alias("one"), ours.alias("two")

HELD = {
    "by the parameter": select(ours.c.id).where(ours.c.tenant_id == TENANT),
    "the parameter on the left": select(ours.c.id).where(ours.c.tenant_id == TENANT),
    "a table of the platform": select(shared.c.id),
    "a tenant column of another name": select(roots.c.name).where(roots.c.id == TENANT),
    "through a held table": select(ours.c.id).where(
        ours.c.tenant_id == TENANT, others.c.tenant_id == ours.c.tenant_id
    ),
    "through a held table, said before it is held": select(ours.c.id).where(
        third.c.tenant_id == others.c.tenant_id,
        others.c.tenant_id == ours.c.tenant_id,
        ours.c.tenant_id == TENANT,
    ),
    "both aliases": select(one.c.id).where(
        one.c.tenant_id == TENANT, two.c.tenant_id == one.c.tenant_id
    ),
    "an alias through its table": select(one.c.id).where(
        ours.c.tenant_id == TENANT, one.c.tenant_id == ours.c.tenant_id
    ),
    "an update": ours.update().values(name="x").where(ours.c.tenant_id == TENANT),
    "an insert, whose value the transaction writes": ours.insert().values(name="x"),
    "an insert from a held select": ours.insert().from_select(
        ["tenant_id", "id"],
        select(others.c.tenant_id, others.c.id).where(others.c.tenant_id == TENANT),
    ),
    "both halves of a union": union_all(
        select(ours.c.id).where(ours.c.tenant_id == TENANT),
        select(others.c.id).where(others.c.tenant_id == TENANT),
    ),
    "text with the parameter": text("SELECT 1 FROM ours WHERE tenant_id = :tenant_id"),
    "columns of text with the parameter": text(
        "SELECT id FROM ours WHERE tenant_id = :tenant_id"
    ).columns(ours.c.id),
}

NOT_HELD: dict[str, tuple[Any, str]] = {
    "another operator": (select(ours.c.id).where(ours.c.tenant_id != TENANT), "ours"),
    "greater": (select(ours.c.id).where(ours.c.tenant_id >= TENANT), "ours"),
    "another column": (select(ours.c.id).where(ours.c.id == TENANT), "ours"),
    "the id of one whose tenant column is not the id": (
        select(ours.c.id).where(ours.c.tenant_id == TENANT, others.c.id == ours.c.tenant_id),
        "others",
    ),
    "the wrong column of a root": (select(roots.c.id).where(roots.c.tenant_id == TENANT), "roots"),
    "another parameter": (
        select(ours.c.id).where(any_of(ours.c.tenant_id, "tenant_id")),
        "ours",
    ),
    "a table that is not held either": (
        select(ours.c.id).where(others.c.tenant_id == ours.c.tenant_id),
        "others, ours",
    ),
    "itself": (select(ours.c.id).where(ours.c.tenant_id == ours.c.tenant_id), "ours"),
    "a table of the platform": (
        select(ours.c.id).where(ours.c.tenant_id == shared.c.tenant_id),
        "ours",
    ),
    "its id against the tenant of a held one": (
        select(others.c.id).where(others.c.tenant_id == TENANT, ours.c.id == others.c.tenant_id),
        "ours",
    ),
    "one alias of two": (
        select(one.c.id).where(one.c.tenant_id == TENANT, two.c.id == one.c.id),
        "two",
    ),
    "an alias beside its table": (
        select(one.c.id).where(one.c.tenant_id == TENANT, ours.c.id == one.c.id),
        "ours",
    ),
    "an update": (ours.update().values(name="x"), "ours"),
    "a delete": (ours.delete(), "ours"),
    "an insert from a select": (
        ours.insert().from_select(
            ["tenant_id", "id"], select(others.c.tenant_id, others.c.id)
        ),
        "others",
    ),
    "an insert from a select of the same table": (
        ours.insert().from_select(["tenant_id", "id"], select(ours.c.tenant_id, ours.c.id)),
        "ours",
    ),
    "half of a union": (
        union_all(
            select(ours.c.id).where(ours.c.tenant_id == TENANT), select(others.c.id)
        ),
        "others",
    ),
    "a subquery": (
        select(ours.c.id).where(
            ours.c.tenant_id == TENANT,
            ours.c.id.in_(select(others.c.id)),
        ),
        "others",
    ),
    "a count": (select(func.count()).select_from(ours), "ours"),
}  # fmt: skip


@pytest.mark.parametrize("statement", HELD.values(), ids=HELD)
def test_a_statement_that_holds_its_tables_is_let_through(statement: Any) -> None:
    check_tenant(statement)


@pytest.mark.parametrize(("statement", "named"), NOT_HELD.values(), ids=NOT_HELD)
def test_a_statement_that_does_not_is_refused_and_the_table_named(
    statement: Any, named: str
) -> None:
    with pytest.raises(TenantPredicateMissing, match=f"for: {named}\n"):
        check_tenant(statement)


def test_text_without_the_parameter_is_refused() -> None:
    for statement in (text("SELECT 1"), text("SELECT id FROM ours").columns(ours.c.id)):
        with pytest.raises(TenantPredicateMissing, match="textual SQL"):
            check_tenant(statement)
