"""Statements built once with SQLAlchemy Core, compiled once per database, run without SQLAlchemy.

Building and compiling costs about 100 us, so a statement is a module constant of a repository.
A statement that touches a tenant table without `tenant_id = TENANT` cannot be constructed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Generic, Literal, TypeVar

from sqlalchemy import Boolean, Table, bindparam, delete, insert, update
from sqlalchemy.dialects.postgresql import asyncpg as postgres_dialect
from sqlalchemy.dialects.sqlite import pysqlite as sqlite_dialect
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BinaryExpression, BindParameter, TextClause
from sqlalchemy.sql.selectable import Alias, TextualSelect

from rustok.core.db.schema import TENANT, Convert, StoredType, metadata

T = TypeVar("T")
Row = Sequence[Any]
DialectName = Literal["sqlite", "postgres"]

_DIALECTS: dict[DialectName, Any] = {
    "sqlite": sqlite_dialect.dialect(paramstyle="qmark"),
    "postgres": postgres_dialect.dialect(),  # type: ignore[no-untyped-call]  # untyped in SQLAlchemy
}


_OPERATIONS = frozenset({"select", "insert", "update", "delete"})
_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE) +([a-z_]+)")
_WORD = re.compile(r"[a-z_]+")


class TenantPredicateMissing(TypeError):
    """Raised at import: a statement reads or writes a tenant table without `tenant_id = TENANT`."""


def _picking(names: Sequence[str]) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
    """What takes the values of `names` out of a mapping, in their order."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda params: [params[name] for name in names]


class Compiled(Generic[T]):
    """One statement for one database: SQL text, argument order, conversions both ways.

    `operation` is select, insert, update, delete or other; `table` the first one named, or "".
    """

    __slots__ = (
        "_defaults",
        "_encoders",
        "_needs",
        "_pick",
        "_tables",
        "arguments",
        "decoders",
        "dialect",
        "names",
        "operation",
        "sql",
        "table",
    )

    def __init__(self, statement: Any, dialect: DialectName) -> None:
        compiled = statement.compile(dialect=_DIALECTS[dialect])
        self.sql: str = str(compiled)
        self.dialect: DialectName = dialect
        word = self.sql[:6].lower()
        self.operation = word if word in _OPERATIONS else "other"
        named = _TABLE.search(self.sql)
        self.table: str = named[1] if named is not None else ""
        self._tables: frozenset[str] | None = None
        self._needs: frozenset[str] | None = None
        encode = "to_sqlite" if dialect == "sqlite" else "to_postgres"
        decode = "from_sqlite" if dialect == "sqlite" else "from_postgres"
        order: Sequence[str] = compiled.positiontup or ()
        self.arguments: list[tuple[str, Any, bool, Convert | None]] = []
        for name in order:
            bind = compiled.binds[name]
            converter = (
                getattr(bind.type, encode, None) if isinstance(bind.type, StoredType) else None
            )
            self.arguments.append((name, bind.value, bind.required, converter))
        self._defaults = {
            name: value for name, value, required, _ in self.arguments if not required
        }
        self._encoders = [
            (index, convert)
            for index, (_, _, _, convert) in enumerate(self.arguments)
            if convert is not None
        ]
        self._pick = _picking(order)
        columns = list(getattr(statement, "exported_columns", ()) or ())
        self.names = tuple(column.key for column in columns)
        self.decoders: list[tuple[int, Convert]] = []
        for index, column in enumerate(columns):
            kind = column.type
            if isinstance(kind, StoredType):
                convert = getattr(kind, decode)
                if convert is not None:
                    self.decoders.append((index, convert))
            elif isinstance(kind, Boolean) and dialect == "sqlite":
                self.decoders.append((index, bool))

    @property
    def tables(self) -> frozenset[str]:
        """Every table that the text may name; rather one too many."""
        if self._tables is None:
            # With the keys of a mapping on the right `&` would make a set, which `needs` would add to.
            self._tables = frozenset(metadata.tables).intersection(_WORD.findall(self.sql))
        return self._tables

    @property
    def needs(self) -> frozenset[str]:
        """The tables whose rows must be there before it runs: those it names, and what its new rows point to."""
        if self._needs is None:
            self._needs = self.tables
            if self.operation == "insert" and self.table in metadata.tables:
                keys = metadata.tables[self.table].foreign_keys
                self._needs |= {key.target_fullname.partition(".")[0] for key in keys}
        return self._needs

    def bind(self, params: Mapping[str, Any]) -> list[Any]:
        """The arguments in the order of the SQL text.

        Raises:
            TypeError: a parameter without a default is missing.
        """
        if self._defaults:
            params = {**self._defaults, **params}
        try:
            values = list(self._pick(params))
        except KeyError as error:
            raise TypeError(f"statement parameter {error.args[0]!r} is missing") from None
        for index, convert in self._encoders:
            value = values[index]
            if value is not None:
                values[index] = convert(value)
        return values

    def decode(self, row: Row) -> list[Any]:
        values = list(row)
        for index, convert in self.decoders:
            value = values[index]
            if value is not None:
                values[index] = convert(value)
        return values


