"""An import run as types, one per state, and what it was asked to do; no I/O.

Refuses: knowing drafts. A run counts steps of a file; what a step does is the writers' business.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from rustok.importers.report import Outcome, Severity

Source = Literal["shopify", "woocommerce", "wordpress"]
RunState = Literal["pending", "running", "stopped", "finished", "failed"]
Counts = dict[str, dict[Outcome, int]]

MAX_ISSUES_KEPT = 10_000
"""Issues of one run that are kept word for word; all are counted."""


class ImportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a file does not say about itself; another choice is another run.

    Attributes:
        currency: of the file's prices; None: the tenant's default (products only).
        timezone: IANA name, for times without a zone.
        locale: of the file's main texts; None: the tenant's default.
        site: name of the shop or site, where a tenant takes in several of one kind: their ids
            may be the same. Empty: the only one.
    """

    currency: str | None = None
    timezone: str = "UTC"
    locale: str | None = None
    site: str = ""

    def known_as(self, source_id: str) -> str:
        """The id of a thing of the file, apart from those of other sites."""
        return f"{self.site}/{source_id}" if self.site else source_id


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a run has done so far.

    Attributes:
        counts: by kind (product, node, term...) and outcome.
        severities: all issues, also those past the number kept.
        menus: menus of a WordPress file, as the parser read them.
    """

    counts: Counts = msgspec.field(default_factory=dict)
    severities: dict[Severity, int] = msgspec.field(default_factory=dict)
    menus: list[dict[str, object]] = msgspec.field(default_factory=list)

    @property
    def issue_count(self) -> int:
        return sum(self.severities.values())

    @property
    def failed(self) -> int:
        """How many of all kinds failed."""
        return sum(outcomes.get("failed", 0) for outcomes in self.counts.values())


class RunData(msgspec.Struct, frozen=True, kw_only=True):
    """What every run has, whatever its state.

    Attributes:
        file_digest: SHA-256 of the file in hexadecimal; with the options it says what is the same run.
        file_name: for people; never opened.
        stored_as: name in the tenant's folder of uploads; None when the file lies elsewhere.
        next_index: the step of the file that comes next; all before it are done.
        is_dry_run: nothing is written but the report.
    """

    state: ClassVar[RunState]

    id: UUID
    source: Source
    file_digest: str
    file_name: str
    file_bytes: int
    stored_as: str | None
    options: ImportOptions
    is_dry_run: bool
    next_index: int
    bytes_read: int
    report: RunReport
    started_by: UUID | None
    version: int
    started_at: datetime
    updated_at: datetime

    def _shared(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in RunData.__struct_fields__}


class PendingRun(RunData, frozen=True, kw_only=True):
    """Waits for a worker."""

    state: ClassVar[RunState] = "pending"

    def start(self) -> RunningRun:
        return RunningRun(**self._shared())  # type: ignore[arg-type]  # the shared fields by name

    def stop(self) -> StoppedRun:
        return StoppedRun(**self._shared())  # type: ignore[arg-type]  # as above


class RunningRun(RunData, frozen=True, kw_only=True):
    """Is being worked on, or was when its process died."""

    state: ClassVar[RunState] = "running"

    def stop(self) -> StoppedRun:
        return StoppedRun(**self._shared())  # type: ignore[arg-type]  # as above

    def finish(self, *, at: datetime) -> FinishedRun:
        return FinishedRun(**self._shared(), finished_at=at)  # type: ignore[arg-type]  # as above

    def fail(self, *, error: str) -> FailedRun:
        """Args:
        error: why the file as a whole cannot be read, for people.
        """
        return FailedRun(**self._shared(), error=error)  # type: ignore[arg-type]  # as above


class StoppedRun(RunData, frozen=True, kw_only=True):
    """Was stopped on purpose between two steps."""

    state: ClassVar[RunState] = "stopped"

    def resume(self) -> RunningRun:
        return RunningRun(**self._shared())  # type: ignore[arg-type]  # as above


class FinishedRun(RunData, frozen=True, kw_only=True):
    """Everything in the file was looked at; rows that failed stand in the report."""

    state: ClassVar[RunState] = "finished"

    finished_at: datetime


class FailedRun(RunData, frozen=True, kw_only=True):
    """The file as a whole could not be read to its end."""

    state: ClassVar[RunState] = "failed"

    error: str


Run = PendingRun | RunningRun | StoppedRun | FinishedRun | FailedRun
