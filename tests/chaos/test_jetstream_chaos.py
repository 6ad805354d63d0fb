"""Two relays and two workers killed at random, a broker restarted twice: none lost, none twice, in order.

The full form, with 50,000 events, is `python -m tests.chaos.bus_chaos`.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from rustok.server.settings import Settings
from tests.chaos.bus_chaos import ROLES, Chaos, Report, environment_for
from tests.conftest import POSTGRES
from tests.nats_process import NatsProcess

EVENTS = 3_000
KILLS = 6


def judge(report: Report, log: str) -> None:
    print(report)
    assert report.kills == KILLS, log
    assert (report.lost, report.doubled, report.misordered_aggregates) == (0, 0, 0), (report, log)
    assert report.applied == report.inbox_rows == EVENTS
    assert report.pending == 0
    assert report.dead_letters == 0
    assert report.unclean_stops == 0, log


@pytest.mark.chaos
@pytest.mark.slow
@pytest.mark.nats
@pytest.mark.timeout(180)
def test_killed_relays_and_workers_and_a_restarted_broker_lose_and_double_nothing(
    database_settings: Settings, database_kind: str, tmp_path: Path
) -> None:
    database = database_settings.database
    broker: NatsProcess | None = None
    admin_url: str | None = None
    roles = [["relay"]]  # SQLite is for one process, which is relay and consumers at once
    if database_kind == "postgres":
        broker = NatsProcess(tmp_path)
        broker.start()
        admin_url = POSTGRES.rpartition("/")[0] + "/" + str(database.url).rpartition("/")[2]
        roles = ROLES
    chaos = Chaos(
        environment_for(
            str(database.url),
            str(database.system_url) if database.system_url else None,
            tmp_path,
            broker=broker,
            stream=f"CHAOS_{os.getpid()}",
        ),
        tmp_path,
        roles=roles,
        broker=broker,
        admin_url=admin_url,
        seed=7,
    )
    try:
        report = asyncio.run(chaos.run(EVENTS, kills=KILLS, limit_seconds=150))
        judge(report, chaos.log())
    finally:
        if broker is not None:
            broker.end()
