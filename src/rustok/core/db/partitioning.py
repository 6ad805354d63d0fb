"""The statements that make a table anew: in hash partitions by tenant, or whole again.

Columns, defaults, CHECKs, keys, indexes, policies, triggers and rights stay as they are, by their
names, so that later migrations find them. Refuses: running anything.

Every statement is for one transaction that holds the table; the old one goes only after the rows
of both were counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Final, Literal

import msgspec

from rustok.core.db.table_shapes import BY_TENANT, Incoming, Named, Shape

MOST_PARTITIONS: Final = 256
_SUFFIX: Final = "__anew"

Phase = Literal["lock", "make", "copy", "swap", "keys", "indexes", "references", "security", "end"]


class Step(msgspec.Struct, frozen=True):
    """One statement; `phase` is what it is a part of."""

    phase: Phase
    sql: str


def partition_name(table: str, partitions: int, number: int) -> str:
    """`orders_p16_03`: the number of partitions is in it, so that another number never meets it."""
    return f"{table}_p{partitions}_{number:0{len(str(partitions - 1))}d}"


def steps(shape: Shape, partitions: int, *, lock_ms: int) -> Iterator[Step]:
    """What brings the table of `shape` to so many partitions; 0: whole.

    Args:
        lock_ms: how long each lock is waited for.
    """
    name, made = shape.name, shape.name + _SUFFIX
    yield Step("lock", f"SET LOCAL lock_timeout = {int(lock_ms)}")  # constant sql: a number
    yield Step("lock", "SET LOCAL statement_timeout = 0")
    yield Step("lock", _lock({name, *shape.around}))
    # The owner is held by the policies, too, and would copy and verify nothing.
    for one in shape.family:
        yield Step("lock", _alter(one, "NO FORCE ROW LEVEL SECURITY"))
    yield from _make(shape, made, partitions)
    yield Step("copy", _copy(name, made, ", ".join(shape.columns)))
    for incoming in shape.incoming:
        yield Step("swap", _release(incoming))
    yield Step("swap", _drop(name))
    yield Step("swap", _alter(made, f"RENAME TO {name}"))
    for key in shape.keys:
        yield Step("keys", _constrain(name, key))
    for index in shape.indexes:
        yield Step("indexes", index.text)
    for key in shape.references:
        yield Step("references", _constrain(name, key))
    for incoming in shape.incoming:
        yield Step("references", _constrain(incoming.table, incoming))
    yield from _secure(shape, partitions)
    yield Step("end", f"ANALYZE {name}")


def count_rows(shape: Shape, *, anew: bool) -> str:
    """The query that counts the rows of the table, or of the one made anew."""
    table = shape.name + (_SUFFIX if anew else "")
    return f"SELECT count(*) AS rows FROM {table}"  # constant sql: a checked name


def _make(shape: Shape, made: str, partitions: int) -> Iterator[Step]:
    like = (
        f"(LIKE {shape.name} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED "
        "INCLUDING STORAGE INCLUDING COMPRESSION INCLUDING COMMENTS)"
    )
    options = f" WITH ({', '.join(shape.options)})" if shape.options else ""
    owned = f"OWNER TO {shape.owner}"
    yield Step(
        "make", _create(made, f"{like} PARTITION BY {BY_TENANT}" if partitions else like + options)
    )
    yield Step("make", _alter(made, owned))
    for number in range(partitions):
        part = partition_name(shape.name, partitions, number)
        rest = f"FOR VALUES WITH (MODULUS {partitions}, REMAINDER {number})"
        yield Step("make", _create(part, f"PARTITION OF {made} {rest}{options}"))
        yield Step("make", _alter(part, owned))


def _secure(shape: Shape, partitions: int) -> Iterator[Step]:
    """Policies on the table and, for who names one, on each partition; rights on the table alone."""
    parts = [partition_name(shape.name, partitions, number) for number in range(partitions)]
    for table in (shape.name, *parts):
        for policy in shape.policies:
            yield Step("security", _policy(table, policy))
        if shape.is_secured:
            yield Step("security", _alter(table, "ENABLE ROW LEVEL SECURITY"))
        if shape.is_forced:
            yield Step("security", _alter(table, "FORCE ROW LEVEL SECURITY"))
    for table in sorted({*shape.family} - {shape.name, *shape.parts}):
        yield Step("security", _alter(table, "FORCE ROW LEVEL SECURITY"))
    for trigger in shape.triggers:
        yield Step("security", trigger.text)
    for grant in shape.grants:
        yield Step("security", grant)


# Names and definitions below are the catalogue's own, and need no quotes (`read_shape`).


def _lock(tables: Set[str]) -> str:
    return f"LOCK TABLE {', '.join(sorted(tables))} IN ACCESS EXCLUSIVE MODE"


def _alter(table: str, what: str) -> str:
    return f"ALTER TABLE {table} {what}"  # constant sql: of the catalogue


def _constrain(table: str, key: Named | Incoming) -> str:
    return _alter(table, f"ADD CONSTRAINT {key.name} {key.text}")


def _release(key: Incoming) -> str:
    return f"ALTER TABLE {key.table} DROP CONSTRAINT {key.name}"  # constant sql: of the catalogue


def _create(table: str, what: str) -> str:
    return f"CREATE TABLE {table} {what}"  # constant sql: of the catalogue


def _drop(table: str) -> str:
    return f"DROP TABLE {table}"  # constant sql: of the catalogue


def _copy(source: str, target: str, columns: str) -> str:
    return (
        f"INSERT INTO {target} ({columns}) "  # constant sql: of the catalogue
        f"SELECT {columns} FROM {source}"  # constant sql: of the catalogue
    )


def _policy(table: str, policy: Named) -> str:
    return f"CREATE POLICY {policy.name} ON {table} {policy.text}"  # constant sql: of the catalogue
