"""Shops coming in: what changes, what is refused and where, and that nothing is half-written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rustok.commerce.inventory import api as inventory
from rustok.core.ids import new_id
from rustok.core.tenancy import TenantProfile
from rustok.importers.model import ImportOptions, Source
from tests.conftest import World
from tests.integration.importers.conftest import FileOf
from tests.integration.importers.running import imported, issues_of, products_of

Write = Callable[[str, str], Path]

HEADER = (
    "Handle,Title,Body (HTML),Vendor,Tags,Option1 Name,Option1 Value,Variant SKU,"
    "Variant Inventory Tracker,Variant Inventory Qty,Variant Price,Variant Compare At Price,"
    "Image Src,Status\n"
)
MUG = "mug,Mug,<p>Tin.</p>,Nord,tin,Title,Default Title,M-1,shopify,5,10.00,12.00,,active\n"
TEE_S = "tee,Tee,<p>Soft.</p>,Nord,,Size,S,T-S,shopify,3,20.00,,https://x.example/t.jpg,active\n"
TEE_M = "tee,,,,,,M,T-M,shopify,4,21.00,,,\n"


async def event_types(world: World, tenant: TenantProfile, *, after: int) -> list[str]:
    return [event.type for event in (await world.events(tenant))[after:]]


async def test_a_changed_row_updates_only_its_product(world: World, written: Write) -> None:
    tenant = await world.tenant()
    await imported(world, tenant, "shopify", written("a.csv", HEADER + MUG + TEE_S + TEE_M))
    before = await products_of(world, tenant)
    seen = len(await world.events(tenant))
    changed = HEADER + MUG + TEE_S + TEE_M.replace("21.00", "22.50").replace(",4,", ",9,")
    run = await imported(world, tenant, "shopify", written("b.csv", changed))
    assert run.report.counts == {"product": {"unchanged": 1, "updated": 1}}
    assert await event_types(world, tenant, after=seen) == ["price.updated", "inventory.adjusted"]
    after = await products_of(world, tenant)
    assert after["mug"] == before["mug"]
    assert after["tee"][1]["T-S"] == before["tee"][1]["T-S"]
    assert after["tee"][1]["T-M"].prices == {"EUR": (2250, None, None)}
    assert after["tee"][1]["T-M"].on_hand == 9


async def test_a_refused_product_names_row_and_column_and_the_rest_goes_on(
    world: World, written: Write
) -> None:
    tenant = await world.tenant()
    bad = TEE_S.replace("Nord", "N" * 300) + TEE_M
    cup = MUG.replace("mug", "cup").replace("M-1", "C-1")
    run = await imported(world, tenant, "shopify", written("a.csv", HEADER + MUG + bad + cup))
    assert run.state == "finished"
    assert run.report.counts == {"product": {"created": 2, "failed": 1}}
    [issue] = [one for one in await issues_of(world, tenant, run) if one.severity == "error"]
    assert (issue.code, issue.row, issue.column) == ("product_input_invalid", 3, "Vendor")
    assert set(await products_of(world, tenant)) == {"mug", "cup"}
    types = [event.type for event in await world.events(tenant)]
    assert [types.count(f"{one}.created") for one in ("product", "variant")] == [2, 2]


async def test_two_products_of_one_sku_part_by_a_number_that_stays(
    world: World, written: Write
) -> None:
    tenant = await world.tenant()
    cup = MUG.replace("mug", "cup")
    path = written("a.csv", HEADER + MUG + cup)
    run = await imported(world, tenant, "shopify", path)
    assert run.report.counts == {"product": {"created": 2}}
    [issue] = await issues_of(world, tenant, run)
    assert (issue.code, issue.severity, issue.row) == ("sku_numbered", "info", 3)
    assert issue.column == "Variant SKU"
    found = await products_of(world, tenant)
    assert (list(found["mug"][1]), list(found["cup"][1])) == (["M-1"], ["M-1-2"])
    seen = len(await world.events(tenant))
    again = await imported(world, tenant, "shopify", path)
    assert again.report.counts == {"product": {"unchanged": 2}}
    assert len(await world.events(tenant)) == seen


async def test_a_sku_of_a_product_from_elsewhere_is_not_taken_from_it(
    world: World, written: Write
) -> None:
    tenant = await world.tenant()
    await imported(
        world, tenant, "shopify", written("a.csv", HEADER + MUG), options=ImportOptions(site="one")
    )
    path = written("b.csv", HEADER + MUG.replace("Tin.", "Iron."))
    for outcome in ("created", "unchanged"):
        run = await imported(world, tenant, "shopify", path, options=ImportOptions(site="two"))
        assert run.report.counts == {"product": {outcome: 1}}
    found = await products_of(world, tenant)
    assert (list(found["mug"][1]), list(found["mug-2"][1])) == (["M-1"], ["M-1-2"])


async def test_a_dry_run_reports_the_same_and_writes_nothing(
    world: World, demo_file: FileOf
) -> None:
    tenant = await world.tenant(locales=["en", "de"], currencies=["EUR", "USD"])
    before = len(await world.events(tenant))
    files: list[tuple[Source, str]] = [
        ("shopify", "shop/products.csv"),
        ("wordpress", "magazine/posts.xml"),
    ]
    for source, name in files:
        rehearsed = await imported(world, tenant, source, demo_file(name), is_dry_run=True)
        assert rehearsed.state == "finished"
        assert len(await world.events(tenant)) == before
        assert await products_of(world, tenant) == {}
        real = await imported(
            world,
            await world.tenant(locales=["en", "de"], currencies=["EUR", "USD"]),
            source,
            demo_file(name),
        )
        assert rehearsed.report == real.report


async def test_a_woocommerce_shop_comes_in_with_its_failures_named(
    world: World, parser_file: FileOf
) -> None:
    tenant = await world.tenant()
    path = parser_file("woocommerce.csv")
    options = ImportOptions(currency="EUR", timezone="Europe/Berlin")
    run = await imported(world, tenant, "woocommerce", path, options=options)
    issues = await issues_of(world, tenant, run)
    assert all(one.row is not None for one in issues if one.severity == "error")
    found = await products_of(world, tenant)
    mug, facts = found["enamel-mug"]
    amount, compare_at, sale = facts["mug-1"].prices["EUR"]
    assert (amount, compare_at) == (1050, None)
    assert sale is not None
    assert sale.amount_minor == 800
    assert sale.starts_at is not None
    assert sale.starts_at.isoformat() == "2026-02-28T23:00:00+00:00"
    assert facts["mug-1"].on_hand == 12
    paths = sorted([step.names["en"] for step in path.steps] for path in mug.categories)
    assert paths == [["Gifts", "Under 20, really"], ["Kitchen", "Mugs"]]
    assert found["breakfast-set"][0].status == "draft"
    assert found["field-guide"][0].external_url == "https://books.example/guide"
    seen = len(await world.events(tenant))
    again = await imported(world, tenant, "woocommerce", path, options=options)
    assert "created" not in again.report.counts["product"]
    assert "updated" not in again.report.counts["product"]
    assert len(await world.events(tenant)) == seen


async def test_scripts_in_a_description_do_not_come_in(world: World, written: Write) -> None:
    tenant = await world.tenant()
    body = "<p onclick=x()>Fine</p><script>alert(1)</script><a href='javascript:x()'>a</a>"
    path = written("a.csv", HEADER + MUG.replace("<p>Tin.</p>", f'"{body}"'))
    await imported(world, tenant, "shopify", path)
    described, _ = (await products_of(world, tenant))["mug"]
    html = described.translations[0].description_html or ""
    assert "Fine" in html
    assert not any(word in html for word in ("script", "onclick", "javascript"))


async def test_pieces_promised_to_orders_stay_and_the_row_says_so(
    world: World, written: Write
) -> None:
    tenant = await world.tenant()
    await imported(world, tenant, "shopify", written("a.csv", HEADER + MUG))
    described, _ = (await products_of(world, tenant))["mug"]
    variant = described.variants[0]
    async with world.write(tenant) as tx:
        await inventory.reserve(
            tx,
            described.id,
            [inventory.ReserveLine(order_line_id=new_id(), variant_id=variant.id, quantity=4)],
        )
    path = written("b.csv", HEADER + MUG.replace(",5,", ",1,"))
    run = await imported(world, tenant, "shopify", path)
    [issue] = await issues_of(world, tenant, run)
    assert (issue.severity, issue.row, issue.column) == ("warning", 2, "Variant Inventory Qty")
    assert (await products_of(world, tenant))["mug"][1]["M-1"].on_hand == 5
