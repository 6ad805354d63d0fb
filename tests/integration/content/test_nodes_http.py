"""Nodes over HTTP: shapes, versions, problems."""

from __future__ import annotations

from typing import Any

BASE = "/api/v1/admin/nodes"
PAGE = {
    "kind": "page",
    "translations": {
        "en": {"title": "Timetable", "body": {"format": "markdown", "text": "# Winter"}}
    },
}


async def test_a_node_is_written_read_and_published_over_http(world: Any) -> None:
    tenant = await world.tenant(locales=["en", "de"])
    async with world.client(tenant, token=await world.token(tenant)) as client:
        made = await client.post(BASE, json=PAGE)
        path = made.headers["location"]
        node = made.json()
        assert (made.status_code, made.headers["etag"]) == (201, '"1"')
        assert node["translations"]["en"]["html"] == "<h1>Winter</h1>\n"
        assert node["translations"]["en"]["body"] == {"format": "markdown", "text": "# Winter"}
        assert node["allowed_actions"] == ["submit", "publish", "schedule"]

        blocks = {
            "format": "blocks",
            "blocks": [{"name": "core/paragraph", "inner_html": "<p>W</p>"}],
        }
        unseen = await client.put(
            f"{path}/translations/de", json={"title": "Fahrplan", "body": blocks}
        )
        stale = await client.put(
            f"{path}/translations/de", json={"title": "F"}, headers={"if-match": '"9"'}
        )
        put = await client.put(
            f"{path}/translations/de",
            json={"title": "Fahrplan", "body": blocks},
            headers={"if-match": '"1"'},
        )
        assert (unseen.status_code, stale.status_code, put.status_code) == (428, 412, 200)
        assert put.json()["translations"]["de"]["html"] == "<p>W</p>"

        published = await client.post(f"{path}/publish", headers={"if-match": '"2"'})
        assert (published.status_code, published.json()["status"]) == (200, "published")
        again = await client.post(f"{path}/publish")
        assert (again.status_code, again.json()["allowed_actions"]) == (
            409,
            ["unpublish", "archive"],
        )
        blank = await client.post(f"{path}/archive", json={"reason": " "})
        assert (blank.status_code, blank.json()["code"]) == (400, "archive_reason_missing")

        listed = await client.get(f"{BASE}?kind=page&status=published&q=time&limit=5")
        assert [one["title"] for one in listed.json()["items"]] == ["Timetable"]
        kept = await client.get(f"{path}/revisions")
        assert [one["number"] for one in kept.json()["items"]] == [2, 1]
        first = await client.get(f"{path}/revisions/1")
        assert list(first.json()["content"]["translations"]) == ["en"]
        missing = await client.get(f"{path}/revisions/x")
        assert (missing.status_code, missing.json()["code"]) == (404, "revision_not_found")
        restored = await client.post(f"{path}/revisions/1/restore")
        assert list(restored.json()["translations"]) == ["en"]
        gone = await client.delete(path, headers={"if-match": "*"})
        assert gone.status_code == 204
        assert (await client.get(path)).status_code == 404


async def test_wrong_fields_are_named_at_their_place(world: Any) -> None:
    tenant = await world.tenant()
    async with world.client(tenant, token=await world.token(tenant)) as client:
        kind = await client.post(
            "/api/v1/admin/node-kinds",
            json={
                "slug": "recipe",
                "name": "Recipe",
                "fields": [
                    {"name": "minutes", "type": "integer", "required": True},
                    {"name": "level", "type": "choice", "choices": ["easy"]},
                ],
            },
        )
        assert kind.status_code == 201, kind.text
        body = {
            "kind": "recipe",
            "translations": {"en": {"title": "Soup"}},
            "fields": {"level": "hard"},
        }
        refused = await client.post(BASE, json=body)
        kinds = (await client.get("/api/v1/admin/node-kinds")).json()
        used = await client.delete(
            f"/api/v1/admin/node-kinds/{kind.json()['id']}", headers={"if-match": '"1"'}
        )
    assert refused.status_code == 400
    assert {(e["pointer"], e["rule"]) for e in refused.json()["errors"]} == {
        ("/fields/minutes", "required"),
        ("/fields/level", "choice"),
    }
    assert [one["slug"] for one in kinds] == ["page", "post", "recipe"]
    assert used.status_code == 204


async def test_approval_takes_the_version_that_was_read(world: Any) -> None:
    tenant = await world.tenant(settings={"review_required": True})
    async with world.client(tenant, token=await world.token(tenant, "author")) as author:
        path = (await author.post(BASE, json=PAGE)).headers["location"]
        early = await author.post(f"{path}/publish")
        submitted = await author.post(f"{path}/submit")
        own = await author.post(f"{path}/approve", json={}, headers={"if-match": "*"})
    assert (early.status_code, early.json()["code"]) == (403, "review_required")
    assert (submitted.status_code, own.status_code) == (200, 403)
    async with world.client(tenant, token=await world.token(tenant, "editor")) as editor:
        unseen = await editor.post(f"{path}/approve", json={})
        approved = await editor.post(f"{path}/approve", json={}, headers={"if-match": '"2"'})
    assert (unseen.status_code, approved.status_code) == (428, 200)
    assert approved.json()["status"] == "published"


async def test_terms_are_put_over_http(world: Any) -> None:
    tenant = await world.tenant()
    async with world.client(tenant, token=await world.token(tenant)) as client:
        path = (await client.post(BASE, json=PAGE)).headers["location"]
        category = await client.post(
            "/api/v1/admin/content-categories", json={"texts": {"en": {"name": "Sea"}}}
        )
        tag = await client.post("/api/v1/admin/tags", json={"name": "Slow"})
        terms = {"category_ids": [category.json()["id"]], "tag_ids": [tag.json()["id"]]}
        put = await client.put(f"{path}/terms", json=terms, headers={"if-match": '"1"'})
        listed = await client.get(
            f"{BASE}?category_id={category.json()['id']}&tag_id={tag.json()['id']}"
        )
        renamed = await client.patch(
            tag.headers["location"], json={"name": "Slower"}, headers={"if-match": '"1"'}
        )
    assert {key: put.json()[key] for key in terms} == terms
    assert len(listed.json()["items"]) == 1
    assert (renamed.status_code, renamed.json()["name"]) == (200, "Slower")
