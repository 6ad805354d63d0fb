"""Searching, filtering, sorting and paging the shelves, on both databases."""

from __future__ import annotations

import random

import msgspec
import pytest

from rustok.core.db import ReadTx
from rustok.core.pagination import InvalidCursor
from rustok.index.products.schemas import ProductFilters
from rustok.index.products.service import count_facets, get_product, list_products
from tests.conftest import World
from tests.integration.index.shelf import cards, made, put, titles

HOSTILE = [
    '"',
    "''",
    "a' OR 1=1 --",
    'shirt" OR "x',
    "NEAR(a b)",
    "title:shirt",
    "scope : t",
    "shirt*",
    "^shirt",
    "-shirt +blue",
    "(((",
    "a AND OR NOT b",
    "or",
    "NOT",
    "\\",
    "shirt \x00 null",
    "' & | ! <-> :*",
    "🦊",
    "日本",
    "\u0301",
    "%_%",
    "a" * 200,
    "' ' ' '",
    ":*",
    "$$; DROP TABLE product_documents; --",
]


async def found(tx: ReadTx, **filters: object) -> list[str]:
    return titles(await list_products(tx, ProductFilters(**filters)))  # type: ignore[arg-type]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_within_the_schema(text: str) -> None:
    assert len(text) <= 200


