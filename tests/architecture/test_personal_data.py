"""A column that looks personal is in the register of personal data, or says why it needs no erasure."""

from __future__ import annotations

from typing import Final

from rustok.core.audit.entry import masked_kind
from rustok.core.db.personal_rows import RULES
from rustok.core.db.schema import metadata
from rustok.server.tables import load_tables

EXCEPTIONS: Final[dict[str, str]] = {
    "audit_records.address": "the network of the caller, not the person's address, unless set so",
    "nodes.author_name": "the byline of what staff published",
}
"""Columns that only look personal, or stay on purpose, with the reason."""


def test_every_column_that_looks_personal_is_declared() -> None:
    load_tables()
    deleted = {rule.table for rule in RULES if rule.erase is None or rule.keeps}
    redacted = {f"{rule.table}.{name}" for rule in RULES for name in rule.erase or {}}
    looks = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.c
        if masked_kind(column.name) == "personal" and table.name not in deleted
    }
    assert looks - redacted == set(EXCEPTIONS)


def test_what_people_write_and_what_leads_to_them_is_erased_too() -> None:
    """Free texts and references that no name gives away."""
    redacted = {f"{rule.table}.{name}" for rule in RULES for name in rule.erase or {}}
    assert redacted >= {
        "returns.note",
        "returns.rejected_reason",
        "coupon_redemptions.customer_key",
        "fulfilments.tracking_number",
        "orders.tracking_number",
        "orders.delivered_signature",
        "orders.cancelled_reason",
    }


def test_rules_that_follow_orders_run_before_the_orders_lose_their_address() -> None:
    tables = [rule.table for rule in RULES]
    for rule in RULES:
        if rule.by_order is not None:
            assert tables.index(rule.table) < tables.index("orders")


def test_the_register_names_tables_and_columns_that_there_are() -> None:
    load_tables()
    for rule in RULES:
        table = metadata.tables[rule.table]
        for name in (
            rule.by_user,
            rule.by_email,
            rule.by_actor,
            rule.by_customer_key,
            rule.by_order,
            *(rule.erase or {}),
        ):
            assert name is None or name in table.c, (rule.table, name)
