"""Where people's data is, table by table, and what becomes of it: one register for export and for erasure.

Refuses: accounts themselves (identity anonymises them), secrets, and what must stay. Orders keep what
accounting needs (numbers, sums, lines, the country of the address); the audit log holds no personal
data by design, events hold ids only.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Integer, Text, bindparam, false, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from rustok.core.db.read_transaction import ReadTx
from rustok.core.db.schema import TENANT, Id, metadata
from rustok.core.db.statement import Query
from rustok.core.db.tenant_rows import left_out
from rustok.core.db.transaction import WriteTx
from rustok.core.postal import PostalAddress

ERASED_EMAIL: Final = "erased@example.invalid"
ERASED_NAME: Final = "Erased"
ERASED_KEY: Final = "erased"
PORTION: Final = 200
KEEP_COUNTRY: Final = "keep the country"
"""In place of a value: the address loses all but its country."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What of one table is whose, and what erasure does.

    Attributes:
        by_user, by_email, by_actor: columns that say whose a row is.
        by_customer_key: the column of who used a coupon, an account or a digest of an address.
        by_order: the column that names an order; the row is whose the order is. Such a rule stands
            before that of orders, whose erasure takes the address away.
        erase: column to what replaces it, where there is something; None deletes the rows.
        keeps: why rows are kept as they are, when `erase` is empty.
    """

    table: str
    by_user: str | None = None
    by_email: str | None = None
    by_actor: str | None = None
    by_customer_key: str | None = None
    by_order: str | None = None
    erase: dict[str, Any] | None = None
    keeps: str = ""


RULES: Final = (
    Rule(table="users", by_user="id", erase={}, keeps="identity anonymises the account itself"),
    Rule(table="sessions", by_user="user_id"),
    Rule(table="known_devices", by_user="user_id"),
    Rule(table="account_requests", by_email="email_normal"),
    Rule(table="account_tokens", by_user="user_id", by_email="email_normal"),
    Rule(
        table="carts",
        by_user="customer_id",
        by_email="email",
        erase={"email": None, "shipping_address": None, "billing_address": None},
    ),
    Rule(
        table="returns",
        by_user="customer_id",
        by_order="order_id",
        erase={"note": "", "rejected_reason": ERASED_NAME},
    ),
    Rule(table="fulfilments", by_order="order_id", erase={"tracking_number": None}),
    Rule(
        table="coupon_redemptions",
        by_customer_key="customer_key",
        by_order="order_id",
        erase={"customer_key": ERASED_KEY},
    ),
    Rule(
        table="orders",
        by_user="customer_id",
        by_email="email",
        erase={
            "email": ERASED_EMAIL,
            "shipping_address": KEEP_COUNTRY,
            "billing_address": KEEP_COUNTRY,
            "tracking_number": None,
            "delivered_signature": None,
            "cancelled_reason": ERASED_NAME,
        },
    ),
    Rule(
        table="comments",
        by_user="author_id",
        by_email="author_email",
        erase={"author_name": ERASED_NAME, "author_email": None},
    ),
    Rule(table="mails", by_email="recipient"),
    Rule(table="idempotency_keys", by_actor="actor"),
)


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Whose data: an account, an e-mail address that guests used, or both.

    Attributes:
        email: normalised.
    """

    user_id: UUID | None
    email: str | None


def email_key(email: str) -> str:
    """Who an address without an account is, where no address is kept: its digest."""
    return f"email:{sha256(email.strip().lower().encode()).hexdigest()}"


