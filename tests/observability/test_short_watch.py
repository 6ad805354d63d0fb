"""The short form of `python -m tests.observability.watch`: one platform, seconds of load, one fault."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.observability.load import Load
from tests.observability.prometheus import Prometheus, program
from tests.observability.stack import Stack
from tests.observability.watch import targets
from tools.observability.dashboards import DASHBOARDS

PATIENCE_SECONDS: Final = 120
"""Bounds a failure, on a machine that has other tests to run; seconds are enough on an idle one."""


async def until(condition: Callable[[], object], *, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if await asyncio.to_thread(condition):
            return True
        await asyncio.sleep(0.3)
    return False


@pytest.mark.slow
@pytest.mark.nats
@pytest.mark.timeout(400)
async def test_prometheus_reads_the_platform_and_tells_of_a_worker_that_is_gone(
    tmp_path: Path,
) -> None:
    program()
    async with Stack(tmp_path) as stack, Load(stack.url, stack.receiver_port) as load:
        prometheus = Prometheus(tmp_path / "seen", targets(stack), factor=60)
        prometheus.start()
        try:
            assert await until(
                lambda: len(prometheus.query("up == 1")) == 2, seconds=PATIENCE_SECONDS
            )
            placed = 'sum(rustok_orders_total{state="paid"})'
            assert await until(lambda: prometheus.query(placed), seconds=PATIENCE_SECONDS)
            for board in DASHBOARDS:
                for panel in board.panels:
                    for query in panel.queries:  # raises where Prometheus does not understand it
                        prometheus.query(
                            query.expr.replace("$__rate_interval", "30s").replace("$__range", "3m")
                        )
            sick = [rule["name"] for rule in prometheus.rules() if rule["health"] == "err"]
            assert sick == []
            await asyncio.to_thread(stack.stop, "worker")
            assert await until(
                lambda: {"TargetDown", "WorkerMissing"} <= set(prometheus.firing()),
                seconds=PATIENCE_SECONDS,
            )
            assert "rustok-worker" in {one["job"] for one in prometheus.firing()["TargetDown"]}
        finally:
            prometheus.stop()
    assert load.statuses[500] == 0
