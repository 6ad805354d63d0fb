"""What a transaction sends to its connection, and what it tells who watches."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, select, text

from rustok.content.media.events import MediaDeleted
from rustok.content.nodes.events import NodeUnpublished
from rustok.content.nodes.states import NODE_LIFECYCLE  # noqa: F401 - declares the steps
from rustok.core.db import Command, SystemTx, WriteTx, scalar, transaction
from rustok.core.db.last_writes import LastWrite
from rustok.core.db.schema import TENANT
from rustok.core.db.statement import Compiled
from rustok.core.errors import ConcurrentUpdate
from rustok.core.ids import new_id
from rustok.core.machine import step_announced_by
from rustok.core.tenancy import ANONYMOUS, RequestContext, TenantProfile, context_for
from rustok.platform.tenants.tables import tenant_domains, tenants
from rustok.telemetry import tracing

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HOSTS = scalar(select(tenant_domains.c.host).where(tenant_domains.c.tenant_id == TENANT), str)
SLUG = scalar(select(tenants.c.slug).where(tenants.c.id == TENANT), str)
COUNT = scalar(select(func.count()).select_from(tenants), int, system="test")


class Broken(Exception):
    pass


class Wire:
    """A connection that writes down what it is given."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []
        self.rows: list[list[Any]] = []
        self.changed = 1
        self.is_broken = False

    def _take(self, sql: str, arguments: Any) -> None:
        if self.is_broken:
            raise Broken
        self.sent.append((" ".join(sql.split()), arguments))

    async def fetch(self, sql: str, arguments: Sequence[Any]) -> Sequence[Sequence[Any]]:
        self._take(sql, arguments)
        return self.rows

    async def execute(self, sql: str, arguments: Sequence[Any]) -> int:
        self._take(sql, arguments)
        return self.changed

    async def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        self._take(sql, rows)

    async def execute_together(self, writes: Sequence[LastWrite]) -> None:
        self._take("together", writes)

    async def execute_last(self, writes: Sequence[LastWrite]) -> None:
        self._take("last", writes)


class Told:
    """What an observer was told."""

    def __init__(self) -> None:
        self.all: list[tuple[float, int, Exception | None]] = []

    def __call__(
        self, _compiled: Compiled[Any], seconds: float, rows: int, error: Exception | None
    ) -> None:
        self.all.append((seconds, rows, error))


TENANT_ID = new_id()
PROFILE = TenantProfile(id=TENANT_ID, slug="t", name="T", status="active")


def opened(kind: type[WriteTx] = WriteTx, told: Told | None = None) -> tuple[WriteTx, Wire]:
    wire = Wire()
    ctx: RequestContext = context_for(PROFILE, actor=ANONYMOUS)
    return kind(wire, dialect="postgres", now=NOW, ctx=ctx, observer=told), wire


def domain(host: str) -> dict[str, object]:
    return {"id": new_id(), "host": host, "is_primary": False, "created_at": NOW}


async def test_a_statement_of_the_system_is_refused_in_a_transaction_of_a_tenant() -> None:
    tx, wire = opened()
    with pytest.raises(TypeError, match="SystemTx"):
        await tx.all(COUNT)
    wire.rows = [["a.example"], ["b.example"]]
    assert await tx.all(HOSTS) == ["a.example", "b.example"]
    assert await tx.one(HOSTS) == "a.example"
    assert wire.sent[0][1] == [TENANT_ID]
    wire.rows = []
    assert await tx.one(HOSTS) is None


async def test_the_system_reads_all_tenants_and_one_where_it_names_it() -> None:
    tx, wire = opened(SystemTx)
    await tx.all(COUNT)
    other = new_id()
    await tx.all(HOSTS, tenant_id=other)
    assert [arguments for _, arguments in wire.sent] == [[], [other]]


