"""How much of the file SQLite keeps in memory is the operator's to say."""

from __future__ import annotations

from pathlib import Path

from rustok.core.db.sqlite import SqliteDriver
from rustok.server.platform import driver_for
from rustok.server.settings import load


async def cache_sizes(driver: SqliteDriver) -> list[int]:
    """What each connection may keep, in KiB, as SQLite says it: negative."""
    await driver.open()
    sizes = []
    for actor in driver._actors:
        assert actor.connection is not None
        sizes.append(actor.connection.execute("PRAGMA cache_size").fetchone()[0])
    await driver.close()
    return sizes


async def test_every_connection_keeps_pages_up_to_the_setting(tmp_path: Path) -> None:
    environ = {
        "RUSTOK_DATABASE__URL": f"sqlite:///{tmp_path}/small.sqlite3",
        "RUSTOK_DATABASE__SQLITE_CACHE_BYTES": str(2 * 1024 * 1024),
    }
    driver = driver_for(load(None, environ))
    assert isinstance(driver, SqliteDriver)
    assert await cache_sizes(driver) == [-2_048] * 3


async def test_a_driver_that_is_told_nothing_keeps_16_mib_a_connection(tmp_path: Path) -> None:
    assert await cache_sizes(SqliteDriver(tmp_path / "plain.sqlite3")) == [-16_384] * 3
