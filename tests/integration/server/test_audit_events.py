"""`rustok audit events`: clean on this program, and every planted violation is found."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam

import rustok
from rustok.cli.main import run
from rustok.core import dead_letters, inbox, outbox
from rustok.core.db import Command, Id
from rustok.core.ids import new_id
from rustok.core.outbox import aggregate_sequences
from rustok.server.audit.events_code import audit_code
from rustok.server.audit.events_database import audit_database
from rustok.server.audit.findings import Finding, Report
from tests.conftest import World
from tests.seeding import seed_everything

SOURCE = Path(rustok.__file__).parent


def test_this_programs_code_announces_every_change_and_publishes_nowhere_else() -> None:
    report = audit_code()
    assert report.findings == []
    assert report.checked["functions that change rows"] > 80
    assert all(excuse.reason for excuse in report.excuses)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    target = tmp_path / "rustok"
    shutil.copytree(
        SOURCE, target, ignore=shutil.ignore_patterns("__pycache__", "demo_data", "static")
    )
    return target


def _plant(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text, f"{file} changed; plant the violation elsewhere"
    file.write_text(text.replace(old, new))


def _rules(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    return [(one.rule, one.place.partition(":")[0]) for one in findings]


def test_a_service_function_without_its_event_is_found(copied: Path) -> None:
    _plant(
        copied / "platform/tenants/service.py",
        "    tx.emit(TenantDomainAdded(tenant_id=tx.ctx.tenant_id, host=domain.host))\n",
        "",
    )
    findings = audit_code(copied).findings
    assert _rules(findings) == [("change_without_event", "rustok/platform/tenants/service.py")]
    assert "add_domain writes tenant_domains" in findings[0].message


def test_a_reason_in_the_code_excuses_and_is_counted(copied: Path) -> None:
    service = copied / "platform/tenants/service.py"
    _plant(
        service,
        "    tx.emit(TenantDomainAdded(tenant_id=tx.ctx.tenant_id, host=domain.host))\n",
        "",
    )
    _plant(service, "async def add_domain(", "# no event: a test says so\nasync def add_domain(")
    report = audit_code(copied)
    assert report.findings == []
    assert "a test says so" in {excuse.reason for excuse in report.excuses}


@pytest.mark.parametrize(
    "line",
    [
        "import nats",
        "from rustok.core.bus.embedded import EmbeddedTransport",
        "from rustok.core.outbox import mark_published",
        "async def f(self): await self.transport.publish([])",
        'SQL = "INSERT INTO outbox (id) VALUES (1)"',
        "from rustok.core.outbox import outbox\nasync def f(tx): await tx.insert(outbox, id=1)",
    ],
)
def test_a_way_past_the_outbox_is_found(copied: Path, line: str) -> None:
    file = copied / "commerce/orders/service.py"
    file.write_text(f"{file.read_text()}\n\n{line}\n")
    found = set(_rules(audit_code(copied).findings))
    assert ("publishing_past_the_outbox", "rustok/commerce/orders/service.py") in found


def test_the_command_ends_with_one_when_something_is_found(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["audit", "events", "--only", "code"]) == 0
    assert "0 finding(s)" in capsys.readouterr().out
    (copied / "commerce/orders/events.py").write_text("import nats\n")
    assert run(["--json", "audit", "events", "--only", "code", "--source", str(copied)]) == 1
    assert '"rule": "publishing_past_the_outbox"' in capsys.readouterr().out


async def _audit(world: World) -> Report:
    async with world.db.system("test", write=False) as tx:
        return await audit_database(
            tx,
            world.platform.modules.consumers,
            retention=timedelta(days=90),
            grace=timedelta(0),
        )


async def test_a_database_full_of_everything_adds_up(world: World) -> None:
    tenant = await world.tenant(locales=["en", "de"], currencies=["EUR", "USD"])
    await seed_everything(world, tenant, "audited", many=2)
    report = await _audit(world)
    assert report.findings == []
    assert report.checked["events"] > 100
    assert report.checked["tables with versions"] >= 15


_GONE = Command(
    outbox.outbox.delete().where(outbox.outbox.c.id == bindparam("which", type_=Id())),
    system="test",
)


async def _eventful(world: World) -> Any:
    tenant = await world.tenant()
    token = await world.token(tenant)
    async with world.client(tenant, token=token) as client:
        for name in ("one", "two", "three"):
            made = await client.put(
                f"/api/v1/admin/tenant/locales/{['de', 'fr', 'it'][len(name) % 3]}"
            )
            assert made.status_code == 200, made.text
        made = await client.post("/api/v1/admin/tags", json={"name": "Tag"})
        assert made.status_code == 201
    await world.drain()
    assert (await _audit(world)).findings == []
    return tenant


@pytest.mark.parametrize("which", [0, 1, -1])
async def test_a_deleted_event_is_found_wherever_it_was(world: World, which: int) -> None:
    tenant = await _eventful(world)
    mine = [e for e in await world.events(tenant) if e.aggregate_type == "tenant"]
    async with world.db.system("test") as tx:
        await tx.run(_GONE, which=mine[which].id)
    found = [f for f in (await _audit(world)).findings if f.rule == "sequence_gap"]
    assert len(found) == 1
    assert str(tenant.id) in found[0].place


async def test_a_missing_inbox_row_an_orphan_and_a_letter_without_one_are_found(
    world: World,
) -> None:
    tenant = await _eventful(world)
    takers = {c.name: c for c in world.platform.modules.consumers}
    event, consumer = next(
        (event, name)
        for event in await world.events(tenant)
        for name, taker in takers.items()
        if event.type in taker.handlers
    )
    async with world.write(tenant) as tx:
        await tx.delete(inbox.inbox, consumer=consumer, event_id=event.id)
        await inbox.record(tx, consumer, [orphan := new_id()])
        await dead_letters.bury(tx, "test.gave_up", event, error="x", attempts=1)
        await tx.delete(inbox.inbox, consumer="test.gave_up", event_id=event.id)
    found = {finding.rule: finding.place for finding in (await _audit(world)).findings}
    assert set(found) == {
        "published_but_not_applied",
        "inbox_without_event",
        "dead_letter_without_inbox",
    }
    assert str(event.id) in found["published_but_not_applied"]
    assert str(orphan) in found["inbox_without_event"]


async def test_a_version_without_an_event_and_an_uncounted_event_are_found(world: World) -> None:
    tenant = await _eventful(world)
    from rustok.platform.tenants.tables import tenants

    async with world.db.system("test") as tx:
        await tx.update(tenants, {"id": tenant.id}, version=100)
    assert [f.rule for f in (await _audit(world)).findings] == ["version_without_event"]
    async with world.write(tenant) as tx:
        await tx.delete(aggregate_sequences, aggregate_type="tenant", aggregate_id=tenant.id)
    rules = {f.rule for f in (await _audit(world)).findings}
    assert rules == {"version_without_event", "sequence_not_counted"}
