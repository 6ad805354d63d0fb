"""`rustok import`: brings exports of shops and sites into a tenant, with progress; can be stopped and goes on.

Refuses: files in parts and tenants that are not there. Nothing is ever deleted by an import.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import UUID

import click
import msgspec

from rustok.cli.invocation import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, Invocation
from rustok.cli.params import CURRENCY, LOCALE, TENANT_REF
from rustok.cli.session import tenant_of, with_platform
from rustok.core.errors import Unprocessable
from rustok.core.tenancy import RequestContext, context_for
from rustok.importers import runs
from rustok.importers.model import (
    FailedRun,
    FinishedRun,
    ImportOptions,
    Run,
    RunningRun,
    Source,
    StoppedRun,
)
from rustok.importers.report import ImportReport, Issue
from rustok.importers.schemas import ImportReportView, report_view
from rustok.importers.sources import settled
from rustok.importers.worker import Report, work
from rustok.server.platform import Platform

F = TypeVar("F", bound=Callable[..., Any])

INDEX_SECONDS: Final = 600.0
"""How long the command waits for the read models to follow."""

EPILOG = """\b
Examples:
  rustok import shopify products_export.csv --tenant nordlicht --dry-run
  rustok import woocommerce products.csv --tenant nordlicht --currency PLN --timezone Europe/Warsaw
  rustok import wordpress site.xml --tenant kante --report report.json

The same file again changes only what differs. A run that was stopped, even killed, goes on where
it was; --restart begins anew. Exit codes: 0 done, 1 something failed (see the report), 130 stopped."""


class ImportBroken(Unprocessable):
    """The file as a whole could not be read to its end."""

    code = "import_broken"
    title = "The import did not come to its end"
    mend = "What was imported before stays. Mend the file and import it again."

    def __init__(self, why: str) -> None:
        super().__init__(why)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asks for."""

    source: Source
    path: Path
    tenant_ref: UUID | str
    options: ImportOptions
    is_dry_run: bool
    restart: bool
    with_index: bool


@click.group("import", epilog=EPILOG)
def import_group() -> None:
    """Import exports of Shopify, WooCommerce and WordPress."""


def _shared_options(command: F) -> F:
    for option in (
        click.option("--no-index", is_flag=True, help="Do not wait for search and read models."),
        click.option(
            "--limit-issues",
            type=click.IntRange(0, 10_000),
            default=50,
            show_default=True,
            help="How many issues to print; the report file has all that are kept.",
        ),
        click.option(
            "--report",
            "report_file",
            type=click.Path(path_type=Path, dir_okay=False),
            help="Write the report to this file as JSON.",
        ),
        click.option("--restart", is_flag=True, help="Begin anew, not where a run was stopped."),
        click.option("--dry-run", is_flag=True, help="Report what would happen; write nothing."),
        click.option(
            "--site", default="", help="A name, where several of one kind go into this tenant."
        ),
        click.option("--locale", type=LOCALE, help="Of the file's texts. Default: the tenant's."),
        click.option("--tenant", "tenant_ref", type=TENANT_REF, required=True, help="Slug or id."),
        click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path)),
    ):
        command = option(command)
    return command


_currency = click.option(
    "--currency", type=CURRENCY, help="Of the file's prices. Default: the tenant's."
)
_timezone = click.option(
    "--timezone",
    default="UTC",
    show_default=True,
    help="IANA name, for times in the file that name no zone.",
)


@import_group.command()
@_shared_options
@_currency
@click.pass_obj
def shopify(invocation: Invocation, /, currency: str | None, **rest: Any) -> int:
    """Import a Shopify product CSV."""
    return _import(invocation, "shopify", currency=currency, timezone="UTC", **rest)


@import_group.command()
@_shared_options
@_currency
@_timezone
@click.pass_obj
def woocommerce(invocation: Invocation, /, currency: str | None, timezone: str, **rest: Any) -> int:
    """Import a WooCommerce product CSV."""
    return _import(invocation, "woocommerce", currency=currency, timezone=timezone, **rest)


@import_group.command()
@_shared_options
@_timezone
@click.pass_obj
def wordpress(invocation: Invocation, /, timezone: str, **rest: Any) -> int:
    """Import a WordPress export (WXR)."""
    return _import(invocation, "wordpress", currency=None, timezone=timezone, **rest)


