"""Works a run: reads the file step by step, writes each draft whole, and says how far it is.

A step's effect and the run's `next_index` are one transaction, so a killed process leaves nothing
half done and nothing done twice. Several drafts share a transaction; when one of them fails, all
are taken back and each is written in its own. Refuses: knowing what a draft is.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from rustok.core.db import Database, WriteTx
from rustok.core.errors import ConcurrentUpdate, Conflict, RustokError, Unavailable
from rustok.core.tenancy import RequestContext
from rustok.importers import repository, runs
from rustok.importers.errors import ImportFileRefused, RowRefused
from rustok.importers.model import Run, RunningRun
from rustok.importers.report import Issue, Outcome, Parsed
from rustok.importers.sources import parsed, writer_for
from rustok.importers.writing.writer import Writer, Written
from rustok.telemetry import tracing
from rustok.telemetry.logs import get_logger

READ_AHEAD: Final = 64
"""Steps read at once, in a thread: reading may take a while and must not hold up the loop."""
BATCH: Final = 32
"""Drafts of one transaction; a writer waits for it, so it stays short."""
ATTEMPTS: Final = 6
FIRST_PAUSE_SECONDS: Final = 0.05

FAILURES: Final = (RustokError, RowRefused, msgspec.ValidationError)
"""What a draft is refused with; anything else is a fault of the program, and is logged."""

log = get_logger("rustok.importers")
Report = Callable[[RunningRun], None]


class _TakenBack(Exception):
    """Raised after the work of a dry run, so that nothing of it stays."""


class RunTaken(Exception):
    """The run was stopped or is another worker's now; `run` is how it stands."""

    def __init__(self, run: Run) -> None:
        super().__init__(run.state)
        self.run = run


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What a step came to."""

    outcomes: tuple[tuple[str, Outcome], ...] = ()
    issues: tuple[Issue, ...] = ()


async def work(
    db: Database,
    ctx: RequestContext,
    run: RunningRun,
    path: Path,
    claim: runs.Claim,
    *,
    report: Report | None = None,
    stop: asyncio.Event | None = None,
    seconds: float | None = None,
) -> Run:
    """Work on a run until its end, until `stop` is set, or for about `seconds` from the first new step.

    Args:
        claim: the hold on this run.
        report: called after every transaction.

    Returns: the run: finished, failed, stopped, or still running when the time is over.

    Raises:
        ImportRunBusy: the hold was lost.
        DatabaseUnavailable: the database stayed away; what was committed stays, the rest is open.
    """
    worker = _Worker(db, ctx, run, path, report)
    try:
        return await worker.to_the_end(claim, stop or asyncio.Event(), seconds)
    except RunTaken as taken:
        return taken.run


class _Reader:
    """The steps of a file in lots; an error of the file comes after the steps before it."""

    def __init__(self, steps: Iterator[Parsed[Any]]) -> None:
        self._steps = steps
        self._error: RustokError | None = None

    async def read(self) -> list[Parsed[Any]]:
        """The next steps; none at the end. Raises what ended the reading."""
        return await asyncio.to_thread(self._take)

    def _take(self) -> list[Parsed[Any]]:
        if self._error is not None:
            raise self._error
        lot: list[Parsed[Any]] = []
        try:
            for step in self._steps:
                lot.append(step)
                if len(lot) == READ_AHEAD:
                    return lot
        except RustokError as error:
            if not lot:
                raise
            self._error = error
        return lot


class _Worker:
    def __init__(
        self,
        db: Database,
        ctx: RequestContext,
        run: RunningRun,
        path: Path,
        report: Report | None,
    ) -> None:
        self._db, self._ctx, self._run, self._path = db, ctx, run, path
        self._report = report
        self._writer: Writer[Any] = writer_for(run.source, run.options)

    async def to_the_end(
        self, claim: runs.Claim, stop: asyncio.Event, seconds: float | None
    ) -> Run:
        until: float | None = None
        reader = _Reader(parsed(self._run.source, self._path, self._run.options))
        try:
            while lot := await reader.read():
                for batch in self._new_steps(lot):
                    if stop.is_set():
                        return await self._stopped()
                    # The time counts from the first new step, so that a slice always gets on,
                    # however long the reading up to it took.
                    if until is not None and time.monotonic() >= until:
                        return self._run
                    if until is None and seconds is not None:
                        until = time.monotonic() + seconds
                    await claim.renew()
                    await self._write(batch)
        except ImportFileRefused as refused:
            return await self._failed(refused)
        return await self._ended(claim)

    def _new_steps(self, lot: Sequence[Parsed[Any]]) -> Iterator[list[Parsed[Any]]]:
        """Batches of the steps not done yet; the writer sees the others without writing them."""
        batch: list[Parsed[Any]] = []
        for step in lot:
            if step.draft is not None:
                self._writer.remember(step.draft)
            if step.index >= self._run.next_index:
                batch.append(step)
            if len(batch) == BATCH:
                yield batch
                batch = []
        if batch:
            yield batch

    async def _write(self, batch: list[Parsed[Any]]) -> None:
        with tracing.root("import batch", tracing.INTERNAL) as span:
            span.set("rustok.import.run", str(self._run.id))
            span.set("rustok.import.records", len(batch))
            if self._run.is_dry_run:
                await self._note(batch, [await self._rehearsed(step) for step in batch])
            elif len(batch) == 1 or not await self._written_together(batch):
                for step in batch:
                    await self._one(step)
        if self._report is not None:
            self._report(self._run)

    async def _written_together(self, batch: list[Parsed[Any]]) -> bool:
        """Write all in one transaction; False when something failed and nothing is written."""
        self._writer.begin()
        try:
            async with self._db.write(self._ctx) as tx:
                drafts = [step.draft for step in batch if step.draft is not None]
                if drafts:
                    await self._writer.look_ahead(tx, drafts)
                done = [await self._effect(tx, step, careful=False) for step in batch]
                await self._writer.settle(tx)
                after = await self._advanced(tx, batch, done)
        except Exception:
            # Whatever it was: each draft is tried alone, and the one to blame names it.
            return False
        self._writer.committed()
        self._run = after
        return True

    async def _one(self, step: Parsed[Any]) -> None:
        """Write a step in its own transaction, or write down why it failed."""
        careful, pause, done = False, FIRST_PAUSE_SECONDS, Done()
        for attempt in range(1, ATTEMPTS + 1):
            self._writer.begin()
            try:
                async with self._db.write(self._ctx) as tx:
                    done = await self._effect(tx, step, careful=careful)
                    await self._writer.settle(tx)
                    after = await self._advanced(tx, [step], [done])
            except (ConcurrentUpdate, Unavailable) as error:
                await self._check_taken()
                if attempt < ATTEMPTS:
                    await asyncio.sleep(pause)
                    pause *= 2
                    continue
                if isinstance(error, Unavailable):
                    raise
                done = self._failed_step(step, error)
                break
            except Conflict as error:
                if not careful:
                    careful = True
                    continue
                done = self._failed_step(step, error)
                break
            except Exception as error:
                done = self._failed_step(step, error)
                break
            self._writer.committed()
            self._run = after
            return
        await self._note([step], [done])

    async def _rehearsed(self, step: Parsed[Any]) -> Done:
        """What writing a step would come to; nothing of it stays."""
        done = Done()
        for careful in (False, True):
            self._writer.begin()
            try:
                async with self._db.write(self._ctx) as tx:
                    done = await self._effect(tx, step, careful=careful)
                    await self._writer.settle(tx)
                    raise _TakenBack
            except _TakenBack:
                return done
            except Unavailable:
                raise
            except Exception as error:
                done = self._failed_step(step, error)
        return done

    async def _effect(self, tx: WriteTx, step: Parsed[Any], *, careful: bool) -> Done:
        if step.draft is None:
            outcomes = () if step.outcome is None else ((step.kind, step.outcome),)
            return Done(outcomes=outcomes, issues=step.issues)
        written: Written = await self._writer.write(tx, step.draft, careful=careful)
        return Done(outcomes=written.outcomes, issues=(*step.issues, *written.issues))

    def _failed_step(self, step: Parsed[Any], error: Exception) -> Done:
        if not isinstance(error, FAILURES):
            log.error(
                "import.draft_broken",
                source=self._run.source,
                source_id=step.source_id,
                exc_info=error,
            )
        return Done(
            outcomes=((step.kind, "failed"),),
            issues=(*step.issues, *self._writer.blame(step.draft, error)),
        )

    async def _advanced(
        self, tx: WriteTx, batch: Sequence[Parsed[Any]], done: Sequence[Done]
    ) -> RunningRun:
        last = batch[-1]
        return await runs.advance(
            tx,
            self._run,
            next_index=last.index + 1,
            bytes_read=last.progress.bytes_read,
            outcomes=[outcome for one in done for outcome in one.outcomes],
            issues=[issue for one in done for issue in one.issues],
        )

    async def _note(self, batch: Sequence[Parsed[Any]], done: Sequence[Done]) -> None:
        """Write down what steps came to, without an effect of theirs."""
        async with self._writing() as tx:
            after = await self._advanced(tx, batch, done)
        self._run = after

    @contextlib.asynccontextmanager
    async def _writing(self) -> AsyncIterator[WriteTx]:
        """A transaction on the run alone. Raises RunTaken."""
        try:
            async with self._db.write(self._ctx) as tx:
                yield tx
        except ConcurrentUpdate:
            await self._check_taken()
            raise

    async def _check_taken(self) -> None:
        """Raises RunTaken: somebody else wrote the run."""
        async with self._db.read(self._ctx) as tx:
            current = await repository.get(tx, self._run.id)
        if not isinstance(current, RunningRun) or current.version != self._run.version:
            raise RunTaken(current)

    async def _stopped(self) -> Run:
        async with self._writing() as tx:
            return await runs.stop(tx, self._run.id)

    async def _failed(self, refused: ImportFileRefused) -> Run:
        async with self._writing() as tx:
            return await runs.fail(tx, self._run, refused.detail)

    async def _ended(self, claim: runs.Claim) -> Run:
        for draft in self._writer.late():
            await claim.renew()
            await self._link(draft)
        async with self._writing() as tx:
            after = await runs.advance(
                tx,
                self._run,
                next_index=self._run.next_index,
                bytes_read=self._run.file_bytes,
                outcomes=(),
                issues=(),
                menus=self._writer.menus,
            )
            return await runs.finish(tx, after)

    async def _link(self, draft: Any) -> None:
        """Write a late draft once more; what cannot be linked is a warning, the draft stays."""
        self._writer.begin()
        after = self._run
        try:
            async with self._db.write(self._ctx) as tx:
                issues = await self._writer.write_late(tx, draft)
                if issues:
                    after = await self._warned(tx, issues)
                if self._run.is_dry_run:
                    raise _TakenBack
        except _TakenBack:
            return
        except Unavailable:
            raise
        except FAILURES as error:
            await self._check_taken()
            async with self._writing() as tx:
                after = await self._warned(tx, self._writer.blame(draft, error))
        else:
            self._writer.committed()
        self._run = after

    async def _warned(self, tx: WriteTx, issues: Sequence[Issue]) -> RunningRun:
        return await runs.advance(
            tx,
            self._run,
            next_index=self._run.next_index,
            bytes_read=self._run.bytes_read,
            outcomes=(),
            issues=[msgspec.structs.replace(issue, severity="warning") for issue in issues],
        )
