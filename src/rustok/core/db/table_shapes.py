"""What a table of PostgreSQL is made of, read from the catalogue: enough to make it anew.

Reads only. Refuses: tables outside the schema `public`, and names that would need quotes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec


class Connection(Protocol):
    """What is used of a connection of the driver."""

    async def fetch(self, query: str, *args: object) -> Sequence[Mapping[str, Any]]: ...

    async def execute(self, query: str, *args: object) -> str: ...


class Named(msgspec.Struct, frozen=True):
    """A constraint, an index, a policy or a trigger: its name and the text that defines it."""

    name: str
    text: str


class Incoming(msgspec.Struct, frozen=True):
    """A foreign key of another table that refers to this one."""

    table: str
    name: str
    text: str


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """A table.

    Attributes:
        partitions: by hash of the tenant; 0: it is not partitioned; -1: in another way.
        parts: names of its partitions.
        columns: those that can be written, in order.
        keys: primary key, unique and exclusion constraints, the primary key first.
        references: its foreign keys, those to itself among them.
        incoming: foreign keys of other tables to it.
        indexes: those that no constraint made.
        triggers: those for each row.
        grants: as statements.
        options: storage parameters.
        family: with its partitions, all that row-level security is forced on: it, what it refers to,
            what refers to it.
        around: the tables it refers to or is referred to by.
        not_by_tenant: unique indexes that do not hold the tenant.
        unmovable: what else cannot be made anew, in words.
        rows: about how many, as the planner believes.
    """

    name: str
    owner: str
    partitions: int
    parts: tuple[str, ...]
    has_tenant: bool
    columns: tuple[str, ...]
    keys: tuple[Named, ...]
    references: tuple[Named, ...]
    incoming: tuple[Incoming, ...]
    indexes: tuple[Named, ...]
    policies: tuple[Named, ...]
    triggers: tuple[Named, ...]
    grants: tuple[str, ...]
    options: tuple[str, ...]
    is_secured: bool
    is_forced: bool
    family: tuple[str, ...]
    around: tuple[str, ...]
    not_by_tenant: tuple[str, ...]
    unmovable: tuple[str, ...]
    rows: int
    size_bytes: int

    @property
    def obstacles(self) -> list[str]:
        """Why it cannot be partitioned by tenant, in words; empty when it can."""
        found = list(self.unmovable)
        if not self.has_tenant:
            found.insert(0, "it has no tenant_id")
        elif self.not_by_tenant:
            indexes = ", ".join(self.not_by_tenant)
            found.insert(0, f"{indexes} must be unique over all tenants")
        return found


class TableUnknown(LookupError):
    """There is no such table."""


BY_TENANT: Final = "HASH (tenant_id)"
_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_LIST: Final = """
    SELECT c.relname::text AS name FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    AND NOT c.relispartition ORDER BY c.relname
"""
_TABLE: Final = """
    SELECT c.relowner::regrole::text AS owner, c.relkind = 'p' AS is_partitioned,
        ARRAY(SELECT i.inhrelid::regclass::text FROM pg_inherits i WHERE i.inhparent = c.oid)
            AS parts,
        coalesce(pg_get_partkeydef(c.oid), '') AS part_key,
        c.relrowsecurity AS is_secured, c.relforcerowsecurity AS is_forced,
        coalesce(
            (SELECT p.reloptions FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid
             WHERE i.inhparent = c.oid LIMIT 1), c.reloptions, '{}') AS options,
        (SELECT coalesce(sum(greatest(p.reltuples, 0)), 0)::bigint FROM pg_class p
            WHERE p.relkind = 'r' AND p.oid IN
            (SELECT relid FROM pg_partition_tree(c.oid) UNION SELECT c.oid)) AS rows,
        (SELECT coalesce(sum(pg_total_relation_size(p.oid)), 0)::bigint FROM pg_class p
            WHERE p.oid IN
            (SELECT relid FROM pg_partition_tree(c.oid) UNION SELECT c.oid)) AS size,
        EXISTS (SELECT 1 FROM pg_publication_rel r WHERE r.prrelid = c.oid) AS is_published,
        NOT c.relispartition AND EXISTS
            (SELECT 1 FROM pg_inherits i WHERE i.inhrelid = c.oid) AS is_child,
        EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
            AND t.tgtype & 1 = 0) AS has_statement_triggers,
        EXISTS (SELECT 1 FROM pg_rewrite r WHERE r.ev_class = c.oid) AS has_rules,
        EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL)
            AS has_column_grants,
        EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attidentity <> '')
            AS has_identity,
        EXISTS (SELECT 1 FROM pg_statistic_ext s WHERE s.stxrelid = c.oid) AS has_statistics
    FROM pg_class c WHERE c.oid = $1::regclass
