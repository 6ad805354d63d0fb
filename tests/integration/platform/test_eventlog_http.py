"""The event log over HTTP: a tenant's own events and dead letters, nobody else's."""

from __future__ import annotations

from rustok.core import dead_letters, inbox
from tests.conftest import World


async def test_events_are_listed_newest_first_by_page_and_filter(world: World) -> None:
    tenant, other = await world.tenant(), await world.tenant()
    token = await world.token(tenant)
    await world.drain()
    mine = [str(event.id) for event in reversed(await world.events(tenant))]
    async with world.client(tenant, token=token) as client:
        listed: list[str] = []
        cursor = ""
        while True:
            page = (await client.get(f"/api/v1/admin/events?limit=2{cursor}")).json()
            listed += [item["id"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert listed == mine
        created = (await client.get("/api/v1/admin/events?type=tenant.created")).json()["items"]
        assert [item["envelope"]["data"]["tenant_id"] for item in created] == [str(tenant.id)]
        assert created[0]["published_at"] is not None
        shown = await client.get(f"/api/v1/admin/events/{created[0]['id']}")
        assert shown.json() == created[0]
        of_other = (await world.events(other))[0]
        refused = await client.get(f"/api/v1/admin/events/{of_other.id}")
        assert (refused.status_code, refused.json()["code"]) == (404, "logged_event_not_found")
        by_thing = f"?aggregate_type=tenant&aggregate_id={other.id}"
        assert (await client.get(f"/api/v1/admin/events{by_thing}")).json()["items"] == []


async def test_a_dead_letter_is_retried_or_discarded_once(world: World) -> None:
    tenant = await world.tenant()
    token = await world.token(tenant)
    async with world.client(tenant, token=token) as client:
        made = await client.post("/api/v1/admin/tags", json={"name": "Tag"})
        assert made.status_code == 201
        await world.drain()
        takers = {name: c for c in world.platform.modules.consumers for name in c.handlers}
        event = next(e for e in await world.events(tenant) if e.type in takers)
        consumer = takers[event.type].name
        async with world.write(tenant) as tx:
            await inbox.forget(tx, consumer, event.id)
            await dead_letters.bury(tx, consumer, event, error="it failed", attempts=3)
            await dead_letters.bury(tx, "gone.consumer", event, error="nobody", attempts=3)
        listed = (await client.get("/api/v1/admin/dead-letters")).json()["items"]
        assert [one["consumer"] for one in listed] == [consumer, "gone.consumer"]
        path = f"/api/v1/admin/dead-letters/{listed[0]['id']}"
        retried = await client.post(f"{path}/retry")
        assert retried.status_code == 200, retried.text
        assert retried.json()["resolution"] == "retried"
        again = await client.post(f"{path}/retry")
        assert (again.status_code, again.json()["code"]) == (409, "dead_letter_resolved")
        path = f"/api/v1/admin/dead-letters/{listed[1]['id']}"
        unknown = await client.post(f"{path}/retry")
        assert (unknown.status_code, unknown.json()["code"]) == (409, "consumer_unknown")
        assert (await client.post(f"{path}/discard")).json()["resolution"] == "discarded"
        assert (await client.get(path)).json()["resolution"] == "discarded"
        assert (await client.get("/api/v1/admin/dead-letters")).json()["items"] == []


async def test_a_manager_reads_the_log_and_mends_nothing(world: World) -> None:
    tenant = await world.tenant()
    token = await world.token(tenant, "manager")
    other = await world.tenant()
    await world.token(other)
    event = (await world.events(other))[0]
    async with world.write(other) as tx:
        await dead_letters.bury(tx, "gone.consumer", event, error="nobody", attempts=3)
    async with world.db.system("test", write=False) as tx:
        letter = (await dead_letters.list_open(tx, after=None, limit=1))[0]
    path = f"/api/v1/admin/dead-letters/{letter.id}"
    async with world.client(tenant, token=token) as client:
        assert (await client.get("/api/v1/admin/events")).status_code == 200
        assert (await client.get(path)).json()["code"] == "dead_letter_not_found"
        assert (await client.post(f"{path}/retry")).json()["code"] == "missing_permission"
    async with world.client(tenant, token=await world.token(tenant)) as client:
        for step in ("retry", "discard"):
            refused = await client.post(f"{path}/{step}")
            assert (refused.status_code, refused.json()["code"]) == (404, "dead_letter_not_found")