class _Statement:
    """What queries and commands share: one statement, or one per database where the SQL must differ."""

    def __init__(self, statement: Any | Mapping[DialectName, Any], *, system: str | None) -> None:
        each: Mapping[DialectName, Any] = (
            statement
            if isinstance(statement, Mapping)
            else {"sqlite": statement, "postgres": statement}
        )
        self.statements = each
        self.system = system
        self._compiled: dict[DialectName, Compiled[Any]] = {}
        if system is None:
            for one in {id(one): one for one in each.values()}.values():
                check_tenant(one)

    def compiled(self, dialect: DialectName) -> Compiled[Any]:
        found = self._compiled.get(dialect)
        if found is None:
            found = self._compiled[dialect] = self._compile(dialect)
        return found

    def _compile(self, dialect: DialectName) -> Compiled[Any]:
        return Compiled(self.statements[dialect], dialect)


class Query(_Statement, Generic[T]):
    """A statement with rows.

    Args:
        statement: a SELECT, or a write with RETURNING; a mapping {"sqlite": ..., "postgres": ...}
            where the SQL of the two must differ (full text search).
        into: called with the columns as keywords for each row (a struct class, a function).
        system: why this statement may cross tenants; such a query runs on a SystemTx only.
    """

    def __init__(
        self, statement: Any, into: Callable[..., T], *, system: str | None = None
    ) -> None:
        super().__init__(statement, system=system)
        self.into = into

    def build(self, compiled: Compiled[Any], row: Row) -> T:
        return self.into(**dict(zip(compiled.names, compiled.decode(row), strict=True)))


class _Scalar(Query[T]):
    def __init__(self, statement: Any, *, system: str | None = None) -> None:
        super().__init__(statement, dict, system=system)  # type: ignore[arg-type]  # build() is replaced

    def build(self, compiled: Compiled[Any], row: Row) -> T:
        value: T = compiled.decode(row)[0]
        return value


def scalar(
    statement: Any,
    kind: type[T],  # noqa: ARG001 - tells the type checker what the column holds
    *,
    system: str | None = None,
) -> Query[T]:
    """A query whose only column is the result."""
    return _Scalar[T](statement, system=system)


class Command(_Statement):
    """A statement without rows; running it gives the number of rows it changed."""

    def __init__(self, statement: Any, *, system: str | None = None) -> None:
        super().__init__(statement, system=system)


def _elements(statement: Any) -> list[Any]:
    """Every part of `statement` once: a table is part of each of its columns, and starts would wait for that."""
    found: dict[int, Any] = {}  # holds the parts, so that no id is given out twice
    pending = [statement]
    while pending:
        element = pending.pop()
        if id(element) not in found:
            found[id(element)] = element
            pending.extend(element.get_children())
    return list(found.values())


def _tenant_tables(statement: Any, elements: Iterable[Any]) -> set[Any]:
    """Every FROM, join part, CTE part, subquery part and write target that is a tenant table (or an alias)."""
    found: set[Any] = set()
    for element in elements:
        if isinstance(element, Alias) and isinstance(element.element, Table):
            if element.element.info.get("tenant"):
                found.add(element)
        elif isinstance(element, Table) and element.info.get("tenant"):
            found.add(element)
    target = getattr(statement, "table", None)
    if isinstance(target, Table) and target.info.get("tenant"):
        found.add(target)
    return found