"""
_COLUMNS: Final = """
    SELECT quote_ident(attname) AS name, attgenerated <> '' AS is_made FROM pg_attribute
    WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
_CONSTRAINTS: Final = """
    SELECT quote_ident(conname) AS name, contype::text AS kind, pg_get_constraintdef(oid) AS text,
        confrelid::regclass::text AS target
    FROM pg_constraint WHERE conrelid = $1::regclass AND conparentid = 0
    AND contype IN ('p', 'u', 'x', 'f') ORDER BY contype <> 'p', conname
"""
_INCOMING: Final = """
    SELECT conrelid::regclass::text AS table, quote_ident(conname) AS name,
        pg_get_constraintdef(oid) AS text
    FROM pg_constraint WHERE confrelid = $1::regclass AND conrelid <> confrelid
    AND conparentid = 0 AND contype = 'f' ORDER BY conrelid::regclass::text, conname
"""
_INDEXES: Final = """
    SELECT c.relname::text AS name, pg_get_indexdef(i.indexrelid) AS text,
        i.indisunique AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = i.indrelid
            AND a.attname = 'tenant_id' AND a.attnum = ANY(i.indkey)) AS is_not_by_tenant,
        EXISTS (SELECT 1 FROM pg_constraint n WHERE n.conindid = i.indexrelid
            AND n.conrelid = i.indrelid AND n.contype IN ('p', 'u', 'x')) AS is_of_constraint
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = $1::regclass ORDER BY c.relname
"""
_POLICIES: Final = """
    SELECT quote_ident(policyname) AS name, permissive::text AS permissive, cmd::text AS cmd,
        (SELECT string_agg(quote_ident(r), ', ') FROM unnest(roles) r) AS roles, qual, with_check
    FROM pg_policies WHERE schemaname = 'public' AND tablename = $1 ORDER BY policyname
"""
_TRIGGERS: Final = """
    SELECT tgname::text AS name, pg_get_triggerdef(oid) AS text FROM pg_trigger
    WHERE tgrelid = $1::regclass AND NOT tgisinternal AND tgtype & 1 = 1 ORDER BY tgname
"""
_GRANTS: Final = """
    SELECT a.privilege_type AS privilege, a.is_grantable,
        CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS grantee
    FROM pg_class c, aclexplode(c.relacl) WITH ORDINALITY AS
        a(grantor, grantee, privilege_type, is_grantable, at)
    WHERE c.oid = $1::regclass AND a.grantee <> c.relowner ORDER BY a.at
"""
_FAMILY: Final = """
    SELECT DISTINCT p.relid::regclass::text AS name
    FROM (SELECT $1::regclass::oid AS oid UNION
          SELECT conrelid FROM pg_constraint
          WHERE confrelid = $1::regclass AND contype = 'f' AND conparentid = 0 UNION
          SELECT confrelid FROM pg_constraint
          WHERE conrelid = $1::regclass AND contype = 'f' AND conparentid = 0) t,
        LATERAL (SELECT relid::oid FROM pg_partition_tree(t.oid) UNION SELECT t.oid) p(relid)
    JOIN pg_class c ON c.oid = p.relid WHERE c.relforcerowsecurity ORDER BY 1
"""


