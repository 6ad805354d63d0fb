"""What an import did: issues with row and column, counts per kind, as JSON and as plain text.

Refuses to know formats and databases; parsers fill in issues, services fill in outcomes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Generic, Literal, TypeVar

import msgspec

Severity = Literal["error", "warning", "info"]
Outcome = Literal["created", "updated", "unchanged", "skipped", "failed"]

OUTCOMES: tuple[Outcome, ...] = ("created", "updated", "unchanged", "skipped", "failed")

DraftT_co = TypeVar("DraftT_co", covariant=True)


class Issue(msgspec.Struct, frozen=True, kw_only=True):
    """One remark on the input.

    `row` is the physical line in the file (1-based, None: the whole file); `column` is the header
    or element as the file spells it. An error dropped something, a warning changed something,
    an info is worth knowing.
    """

    code: str
    message: str
    severity: Severity
    row: int | None = None
    column: str | None = None


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the file is read, in bytes."""

    bytes_read: int
    bytes_total: int

    @property
    def fraction(self) -> float:
        """Between 0.0 and 1.0."""
        return min(1.0, self.bytes_read / self.bytes_total) if self.bytes_total else 1.0


class Parsed(msgspec.Struct, Generic[DraftT_co], frozen=True, kw_only=True):
    """One step of a parser.

    `index` counts the steps of a file from 0, the same in every run over the same file: give
    `index + 1` as `skip` to go on after it. `draft` is None when nothing could stand: then
    `outcome` says whether it failed or was skipped, and `issues` say why. `outcome` None: the
    draft is for the services to write. A remark on the file as a whole has kind "file".
    """

    index: int
    kind: str
    source_id: str
    draft: DraftT_co | None
    outcome: Literal["skipped", "failed"] | None
    issues: tuple[Issue, ...]
    progress: Progress


class ImportReport:
    """Counts and issues of one run; keeps at most `max_issues` issues and counts all."""

    def __init__(self, *, source: str, dry_run: bool = False, max_issues: int = 10_000) -> None:
        self.source = source
        self.dry_run = dry_run
        self.max_issues = max_issues
        self.counts: dict[str, Counter[Outcome]] = {}
        self.issues: list[Issue] = []
        self.severities: Counter[Severity] = Counter()

    def record(self, kind: str, outcome: Outcome) -> None:
        """Count one `kind` (product, node, term...) under its outcome."""
        self.counts.setdefault(kind, Counter())[outcome] += 1

    def note(self, issues: Iterable[Issue]) -> None:
        """Add issues; those past `max_issues` are counted and dropped."""
        for issue in issues:
            self.severities[issue.severity] += 1
            if len(self.issues) < self.max_issues:
                self.issues.append(issue)

    def take(self, parsed: Parsed[object]) -> None:
        """Note a step's issues and count it, when the parser already settled its outcome."""
        self.note(parsed.issues)
        if parsed.outcome is not None:
            self.record(parsed.kind, parsed.outcome)

    def total(self, outcome: Outcome) -> int:
        """How many of all kinds ended this way."""
        return sum(counter[outcome] for counter in self.counts.values())

    @property
    def issues_dropped(self) -> int:
        """How many issues were counted without being kept."""
        return sum(self.severities.values()) - len(self.issues)

    def to_json(self) -> bytes:
        """The report as one JSON object."""
        return msgspec.json.encode(
            {
                "source": self.source,
                "dry_run": self.dry_run,
                "counts": {
                    kind: {outcome: counter[outcome] for outcome in OUTCOMES}
                    for kind, counter in self.counts.items()
                },
                "severities": {
                    severity: self.severities[severity] for severity in ("error", "warning", "info")
                },
                "issues": self.issues,
                "issues_dropped": self.issues_dropped,
            }
        )

    def to_text(self) -> str:
        """The report for a terminal: a table of counts, then the issues by row."""
        title = f"Import from {self.source}" + (" (dry run: nothing was written)" * self.dry_run)
        lines = [title]
        if self.counts:
            width = max(len("kind"), *(len(kind) for kind in self.counts))
            head = "".join(f"{outcome:>11}" for outcome in OUTCOMES)
            lines.append(f"{'kind':<{width}}{head}")
            for kind, counter in self.counts.items():
                cells = "".join(f"{counter[outcome]:>11}" for outcome in OUTCOMES)
                lines.append(f"{kind:<{width}}{cells}")
        else:
            lines.append("Nothing was found to import.")
        lines.append(
            f"{self.severities['error']} errors, {self.severities['warning']} warnings, "
            f"{self.severities['info']} remarks"
        )
        lines.extend(_line(issue) for issue in sorted(self.issues, key=lambda i: i.row or 0))
        if self.issues_dropped:
            lines.append(f"... and {self.issues_dropped} more")
        return "\n".join(lines) + "\n"


def _line(issue: Issue) -> str:
    where = f"line {issue.row}" if issue.row is not None else "file"
    if issue.column is not None:
        where += f", {issue.column}"
    return f"{issue.severity:<8} {where}: {issue.message} [{issue.code}]"