def check_tenant(statement: Any) -> None:
    """Prove that every tenant table in `statement` is held to TENANT.

    A table is held when its tenant column is compared for equality with TENANT, or with the
    tenant column of a table that is held. Inserts are held by the transaction, which writes the value.

    Raises:
        TenantPredicateMissing: naming the tables that are not.
    """
    if isinstance(statement, TextClause | TextualSelect):
        if ":tenant_id" not in str(getattr(statement, "element", statement)):
            raise TenantPredicateMissing(f"textual SQL without :tenant_id\n{statement}")
        return
    equalities: list[tuple[Any, Any]] = []
    aliased: set[Any] = set()
    elements = _elements(statement)
    for element in elements:
        if isinstance(element, BinaryExpression) and element.operator is operators.eq:
            equalities.append((element.left, element.right))
        if isinstance(element, Alias) and isinstance(element.element, Table):
            aliased.add(element.element)
    tables = _tenant_tables(statement, elements)
    if getattr(statement, "is_insert", False):
        tables.discard(statement.table)
        if statement.select is not None:
            tables |= _tenant_tables(statement.select, _elements(statement.select))
    direct = {_table_of(side) for pair in equalities for side in pair}
    tables = {table for table in tables if table not in aliased or table in direct}

    def is_tenant_bind(side: Any) -> bool:
        return isinstance(side, BindParameter) and side.key == "tenant_id"

    def tenant_column_of(side: Any) -> Any:
        table = _table_of(side)
        source = table.element if isinstance(table, Alias) else table
        if isinstance(source, Table) and getattr(side, "key", None) == source.info.get("tenant"):
            return table
        return None

    held: set[Any] = set()
    grew = True
    while grew:
        grew = False
        for left, right in equalities:
            for one, other in ((left, right), (right, left)):
                table = tenant_column_of(one)
                if table is None or table in held:
                    continue
                other_table = tenant_column_of(other)
                if is_tenant_bind(other) or (other_table is not None and other_table in held):
                    held.add(table)
                    grew = True
    missing = sorted(table.name for table in tables - held)
    if missing:
        raise TenantPredicateMissing(
            f"add `.where(table.c.tenant_id == TENANT)` for: {', '.join(missing)}\n{statement}"
        )


def _table_of(side: Any) -> Any:
    # To ask a parameter for what it has not is slow, and most sides are parameters.
    return None if isinstance(side, BindParameter) else getattr(side, "table", None)


_inserts: dict[tuple[str, tuple[str, ...], bool], Command] = {}


def insert_command(
    table: Table, columns: tuple[str, ...], *, ignore_conflict: bool = False
) -> Command:
    """The INSERT of `columns` into `table`, built once per shape."""
    key = (table.name, columns, ignore_conflict)
    found = _inserts.get(key)
    if found is None:
        from_columns = {name: _bind_for(table, name) for name in columns}
        statement = insert(table).values(from_columns)
        found = _inserts[key] = (
            _IgnoringInsert(statement) if ignore_conflict else Command(statement)
        )
    return found


def _bind_for(table: Table, name: str) -> Any:
    return bindparam(name, type_=table.c[name].type)


class _IgnoringInsert(Command):
    """INSERT ... ON CONFLICT DO NOTHING, spelled alike on both databases."""

    def _compile(self, dialect: DialectName) -> Compiled[Any]:
        compiled = super()._compile(dialect)
        compiled.sql += " ON CONFLICT DO NOTHING"
        return compiled


_updates: dict[tuple[str, tuple[str, ...], tuple[str, ...]], Command] = {}


def update_command(table: Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> Command:
    """The UPDATE of `columns` where `keys` (and the tenant) match, built once per shape.

    Parameters are named `key_<column>` and `set_<column>`.
    """
    shape = (table.name, keys, columns)
    found = _updates.get(shape)
    if found is None:
        statement = update(table).where(*_key_conditions(table, keys))
        statement = statement.values(
            {name: bindparam(f"set_{name}", type_=table.c[name].type) for name in columns}
        )
        found = _updates[shape] = Command(statement)
    return found


_deletes: dict[tuple[str, tuple[str, ...]], Command] = {}


def delete_command(table: Table, keys: tuple[str, ...]) -> Command:
    """The DELETE where `keys` (and the tenant) match, built once per shape."""
    shape = (table.name, keys)
    found = _deletes.get(shape)
    if found is None:
        found = _deletes[shape] = Command(delete(table).where(*_key_conditions(table, keys)))
    return found


def _key_conditions(table: Table, keys: tuple[str, ...]) -> list[Any]:
    conditions = [
        table.c[name] == bindparam(f"key_{name}", type_=table.c[name].type) for name in keys
    ]
    tenant = table.info.get("tenant")
    if tenant:
        conditions.insert(0, table.c[tenant] == TENANT)
    return conditions
