"""The life of a run: killed, stopped, taken up again, begun anew; and files that are hostile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import structlog

from rustok.core.db import WriteTx
from rustok.core.errors import IllegalTransition
from rustok.core.tenancy import TenantProfile, context_for
from rustok.importers import runs, worker
from rustok.importers.drafts import ProductDraft
from rustok.importers.errors import ImportFileRefused, ImportModuleOff, ImportRunBusy
from rustok.importers.model import (
    FailedRun,
    FinishedRun,
    ImportOptions,
    RunningRun,
    Source,
    StoppedRun,
)
from rustok.importers.worker import work
from rustok.importers.writing.products import ProductWriter
from rustok.importers.writing.writer import Written
from tests.conftest import World
from tests.integration.importers.conftest import FileOf
from tests.integration.importers.running import (
    begun,
    imported,
    issues_of,
    nodes_of,
    products_of,
)

Write = Callable[[str, str], Path]
HEADER = "Handle,Title,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Price\n"


def rows(count: int) -> str:
    return HEADER + "".join(f"p-{n},Product {n},S-{n},shopify,{n},1.50\n" for n in range(count))


async def picture(world: World, tenant: TenantProfile) -> object:
    """The state of a tenant without ids and times."""
    products = await products_of(world, tenant)
    nodes = await nodes_of(world, tenant)
    handles = {one.id: handle for handle, one in nodes.items()}
    return (
        {handle: (one.status, one.version, one.vendor, one.tags, facts)
         for handle, (one, facts) in products.items()},
        {handle: (
            one.status, handles.get(one.parent_id) if one.parent_id else None, one.texts,
            one.featured_media.url if one.featured_media else None,
            sorted(tag.handle for tag in one.tags),
            sorted(category.path for category in one.categories),
         ) for handle, one in nodes.items()},
    )  # fmt: skip


async def killed_after(
    world: World, tenant: TenantProfile, source: Source, path: Path, *, steps: int
) -> None:
    """Work on a file until `steps` are done, then cancel whatever is under way."""
    run = await begun(world, tenant, source, path)
    # A batch of the next steps is always on its way when the report comes.

    def report(now: RunningRun) -> None:
        if now.next_index >= steps:
            task.cancel()

    async def go() -> None:
        async with runs.claimed(world.db, run.id) as claim:
            await work(world.db, context_for(tenant), run, path, claim, report=report)

    task = asyncio.create_task(go())
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    ("source", "name"), [("shopify", "shop/products.csv"), ("wordpress", "magazine/posts.xml")]
)
async def test_a_killed_run_goes_on_and_ends_as_an_uninterrupted_one(
    world: World, demo_file: FileOf, source: Source, name: str
) -> None:
    whole, broken = [
        await world.tenant(locales=["en", "de"], currencies=["EUR", "USD"]) for _ in range(2)
    ]
    first = await imported(world, whole, source, demo_file(name))
    for steps in (1, 40):
        await killed_after(world, broken, source, demo_file(name), steps=steps)
    again = await begun(world, broken, source, demo_file(name))
    assert again.next_index >= 40
    last = await imported(world, broken, source, demo_file(name))
    assert isinstance(last, FinishedRun)
    assert last.id == again.id
    assert last.report == first.report
    assert await picture(world, broken) == await picture(world, whole)
    counted = [len(await world.events(tenant)) for tenant in (whole, broken)]
    assert counted[0] == counted[1]


async def test_a_run_stops_after_a_step_and_goes_on_or_begins_anew(
    world: World, written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "BATCH", 2)
    tenant, path, stop = await world.tenant(), written("a.csv", rows(9)), asyncio.Event()
    run = await begun(world, tenant, "shopify", path)

    def report(now: RunningRun) -> None:
        if now.next_index >= 4:
            stop.set()

    async with runs.claimed(world.db, run.id) as claim:
        stopped = await work(
            world.db, context_for(tenant), run, path, claim, report=report, stop=stop
        )
    assert isinstance(stopped, StoppedRun)
    assert stopped.next_index == 4
    assert len(await products_of(world, tenant)) == 4
    anew = await imported(world, tenant, "shopify", path, restart=True)
    assert anew.id != stopped.id
    assert anew.report.counts == {"product": {"unchanged": 4, "created": 5}}


async def test_a_run_stopped_by_somebody_else_lets_go_of_what_is_under_way(
    world: World, written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "BATCH", 1)
    tenant, path = await world.tenant(), written("a.csv", rows(6))
    run = await begun(world, tenant, "shopify", path)
    asked: list[asyncio.Task[object]] = []

    async def ask() -> None:
        async with world.write(tenant) as tx:
            await runs.stop(tx, run.id)

    def report(now: RunningRun) -> None:
        if now.next_index == 2:
            asked.append(asyncio.create_task(ask()))

    async with runs.claimed(world.db, run.id) as claim:
        ended = await work(world.db, context_for(tenant), run, path, claim, report=report)
    await asked[0]
    assert isinstance(ended, StoppedRun)
    assert len(await products_of(world, tenant)) == ended.next_index < 6


async def test_two_workers_do_not_hold_one_run(world: World, written: Write) -> None:
    tenant = await world.tenant()
    run = await begun(world, tenant, "shopify", written("a.csv", rows(1)))
    async with runs.claimed(world.db, run.id):
        with pytest.raises(ImportRunBusy):
            async with runs.claimed(world.db, run.id):
                pass
    async with runs.claimed(world.db, run.id):
        pass


async def test_a_finished_run_cannot_be_started_or_stopped(world: World, written: Write) -> None:
    tenant = await world.tenant()
    run = await imported(world, tenant, "shopify", written("a.csv", rows(1)))
    for step in (runs.start, runs.stop):
        with pytest.raises(IllegalTransition):
            async with world.write(tenant) as tx:
                await step(tx, run.id)


async def test_a_tenant_without_the_modules_takes_nothing_in(world: World, written: Write) -> None:
    tenant = await world.tenant()
    without = msgspec.structs.replace(tenant, modules=tenant.modules - {"inventory"})
    with pytest.raises(ImportModuleOff):
        await begun(world, without, "shopify", written("a.csv", rows(1)))


async def test_one_bad_draft_in_a_batch_costs_the_others_nothing(
    world: World, written: Write
) -> None:
    tenant = await world.tenant()
    text = rows(20).replace("Product 7,", "Product 7" + ",").replace("S-7,", "S-3,")
    run = await imported(world, tenant, "shopify", written("a.csv", text))
    assert run.report.counts == {"product": {"created": 20}}
    assert [one.code for one in await issues_of(world, tenant, run)] == ["sku_numbered"]


async def test_a_fault_of_the_program_costs_one_draft_and_is_logged(
    world: World, written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = ProductWriter.write

    async def faulty(
        self: ProductWriter, tx: WriteTx, draft: ProductDraft, *, careful: bool
    ) -> Written:
        result = await write(self, tx, draft, careful=careful)
        if draft.handle == "p-2":
            raise ZeroDivisionError
        return result

    monkeypatch.setattr(ProductWriter, "write", faulty)
    tenant = await world.tenant()
    with structlog.testing.capture_logs() as lines:
        run = await imported(world, tenant, "shopify", written("a.csv", rows(4)))
    assert run.report.counts == {"product": {"created": 3, "failed": 1}}
    assert "p-2" not in await products_of(world, tenant)
    [issue] = await issues_of(world, tenant, run)
    assert (issue.code, issue.row) == ("internal_error", 4)
    assert [line["source_id"] for line in lines if line["event"] == "import.draft_broken"] == [
        "p-2"
    ]


async def test_a_locale_or_zone_nobody_has_is_refused_before_anything(
    world: World, written: Write
) -> None:
    tenant, path = await world.tenant(), written("a.csv", rows(1))
    for options in (ImportOptions(locale="fr"), ImportOptions(timezone="Mars/Base")):
        with pytest.raises(ImportFileRefused):
            await imported(world, tenant, "shopify", path, options=options)


BOMB = """<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>
<rss><channel><title>&b;</title></channel></rss>"""


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("wordpress", BOMB),
        ("wordpress", "<rss>" + "<a>" * 5_000),
        ("wordpress", "Handle,Title\na,b\n"),
        ("shopify", "no,columns,here\n1,2,3\n"),
        ("shopify", ""),
    ],
)
async def test_a_hostile_or_wrong_file_fails_as_a_whole_and_writes_nothing(
    world: World, written: Write, source: Source, text: str
) -> None:
    tenant = await world.tenant()
    before = len(await world.events(tenant))
    run = await imported(world, tenant, source, written("a.file", text))
    assert isinstance(run, FailedRun)
    assert run.error
    assert len(await world.events(tenant)) == before


async def test_a_huge_cell_fails_its_row_only(world: World, written: Write) -> None:
    tenant = await world.tenant()
    text = HEADER.replace("\n", ",Body (HTML)\n")
    text += "a,A,S-1,,,1.00,fine\nb,B,S-2,,,1.00," + "x" * 3_000_000 + "\nc,C,S-3,,,1.00,fine\n"
    run = await imported(world, tenant, "shopify", written("a.csv", text))
    assert isinstance(run, FinishedRun)
    assert run.report.failed == 1
    assert set(await products_of(world, tenant)) == {"a", "c"}
    [issue] = [one for one in await issues_of(world, tenant, run) if one.severity == "error"]
    assert issue.row == 3


def test_a_file_name_is_shown_without_its_path() -> None:
    assert runs.plain_name("../../etc/passwd") == "passwd"
    assert runs.plain_name("C:\\temp\\\x00a.csv") == "a.csv"
    assert runs.plain_name("///") == "unnamed"
