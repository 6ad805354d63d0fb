"""The numbered steps of a parser, so that a run can go on where another one stopped.

Refuses to know formats: it numbers, leaves out what was done before, and adds progress.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, Literal, TypeVar

from rustok.importers.reading import CsvRow
from rustok.importers.report import Issue, Parsed, Progress

DraftT = TypeVar("DraftT")


class Steps(Generic[DraftT]):
    """Makes `Parsed` steps; those numbered under `skip` are made and not given out."""

    def __init__(self, bytes_total: int, *, skip: int = 0) -> None:
        self.bytes_total, self._skip, self._next = bytes_total, skip, 0

    def file(self, issues: Sequence[Issue]) -> Iterator[Parsed[DraftT]]:
        """A step for remarks on the file as a whole; none when there are no remarks."""
        if issues:
            yield from self._step("file", "", None, None, issues, 0)

    def loose_row(self, row: CsvRow, no_key: Issue) -> Iterator[Parsed[DraftT]]:
        """A row that cannot be read, a remark on the reading, or a row that belongs nowhere."""
        if row.issue is None:
            yield from self._step("row", "", None, "failed", [no_key], row.bytes_read)
        elif row.issue.severity == "error":
            yield from self._step("row", "", None, "failed", [row.issue], row.bytes_read)
        else:
            yield from self._step("file", "", None, None, [row.issue], row.bytes_read)

    def draft(
        self,
        kind: str,
        source_id: str,
        draft: DraftT | None,
        issues: Sequence[Issue],
        bytes_read: int,
        *,
        otherwise: Literal["failed", "skipped"] = "failed",
    ) -> Iterator[Parsed[DraftT]]:
        """A draft, or, when it is None, the word that it failed or was skipped."""
        outcome = None if draft is not None else otherwise
        yield from self._step(kind, source_id, draft, outcome, issues, bytes_read)

    def _step(
        self,
        kind: str,
        source_id: str,
        draft: DraftT | None,
        outcome: Literal["failed", "skipped"] | None,
        issues: Sequence[Issue],
        bytes_read: int,
    ) -> Iterator[Parsed[DraftT]]:
        index = self._next
        self._next += 1
        if index >= self._skip:
            yield Parsed(
                index=index,
                kind=kind,
                source_id=source_id,
                draft=draft,
                outcome=outcome,
                issues=tuple(issues),
                progress=Progress(bytes_read=bytes_read, bytes_total=self.bytes_total),
            )
