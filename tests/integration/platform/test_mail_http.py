"""Mail over HTTP: staff see to whom what was sent and how it went, never what it said."""

from __future__ import annotations

from rustok.core.mail_route import MailRoute
from tests.conftest import World
from tests.integration.platform.test_mail_sending import postman, queue


async def test_mails_are_listed_and_shown_without_what_fills_them(world: World) -> None:
    tenant = await world.tenant()
    mail_id = await queue(world, tenant)
    async with world.client(tenant, token=await world.token(tenant)) as client:
        listed = await client.get("/api/v1/admin/mails", params={"status": "queued"})
        shown = await client.get(f"/api/v1/admin/mails/{mail_id}")
    assert [one["id"] for one in listed.json()["items"]] == [str(mail_id)]
    assert shown.json()["mail"]["recipient"] == "ada@example.com"
    assert shown.json()["mail"]["allowed_actions"] == []
    assert "s3cr3t" not in listed.text + shown.text
    assert "sealed" not in listed.text + shown.text


async def test_a_held_mail_is_sent_after_all_and_a_waiting_one_cannot_be_asked_for(
    world: World,
) -> None:
    tenant = await world.tenant()
    mail_id = await queue(world, tenant)
    path = f"/api/v1/admin/mails/{mail_id}/retry"
    async with world.client(tenant, token=await world.token(tenant)) as client:
        early = await client.post(path)
        await postman(world, MailRoute()).settle()
        asked = await client.post(path)
    assert (early.status_code, early.json()["code"]) == (409, "illegal_transition")
    assert (asked.status_code, asked.json()["status"]) == (202, "queued")


async def test_who_may_not_see_mails_is_refused(world: World) -> None:
    tenant = await world.tenant()
    async with world.client(tenant, token=await world.token(tenant, "editor")) as client:
        answer = await client.get("/api/v1/admin/mails")
    assert (answer.status_code, answer.json()["code"]) == (403, "missing_permission")
