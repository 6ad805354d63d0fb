"""The read models over HTTP: stored JSON, validators, problems, and the staff's view of them."""

from __future__ import annotations

import msgspec

from rustok.index.api import NodeCard, ProductCard, ProductDocument
from rustok.server.openapi import document
from tests.conftest import World
from tests.integration.commerce.test_products_http import staff_client
from tests.integration.index.test_index_nodes import post
from tests.integration.index.test_index_products import offer, shop

SHOP = "/api/v1/storefront"


async def test_products_are_listed_searched_and_shown(world: World) -> None:
    tenant = await shop(world)
    async with world.write(tenant) as tx:
        await offer(tx)
    await world.drain()
    async with world.client(tenant) as client:
        listed = await client.get(
            f"{SHOP}/products",
            params={"q": "lin", "option": ["Size:S", "Size:M"], "tag": "summer", "min_price": 100},
        )
        assert listed.status_code == 200, listed.text
        assert listed.headers["cache-control"] == "public, max-age=30"
        items = msgspec.json.decode(listed.content)["items"]
        assert [msgspec.convert(one, ProductCard).title for one in items] == ["Linen shirt"]
        shown = await client.get(f"{SHOP}/products/linen-shirt")
        assert msgspec.json.decode(shown.content, type=ProductDocument).currency == "EUR"
        again = await client.get(
            f"{SHOP}/products/linen-shirt", headers={"If-None-Match": shown.headers["etag"]}
        )
        assert (again.status_code, again.content) == (304, b"")
        german = await client.get(
            f"{SHOP}/products/leinenhemd",
            headers={"Accept-Language": "de-AT,de;q=0.9", "X-Currency": "USD"},
        )
        assert german.json()["price"]["min_minor"] == 2_800
        facets = (await client.get(f"{SHOP}/products/facets", params={"in_stock": "true"})).json()
        assert facets["total"] == 1
        assert facets["facets"]["vendor"] == [
            {"value": "Nordlicht", "label": "Nordlicht", "count": 1}
        ]


async def test_what_is_not_there_or_not_sensible_is_a_problem(world: World) -> None:
    tenant = await shop(world)
    async with world.client(tenant) as client:
        for path, status, code in (
            ("/products/nothing", 404, "product_not_on_offer"),
            ("/nodes/post/nothing", 404, "node_not_published"),
            ("/products?cursor=abc", 400, "invalid_cursor"),
            ("/products?limit=0", 400, None),
            ("/products?limit=101", 400, None),
            ("/products?sort=cheapest", 400, None),
            ("/products?min_price=-1", 400, None),
            ("/products?option=Size", 400, None),
            ("/products?q=", 400, None),
            ("/products?unknown=1", 400, None),
            ("/search", 400, None),
        ):
            answer = await client.get(SHOP + path)
            assert answer.status_code == status, (path, answer.text)
            if code is not None:
                assert answer.json()["code"] == code
        odd = await client.get(f"{SHOP}/search", params={"q": "\" OR 'x* ) -- \x00"})
        assert odd.status_code in (200, 400)


async def test_a_cursor_leads_through_all_pages(world: World) -> None:
    tenant = await shop(world)
    async with world.write(tenant) as tx:
        for number in range(5):
            await post(tx, f"Post {number}", source_id=str(number))
    await world.drain()
    titles: list[str] = []
    async with world.client(tenant) as client:
        cursor: str | None = None
        while True:
            params = {"kind": "post", "limit": "2", "sort": "title"}
            page = (
                await client.get(
                    f"{SHOP}/nodes", params=params | ({"cursor": cursor} if cursor else {})
                )
            ).json()
            titles += [msgspec.convert(one, NodeCard).title for one in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        found = (await client.get(f"{SHOP}/search", params={"q": "post 3"})).json()
    assert titles == [f"Post {number}" for number in range(5)]
    assert [one["title"] for one in found["nodes"]] == ["Post 3"]
    assert found["products"] == []


async def test_hot_reads_take_at_most_three_statements(world: World) -> None:
    tenant = await shop(world)
    async with world.write(tenant) as tx:
        await offer(tx)
        await post(tx, "Post")
    await world.drain()
    async with world.client(tenant) as client:
        await client.get(f"{SHOP}/products")
        for path, most in (
            ("/products?q=linen&tag=summer", 1),
            ("/products/linen-shirt", 1),
            ("/products/facets", 2),
            ("/nodes?q=post", 1),
            ("/nodes/post/post", 1),
            ("/search?q=linen", 2),
        ):
            with world.counting() as count:
                assert (await client.get(SHOP + path)).status_code == 200
            assert count.total <= most, (path, count.sql)


async def test_staff_see_the_state_and_ask_for_a_rebuild(world: World) -> None:
    tenant = await shop(world)
    async with world.write(tenant) as tx:
        await offer(tx)
    await world.drain()
    async with await staff_client(world, tenant) as client:
        asked = await client.post("/api/v1/admin/index/rebuild", json={"index": "products"})
        assert asked.status_code == 202, asked.text
        assert [one["index"] for one in asked.json()] == ["products"]
        state = (await client.get("/api/v1/admin/index/status")).json()
        by_name = {one["index"]: one for one in state["indexes"]}
        assert by_name["products"]["documents"] == 4
        assert by_name["products"]["rebuild"]["total"] == 1
        assert by_name["nodes"]["rebuild"] is None
    async with await staff_client(world, tenant, "support") as client:
        denied = await client.post("/api/v1/admin/index/rebuild", json={})
        assert denied.status_code == 403


async def test_the_api_document_describes_the_stored_json(world: World) -> None:
    api = msgspec.json.decode(document(world.platform.modules))
    listed = api["paths"][f"{SHOP}/products"]["get"]["responses"]["200"]
    (content,) = listed["content"].values()
    name = content["schema"]["$ref"].rsplit("/", 1)[-1]
    assert api["components"]["schemas"][name]["properties"]["items"]["items"]["$ref"].endswith(
        "ProductCard"
    )