async def test_hostile_searches_are_answered(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        await put(tx, made("Blue shirt"), made("t" + tenant.id.hex))
    async with world.read(tenant) as tx:
        for text in HOSTILE:
            for sort in (None, "newest"):
                await list_products(tx, ProductFilters(q=text, sort=sort))
            await count_facets(tx, ProductFilters(q=text))
        assert await found(tx, q='"shirt" OR zebra') == []
        assert await found(tx, q="!!!") == []


async def test_words_are_found_by_their_beginning_and_without_accents(world: World) -> None:
    tenant = await world.tenant(locales=["en", "de"])
    async with world.write(tenant) as tx:
        await put(
            tx,
            made("Crème brûlée dish", body="For the kitchen", keywords="SKU-4711"),
            made("Kitchen towel", body="Linen"),
        )
    async with world.read(tenant) as tx:
        assert await found(tx, q="creme bru") == ["Crème brûlée dish"]
        assert await found(tx, q="BRÛLÉE") == ["Crème brûlée dish"]
        assert await found(tx, q="sku-4711") == ["Crème brûlée dish"]
        assert await found(tx, q="4711") == ["Crème brûlée dish"]
        assert await found(tx, q="kit") == ["Kitchen towel", "Crème brûlée dish"]
        assert await found(tx, q="kitchen towel cotton") == []
    async with world.read(tenant, locale="de") as tx:
        assert await found(tx, q="kitchen") == []


async def test_relevance_puts_titles_before_keywords_before_bodies(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        await put(
            tx,
            made("A pot", body="Goes with the lamp"),
            made("A chair", keywords="lamp"),
            made("Lamp of oak"),
        )
    async with world.read(tenant) as tx:
        assert await found(tx, q="lamp") == ["Lamp of oak", "A chair", "A pot"]


async def test_tenants_find_only_their_own(world: World) -> None:
    one, other = await world.tenant(), await world.tenant()
    async with world.write(one) as tx:
        await put(tx, made("Secret lamp", facets=(("tag", "secret"),), handle="secret"))
    async with world.read(other) as tx:
        assert await found(tx, q="secret") == []
        assert await found(tx) == []
        assert (await count_facets(tx, ProductFilters())).facets == {}
        assert await found(tx, q=f"t{one.id.hex}len") == []


async def test_filters_narrow_and_facets_count(world: World) -> None:
    tenant = await world.tenant()
    red, blue = ("option", "Color:red"), ("option", "Color:blue")
    small = ("option", "Size:S")
    sale = ("tag", "sale")
    async with world.write(tenant) as tx:
        await put(
            tx,
            made("A", price=500, facets=(red, small, sale, ("category", "shirts"))),
            made("B", price=1_500, facets=(blue, small, ("category", "shirts"))),
            made("C", price=2_500, facets=(blue, sale, ("category", "hats")), in_stock=False),
            made("D", price=None, facets=(("category", "hats"),)),
        )
    async with world.read(tenant) as tx:
        assert await found(tx, sort="title", category="shirts") == ["A", "B"]
        assert await found(tx, sort="title", tag=("sale",)) == ["A", "C"]
        assert await found(tx, sort="title", option=("Color:red", "Color:blue")) == ["A", "B", "C"]
        assert await found(tx, sort="title", option=("Color:blue", "Size:S")) == ["B"]
        assert await found(tx, sort="title", min_price=501) == ["B", "C"]
        assert await found(tx, sort="title", max_price=1_500) == ["A", "B"]
        assert await found(tx, sort="title", in_stock=False) == ["C"]
        assert await found(tx, sort="title", in_stock=True, category="hats") == ["D"]
        assert await found(tx, sort="price_asc") == ["A", "B", "C", "D"]
        assert await found(tx, sort="price_desc") == ["C", "B", "A", "D"]
        everything = await count_facets(tx, ProductFilters())
        counts = {
            kind: {one.value: one.count for one in values}
            for kind, values in everything.facets.items()
        }
        assert counts == {
            "category": {"shirts": 2, "hats": 2},
            "option": {"Color:blue": 2, "Size:S": 2, "Color:red": 1},
            "tag": {"sale": 2},
        }
        assert (everything.total, everything.in_stock) == (4, 3)
        assert (everything.min_price_minor, everything.max_price_minor) == (500, 2_500)
        some = await count_facets(tx, ProductFilters(tag=("sale",), q="a"))
        assert some.total == 1
        assert [one.value for one in some.facets["category"]] == ["shirts"]


@pytest.mark.parametrize("sort", ["newest", "price_asc", "price_desc", "title", "relevance"])
async def test_pages_lose_and_double_nothing_while_rows_are_written(
    world: World, sort: str
) -> None:
    tenant = await world.tenant()
    shuffle = random.Random(7)
    words = ["lamp", "oak", "Äpfel", "Zebra", "lamp oak", "Éclair"]
    first = [
        made(
            shuffle.choice(words) + " thing",
            minute=shuffle.randrange(4),
            price=shuffle.choice([None, 100, 100, 200]),
            body=shuffle.choice(["", "lamp"]),
        )
        for _ in range(40)
    ]
    async with world.write(tenant) as tx:
        await put(tx, *first)
    ids: list[str] = []
    cursor: str | None = None
    pages = 0
    while True:
        async with world.read(tenant) as tx:
            hits = await list_products(
                tx,
                ProductFilters(q="thing", sort=sort, limit=7, cursor=cursor),  # type: ignore[arg-type]
            )
        page = cards(hits)
        ids += [card["id"] for card in page]
        pages += 1
        assert len(page) <= 7
        if hits.next_cursor is None:
            break
        cursor = hits.next_cursor
        async with world.write(tenant) as tx:
            await put(tx, made("new thing", minute=shuffle.randrange(4), body="thing thing"))
    own = {str(one.subject_id) for one in first}
    assert len(ids) == len(set(ids))
    assert own <= set(ids)
    assert pages >= 6


async def test_cards_with_line_feeds_and_commas_are_cut_where_they_end(world: World) -> None:
    tenant = await world.tenant()
    names = ["A,\nB", 'C",\n{"id":"x"}', "D\n,", "E"]
    async with world.write(tenant) as tx:
        await put(tx, *(made(name, minute=minute) for minute, name in enumerate(names)))
    seen: list[str] = []
    cursor: str | None = None
    for _ in names:
        async with world.read(tenant) as tx:
            page = await list_products(tx, ProductFilters(sort="newest", limit=1, cursor=cursor))
        seen += titles(page)
        cursor = page.next_cursor
    assert seen == names[::-1]
    assert cursor is None


async def test_a_cursor_of_another_order_is_refused(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        await put(tx, made("A", minute=1), made("B", minute=2))
    async with world.read(tenant) as tx:
        page = await list_products(tx, ProductFilters(sort="newest", limit=1))
        with pytest.raises(InvalidCursor):
            await list_products(
                tx, ProductFilters(sort="price_asc", limit=1, cursor=page.next_cursor)
            )


async def test_cards_with_letters_of_several_bytes_come_out_whole_and_in_order(
    world: World,
) -> None:
    tenant = await world.tenant()
    wanted = [f"{'ß日🦊'[number % 3] * number} thing" for number in range(6)]
    things = []
    for number, title in enumerate(wanted):
        thing = made(title, minute=number)
        card = msgspec.json.encode({"title": title})
        documents = tuple(msgspec.structs.replace(one, card=card) for one in thing.documents)
        things.append(msgspec.structs.replace(thing, documents=documents))
    async with world.write(tenant) as tx:
        await put(tx, *things)
    async with world.read(tenant) as tx:
        for filters in (ProductFilters(limit=4), ProductFilters(q="thing", sort="newest", limit=4)):
            first = await list_products(tx, filters)
            assert first.next_cursor is not None
            more = msgspec.structs.replace(filters, cursor=first.next_cursor)
            second = await list_products(tx, more)
            assert titles(first) + titles(second) == wanted[::-1]
            page = msgspec.json.decode(first.page_json())
            assert [one["title"] for one in page["items"]] == wanted[:1:-1]
            assert first.etag() != second.etag()
        assert titles(await list_products(tx, ProductFilters(q="nowhere"))) == []


async def test_lists_take_one_statement_and_pages_one(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        await put(
            tx, *(made(f"Lamp {n}", handle=f"lamp-{n}", facets=(("tag", "x"),)) for n in range(30))
        )
    async with world.read(tenant) as tx:
        with world.counting() as listing:
            await list_products(tx, ProductFilters(q="lamp", tag=("x",), min_price=1, limit=30))
        with world.counting() as facets:
            await count_facets(tx, ProductFilters(q="lamp"))
        with world.counting() as page:
            stored = await get_product(tx, "lamp-3")
    assert (listing.total, facets.total, page.total) == (1, 2, 1)
    assert b'"full": true' in stored.document


async def test_unchanged_documents_are_not_written_again(world: World) -> None:
    tenant = await world.tenant()
    lamp = made("Lamp", facets=(("tag", "x"),))
    async with world.write(tenant) as tx:
        assert await put(tx, lamp) == 1
        with world.counting() as count:
            assert await put(tx, lamp) == 0
        assert count.total == 2
        changed = made("Lantern", subject_id=lamp.subject_id)
        assert await put(tx, changed) == 1
    async with world.read(tenant) as tx:
        assert await found(tx, q="lamp") == []
        assert await found(tx, q="lantern") == ["Lantern"]
        assert (await count_facets(tx, ProductFilters())).facets == {}