async def test_the_tenant_of_a_row_is_the_transactions_whatever_the_caller_says() -> None:
    tx, wire = opened()
    await tx.insert(tenant_domains, tenant_id=new_id(), **domain("a.example"))
    await tx.insert(tenant_domains, **domain("b.example"))
    assert [sent[1][0] for sent in wire.sent] == [TENANT_ID, TENANT_ID]
    rows = [{"tenant_id": new_id(), **domain("c.example")}, domain("d.example")]
    await tx.insert_many(tenant_domains, rows)
    tx.insert_many_last(tenant_domains, rows)
    await tx.write_last()
    (_, at_once), (_, (waited,)) = wire.sent[-2:]
    assert [row[0] for row in (*at_once, *waited.rows)] == [TENANT_ID] * 4
    system, wire = opened(SystemTx)
    named = new_id()
    await system.insert(tenant_domains, tenant_id=named, **domain("c.example"))
    assert wire.sent[0][1][0] == named


async def test_the_system_updates_the_row_of_the_tenant_in_the_key() -> None:
    tx, wire = opened(SystemTx)
    named, row = new_id(), new_id()
    await tx.update(tenant_domains, {"tenant_id": named, "id": row}, host="a.example")
    await tx.update(tenants, {"id": named}, name="New")
    assert [arguments for _, arguments in wire.sent] == [
        ["a.example", named, row],
        ["New", named, named],
    ]
    for table, key in ((tenant_domains, {"id": row}), (tenants, {"slug": "t"})):
        with pytest.raises(TypeError, match="tenant_id"):
            await tx.update(table, key, **{"host" if table is tenant_domains else "name": "x"})


async def test_whoever_watches_is_told_rows_time_and_errors() -> None:
    told = Told()
    tx, wire = opened(told=told)
    wire.rows, wire.changed = [["a"], ["b"]], 3
    began = time.perf_counter()
    await tx.all(HOSTS)
    await tx.update(tenant_domains, {"host": "a"}, host="b")
    await tx.insert_many(tenant_domains, [domain("a"), domain("b")])
    tx.insert_many_last(tenant_domains, [domain("a"), domain("b"), domain("c")])
    tx.update_last(tenants, {"id": TENANT_ID}, name="x")
    await tx.write_last(is_end=True)
    assert [rows for _, rows, _ in told.all] == [2, 3, 2, 3, 1]
    took = time.perf_counter() - began
    assert all(0 <= seconds <= took for seconds, _, _ in told.all)
    assert told.all[-1][0] == told.all[-2][0]
    told.all.clear()
    wire.is_broken = True
    tx.insert_last(tenant_domains, **domain("a"))
    for work in (
        tx.write_last(),
        tx.all(HOSTS),
        tx.update(tenant_domains, {"host": "a"}, host="b"),
        tx.insert_many(tenant_domains, [domain("a")]),
    ):
        with pytest.raises(Broken):
            await work
    assert [(rows, type(error)) for _, rows, error in told.all] == [
        (1, Broken),
        (0, Broken),
        (0, Broken),
        (0, Broken),
    ]


async def test_what_is_read_or_written_meanwhile_sends_what_waits_of_its_tables_alone() -> None:
    tx, wire = opened()
    tx.insert_last(tenant_domains, **domain("a"))
    tx.insert_last(tenant_domains, **domain("b"))
    tx.run_last(Command(text("DELETE FROM x WHERE a = :tenant_id")), [])
    await tx.all(SLUG)
    await tx.update(tenants, {"id": TENANT_ID}, name="x")
    assert "together" not in [sql for sql, _ in wire.sent]
    await tx.all(HOSTS)
    sql, waited = wire.sent[-2]
    assert sql == "together"
    assert [len(write.rows) for write in waited] == [2]
    tx.insert_last(tenant_domains, **domain("c"))
    await tx.update(tenant_domains, {"host": "c"}, host="d")
    tx.insert_last(tenant_domains, **domain("e"))
    await tx.insert_many(tenant_domains, [domain("f")])
    tx.update_last(tenants, {"id": TENANT_ID}, name="y")
    await tx.insert(tenant_domains, **domain("g"))
    assert [sql for sql, _ in wire.sent].count("together") == 3
    await tx.write_last(is_end=True)
    assert wire.sent[-1][0] == "last"


