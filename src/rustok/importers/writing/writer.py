"""What a run needs of a writer of drafts; refuses to know which drafts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

import msgspec

from rustok.core.db import WriteTx
from rustok.importers.report import Issue, Outcome

DraftT = TypeVar("DraftT")


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What writing a draft came to; `outcomes` are (kind, outcome) of the draft and its parts."""

    outcomes: tuple[tuple[str, Outcome], ...]
    issues: tuple[Issue, ...] = ()


class Writer(Protocol[DraftT]):
    """Writes the drafts of one file, in their order.

    A run that goes on shows it the drafts written before, without having them written again.
    Notes made in `write` hold only once `committed` was called: the transaction may be given up.
    """

    def remember(self, draft: DraftT) -> None:
        """Take note of a draft: before it is written, or instead, where it was written before."""

    def begin(self) -> None:
        """A transaction begins; one begun before and not committed was given up."""

    async def look_ahead(self, tx: WriteTx, drafts: Sequence[DraftT]) -> None:
        """Several drafts are about to be written by this transaction: look up at once what they ask."""

    async def write(self, tx: WriteTx, draft: DraftT, *, careful: bool) -> Written:
        """Bring the tenant to what `draft` says.

        Args:
            careful: an attempt without looking met something in its way; look first.

        Raises:
            RowRefused: with the issues that say why.
            RustokError: as the features raise; `blame` turns these into issues.
        """

    async def settle(self, tx: WriteTx) -> None:
        """Write what `write` kept back to do at once for all drafts of the transaction.

        Raises:
            RustokError: as the features raise.
        """

    def committed(self) -> None:
        """The transaction begun last is certain."""

    @property
    def menus(self) -> list[dict[str, object]]:
        """What the report keeps of the file's menus."""

    def late(self) -> Sequence[DraftT]:
        """Drafts to write once more at the end of the file."""

    async def write_late(self, tx: WriteTx, draft: DraftT) -> tuple[Issue, ...]:
        """As `write`, for a late draft; what is still missing is an issue."""

    def blame(self, draft: DraftT, error: Exception) -> tuple[Issue, ...]:
        """The issues, with row and column, of an error raised by `write`."""
