"""Imports over HTTP: send an export, watch it being imported, read the report, stop it."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from rustok.core.errors import IllegalTransition
from rustok.core.pagination import Page
from rustok.core.routing import SIGNED_IN, OpenCall, RawBody, ReadCall, Reply, Routes, WriteCall
from rustok.importers import runs, uploads
from rustok.importers.errors import ImportFileEmpty, ImportModuleOff, ImportRunNotFound
from rustok.importers.model import Source
from rustok.importers.schemas import (
    ImportQuery,
    ImportReportView,
    ImportRunView,
    RunListQuery,
    RunQuery,
    report_view,
    run_view,
)

MAX_UPLOAD_BYTES: Final = 20 * 1024 * 1024
_HOW: Final = (
    "The body is the file itself, at most 20 MiB, `X-Filename` its name. The answer comes at once; "
    "the file is imported in the background. The same file with the same options again goes on "
    "where it was stopped, or, at its end, starts anew and changes what differs only. Larger "
    "files: `rustok import`."
)

admin = Routes("imports", surface="admin", tag="Imports")


async def _take(
    call: OpenCall, data: RawBody, query: ImportQuery, source: Source
) -> Reply[ImportRunView]:
    run = await uploads.take(
        call, data, source=source, options=query.options(), is_dry_run=query.dry_run
    )
    return Reply(body=run_view(run), location=f"/api/v1/admin/imports/{run.id}")


@admin.post(
    "/imports/shopify",
    permission="products:import",
    status=202,
    idempotency="none",
    precondition="none",
    max_body_bytes=MAX_UPLOAD_BYTES,
    summary="Import a Shopify product CSV",
    description=_HOW,
    errors=[ImportFileEmpty, ImportModuleOff],
)
async def import_shopify(call: OpenCall, data: RawBody, query: ImportQuery) -> Reply[ImportRunView]:
    return await _take(call, data, query, "shopify")


@admin.post(
    "/imports/woocommerce",
    permission="products:import",
    status=202,
    idempotency="none",
    precondition="none",
    max_body_bytes=MAX_UPLOAD_BYTES,
    summary="Import a WooCommerce product CSV",
    description=_HOW,
    errors=[ImportFileEmpty, ImportModuleOff],
)
async def import_woocommerce(
    call: OpenCall, data: RawBody, query: ImportQuery
) -> Reply[ImportRunView]:
    return await _take(call, data, query, "woocommerce")


@admin.post(
    "/imports/wordpress",
    permission="nodes:import",
    status=202,
    idempotency="none",
    precondition="none",
    max_body_bytes=MAX_UPLOAD_BYTES,
    summary="Import a WordPress export (WXR)",
    description=_HOW,
    errors=[ImportFileEmpty, ImportModuleOff],
)
async def import_wordpress(
    call: OpenCall, data: RawBody, query: ImportQuery
) -> Reply[ImportRunView]:
    return await _take(call, data, query, "wordpress")


@admin.get(
    "/imports",
    permission=SIGNED_IN,
    summary="List imports, the newest first",
    description=(
        "Those of the sources the caller may import from: products:import for Shopify and "
        "WooCommerce, nodes:import for WordPress; with neither the answer is 403."
    ),
)
async def list_imports(call: ReadCall, query: RunListQuery) -> Page[ImportRunView]:
    page = await runs.list_runs(call.tx, query)
    return Page(items=[run_view(run) for run in page.items], next_cursor=page.next_cursor)


@admin.get(
    "/imports/{run_id}",
    permission=SIGNED_IN,
    summary="Show an import with its progress and report",
    description="Needs the permission the import itself needs.",
    errors=[ImportRunNotFound],
)
async def get_import(call: ReadCall, run_id: UUID, query: RunQuery) -> ImportReportView:
    run = await runs.get(call.tx, run_id)
    return report_view(run, await runs.list_issues(call.tx, run_id, limit=query.issues))


@admin.post(
    "/imports/{run_id}/stop",
    permission=SIGNED_IN,
    precondition="none",
    summary="Stop an import after the step it is at",
    description="Sending the same file with the same options again goes on from there.",
    errors=[ImportRunNotFound, IllegalTransition],
)
async def stop_import(call: WriteCall, run_id: UUID) -> ImportRunView:
    return run_view(await runs.stop(call.tx, run_id))