def _import(
    invocation: Invocation,
    source: Source,
    *,
    file: Path,
    tenant_ref: UUID | str,
    currency: str | None,
    timezone: str,
    locale: str | None,
    site: str,
    dry_run: bool,
    restart: bool,
    no_index: bool,
    report_file: Path | None,
    limit_issues: int,
) -> int:
    wanted = Wanted(
        source=source,
        path=file,
        tenant_ref=tenant_ref,
        options=ImportOptions(currency=currency, timezone=timezone, locale=locale, site=site),
        is_dry_run=dry_run,
        restart=restart,
        with_index=not no_index,
    )

    async def main(platform: Platform) -> tuple[Run, list[Issue]]:
        return await _run(platform, invocation, wanted)

    run, issues = with_platform(invocation, main)
    view = report_view(run, issues)
    if report_file is not None:
        report_file.write_bytes(msgspec.json.format(msgspec.json.encode(view), indent=2))
    shown = msgspec.structs.replace(view, issues=issues[:limit_issues])
    invocation.emit(shown, lambda: _text(shown, run))
    if isinstance(run, FailedRun):
        raise ImportBroken(run.error)
    if isinstance(run, StoppedRun | RunningRun):
        invocation.note("Stopped. The same command goes on from here; --restart begins anew.")
        return EXIT_INTERRUPTED
    return EXIT_FAILED if run.report.failed else EXIT_OK


async def _run(
    platform: Platform, invocation: Invocation, wanted: Wanted
) -> tuple[Run, list[Issue]]:
    tenant = await tenant_of(platform, wanted.tenant_ref)
    ctx = context_for(tenant)
    facts = await asyncio.to_thread(runs.facts_of, wanted.path)
    async with platform.db.write(ctx) as tx:
        begun = await runs.begin(
            tx,
            source=wanted.source,
            file=facts,
            options=settled(wanted.options, tenant),
            is_dry_run=wanted.is_dry_run,
            restart=wanted.restart,
        )
    if begun.next_index:
        invocation.note(f"Going on after {begun.next_index} steps; --restart begins anew.")
    # A run whose process was killed is held a few seconds longer.
    async with runs.claimed(platform.db, begun.id, wait_seconds=runs.LEASE_SECONDS + 2) as claim:
        async with platform.db.write(ctx) as tx:
            run = await runs.start(tx, begun.id)
        with _stop_on_signal() as stop, _progress(invocation, run) as report:
            done = await work(platform.db, ctx, run, wanted.path, claim, report=report, stop=stop)
    if wanted.with_index and not wanted.is_dry_run:
        await _follow(platform, invocation)
    return done, await _issues(platform, ctx, done)


async def _issues(platform: Platform, ctx: RequestContext, run: Run) -> list[Issue]:
    async with platform.db.read(ctx) as tx:
        return await runs.list_issues(tx, run.id, limit=10_000)


async def _follow(platform: Platform, invocation: Invocation) -> None:
    """Relay the events of the import, so that search finds what came in."""
    invocation.note("Bringing search and read models up to date ...")
    try:
        await platform.relay.drain(timeout_seconds=INDEX_SECONDS)
    except TimeoutError:
        invocation.note("Some events are still on their way; search follows with the server.")


@contextlib.contextmanager
def _stop_on_signal() -> Iterator[asyncio.Event]:
    """An event set by Ctrl-C or SIGTERM; a second Ctrl-C ends at once, between transactions."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def ask() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    handled: list[signal.Signals] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        # Outside the main thread, and on Windows, there are no handlers to set.
        with contextlib.suppress(ValueError, RuntimeError, NotImplementedError):
            loop.add_signal_handler(number, ask)
            handled.append(number)
    try:
        yield stop
    finally:
        for number in handled:
            loop.remove_signal_handler(number)


@contextlib.contextmanager
def _progress(invocation: Invocation, run: RunningRun) -> Iterator[Report | None]:
    """A bar on stderr; none with --json."""
    if invocation.as_json:
        yield None
        return
    from rich import console as terminal  # late: not needed by other commands
    from rich import progress as bars  # late: as above

    console = terminal.Console(stderr=True)
    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.TaskProgressColumn(),
        bars.TextColumn("{task.fields[counts]}"),
        bars.TimeElapsedColumn(),
    )
    with bars.Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(
            f"{'Rehearsing' if run.is_dry_run else 'Importing'} {run.file_name[:40]}",
            total=max(1, run.file_bytes),
            completed=run.bytes_read,
            counts=_in_words(run),
        )

        def show(now: RunningRun) -> None:
            bar.update(task, completed=now.bytes_read, counts=_in_words(now))

        yield show


def _in_words(run: Run) -> str:
    total: Counter[str] = Counter()
    for of_kind in run.report.counts.values():
        total.update(of_kind)
    return ", ".join(f"{count} {outcome}" for outcome, count in total.items()) or "reading"


def _text(view: ImportReportView, run: Run) -> str:
    report = ImportReport(source=run.source, dry_run=run.is_dry_run)
    for kind, of_kind in run.report.counts.items():
        report.counts[kind] = Counter(of_kind)
    report.issues.extend(view.issues)
    report.severities.update(run.report.severities)
    head = "" if isinstance(run, FinishedRun) else f"The import is {run.state}.\n"
    return head + report.to_text().rstrip("\n")
