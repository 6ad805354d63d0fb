"""With broker, cache and mail away, and then the database, a real server goes on as far as it can.

The full form, with the store, figures and the server without breakers, is `python -m tests.chaos.unplug`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.unplug_scene import Row, scene
from tests.redis_for_tests import redis_place

SECONDS = 1.5


def kinds_of_answers(row: Row) -> dict[str, set[str]]:
    return {kind: set(found) for kind, found in row.answers.items()}


@pytest.mark.chaos
@pytest.mark.slow
@pytest.mark.nats
@pytest.mark.redis
@pytest.mark.postgres
async def test_reads_checkouts_and_uploads_go_on_without_broker_cache_and_mail(
    postgres_urls: tuple[str, str], tmp_path: Path
) -> None:
    redis_place()
    async with scene(tmp_path, behind_plugs=("broker", "cache", "mail", "database")) as made:
        for mode in ("hangs", "refused"):
            row = await made.unplug(("broker", "cache", "mail"), mode, seconds=SECONDS)
            assert kinds_of_answers(row) == {
                "read": {"200"},
                "checkout": {"201"},
                "upload": {"201"},
            }, made.log()
        row = await made.unplug(("database",), "refused", seconds=SECONDS)
        # Kept answers go on; what needs the database is told to come again, and is afterwards served.
        assert "200" in row.answers["read"], row
        refused = {one for found in row.answers.values() for one in found if one[0] != "2"}
        assert refused <= {"503 database_unavailable", "503 circuit_open"}, made.log()