@cache
def _rows(table: str, *, columns: tuple[str, ...], is_first: bool) -> Query[dict[str, Any]]:
    rule = next(one for one in RULES if one.table == table)
    declared = metadata.tables[table]
    whose: list[ColumnElement[bool]] = [false()]
    if rule.by_user is not None:
        whose.append(declared.c[rule.by_user] == bindparam("user_id", type_=Id()))
    if rule.by_email is not None:
        whose.append(func.lower(declared.c[rule.by_email]) == bindparam("email", type_=Text()))
    if rule.by_actor is not None:
        whose.append(declared.c[rule.by_actor] == bindparam("actor", type_=Text()))
    if rule.by_customer_key is not None:
        whose += [
            declared.c[rule.by_customer_key] == bindparam("actor", type_=Text()),
            declared.c[rule.by_customer_key] == bindparam("email_key", type_=Text()),
        ]
    if rule.by_order is not None:
        orders = metadata.tables["orders"]
        theirs = select(orders.c.id).where(
            orders.c.tenant_id == TENANT,
            or_(
                orders.c.customer_id == bindparam("user_id", type_=Id()),
                func.lower(orders.c.email) == bindparam("email", type_=Text()),
            ),
        )
        whose.append(declared.c[rule.by_order].in_(theirs))
    keys = [key for key in declared.primary_key.columns if key.name != "tenant_id"]
    statement = select(*(declared.c[name] for name in columns)).where(
        declared.c.tenant_id == TENANT, or_(*whose)
    )
    if not is_first:
        last = keys[-1]
        statement = statement.where(last > bindparam("after", type_=last.type))
    order = [keys[-1], *keys[:-1]]
    return Query(statement.order_by(*order).limit(bindparam("limit", type_=Integer())), _as_row)


def _as_row(**values: Any) -> dict[str, Any]:
    return values


async def _each(
    tx: ReadTx, rule: Rule, person: Person, columns: tuple[str, ...]
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    last = [key.name for key in metadata.tables[rule.table].primary_key.columns][-1]
    after: dict[str, Any] = {}
    while True:
        rows = await tx.all(
            _rows(rule.table, columns=columns, is_first=not after),
            user_id=person.user_id,
            email=person.email,
            actor=None if person.user_id is None else f"customer:{person.user_id}",
            email_key=None if person.email is None else email_key(person.email),
            limit=PORTION,
            **after,
        )
        found += rows
        if len(rows) < PORTION:
            return found
        after = {"after": rows[-1][last]}


async def collect(tx: ReadTx, person: Person) -> dict[str, list[dict[str, Any]]]:
    """All rows about a person by table, without secrets."""
    secret = left_out()
    found: dict[str, list[dict[str, Any]]] = {}
    for rule in RULES:
        if rule.by_actor is not None:
            continue
        declared = metadata.tables[rule.table]
        names = tuple(c.name for c in declared.c if f"{rule.table}.{c.name}" not in secret)
        found[rule.table] = await _each(tx, rule, person, names)
    return found


async def erase(tx: WriteTx, person: Person) -> dict[str, int]:
    """Delete or redact all rows about a person; returns how many by table. Safe to run again."""
    done: dict[str, int] = {}
    for rule in RULES:
        if rule.erase == {}:
            continue
        declared = metadata.tables[rule.table]
        keys = tuple(k.name for k in declared.primary_key.columns if k.name != "tenant_id")
        names = tuple(dict.fromkeys((*keys, *(rule.erase or {}))))
        rows = await _each(tx, rule, person, names)
        for row in rows:
            key = {name: row[name] for name in keys}
            if rule.erase is None:
                await tx.delete(declared, **key)
            elif replaced := _replaced(rule.erase, row):
                await tx.update(declared, key, **replaced)
        done[rule.table] = len(rows)
    tx.touch()
    return done


def _replaced(erase: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """What stands for what was there; what is empty stays so, as the state of the row asks."""
    return {
        name: _bare(row[name]) if value == KEEP_COUNTRY else value
        for name, value in erase.items()
        if row[name] is not None
    }


def _bare(address: PostalAddress | None) -> PostalAddress | None:
    if address is None:
        return None
    return PostalAddress(
        name=ERASED_NAME, line1=ERASED_NAME, city=ERASED_NAME, country=address.country
    )
