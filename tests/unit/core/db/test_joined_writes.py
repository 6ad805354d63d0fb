"""Writes that wait: which are one, which travel together, and how the statement of many reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, text

from rustok.core.db.last_writes import JOINED_ROWS, LastWrite, joined, may_join, waves
from rustok.core.db.schema import TENANT
from rustok.core.db.statement import Compiled, insert_command, update_command
from rustok.platform.tenants.tables import tenant_domains, tenants

ADD = insert_command(tenant_domains, ("tenant_id", "id", "host")).compiled("postgres")
CHANGE = update_command(tenant_domains, ("id",), ("host",)).compiled("postgres")
ADD_TENANT = insert_command(tenants, ("id", "slug")).compiled("postgres")
COPY = Compiled[Any](
    tenant_domains.insert().from_select(
        ["tenant_id", "id", "host"],
        select(tenants.c.id, tenants.c.id, tenants.c.slug).where(tenants.c.id == TENANT),
    ),
    "postgres",
)
COPY_OWN = Compiled[Any](
    tenant_domains.insert().from_select(
        ["tenant_id", "id", "host"],
        select(tenant_domains.c.tenant_id, tenant_domains.c.id, tenant_domains.c.host),
    ),
    "postgres",
)


class Gone(Exception):
    pass


def write(
    compiled: Compiled[Any],
    rows: int = 1,
    expected: int | None = None,
    otherwise: Callable[[], Exception] | None = None,
) -> LastWrite:
    return LastWrite(compiled, [[compiled, n] for n in range(rows)], expected, otherwise)


def test_two_writes_alike_are_one_that_expects_the_sum() -> None:
    both = write(CHANGE, 2, 2, Gone).joined_with(write(CHANGE, 1, 3, Gone))
    assert both is not None
    assert both.rows == [[CHANGE, 0], [CHANGE, 1], [CHANGE, 0]]
    assert (both.expected, both.otherwise) == (5, Gone)
    uncounted = write(ADD).joined_with(write(ADD))
    assert uncounted is not None
    assert uncounted.expected is None
    nothing = write(CHANGE, 1, 1, Gone).joined_with(write(CHANGE, 1, 0, Gone))
    assert nothing is not None
    assert nothing.expected == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (write(ADD), write(ADD_TENANT)),
        (write(CHANGE, 1, 1, Gone), write(CHANGE, 1, 1, ValueError)),
        (write(CHANGE, 1, 1, Gone), write(CHANGE, 1, None, Gone)),
        (write(CHANGE, 1, None, Gone), write(CHANGE, 1, 1, Gone)),
    ],
)
def test_writes_not_alike_stay_two(one: LastWrite, other: LastWrite) -> None:
    assert one.joined_with(other) is None


def test_another_number_than_expected_is_said_by_the_error_given() -> None:
    counted = write(CHANGE, 2, 2, Gone)
    counted.check(2)
    for changed in (1, 3):
        with pytest.raises(Gone):
            counted.check(changed)
    write(CHANGE, 2, None, Gone).check(7)
    write(CHANGE, 2, 2, None).check(7)


@pytest.mark.parametrize(
    ("one", "may"),
    [
        (write(ADD), True),
        (write(ADD, 2), True),
        (write(ADD, JOINED_ROWS), True),
        (write(ADD, JOINED_ROWS + 1), False),
        (write(ADD, 0), True),
        (write(CHANGE), True),
        (write(CHANGE, 2, 2, Gone), True),
        (write(CHANGE, 2), False),
        (write(CHANGE, JOINED_ROWS + 1, JOINED_ROWS + 1, Gone), False),
        (write(COPY), True),
        (write(COPY, 2), False),
        (write(COPY, 2, 2, Gone), False),
    ],
)
def test_few_rows_may_join_others_where_their_statement_can_be_cut(
    one: LastWrite, may: bool
) -> None:
    assert may_join(one) is may


def test_a_wave_ends_where_a_write_needs_what_an_earlier_one_wrote() -> None:
    add, change, tenant = write(ADD), write(CHANGE, 1, 1, Gone), write(ADD_TENANT)
    many, copy, own = write(ADD, JOINED_ROWS + 1), write(COPY), write(COPY_OWN)
    assert waves([]) == []
    assert waves([add]) == [[add]]
    assert waves([add, tenant, add]) == [[add, tenant, add]]
    assert waves([add, change]) == [[add], [change]]
    assert waves([change, add]) == [[change, add]]
    assert waves([change, change]) == [[change], [change]]
    assert waves([tenant, change]) == [[tenant, change]]
    assert waves([tenant, copy, add]) == [[tenant], [copy, add]]
    assert waves([tenant, add, change, tenant]) == [[tenant, add], [change, tenant]]
    assert waves([tenant, many, add]) == [[tenant], [many], [add]]
    assert waves([many, many]) == [[many], [many]]
    assert waves([add, own]) == [[add, own]]


def test_one_statement_of_many_numbers_its_arguments_and_counts_what_is_counted() -> None:
    insert = "INSERT INTO t (a, b) VALUES ($1, coalesce($2::text, 'x')) ON CONFLICT DO NOTHING"
    update = "UPDATE u SET a=$2 WHERE u.b = $1"
    assert joined(((update, 1, False),)) == f"WITH w0_0 AS ({update}) SELECT 1"
    assert joined(((insert, 1, True), (update, 2, True), (insert, 2, False))) == (
        f"WITH w0_0 AS ({insert} RETURNING 1), "
        "w1_0 AS (UPDATE u SET a=$4 WHERE u.b = $3 RETURNING 1), "
        "w1_1 AS (UPDATE u SET a=$6 WHERE u.b = $5 RETURNING 1), "
        "w2_0 AS (INSERT INTO t (a, b) VALUES ($7, coalesce($8::text, 'x')), "
        "($9, coalesce($10::text, 'x')) ON CONFLICT DO NOTHING) "
        "SELECT (SELECT count(*) FROM w0_0), "
        "(SELECT count(*) FROM w1_0) + (SELECT count(*) FROM w1_1)"
    )
    assert joined((("DELETE FROM t", 1, True), (update, 1, False))) == (
        f"WITH w0_0 AS (DELETE FROM t RETURNING 1), w1_0 AS ({update}) "
        "SELECT (SELECT count(*) FROM w0_0)"
    )


def test_an_insert_with_arguments_behind_its_values_is_not_cut() -> None:
    behind = "INSERT INTO t (a) VALUES ($1) ON CONFLICT (a) DO UPDATE SET b = $2"
    assert not may_join(write(Compiled[Any](text(behind), "postgres"), 2))
    assert joined(((behind, 2, False),)) == (
        f"WITH w0_0 AS ({behind}), "
        "w0_1 AS (INSERT INTO t (a) VALUES ($3) ON CONFLICT (a) DO UPDATE SET b = $4) SELECT 1"
    )
