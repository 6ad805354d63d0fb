"""Tables and column types: the one place where a column says how it is stored on each database.

SQLite: ids are text, times are integer microseconds since 1970 (UTC), JSON is text; tables are STRICT.
PostgreSQL: uuid, timestamptz, jsonb; every tenant table gets row-level security (see `policies`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import BindParameter, ColumnElement
from sqlalchemy.sql.schema import SchemaItem
from sqlalchemy.types import TypeDecorator, TypeEngine

Convert = Callable[[Any], Any]

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


_last: list[tuple[datetime, int]] = [(EPOCH, 0)]
"""The time a transaction writes stands in most of its rows, and is worked out once."""


def _micros(value: datetime) -> int:
    known, micros = _last[0]
    if known is value:
        return micros
    micros = (value - EPOCH) // MICROSECOND
    _last[0] = (value, micros)
    return micros


def _from_micros(value: int) -> datetime:
    return EPOCH + timedelta(microseconds=value)


class StoredType(TypeDecorator[Any]):
    """A column type with its own conversions; `None` means the driver's value is already right."""

    cache_ok = True
    to_sqlite: Convert | None = None
    from_sqlite: Convert | None = None
    to_postgres: Convert | None = None
    from_postgres: Convert | None = None


_convert: Final = msgspec.convert


def _to_uuid(text: str) -> UUID:
    """As UUID(text), at a third of its cost: rows are full of ids."""
    return _convert(text, UUID)


class Id(StoredType):
    """A UUID: `uuid` on PostgreSQL, its 36-character text on SQLite."""

    impl = postgresql.UUID
    to_sqlite = staticmethod(msgspec.to_builtins)  # five times as fast as str()
    from_sqlite = staticmethod(_to_uuid)

    def load_dialect_impl(self, dialect: Any) -> TypeEngine[Any]:
        return Text() if dialect.name == "sqlite" else postgresql.UUID(as_uuid=True)


class Timestamp(StoredType):
    """An aware UTC datetime, to the microsecond."""

    impl = postgresql.TIMESTAMP
    to_sqlite = staticmethod(_micros)
    from_sqlite = staticmethod(_from_micros)

    def load_dialect_impl(self, dialect: Any) -> TypeEngine[Any]:
        return BigInteger() if dialect.name == "sqlite" else postgresql.TIMESTAMP(timezone=True)


class Json(StoredType):
    """A msgspec-typed JSON value.

    Args:
        of: the Python type the column decodes into (a struct, `dict[str, str]`, ...).
    """

    impl = postgresql.JSONB

    def __init__(self, of: Any = Any) -> None:
        super().__init__()
        self.of = of
        decode = msgspec.json.Decoder(of).decode
        encode = msgspec.json.Encoder().encode
        self.to_sqlite = self.to_postgres = lambda value: encode(value).decode()
        self.from_sqlite = self.from_postgres = decode

    def load_dialect_impl(self, dialect: Any) -> TypeEngine[Any]:
        return Text() if dialect.name == "sqlite" else postgresql.JSONB()


class ListOf(StoredType):
    """A list as one parameter (never a column): a PostgreSQL array, a JSON array on SQLite."""

    impl = Text

    def __init__(self, item: TypeEngine[Any] | type[TypeEngine[Any]]) -> None:
        super().__init__()
        self.item = item() if isinstance(item, type) else item
        encode = msgspec.json.Encoder().encode
        self.to_sqlite = lambda values: encode(values).decode()
        self.to_postgres = list

    def load_dialect_impl(self, dialect: Any) -> TypeEngine[Any]:
        return Text() if dialect.name == "sqlite" else postgresql.ARRAY(self.item)


class any_of(ColumnElement[bool]):  # noqa: N801 - reads as an operator
    """`column` is one of the values of the list parameter `name`: one statement for any number of values."""

    inherit_cache = False
    type = Boolean()
    # Else SQLAlchemy writes `(… IN (…)) = 1` for SQLite, and no index serves that.
    _is_implicitly_boolean = True

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column = column
        self.values = bindparam(name, type_=ListOf(column.type))

    @property
    def _from_objects(self) -> Any:
        return self.column._from_objects

    def get_children(self, **_: Any) -> Iterable[Any]:
        return (self.column, self.values)


@compiles(any_of, "sqlite")
def _any_of_sqlite(element: any_of, compiler: Any, **kw: Any) -> str:
    column = compiler.process(element.column, **kw)
    return f"{column} IN (SELECT value FROM json_each({compiler.process(element.values, **kw)}))"


@compiles(any_of)
def _any_of_postgres(element: any_of, compiler: Any, **kw: Any) -> str:
    return (
        f"{compiler.process(element.column, **kw)} = ANY({compiler.process(element.values, **kw)})"
    )


