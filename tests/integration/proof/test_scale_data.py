"""The generator of data for tests at scale: what it writes is what the features would have written."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from benchmarks.scale import Filled, OtherPlan, Plan, fill
from benchmarks.scale_writing import PostgresWriting, SqliteWriting, Writing

from rustok.core.tenancy import TenantProfile, context_for
from rustok.index import api as index
from rustok.platform.tenants import api as tenants
from tests.conftest import POSTGRES, World
from tests.seeding import dump

PLAN = Plan(tenants=2, products=40, nodes=8, orders=10)


async def _writing(world: World) -> Writing:
    url = world.platform.settings.database.url
    if url.sqlite_path is not None:
        return SqliteWriting(url.sqlite_path)
    return await PostgresWriting.open(
        POSTGRES.rpartition("/")[0] + "/" + str(url).rpartition("/")[2]
    )


async def _fill(world: World, plan: Plan) -> Filled:
    writing = await _writing(world)
    try:
        return await fill(writing, plan)
    finally:
        await writing.close()


async def _largest(world: World) -> TenantProfile:
    async with world.db.system("test", write=False) as tx:
        return await tenants.resolve(tx, slug="scale1-00001")


async def test_generated_read_models_are_what_a_rebuild_would_make(world: World) -> None:
    assert (await _fill(world, PLAN)).tenants == 2
    tenant = await _largest(world)
    for projection in index.PROJECTIONS.values():
        async with world.write(tenant) as tx:
            asked = await index.request_rebuild(tx, projection, reason="requested")
        done = await index.run_rebuild(world.db, context_for(tenant), projection, asked.id)
        assert done is not None
        assert done.finished_at is not None
        assert done.done > 0
        assert done.changed == 0, projection.name


async def test_generated_shops_are_open_for_business(world: World) -> None:
    await _fill(world, PLAN)
    tenant = await _largest(world)
    rows = await dump(world, tenant.id)
    for level in rows["stock_levels"]:
        of_variant = {"variant_id": level["variant_id"]}
        moves = [row for row in rows["stock_movements"] if of_variant.items() <= row.items()]
        held = [row for row in rows["stock_reservations"] if of_variant.items() <= row.items()]
        assert level["on_hand"] == sum(row["quantity_delta"] for row in moves)
        assert level["reserved"] == sum(
            row["quantity"] - row["consumed"] - row["released"] for row in held
        )
    path = world.platform.settings.database.url.sqlite_path
    if path is not None:
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    async with world.client(tenant) as client:
        listed = (await client.get("/api/v1/storefront/products")).json()["items"]
        word = listed[0]["title"].split()[0]
        found = await client.get("/api/v1/storefront/products", params={"q": word})
        assert listed[0]["id"] in [one["id"] for one in found.json()["items"]]
        cart = (await client.post("/api/v1/storefront/carts", json={})).json()
        line = {"variant_id": listed[0]["variant_id"], "quantity": 1}
        added = await client.post(f"/api/v1/storefront/carts/{cart['id']}/lines", json=line)
        assert added.status_code == 201, added.text
        ordered = await client.post(
            "/api/v1/storefront/checkout",
            json={
                "cart_id": cart["id"],
                "email": "ada@example.com",
                "shipping_address": {
                    "name": "Ada", "line1": "Lindenallee 5", "postal_code": "20095",
                    "city": "Hamburg", "country": "DE",
                },
            },
            headers={"Idempotency-Key": cart["id"]},
        )  # fmt: skip
        assert ordered.status_code == 201, ordered.text
        assert ordered.json()["number"] == str(1_001 + len(rows["orders"]))


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_stopped_run_goes_on_and_the_seed_decides_every_row(world: World) -> None:
    class Stopped(Exception):
        pass

    def stop_at_once(_products: int) -> None:
        raise Stopped

    writing = await _writing(world)
    small = Plan(tenants=3, products=12, nodes=4, orders=4)
    with pytest.raises(Stopped):
        await fill(writing, small, tick=stop_at_once, rows_at_once=1)
    await writing.close()
    whole = await dump(world, (await _largest(world)).id)
    assert (await _fill(world, small)).tenants == 2, "the first is there already"
    assert (await _fill(world, small)).tenants == 0
    assert await dump(world, (await _largest(world)).id) == whole
    with pytest.raises(OtherPlan, match="another --seed"):
        await _fill(world, PLAN)
