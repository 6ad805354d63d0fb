"""Wire structs of imports."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.core.pagination import PageRequest
from rustok.core.types import CurrencyCode, LocaleTag
from rustok.importers.model import (
    Counts,
    FailedRun,
    FinishedRun,
    ImportOptions,
    Run,
    RunState,
    Source,
)
from rustok.importers.report import Issue, Severity
from rustok.importers.states import IMPORT_RUN_LIFECYCLE

Zone = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        pattern=r"^[A-Za-z0-9_+/-]+$(?!\n)",
        description="An IANA time zone, for times in the file that name none.",
        examples=["Europe/Berlin"],
    ),
]
Site = Annotated[
    str,
    Meta(
        max_length=63,
        pattern=r"^([a-z0-9]+(-[a-z0-9]+)*)?$(?!\n)",
        description="A name for the shop or site, where several of one kind go into this tenant.",
        examples=["main-shop"],
    ),
]


class ImportQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What the file does not say about itself."""

    dry_run: Annotated[bool, Meta(description="Report what would happen; write nothing.")] = False
    currency: CurrencyCode | None = None
    timezone: Zone = "UTC"
    locale: LocaleTag | None = None
    site: Site = ""

    def options(self) -> ImportOptions:
        return ImportOptions(
            currency=self.currency, timezone=self.timezone, locale=self.locale, site=self.site
        )


class RunListQuery(PageRequest, frozen=True, kw_only=True):
    """Which page of the runs, newest first."""


class RunQuery(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the report to show."""

    issues: Annotated[
        int, Meta(ge=0, le=10_000, description="How many issues at most, in the file's order.")
    ] = 100


class ImportRunView(msgspec.Struct, frozen=True, kw_only=True):
    """An import run.

    Attributes:
        progress: share of the file that is read, 0 to 1.
        next_index: the step of the file that comes next.
        counts: by kind and outcome (created, updated, unchanged, skipped, failed).
        error: why the file as a whole could not be read.
    """

    id: UUID
    source: Source
    status: RunState
    file_name: str
    file_digest: str
    file_bytes: int
    is_dry_run: bool
    currency: str | None
    timezone: str
    locale: str | None
    site: str
    progress: float
    next_index: int
    counts: Counts
    severities: dict[Severity, int]
    error: str | None
    started_by: UUID | None
    allowed_actions: list[str]
    version: int
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None


class ImportReportView(msgspec.Struct, frozen=True, kw_only=True):
    """A run with its report: issues by row and column, and the menus of a WordPress file."""

    run: ImportRunView
    issues: list[Issue]
    issues_total: int
    menus: list[dict[str, object]]
    version: int


def run_view(run: Run) -> ImportRunView:
    """The run for its reader."""
    share = run.bytes_read / run.file_bytes if run.file_bytes else 1.0
    return ImportRunView(
        id=run.id,
        source=run.source,
        status=run.state,
        file_name=run.file_name,
        file_digest=run.file_digest,
        file_bytes=run.file_bytes,
        is_dry_run=run.is_dry_run,
        currency=run.options.currency,
        timezone=run.options.timezone,
        locale=run.options.locale,
        site=run.options.site,
        progress=1.0 if isinstance(run, FinishedRun) else round(min(1.0, share), 4),
        next_index=run.next_index,
        counts=run.report.counts,
        severities=run.report.severities,
        error=run.error if isinstance(run, FailedRun) else None,
        started_by=run.started_by,
        allowed_actions=[
            action for action in IMPORT_RUN_LIFECYCLE.allowed(run.state) if action == "stop"
        ],
        version=run.version,
        started_at=run.started_at,
        updated_at=run.updated_at,
        finished_at=run.finished_at if isinstance(run, FinishedRun) else None,
    )


def report_view(run: Run, issues: list[Issue]) -> ImportReportView:
    """The run with what it had to say."""
    return ImportReportView(
        run=run_view(run),
        issues=issues,
        issues_total=run.report.issue_count,
        menus=run.report.menus,
        version=run.version,
    )
