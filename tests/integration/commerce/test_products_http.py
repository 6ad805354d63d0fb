"""The catalogue over HTTP, from an empty shop to a product on offer with a price."""

from __future__ import annotations

import httpx

from rustok.core.tenancy import TenantProfile
from tests.conftest import World
from tests.integration.platform import people

SHIRT = {
    "handle": "linen-shirt",
    "translations": [{"locale": "en", "title": "Linen shirt"}],
    "options": [{"name": "Size", "values": ["S", "M"]}],
    "variants": [{"sku": "S-1", "option_values": ["S"]}],
    "images": [{"url": "https://cdn.example.com/a.png", "alt": "A shirt"}],
}


async def staff_client(
    world: World, tenant: TenantProfile, role: str = "admin"
) -> httpx.AsyncClient:
    user = await people.staff(world, tenant, role)
    signed_in = await people.sign_in(world, tenant, user.email)
    return world.client(tenant, token=signed_in.access_token)


def etag(response: httpx.Response) -> dict[str, str]:
    return {"If-Match": response.headers["etag"]}


async def test_a_product_is_made_priced_published_and_archived(world: World) -> None:
    tenant = await world.tenant(currencies=["EUR", "USD"])
    async with await staff_client(world, tenant) as client:
        made = await client.post("/api/v1/admin/products", json=SHIRT)
        assert made.status_code == 201, made.text
        product = made.json()
        path = made.headers["location"]
        assert path.endswith(product["id"])
        assert product["allowed_actions"] == ["publish", "archive"]
        variant_id = product["variants"][0]["id"]

        price = f"/api/v1/admin/variants/{variant_id}/prices/EUR"
        put = await client.put(price, json={"amount_minor": 4900, "compare_at_minor": 5900})
        assert put.status_code == 200, put.text
        assert (await client.get(price)).json()["current_amount_minor"] == 4900
        wrong = await client.put(price, json={"amount_minor": 4900, "compare_at_minor": 100})
        assert (wrong.status_code, wrong.json()["code"]) == (400, "price_invalid")

        published = await client.post(f"{path}/publish")
        assert published.json()["status"] == "active"
        again = await client.post(f"{path}/publish")
        assert again.status_code == 409
        assert again.json()["allowed_actions"] == ["unpublish", "archive"]

        without = await client.patch(path, json={"vendor": "Nordlicht"})
        assert without.status_code == 428
        changed = await client.patch(path, json={"vendor": "Nordlicht"}, headers=etag(published))
        assert changed.json()["vendor"] == "Nordlicht"
        stale = await client.patch(path, json={"vendor": None}, headers=etag(published))
        assert stale.status_code == 412
        emptied = await client.patch(path, json={"vendor": None}, headers=etag(changed))
        assert emptied.json()["vendor"] is None

        refused = await client.delete(path, headers=etag(emptied))
        assert refused.status_code == 409
        archived = await client.post(f"{path}/archive")
        gone = await client.delete(path, headers=etag(archived))
        assert gone.status_code == 204
        assert (await client.get(path)).status_code == 404


