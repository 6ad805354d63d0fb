"""With broker, cache and mail away, and then the database, a real server goes on as far as it can.

The full form, with the store, figures and the server without breakers, is `python -m tests.chaos.unplug`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from rustok.server.settings import Settings
from tests.chaos.unplug_scene import scene
from tests.redis_for_tests import redis_place

SECONDS = 1.0
GENTLY = {"read": 2, "checkout": 1, "upload": 1}


@pytest.mark.chaos
@pytest.mark.slow
@pytest.mark.nats
@pytest.mark.redis
@pytest.mark.postgres
@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_reads_checkouts_and_uploads_go_on_without_broker_cache_and_mail(
    database_settings: Settings, tmp_path: Path
) -> None:
    redis_place()
    plugs = ("broker", "cache", "mail")
    async with scene(
        tmp_path, behind_plugs=plugs, in_a_row=GENTLY, database=database_settings.database
    ) as made:
        row = await made.unplug(plugs, "hangs", seconds=SECONDS)
        assert {kind: set(found) for kind, found in row.answers.items()} == {
            "read": {"200"},
            "checkout": {"201"},
            "upload": {"201"},
        }, made.log()
        # A checkout that commits in the very moment takes what was kept with it; not three times in a row.
        for _ in range(3):
            row = await made.unplug(("database",), "refused", seconds=SECONDS)
            told = {answer for found in row.answers.values() for answer in found}
            assert "503 database_unavailable" in told, row
            assert told <= {"200", "200 stale", "201", "503 database_unavailable"}, made.log()
            # What is kept of a shop window is shown; what must be looked up or written comes again later.
            if not {"200", "200 stale"}.isdisjoint(row.answers["read"]):
                return
        raise AssertionError(row)
