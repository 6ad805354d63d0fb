"""Runs the features' jobs when they are due, each in one process at a time.

Refuses: catching up. A job that was missed runs once, soon; jobs do what is due, not what was.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Final

from rustok.core import lease
from rustok.core.errors import Unavailable
from rustok.core.ids import new_id
from rustok.core.modules import Job
from rustok.core.parts import Parts
from rustok.telemetry import tracing
from rustok.telemetry.logs import get_logger

SHORTEST_LEASE_SECONDS: Final = 5.0

log = get_logger("rustok.scheduler")


class Scheduler:
    """Args:
    parts: handed to the jobs.
    jobs: all of them.
    """

    def __init__(self, parts: Parts, jobs: Sequence[Job]) -> None:
        self._parts = parts
        self._jobs = tuple(jobs)
        self._holder = str(new_id())

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set."""
        due = {job.name: time.monotonic() + min(1.0, job.every_seconds) for job in self._jobs}
        while not stop.is_set():
            now = time.monotonic()
            for job in self._jobs:
                if due[job.name] <= now and not stop.is_set():
                    await self.run_one(job)
                    due[job.name] = time.monotonic() + job.every_seconds
            pause = min((at - time.monotonic() for at in due.values()), default=1.0)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.05, min(pause, 5.0))):
                    await stop.wait()

    async def run_one(self, job: Job) -> int:
        """Run `job` now if its lease is free; returns how much it did. Failures are logged, not raised."""
        try:
            seconds = max(SHORTEST_LEASE_SECONDS, job.every_seconds * 2)
            if not await lease.acquire(
                self._parts.db, f"job:{job.name}", holder=self._holder, seconds=seconds
            ):
                return 0
            with tracing.root(f"job {job.name}", tracing.INTERNAL) as span:
                done = await job.run(self._parts)
                span.set("rustok.job.count", done)
        except Unavailable as error:
            log.warning("job.unavailable", job=job.name, code=error.code)
            return 0
        except Exception:
            log.exception("job.failed", job=job.name)
            return 0
        if done:
            log.info("job.done", job=job.name, count=done)
        return done