async def test_texts_variants_options_and_pictures_over_http(world: World) -> None:
    tenant = await world.tenant()
    async with await staff_client(world, tenant) as client:
        made = await client.post("/api/v1/admin/products", json=SHIRT)
        path = made.headers["location"]
        said = await client.put(
            f"{path}/translations/de",
            json={"title": "Hemd", "description_html": "<p>x</p><script>y</script>"},
            headers=etag(made),
        )
        assert said.status_code == 200, said.text
        assert [one["locale"] for one in said.json()["translations"]] == ["de", "en"]
        assert said.json()["translations"][0]["description_html"] == "<p>x</p>"

        added = await client.post(f"{path}/variants", json={"sku": "M-1", "option_values": ["M"]})
        assert added.status_code == 201, added.text
        taken = await client.post(f"{path}/variants", json={"option_values": ["M"]})
        assert (taken.status_code, taken.json()["code"]) == (409, "variant_combination_taken")
        variant = added.headers["location"]
        weighed = await client.patch(variant, json={"weight_grams": 200}, headers=etag(added))
        assert weighed.json()["weight_grams"] == 200

        picture = await client.post(
            f"{path}/images", json={"url": "/b.png", "variant_ids": [added.json()["id"]]}
        )
        assert picture.status_code == 201, picture.text
        images = picture.json()["images"]
        assert images[1]["variant_ids"] == [added.json()["id"]]
        ordered = await client.put(
            f"{path}/image-order",
            json={"image_ids": [one["id"] for one in reversed(images)]},
            headers=etag(picture),
        )
        assert ordered.json()["images"][0]["url"] == "/b.png"
        dropped = await client.delete(f"{path}/images/{images[1]['id']}", headers=etag(ordered))
        assert dropped.status_code == 204
        assert (await client.delete(variant, headers={"If-Match": "*"})).status_code == 204
        unsafe = await client.post(f"{path}/images", json={"url": "javascript:alert(1)"})
        assert unsafe.status_code == 400
        listed = await client.get("/api/v1/admin/products", params={"q": "hem", "limit": 5})
        assert [one["handle"] for one in listed.json()["items"]] == ["linen-shirt"]


async def test_shoppers_see_the_category_tree_in_their_language(world: World) -> None:
    tenant = await world.tenant(locales=["en", "de"])
    async with await staff_client(world, tenant) as client:
        top = await client.post(
            "/api/v1/admin/categories",
            json={
                "handle": "clothing",
                "translations": {"en": {"name": "Clothing"}, "de": {"name": "Kleidung"}},
            },
        )
        assert top.status_code == 201, top.text
        child = await client.post(
            "/api/v1/admin/categories",
            json={
                "handle": "shirts",
                "parent_id": top.json()["id"],
                "translations": {"en": {"name": "Shirts"}},
            },
        )
        assert child.json()["path_ids"] == [top.json()["id"], child.json()["id"]]
        cycle = await client.post(
            f"{top.headers['location']}/move", json={"parent_id": child.json()["id"]}
        )
        assert (cycle.status_code, cycle.json()["code"]) == (422, "catalog_category_cycle")
    async with world.client(tenant) as shopper:
        found = await shopper.get(
            "/api/v1/storefront/categories", headers={"Accept-Language": "de"}
        )
        assert found.status_code == 200, found.text
        assert "max-age=60" in found.headers["cache-control"]
        assert found.json()[0]["name"] == "Kleidung"
        assert found.json()[0]["children"][0]["name"] == "Shirts"
        assert (await shopper.get("/api/v1/admin/products")).status_code == 401


async def test_collections_over_http(world: World) -> None:
    tenant = await world.tenant()
    async with await staff_client(world, tenant) as client:
        product = (await client.post("/api/v1/admin/products", json=SHIRT)).json()["id"]
        made = await client.post(
            "/api/v1/admin/collections",
            json={"handle": "summer", "translations": {"en": {"name": "Summer"}}},
        )
        path = made.headers["location"]
        joined = await client.post(f"{path}/products", json={"product_ids": [product]})
        assert joined.status_code == 200, joined.text
        members = (await client.get(f"{path}/products")).json()["items"]
        assert members == [{"product_id": product, "position": 1}]
        left = await client.delete(f"{path}/products/{product}")
        assert left.status_code == 204
        now = await client.get(path)
        assert (await client.delete(path, headers=etag(now))).status_code == 204


async def test_support_reads_and_does_not_change(world: World) -> None:
    tenant = await world.tenant()
    async with await staff_client(world, tenant, "support") as client:
        assert (await client.get("/api/v1/admin/products")).status_code == 200
        refused = await client.post("/api/v1/admin/products", json=SHIRT)
        assert (refused.status_code, refused.json()["required"]) == (403, "products:create")
