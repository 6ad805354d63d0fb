"""Menus over HTTP: shapes, versions, permissions, problems."""

from __future__ import annotations

from typing import Any

ADMIN = "/api/v1/admin/menus"
OPEN = "/api/v1/storefront/menus"
PAGE = {"kind": "page", "translations": {"en": {"title": "Timetable"}}}


async def test_a_menu_is_written_read_changed_and_deleted_over_http(world: Any) -> None:
    tenant = await world.tenant(locales=["en", "de"])
    async with world.client(tenant, token=await world.token(tenant)) as client:
        page = (await client.post("/api/v1/admin/nodes", json=PAGE)).json()["id"]
        item = {
            "kind": "path",
            "path": "/posts",
            "labels": {"en": "Posts"},
            "children": [{"kind": "node", "node_id": page}],
        }
        made = await client.post(
            ADMIN, json={"names": {"en": "Main"}, "handle": "main", "items": [item]}
        )
        assert (made.status_code, made.headers["etag"]) == (201, '"1"'), made.text
        where = made.headers["location"]
        assert made.json()["items"][0]["children"][0] == {
            "kind": "node",
            "node_id": page,
            "labels": {},
            "open_in_new": False,
            "children": [],
        }
        taken = await client.post(ADMIN, json={"names": {"en": "Main"}, "handle": "main"})
        assert (taken.status_code, taken.json()["code"]) == (409, "menu_handle_taken")

        change = {"names": {"en": "Main", "de": "Haupt"}}
        unseen = await client.patch(where, json=change)
        stale = await client.patch(where, json=change, headers={"if-match": '"9"'})
        changed = await client.patch(where, json=change, headers={"if-match": '"1"'})
        assert (unseen.status_code, stale.status_code) == (428, 412)
        assert (changed.status_code, changed.json()["version"]) == (200, 2)
        assert changed.json()["items"] == made.json()["items"]
        assert (await client.get(where)).json() == changed.json()
        listed = (await client.get(f"{ADMIN}?limit=1")).json()
        assert ([one["handle"] for one in listed["items"]], listed["next_cursor"]) == (
            ["main"],
            None,
        )

        hidden = await client.get(f"{OPEN}/main")
        await client.post(f"/api/v1/admin/nodes/{page}/publish")
        shown = await client.get(f"{OPEN}/main", headers={"accept-language": "de"})
        assert hidden.json()["items"][0]["children"] == []
        assert shown.json() == {
            "handle": "main",
            "name": "Haupt",
            "items": [
                {
                    "kind": "path",
                    "label": "Posts",
                    "href": "/posts",
                    "open_in_new": False,
                    "target_id": None,
                    "children": [
                        {
                            "kind": "node",
                            "label": "Timetable",
                            "href": "/pages/timetable",
                            "open_in_new": False,
                            "target_id": page,
                            "children": [],
                        }
                    ],
                }
            ],
        }
        gone = await client.delete(where, headers={"if-match": '"2"'})
        assert gone.status_code == 204
        assert (await client.get(where)).json()["code"] == "menu_not_found"


async def test_everybody_reads_menus_and_authors_do_not_write_them(world: Any) -> None:
    tenant = await world.tenant()
    body = {"names": {"en": "Main"}}
    async with world.client(tenant, token=await world.token(tenant, "author")) as author:
        refused = await author.post(ADMIN, json=body)
        assert (refused.status_code, refused.json()["required"]) == (403, "nodes:publish")
        assert (await author.get(ADMIN)).status_code == 200
    async with world.client(tenant, token=await world.token(tenant, "editor")) as editor:
        assert (await editor.post(ADMIN, json=body)).status_code == 201
    async with world.client(tenant) as anybody:
        listed = await anybody.get(OPEN)
        missing = await anybody.get(f"{OPEN}/other")
        assert (await anybody.get(ADMIN)).status_code == 401
    assert listed.headers["cache-control"] == "public, max-age=60"
    assert [one["handle"] for one in listed.json()["items"]] == ["main"]
    assert (missing.status_code, missing.json()["code"]) == (404, "menu_not_found")


async def test_wrong_items_are_named_at_their_place(world: Any) -> None:
    tenant = await world.tenant()
    unknown = "0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f60"
    async with world.client(tenant, token=await world.token(tenant)) as client:

        async def refused(*items: dict[str, Any]) -> tuple[int, str, list[str]]:
            answer = await client.post(ADMIN, json={"names": {"en": "M"}, "items": items})
            problem = answer.json()
            found = [one["pointer"] for one in problem.get("errors", [])]
            return answer.status_code, problem["code"], found

        assert await refused({"kind": "node", "node_id": unknown}) == (
            422,
            "menu_target_unknown",
            ["/items/0/node_id"],
        )
        assert await refused({"kind": "path", "path": "//x", "labels": {"en": "x"}}) == (
            400,
            "invalid_menu_item",
            ["/items/0/path"],
        )
        for item in (
            {"kind": "product", "product_id": unknown},
            {"kind": "path", "path": "/", "labels": {"en": "x"}, "color": "red"},
            {"kind": "path", "path": "/", "labels": {"en": ""}},
            {"kind": "url"},
        ):
            assert (await refused(item))[0] == 400
        nested: dict[str, Any] = {"kind": "path", "path": "/", "labels": {"en": "x"}}
        for _ in range(20):
            nested = {"kind": "path", "path": "/", "labels": {"en": "x"}, "children": [nested]}
        status, code, _ = await refused(nested)
        assert (status, code) == (400, "invalid_menu_item")


async def test_a_tenant_without_the_module_has_no_menus(world: Any) -> None:
    tenant = await world.tenant()
    async with world.client(tenant, token=await world.token(tenant)) as client:
        off = await client.delete("/api/v1/admin/tenant/modules/menus", headers={"if-match": "*"})
        assert off.status_code < 300, off.text
        assert (await client.get(ADMIN)).status_code == 404