@compiles(String, "sqlite")
@compiles(Text, "sqlite")
def _text_sqlite(_type: Any, _compiler: Any, **_: Any) -> str:
    return "TEXT"


@compiles(Boolean, "sqlite")
@compiles(BigInteger, "sqlite")
@compiles(Integer, "sqlite")
def _integer_sqlite(_type: Any, _compiler: Any, **_: Any) -> str:
    return "INTEGER"


ROWS_FIRST: Final = "LIMIT -1"
"""Ends the list of rows that an UPDATE of SQLite joins: the list is read once and each of its rows found
by the key. Without it SQLite (3.40) walks all rows of the tenant and the whole list for each."""

TENANT: Final[BindParameter[UUID]] = bindparam("tenant_id", type_=Id())
"""The tenant of the running transaction; bound by the transaction, never by a caller."""


def tenant_table(
    name: str, *items: SchemaItem, primary_key: tuple[str, ...] = ("id",), with_id: bool = True
) -> Table:
    """Declare a table whose rows belong to one tenant.

    Adds `tenant_id`, `id` (unless `with_id` is False) and the primary key (tenant_id, *primary_key).
    """
    columns: list[SchemaItem] = [Column("tenant_id", Id(), nullable=False)]
    if with_id:
        columns.append(Column("id", Id(), nullable=False))
    return Table(
        name,
        metadata,
        *columns,
        *items,
        PrimaryKeyConstraint("tenant_id", *primary_key, name=f"pk_{name}"),
        sqlite_strict=True,
        info={"tenant": "tenant_id"},
    )


def platform_table(name: str, *items: SchemaItem, tenant_column: str | None = None) -> Table:
    """Declare a table of the platform itself.

    Args:
        tenant_column: the column that names the tenant a row is about, when the application role
            may see its own tenant's rows (`tenants.id`); None keeps the table behind the system door.
    """
    info = {"platform": True} if tenant_column is None else {"tenant": tenant_column}
    return Table(name, metadata, *items, sqlite_strict=True, info=info)


def tenant_reference(
    columns: str | tuple[str, ...],
    target: str,
    *,
    ondelete: str | None = None,
    target_columns: tuple[str, ...] = ("id",),
    name: str | None = None,
) -> ForeignKeyConstraint:
    """A foreign key that carries tenant_id, so that a row cannot point into another tenant.

    Args:
        columns: the referring column or columns (without tenant_id).
        target: the table's name.
        ondelete: "CASCADE" or None (refuse). SET NULL is impossible: tenant_id is in the key.
    """
    own = (columns,) if isinstance(columns, str) else columns
    return ForeignKeyConstraint(
        ["tenant_id", *own],
        [f"{target}.tenant_id", *(f"{target}.{column}" for column in target_columns)],
        ondelete=ondelete,
        name=name,
    )


def states_check(column: str, states: Iterable[str]) -> CheckConstraint:
    """A CHECK that allows only the states of a lifecycle in `column`."""
    listed = ", ".join(f"'{state}'" for state in states)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


APP_ROLE: Final = "rustok_app"
SYSTEM_ROLE: Final = "rustok_system"


def policies(table: Table) -> list[str]:
    """As `isolate`, for a declared table."""
    return isolate(table.name, table.info.get("tenant"))


def isolate(name: str, tenant_column: str | None) -> list[str]:
    """The PostgreSQL statements that isolate a table: FORCE row-level security and grants.

    The application role sees the rows of `app.tenant_id` only (no setting: no rows); the system
    role, a separate login used by the relay, the scheduler and tenant administration, sees all.

    Args:
        tenant_column: the column that names the row's tenant; None keeps the application role out.
    """
    statements = [
        f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",  # constant sql: own names
        f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY",  # constant sql: own names
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {SYSTEM_ROLE}",  # constant sql: own names
        (
            f"CREATE POLICY {name}_system ON {name} "  # constant sql: own names
            f"TO {SYSTEM_ROLE} USING (true) WITH CHECK (true)"
        ),
    ]
    if tenant_column is not None:
        own = f"{tenant_column} = nullif(current_setting('app.tenant_id', true), '')::uuid"
        statements += [
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {APP_ROLE}",  # constant sql: own names
            (
                f"CREATE POLICY {name}_tenant ON {name} "  # constant sql: own names
                f"TO {APP_ROLE} USING ({own}) WITH CHECK ({own})"
            ),
        ]
    return statements


__all__ = [
    "APP_ROLE",
    "ROWS_FIRST",
    "SYSTEM_ROLE",
    "TENANT",
    "Id",
    "Index",
    "Json",
    "ListOf",
    "StoredType",
    "Timestamp",
    "UniqueConstraint",
    "any_of",
    "isolate",
    "metadata",
    "platform_table",
    "policies",
    "states_check",
    "tenant_reference",
    "tenant_table",
]
