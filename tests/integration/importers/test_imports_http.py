"""Imports over HTTP: sent, worked by the job in slices, watched, stopped; by those who may."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rustok.importers import uploads, worker
from tests.conftest import World
from tests.integration.commerce.test_products_http import staff_client
from tests.integration.importers.conftest import FileOf
from tests.integration.importers.running import products_of
from tests.integration.importers.test_products_import import HEADER, MUG, TEE_M, TEE_S

Write = Callable[[str, str], Path]
SHOPIFY = "/api/v1/admin/imports/shopify"
CSV = {"Content-Type": "text/csv", "X-Filename": "../shop.csv"}


def waiting_files(world: World) -> list[Path]:
    return sorted(world.parts.media_root.glob("imports/*/*"))


async def test_a_file_is_taken_worked_by_the_job_and_reported(world: World) -> None:
    tenant = await world.tenant()
    bad = TEE_S.replace("Nord", "N" * 300) + TEE_M
    async with await staff_client(world, tenant) as client:
        taken = await client.post(
            SHOPIFY, content=HEADER + MUG + bad, headers=CSV, params={"currency": "EUR"}
        )
        assert taken.status_code == 202, taken.text
        run = taken.json()
        assert (run["status"], run["file_name"], run["progress"]) == ("pending", "shop.csv", 0.0)
        assert run["allowed_actions"] == ["stop"]
        assert len(waiting_files(world)) == 1
        assert await uploads.work_uploads(world.parts) == 1
        assert waiting_files(world) == []
        report = (await client.get(taken.headers["location"])).json()
        assert report["run"]["status"] == "finished"
        assert report["run"]["progress"] == 1.0
        assert report["run"]["counts"] == {"product": {"created": 1, "failed": 1}}
        [issue] = report["issues"]
        assert (issue["row"], issue["column"], issue["severity"]) == (3, "Vendor", "error")
        listed = (await client.get("/api/v1/admin/imports")).json()
        assert [one["id"] for one in listed["items"]] == [run["id"]]
    assert set(await products_of(world, tenant)) == {"mug"}
    assert await uploads.work_uploads(world.parts) == 0
    created = next(one for one in await world.events(tenant) if one.type == "product.created")
    assert str(created.actor_id) == run["started_by"]


async def test_the_job_works_in_slices_until_the_end(
    world: World, demo_file: FileOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "SLICE_SECONDS", 0.05)
    monkeypatch.setattr(worker, "BATCH", 4)
    tenant = await world.tenant(locales=["en", "de"], currencies=["EUR", "USD"])
    content = demo_file("shop/products.csv").read_bytes()
    async with await staff_client(world, tenant) as client:
        taken = await client.post(SHOPIFY, content=content, headers=CSV)
        slices = 0
        while await uploads.work_uploads(world.parts):
            slices += 1
            assert slices < 200
        run = (await client.get(taken.headers["location"])).json()["run"]
    assert slices > 1
    assert run["counts"] == {"product": {"created": 68}}


async def test_a_stopped_run_waits_and_goes_on_with_the_same_file(world: World) -> None:
    tenant = await world.tenant()
    async with await staff_client(world, tenant) as client:
        first = await client.post(SHOPIFY, content=HEADER + MUG, headers=CSV)
        same = await client.post(SHOPIFY, content=HEADER + MUG, headers=CSV)
        assert same.json()["id"] == first.json()["id"]
        assert len(waiting_files(world)) == 1
        stop = first.headers["location"] + "/stop"
        assert (await client.post(stop)).json()["status"] == "stopped"
        assert await uploads.work_uploads(world.parts) == 0
        again = await client.post(SHOPIFY, content=HEADER + MUG, headers=CSV)
        assert (again.json()["id"], again.json()["status"]) == (first.json()["id"], "running")
        assert await uploads.work_uploads(world.parts) == 1
        ended = await client.post(stop)
        assert (ended.status_code, ended.json()["code"]) == (409, "illegal_transition")


async def test_a_dry_run_over_http_writes_nothing(world: World) -> None:
    tenant = await world.tenant()
    async with await staff_client(world, tenant) as client:
        taken = await client.post(
            SHOPIFY, content=HEADER + MUG, headers=CSV, params={"dry_run": "true"}
        )
        await uploads.work_uploads(world.parts)
        run = (await client.get(taken.headers["location"])).json()["run"]
    assert (run["is_dry_run"], run["counts"]) == (True, {"product": {"created": 1}})
    assert await products_of(world, tenant) == {}


async def test_a_file_that_is_none_fails_and_says_why(world: World) -> None:
    tenant = await world.tenant()
    async with await staff_client(world, tenant) as client:
        taken = await client.post(
            "/api/v1/admin/imports/wordpress", content=b"<!DOCTYPE x []><rss/>", headers=CSV
        )
        await uploads.work_uploads(world.parts)
        run = (await client.get(taken.headers["location"])).json()["run"]
        assert run["status"] == "failed"
        assert run["error"]
        empty = await client.post(SHOPIFY, content=b"", headers=CSV)
        assert (empty.status_code, empty.json()["code"]) == (400, "import_file_empty")
        zone = {"timezone": "Mars/Base"}
        wrong = await client.post(SHOPIFY, content=b"x", headers=CSV, params=zone)
        assert (wrong.status_code, wrong.json()["code"]) == (400, "import_file_refused")
    assert waiting_files(world) == []


async def test_only_who_may_import_does_and_sees_imports(world: World) -> None:
    tenant, other = await world.tenant(), await world.tenant()
    async with await staff_client(world, tenant) as client:
        taken = await client.post(SHOPIFY, content=HEADER + MUG, headers=CSV)
    path = taken.headers["location"]
    async with await staff_client(world, tenant, "editor") as client:
        assert (await client.post(SHOPIFY, content=b"x", headers=CSV)).status_code == 403
        assert (await client.get(path)).status_code == 403
        assert (await client.get("/api/v1/admin/imports")).json()["items"] == []
    async with await staff_client(world, tenant, "support") as client:
        assert (await client.get("/api/v1/admin/imports")).status_code == 403
    async with await staff_client(world, other) as client:
        assert (await client.get(path)).status_code == 404
        assert (await client.post(path + "/stop")).status_code == 404
    async with world.client(tenant) as client:
        assert (await client.post(SHOPIFY, content=b"x", headers=CSV)).status_code == 401
