"""Administration of webhooks over HTTP on both databases."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from rustok.core.db import Query
from rustok.core.db.tenant_rows import left_out
from rustok.core.ids import new_id
from rustok.platform.webhooks.model.endpoint import MAX_ENDPOINTS
from rustok.platform.webhooks.tables import signing_secrets
from rustok.server.settings import Settings
from tests.conftest import World
from tests.integration.platform.hooks import courier, local_receivers, rename, verified
from tests.integration.platform.receiver import Receiver, answer

WEBHOOKS = "/api/v1/admin/webhooks"
DELIVERIES = "/api/v1/admin/webhook-deliveries"
PUBLIC = "https://hooks.example.com/in"


@pytest.fixture
def database_settings(database_settings: Settings, request: pytest.FixtureRequest) -> Settings:
    if "body" in request.fixturenames:  # the cases of bad input, as production judges them
        return database_settings
    return local_receivers(database_settings)


async def admin_of(world: World, role: str = "admin") -> httpx.AsyncClient:
    tenant = await world.tenant()
    return world.client(tenant, token=await world.token(tenant, role))


async def created(client: httpx.AsyncClient, **fields: Any) -> Any:
    body = {"url": PUBLIC, "event_filters": ["tenant.*"], **fields}
    answered = await client.post(WEBHOOKS, json=body)
    assert answered.status_code == 201, answered.text
    return answered.json()


async def test_an_endpoint_is_made_with_a_secret_that_is_shown_once(world: World) -> None:
    async with await admin_of(world) as client:
        body = {"url": "https://Hooks.Example.com", "event_filters": ["order.*", "order.*"]}
        answered = await client.post(WEBHOOKS, json=body)
        made = answered.json()
        endpoint_id = made["endpoint"]["id"]
        assert answered.status_code == 201
        assert answered.headers["cache-control"] == "no-store"
        assert answered.headers["location"] == f"{WEBHOOKS}/{endpoint_id}"
        assert made["secret"].startswith("whsec_")
        assert made["endpoint"]["url"] == "https://hooks.example.com/"
        assert made["endpoint"]["event_filters"] == ["order.*"]
        assert made["endpoint"]["allowed_actions"] == ["disable"]
        shown = await client.get(f"{WEBHOOKS}/{endpoint_id}")
        listed = await client.get(WEBHOOKS)
        assert shown.json() == made["endpoint"]
        assert listed.json()["items"] == [made["endpoint"]]
        assert "whsec_" not in shown.text + listed.text


async def test_a_secret_is_sealed_at_rest_and_left_out_of_exports(world: World) -> None:
    async with await admin_of(world) as client:
        made = await created(client)
    query: Query[dict[str, Any]] = Query(
        select(signing_secrets.c.sealed_secret), dict, system="test"
    )
    async with world.db.system("test", write=False) as tx:
        (row,) = await tx.all(query)
    assert row["sealed_secret"].startswith("s2.")
    assert made["secret"].removeprefix("whsec_") not in row["sealed_secret"]
    assert "webhook_secrets.sealed_secret" in left_out()


async def test_a_change_needs_the_version_and_keeps_what_it_does_not_name(world: World) -> None:
    async with await admin_of(world) as client:
        made = (await created(client, description="Old"))["endpoint"]
        path = f"{WEBHOOKS}/{made['id']}"
        unseen = await client.patch(path, json={"is_ordered": True})
        changed = await client.patch(
            path, json={"is_ordered": True, "mode": "cloudevents"}, headers={"if-match": '"1"'}
        )
        stale = await client.patch(path, json={"is_ordered": False}, headers={"if-match": '"1"'})
        same = await client.patch(path, json={"is_ordered": True}, headers={"if-match": '"2"'})
    assert unseen.status_code == 428
    assert stale.status_code == 412
    assert (changed.json()["description"], changed.json()["version"]) == ("Old", 2)
    assert same.json()["version"] == 2, "no change, no version"


async def test_an_endpoint_is_disabled_enabled_and_deleted(world: World) -> None:
    async with await admin_of(world) as client:
        made = (await created(client))["endpoint"]
        path = f"{WEBHOOKS}/{made['id']}"
        disabled = (await client.post(f"{path}/disable", json={"reason": "It moves"})).json()
        twice = await client.post(f"{path}/disable", json={"reason": "It moves"})
        ping = await client.post(f"{path}/ping")
        enabled = (await client.post(f"{path}/enable")).json()
        gone = await client.delete(path, headers={"if-match": "*"})
        after = await client.get(path)
    assert (disabled["status"], disabled["disabled_by"]) == ("disabled", "staff")
    assert disabled["disabled_reason"] == "It moves"
    assert twice.status_code == 409
    assert twice.json()["allowed_actions"] == ["enable"]
    assert (ping.status_code, ping.json()["code"]) == (409, "webhook_endpoint_disabled")
    assert (enabled["status"], enabled["disabled_reason"]) == ("active", None)
    assert gone.status_code == 204
    assert after.json()["code"] == "webhook_endpoint_not_found"


async def test_every_change_of_an_endpoint_is_an_event(world: World) -> None:
    tenant = await world.tenant()
    async with world.client(tenant, token=await world.token(tenant)) as client:
        made = (await created(client))["endpoint"]
        path = f"{WEBHOOKS}/{made['id']}"
        await client.patch(path, json={"is_ordered": True}, headers={"if-match": "*"})
        await client.post(f"{path}/rotate-secret", json={})
        await client.post(f"{path}/disable", json={"reason": "It moves"})
        await client.post(f"{path}/enable")
        await client.delete(path, headers={"if-match": "*"})
    found = [e for e in await world.events(tenant) if e.aggregate_type == "webhook_endpoint"]
    assert [one.type for one in found] == [
        "webhook.endpoint_created",
        "webhook.endpoint_updated",
        "webhook.secret_rotated",
        "webhook.endpoint_disabled",
        "webhook.endpoint_enabled",
        "webhook.endpoint_deleted",
    ]
    assert [one.sequence for one in found] == [1, 2, 3, 4, 5, 6]
    assert all(one.actor_id is not None for one in found)


async def test_a_ping_goes_the_way_of_all_events_and_its_log_is_read(world: World) -> None:
    async with await admin_of(world) as client, Receiver(answer(200, b"pong")) as receiver:
        made = await created(client, url=receiver.url, event_filters=["order.*"])
        asked = await client.post(f"{WEBHOOKS}/{made['endpoint']['id']}/ping")
        assert asked.status_code == 202
        await courier(world).settle()
        log = (await client.get(asked.headers["location"])).json()
    body = verified(receiver.received[0], made["secret"])
    assert (body["type"], body["data"]) == (
        "webhook.ping",
        {"endpoint_id": made["endpoint"]["id"]},
    )
    assert log["delivery"]["status"] == "delivered"
    assert log["payload"] == receiver.received[0].body.decode()
    (attempt,) = log["attempts"]
    assert (attempt["response_status"], attempt["response_body"]) == (200, "pong")
    assert attempt["request_headers"]["webhook-id"] == receiver.received[0].headers["webhook-id"]
    assert attempt["latency_ms"] >= 0


async def test_deliveries_are_listed_by_state_and_endpoint_and_sent_again(world: World) -> None:
    tenant = await world.tenant()
    token = await world.token(tenant)
    async with world.client(tenant, token=token) as client, Receiver(answer(404)) as receiver:
        await world.drain()
        one = (await created(client, url=receiver.url))["endpoint"]
        await rename(world, tenant, "One")
        await courier(world).settle()
        await rename(world, tenant, "Two")
        await courier(world).settle()
        every = (await client.get(DELIVERIES)).json()["items"]
        failed = (await client.get(DELIVERIES, params={"status": "failed"})).json()["items"]
        elsewhere = (await client.get(DELIVERIES, params={"endpoint_id": str(new_id())})).json()
        both = {"endpoint_id": one["id"], "status": "delivered"}
        delivered = (await client.get(DELIVERIES, params=both)).json()["items"]
        first = (await client.get(DELIVERIES, params={"limit": 1})).json()
        second = await client.get(DELIVERIES, params={"limit": 1, "cursor": first["next_cursor"]})
        assert [item["status"] for item in every] == ["delivered", "failed"], "newest first"
        assert [item["id"] for item in failed] == [every[1]["id"]]
        assert [item["id"] for item in delivered] == [every[0]["id"]]
        assert elsewhere["items"] == []
        assert [first["items"][0]["id"], second.json()["items"][0]["id"]] == [
            item["id"] for item in every
        ]
        assert failed[0]["allowed_actions"] == ["redeliver"]
        again = await client.post(f"{DELIVERIES}/{failed[0]['id']}/redeliver")
        waiting = await client.post(f"{DELIVERIES}/{failed[0]['id']}/redeliver")
        assert (again.status_code, again.json()["status"]) == (202, "pending")
        assert waiting.status_code == 409
        await courier(world).settle()
        log = (await client.get(f"{DELIVERIES}/{failed[0]['id']}")).json()
    assert log["delivery"]["status"] == "delivered"
    assert [attempt["number"] for attempt in log["attempts"]] == [2, 1]


async def test_a_secret_is_rotated_with_an_overlap_and_shown_once(world: World) -> None:
    async with await admin_of(world) as client:
        made = await created(client)
        path = f"{WEBHOOKS}/{made['endpoint']['id']}/rotate-secret"
        rotated = await client.post(path, json={"overlap_seconds": 60})
        too_long = await client.post(path, json={"overlap_seconds": 8 * 86_400})
        for _ in range(8):
            await client.post(path, json={})
    assert rotated.headers["cache-control"] == "no-store"
    assert rotated.json()["secret"] != made["secret"]
    assert rotated.json()["endpoint"]["version"] == 2
    assert too_long.status_code == 400
    query: Query[dict[str, Any]] = Query(select(signing_secrets.c.id), dict, system="test")
    async with world.db.system("test", write=False) as tx:
        assert len(await tx.all(query)) == 5, "valid at once"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"url": "http://hooks.example.com/"}, "unsafe_url"),
        ({"url": "https://127.0.0.1/"}, "unsafe_url"),
        ({"url": "https://169.254.169.254/latest/meta-data/"}, "unsafe_url"),
        ({"url": "https://2130706433/"}, "unsafe_url"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "unsafe_url"),
        ({"url": "https://localhost/"}, "unsafe_url"),
        ({"url": "https://user:pass@hooks.example.com/"}, "unsafe_url"),
        ({"url": "https://hooks.example.com:22/"}, "unsafe_url"),
        ({"url": "ftp://hooks.example.com/"}, "unsafe_url"),
        ({"url": "https://" + "a" * 3_000}, None),
        ({"url": ""}, None),
        ({"event_filters": []}, None),
        ({"event_filters": ["order.*"] * 101}, None),
        ({"event_filters": ["order.plced"]}, "invalid_event_filter"),
        ({"event_filters": ["; drop table"]}, "invalid_event_filter"),
        ({"mode": "xml"}, None),
        ({"description": "two\nlines"}, None),
        ({"secret": "whsec_mine"}, None),
    ],
)
async def test_bad_input_is_a_400_and_makes_nothing(
    world: World, body: dict[str, object], code: str | None
) -> None:
    async with await admin_of(world) as client:
        answered = await client.post(WEBHOOKS, json={"url": PUBLIC, "event_filters": ["*"], **body})
        listed = await client.get(WEBHOOKS)
    assert answered.status_code == 400, answered.text
    assert code is None or answered.json()["code"] == code
    assert listed.json()["items"] == []


async def test_a_tenant_has_at_most_so_many_endpoints(world: World) -> None:
    async with await admin_of(world) as client:
        for _ in range(MAX_ENDPOINTS):
            await created(client)
        refused = await client.post(WEBHOOKS, json={"url": PUBLIC, "event_filters": ["*"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "webhook_endpoint_limit")


@pytest.mark.parametrize(
    ("role", "may_read", "may_write"),
    [("admin", 200, 201), ("manager", 200, 403), ("editor", 403, 403), ("support", 403, 403)],
)
async def test_roles_reach_what_their_permissions_say(
    world: World, role: str, may_read: int, may_write: int
) -> None:
    async with await admin_of(world, role) as client:
        listed = await client.get(WEBHOOKS)
        made = await client.post(WEBHOOKS, json={"url": PUBLIC, "event_filters": ["*"]})
    assert (listed.status_code, made.status_code) == (may_read, may_write)


async def test_nothing_of_another_tenant_is_found(world: World) -> None:
    async with await admin_of(world) as owner, await admin_of(world) as other:
        made = (await created(owner))["endpoint"]
        delivery = (await owner.post(f"{WEBHOOKS}/{made['id']}/ping")).json()
        match_any = {"if-match": "*"}
        answers = [
            await other.get(f"{WEBHOOKS}/{made['id']}"),
            await other.patch(f"{WEBHOOKS}/{made['id']}", json={}, headers=match_any),
            await other.delete(f"{WEBHOOKS}/{made['id']}", headers=match_any),
            await other.post(f"{WEBHOOKS}/{made['id']}/ping"),
            await other.post(f"{WEBHOOKS}/{made['id']}/rotate-secret", json={}),
            await other.get(f"{DELIVERIES}/{delivery['id']}"),
            await other.post(f"{DELIVERIES}/{delivery['id']}/redeliver"),
        ]
        listed = await other.get(DELIVERIES, params={"endpoint_id": made["id"]})
    assert {one.status_code for one in answers} == {404}
    assert listed.json()["items"] == []


async def test_a_list_costs_the_same_for_many_as_for_one(world: World) -> None:
    async with await admin_of(world) as client:
        made = (await created(client))["endpoint"]
        counts = []
        for pings in (1, 9):
            for _ in range(pings):
                await client.post(f"{WEBHOOKS}/{made['id']}/ping")
            with world.counting() as count:
                await client.get(DELIVERIES)
            counts.append(count.total)
    assert counts[0] == counts[1]
