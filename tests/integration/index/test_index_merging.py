"""SQLite's full text stays in few pieces, and finds the same meanwhile."""

from __future__ import annotations

import pytest

from rustok.index import merging
from rustok.index.merging import merge_words
from rustok.index.products.schemas import ProductFilters
from rustok.index.products.service import list_products
from tests.conftest import World
from tests.integration.index.shelf import made, put, titles

NAMES = [f"Lamp {number}" for number in range(12)]


async def pieces(world: World) -> int:
    async with world.db.raw() as connection:
        rows = await connection.fetch(
            "SELECT count(DISTINCT segid) FROM product_entries_fts_idx", ()
        )
    return int(rows[0][0])


async def test_many_pieces_of_the_full_text_become_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merging, "STEP_PAGES", 1)
    tenant, other = await world.tenant(), await world.tenant()
    for name in NAMES:
        async with world.write(tenant) as tx:
            await put(tx, made(name))
    async with world.write(other) as tx:
        await put(tx, made("Lamp of another"))
    if world.kind == "postgres":
        assert await merge_words(world.parts) == 0
        return
    before = await pieces(world)
    assert await merge_words(world.parts, many=before) == 0
    assert await pieces(world) == before > 1
    assert await merge_words(world.parts, many=1) >= 1
    assert await pieces(world) == 1
    assert await merge_words(world.parts, many=1) == 0
    async with world.read(tenant) as tx:
        found = titles(await list_products(tx, ProductFilters(q="lam", sort="title")))
    assert found == sorted(NAMES)