async def test_writes_alike_that_do_not_follow_each_other_keep_their_order() -> None:
    tx, wire = opened()
    tx.insert_last(tenant_domains, **domain("a"))
    tx.update_last(tenants, {"id": TENANT_ID}, name="x")
    tx.insert_last(tenant_domains, **domain("b"))
    tx.insert_many_last(tenant_domains, [])
    await tx.write_last(is_end=True)
    ((_, waited),) = wire.sent
    assert [write.compiled.table for write in waited] == [
        "tenant_domains",
        "tenants",
        "tenant_domains",
    ]


async def test_a_write_that_waits_says_what_it_expects() -> None:
    tx, wire = opened()
    tx.update_version_last(tenants, {"id": TENANT_ID}, version=4, name="x")
    tx.insert_new_last(tenant_domains, otherwise=Broken, **domain("a"))
    await tx.write_last()
    changed, added = wire.sent[0][1]
    assert changed.rows == [["x", 5, TENANT_ID, TENANT_ID, 4]]
    assert "ON CONFLICT DO NOTHING" in added.compiled.sql
    for one, error in ((changed, ConcurrentUpdate), (added, Broken)):
        one.check(1)
        for number in (0, 2):
            with pytest.raises(error):
                one.check(number)


async def test_no_rows_are_no_statement() -> None:
    tx, wire = opened()
    await tx.insert_many(tenant_domains, [])
    await tx.write_last(is_end=True)
    assert wire.sent == []


async def test_a_version_moves_up_by_one_where_one_row_has_it() -> None:
    tx, wire = opened()
    await tx.update_version(tenants, {"id": TENANT_ID}, version=4, name="x")
    assert wire.sent[0][1] == ["x", 5, TENANT_ID, TENANT_ID, 4]
    for changed in (0, 2):
        wire.changed = changed
        with pytest.raises(ConcurrentUpdate):
            await tx.update_version(tenants, {"id": TENANT_ID}, version=4, name="x")


@pytest.mark.parametrize(("changed", "inserted"), [(0, False), (1, True), (2, False)])
async def test_a_row_is_inserted_if_absent(changed: int, inserted: bool) -> None:
    tx, wire = opened()
    wire.changed = changed
    assert await tx.insert_if_absent(tenant_domains, **domain("a")) is inserted
    assert wire.sent[0][0].endswith("ON CONFLICT DO NOTHING")


async def test_events_and_audits_have_a_tenant() -> None:
    tx, _ = opened()
    touched = [tx.touched]
    tx.touch()
    assert [*touched, tx.touched] == [False, True]
    tx.emit(MediaDeleted(media_id=new_id()))
    tx.audit("thing.done", object_type="thing")
    assert [event.tenant_id for event, _ in tx.events] == [TENANT_ID]
    assert [(tenant, entry.action) for tenant, entry in tx.audits] == [
        (TENANT_ID, "media.deleted"),
        (TENANT_ID, "thing.done"),
    ]
    system, _ = opened(SystemTx)
    with pytest.raises(TypeError, match="emit_for"):
        system.emit(MediaDeleted(media_id=new_id()))
    with pytest.raises(TypeError, match="audit_for"):
        system.audit("thing.done", object_type="thing")


class Span:
    def __init__(self) -> None:
        self.leaves: list[str] = []

    def leaf(self, name: str, *_: Any) -> None:
        self.leaves.append(name)


def test_a_step_that_is_announced_is_told_to_the_span_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    step, no_step = NodeUnpublished(node_id=new_id()), MediaDeleted(media_id=new_id())
    announced = step_announced_by(step.type)
    assert announced is not None
    tx, _ = opened()
    span = Span()
    for current in (None, span):
        monkeypatch.setattr(tracing, "current", lambda current=current: current)
        tx.emit(step)
        tx.emit(no_step)
    assert span.leaves == [announced.name]
    assert len(tx.events) == 4


async def test_writes_sent_together_share_the_time_they_took(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = Told()
    tx, _ = opened(told=told)
    tx.insert_last(tenant_domains, **domain("a"))
    tx.update_last(tenants, {"id": TENANT_ID}, name="x")
    clock = iter((10.0, 14.0))
    monkeypatch.setattr(transaction, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    await tx.write_last()
    assert [seconds for seconds, _, _ in told.all] == [2.0, 2.0]