async def list_tables(connection: Connection) -> list[str]:
    """All tables of the schema, partitions left out."""
    return [row["name"] for row in await connection.fetch(_LIST)]


async def read_shape(connection: Connection, name: str) -> Shape:
    """What the table `name` is made of.

    Raises:
        TableUnknown: there is none, or its name would need quotes.
    """
    if _PLAIN.fullmatch(name) is None or name not in await list_tables(connection):
        raise TableUnknown(name)
    (table,) = await connection.fetch(_TABLE, name)
    columns = await connection.fetch(_COLUMNS, name)
    constraints = await connection.fetch(_CONSTRAINTS, name)
    incoming = await connection.fetch(_INCOMING, name)
    indexes = await connection.fetch(_INDEXES, name)
    targets = {row["target"] for row in constraints if row["kind"] == "f"}
    return Shape(
        name=name,
        owner=table["owner"],
        partitions=_partitions(table),
        parts=tuple(table["parts"]),
        has_tenant="tenant_id" in {row["name"] for row in columns},
        columns=tuple(row["name"] for row in columns if not row["is_made"]),
        keys=tuple(Named(row["name"], row["text"]) for row in constraints if row["kind"] != "f"),
        references=tuple(
            Named(row["name"], row["text"]) for row in constraints if row["kind"] == "f"
        ),
        incoming=tuple(Incoming(row["table"], row["name"], row["text"]) for row in incoming),
        indexes=tuple(
            Named(row["name"], row["text"].replace(" ON ONLY ", " ON ", 1))
            for row in indexes
            if not row["is_of_constraint"]
        ),
        policies=tuple(_policy(row) for row in await connection.fetch(_POLICIES, name)),
        triggers=tuple(
            Named(row["name"], row["text"]) for row in await connection.fetch(_TRIGGERS, name)
        ),
        grants=tuple(_grant(name, row) for row in await connection.fetch(_GRANTS, name)),
        options=tuple(table["options"]),
        is_secured=table["is_secured"],
        is_forced=table["is_forced"],
        family=tuple(row["name"] for row in await connection.fetch(_FAMILY, name)),
        around=tuple(sorted((targets | {row["table"] for row in incoming}) - {name})),
        not_by_tenant=tuple(row["name"] for row in indexes if row["is_not_by_tenant"]),
        unmovable=tuple(_unmovable(table)),
        rows=table["rows"],
        size_bytes=table["size"],
    )


def _partitions(table: Mapping[str, Any]) -> int:
    if not table["is_partitioned"]:
        return 0
    return len(table["parts"]) if table["part_key"] == BY_TENANT else -1


def _unmovable(table: Mapping[str, Any]) -> list[str]:
    found = {
        "has_statement_triggers": "its triggers guard the table as a whole and would not guard parts",
        "has_identity": "the database numbers its rows",
        "has_column_grants": "rights on single columns are granted",
        "has_rules": "it has rules",
        "has_statistics": "it has statistics of its own making",
        "is_published": "it is published to subscribers",
        "is_child": "it inherits from another table",
    }
    return [words for name, words in found.items() if table[name]]


def _policy(row: Mapping[str, Any]) -> Named:
    text = f"AS {row['permissive']} FOR {row['cmd']} TO {row['roles']}"
    text += "" if row["qual"] is None else f" USING ({row['qual']})"
    text += "" if row["with_check"] is None else f" WITH CHECK ({row['with_check']})"
    return Named(row["name"], text)


def _grant(table: str, row: Mapping[str, Any]) -> str:
    passing = " WITH GRANT OPTION" if row["is_grantable"] else ""
    return f"GRANT {row['privilege']} ON {table} TO {row['grantee']}{passing}"
