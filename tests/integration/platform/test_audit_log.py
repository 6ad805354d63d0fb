"""The audit log on the running platform: written with the change, chained, refused any change, checked."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from rustok.core.errors import PermissionDenied
from rustok.core.tenancy import TenantProfile
from rustok.platform.audit import api as audit
from rustok.platform.tenants import api as tenants
from tests.conftest import POSTGRES, World


async def records(world: World, tenant: TenantProfile) -> list[audit.Record]:
    await world.seal_audit()
    async with world.read(tenant) as tx:
        page = msgspec.convert({"limit": 100}, audit.PageRequest)
        found = (await audit.list_records(tx, audit.RecordFilter(), page)).items
    return found[::-1]


async def verdict(world: World, tenant: TenantProfile, **kw: Any) -> audit.Verdict:
    return await audit.verify(world.db, world.parts.sealer, tenant.id, **kw)


async def tampering(world: World, *statements: str) -> None:
    """Change the database as somebody could who owns it, guards switched off."""
    if world.kind == "sqlite":
        path = world.platform.settings.database.url.sqlite_path
        assert path is not None
        connection = sqlite3.connect(path)
        for name in ("audit_records", "audit_pending", "audit_checkpoints"):
            connection.execute(f"DROP TRIGGER IF EXISTS {name}_no_update")
            connection.execute(f"DROP TRIGGER IF EXISTS {name}_no_delete")
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()
        return
    name = str(world.platform.settings.database.url).rpartition("/")[2]
    owner = await asyncpg.connect(POSTGRES.rpartition("/")[0] + "/" + name)
    try:
        await owner.execute("SET session_replication_role = replica")
        for statement in statements:
            await owner.execute(statement)
    finally:
        await owner.close()


async def changes(world: World, tenant: TenantProfile, count: int) -> None:
    for number in range(count):
        async with world.write(tenant) as tx:
            tx.audit("test.done", object_type="test", object_id=str(number), after={"n": number})


async def test_a_change_and_its_record_are_written_together_or_not_at_all(world: World) -> None:
    tenant = await world.tenant()
    before = len(await records(world, tenant))
    async with world.write(tenant) as tx:
        await tenants.update(tx, expected_version=None, name="New name")
    with pytest.raises(PermissionDenied):
        async with world.write(tenant) as tx:
            await tenants.update(tx, expected_version=None, name="Never")
            raise PermissionDenied("the end")
    found = (await records(world, tenant))[before:]
    assert [one.action for one in found] == ["tenant.updated"]
    assert found[0].actor_kind == "staff"
    assert (await verdict(world, tenant)).findings == []


async def test_numbers_have_no_gaps_and_each_tenant_has_its_own(world: World) -> None:
    one, other = await world.tenant(), await world.tenant()
    await changes(world, one, 5)
    await changes(world, other, 3)
    for tenant in (one, other):
        found = await records(world, tenant)
        assert [record.number for record in found] == list(range(1, len(found) + 1))
        assert (await verdict(world, tenant)).checked == len(found)


async def test_secrets_and_personal_data_are_masked(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        tx.audit(
            "test.done",
            object_type="test",
            before={"email": "ada@example.com", "display_name": "Ada", "amount_minor": 5},
            after={"access_token": "very secret", "shipping_address": "Lindenallee"},
        )
    last = (await records(world, tenant))[-1]
    assert last.before_json == (
        '{"amount_minor":5,"display_name":"[personal]","email":"[personal]"}'
    )
    assert last.after_json == '{"access_token":"[secret]","shipping_address":"[personal]"}'


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_records SET action = 'test.other'",
        "DELETE FROM audit_records",
        "UPDATE audit_pending SET body = '{}'",
        "DELETE FROM audit_pending",
        "UPDATE audit_checkpoints SET number = 1",
        "DELETE FROM audit_checkpoints",
    ],
)
async def test_the_database_refuses_to_change_the_log(world: World, statement: str) -> None:
    tenant = await world.tenant()
    await changes(world, tenant, 2)
    await world.seal_audit()
    async with world.db.system("test") as tx:
        await audit.checkpoint(world.parts, tx, tenant.id)
    with pytest.raises(Exception, match=r"append-only|denied"):
        async with world.db.raw(write=True) as connection:
            await connection.execute(statement, ())


async def test_what_an_owner_of_the_database_changes_is_found_and_named(world: World) -> None:
    tenant = await world.tenant()
    await changes(world, tenant, 12)
    last = (await records(world, tenant))[-1].number
    where = f"WHERE tenant_id = '{tenant.id}' AND number"
    await tampering(
        world,
        f"UPDATE audit_records SET after_json = '{{}}' {where} = 4",
        f"DELETE FROM audit_records {where} = 7",
        f"DELETE FROM audit_records {where} > {last - 2}",
    )
    found = [(f.number, f.flaw, f.through) for f in (await verdict(world, tenant)).findings]
    assert found == [(4, "changed", None), (7, "missing", 7), (last - 1, "missing", last)]


async def test_a_chain_cut_together_with_its_head_is_found_by_a_kept_checkpoint(
    world: World,
) -> None:
    tenant = await world.tenant()
    await changes(world, tenant, 4)
    await world.seal_audit()
    kept = await _head_row(world, tenant)
    await changes(world, tenant, 4)
    await world.seal_audit()
    async with world.db.system("test") as tx:
        signed = await audit.checkpoint(world.parts, tx, tenant.id)
    await tampering(
        world,
        f"DELETE FROM audit_records WHERE tenant_id = '{tenant.id}' AND number > {kept['number']}",
        f"UPDATE audit_heads SET number = {kept['number']}, hash = '{kept['hash']}',"
        f" seal = '{kept['seal']}' WHERE tenant_id = '{tenant.id}'",
        f"DELETE FROM audit_checkpoints WHERE tenant_id = '{tenant.id}'",
        f"DELETE FROM audit_pending WHERE tenant_id = '{tenant.id}'",
    )
    assert (await verdict(world, tenant)).findings == []  # an old backup looks like that, too
    found = (await verdict(world, tenant, known=[signed])).findings
    assert [(f.number, f.flaw, f.through) for f in found] == [
        (kept["number"] + 1, "missing", signed.number)
    ]


async def _head_row(world: World, tenant: TenantProfile) -> dict[str, Any]:
    async with world.db.raw() as connection:
        rows = await connection.fetch(
            "SELECT number, hash, seal FROM audit_heads WHERE tenant_id = "
            + ("?" if world.kind == "sqlite" else "$1"),
            (str(tenant.id) if world.kind == "sqlite" else tenant.id,),
        )
    return dict(zip(("number", "hash", "seal"), rows[0], strict=True))


async def test_an_entry_changed_before_it_was_chained_is_recorded_as_forged(world: World) -> None:
    tenant = await world.tenant()
    await world.seal_audit()
    await changes(world, tenant, 1)
    await tampering(
        world,
        "UPDATE audit_pending SET body = replace(body, 'test.done', 'test.dame')",
    )
    last = (await records(world, tenant))[-1]
    assert last.action == "audit.entry_forged"
    found = (await verdict(world, tenant)).findings
    assert [(f.number, f.flaw) for f in found] == [(last.number, "reported")]


async def test_retention_leaves_a_signed_checkpoint_that_the_chain_begins_behind(
    world: World,
) -> None:
    tenant = await world.tenant()
    await changes(world, tenant, 6)
    await world.seal_audit()
    removed = await audit.purge_tenant(world.parts, tenant.id, kept=timedelta(0))
    assert removed >= 6
    found = await records(world, tenant)
    assert [(one.number, one.action) for one in found] == [(removed + 1, "audit.records_retired")]
    result = await verdict(world, tenant)
    assert (result.first, result.last, result.findings) == (removed + 1, removed + 1, [])
    await tampering(world, "DELETE FROM audit_checkpoints")
    assert (await verdict(world, tenant)).findings[0].flaw == "missing"


async def test_refusals_are_recorded_once_with_their_count(world: World) -> None:
    tenant = await world.tenant()
    token = await world.token(tenant, "author")
    async with world.client(tenant, token=token) as client:
        for _ in range(5):
            assert (await client.get("/api/v1/admin/orders")).status_code == 403
        assert (await client.get("/api/v1/admin/audit")).status_code == 403
    found = [one for one in await records(world, tenant) if one.action == "access.refused"]
    assert {one.object_id for one in found} == {
        "GET /api/v1/admin/orders",
        "GET /api/v1/admin/audit",
    }
    assert all(one.outcome == "refused" and one.reason == "missing_permission" for one in found)
    orders = [one for one in found if one.object_id == "GET /api/v1/admin/orders"]
    times = [msgspec.json.decode(one.after_json or "{}").get("times", 1) for one in orders]
    assert sum(times) == 5


async def test_a_failed_sign_in_is_recorded_without_the_address_it_was_tried_with(
    world: World,
) -> None:
    tenant = await world.tenant()
    async with world.client(tenant) as client:
        answer = await client.post(
            "/api/v1/auth/login", json={"email": "eve@example.com", "password": "wrong password"}
        )
        assert answer.status_code == 401
    last = (await records(world, tenant))[-1]
    assert (last.action, last.outcome) == ("user.login_failed", "failed")
    assert last.address == "127.0.0.0/24"
    assert "eve" not in msgspec.json.encode(last).decode()


async def test_the_log_is_searched_and_exported_over_http(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        tx.audit("test.done", object_type="test", object_id="=1+1", after={"n": 1})
    await world.seal_audit()
    token = await world.token(tenant)
    async with world.client(tenant, token=token) as client:
        page = (await client.get("/api/v1/admin/audit?action=test.*&limit=1")).json()
        (item,) = page["items"]
        assert (item["action"], item["after"], item["before"]) == ("test.done", {"n": 1}, None)
        number = item["number"]
        one = (await client.get(f"/api/v1/admin/audit/records/{number}")).json()
        assert one == item
        missing = await client.get("/api/v1/admin/audit/records/99999")
        assert missing.json()["code"] == "audit_record_not_found"
        text = (await client.get("/api/v1/admin/audit/export?format=csv&action=test.done")).text
        assert ",'=1+1," in text
        lines = (await client.get("/api/v1/admin/audit/export")).text.splitlines()
        assert len(lines) >= 2
        signed = await client.post("/api/v1/admin/audit/checkpoints")
        assert signed.status_code == 201
        checkpoint = msgspec.json.decode(signed.content, type=audit.Checkpoint)
        assert audit.is_signed(checkpoint)
    actions = [record.action for record in await records(world, tenant)]
    assert actions.count("audit.exported") == 2
    assert "audit.checkpoint_signed" in actions
