"""Every place for files: whole or not at all, gone when deleted, and never waited for long."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from rustok.core.resilience.breaker_registry import BreakerRegistry
from rustok.core.resilience.circuit_breaker import BreakerState, CircuitOpen
from rustok.core.storage.port import Storage, StorageUnavailable, StoredFileMissing
from rustok.server.settings import MediaSettings, Secret, Settings, StorageSettings
from rustok.server.storage import storage_for
from tests.unplugging import Mode, Plug

KEY = "00000000-0000-7000-8000-000000000001/ab/abc.png"


def later() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=1)


@pytest.fixture(scope="module")
def s3() -> Iterator[tuple[str, int]]:
    """A store that speaks S3, in this process."""
    from moto.server import ThreadedMotoServer  # late: slow to import, for this module alone

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield host, port
    server.stop()
    assert threading.active_count() < 50


def s3_settings(bucket: str, port: int, *, seconds: float = 2.0) -> Settings:
    return Settings(
        storage=StorageSettings(
            kind="s3",
            bucket=bucket,
            endpoint=f"http://127.0.0.1:{port}",
            access_key_id="key",
            secret_access_key=Secret("secret"),
            prefix="media",
            allow_http=True,
            timeout_seconds=seconds,
            connect_timeout_seconds=0.5,
        )
    )


async def new_bucket(s3: tuple[str, int]) -> str:
    bucket = f"b{uuid4().hex[:12]}"
    async with httpx.AsyncClient(timeout=60) as client:
        made = await client.put(f"http://{s3[0]}:{s3[1]}/{bucket}")
    assert made.status_code == 200
    return bucket


@pytest.fixture(params=["folder", "s3"])
def kind(request: pytest.FixtureRequest) -> str:
    if request.param == "s3":
        request.getfixturevalue("s3")
    return str(request.param)


@pytest.fixture
async def storage(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Storage]:
    if kind == "folder":
        settings = Settings(media=MediaSettings(root=tmp_path / "media"))
        yield storage_for(settings, BreakerRegistry())
        return
    s3: tuple[str, int] = request.getfixturevalue("s3")
    yield storage_for(s3_settings(await new_bucket(s3), s3[1]), BreakerRegistry())


async def keys(storage: Storage, before: datetime) -> list[str]:
    return sorted([key async for portion in storage.list_old(before) for key in portion])


async def test_what_was_put_is_got_until_it_is_deleted(storage: Storage) -> None:
    with pytest.raises(StoredFileMissing):
        await storage.get(KEY)
    await storage.put(KEY, b"content")
    await storage.put(KEY, b"content")
    assert await storage.get(KEY) == b"content"
    await storage.delete(KEY)
    await storage.delete(KEY)
    with pytest.raises(StoredFileMissing):
        await storage.get(KEY)


async def test_an_empty_and_a_large_file_come_back_whole(storage: Storage) -> None:
    large = bytes(range(256)) * 20_000
    await storage.put(KEY, large)
    await storage.put(KEY + "0", b"")
    assert await storage.get(KEY) == large
    assert await storage.get(KEY + "0") == b""


async def test_only_what_is_old_is_listed(storage: Storage) -> None:
    await storage.put(KEY, b"content")
    assert await keys(storage, later()) == [KEY]
    assert await keys(storage, datetime.now(UTC) - timedelta(minutes=1)) == []


async def test_missing_files_speak_against_nobody(storage: Storage) -> None:
    for _ in range(20):
        with pytest.raises(StoredFileMissing):
            await storage.get(KEY)
    assert "closed" in storage.describe()
    assert await storage.check()


async def test_a_folder_that_cannot_be_written_is_unavailable_and_then_left_alone(
    tmp_path: Path,
) -> None:
    (tmp_path / "media").write_text("a file where the folder should be")
    breakers = BreakerRegistry()
    storage = storage_for(Settings(media=MediaSettings(root=tmp_path / "media")), breakers)
    for _ in range(5):
        with pytest.raises(StorageUnavailable):
            await storage.put(KEY, b"content")
    with pytest.raises(CircuitOpen):
        await storage.put(KEY, b"content")
    assert breakers.breaker("storage").state is BreakerState.OPEN


@pytest.mark.parametrize("mode", ["refused", "hangs"])
async def test_an_absent_store_costs_a_bounded_time_then_none_and_comes_back(
    s3: tuple[str, int], mode: Mode
) -> None:
    async with Plug(*s3) as plug:
        settings = s3_settings(await new_bucket(s3), plug.port, seconds=0.5)
        breakers = BreakerRegistry()
        storage = storage_for(settings, breakers)
        await storage.put(KEY, b"content")
        await plug.set(mode)
        started = time.perf_counter()
        answers = await asyncio.gather(
            *(storage.get(KEY) for _ in range(5)), return_exceptions=True
        )
        assert {type(one) for one in answers} == {StorageUnavailable}
        assert time.perf_counter() - started < 2.5
        started = time.perf_counter()
        for _ in range(100):
            with pytest.raises(CircuitOpen):
                await storage.get(KEY)
        assert time.perf_counter() - started < 0.5
        await plug.set("through")
        await asyncio.sleep(breakers.breaker("storage").snapshot().retry_after_seconds)
        assert await storage.get(KEY) == b"content"
        assert breakers.breaker("storage").state is BreakerState.CLOSED


async def test_a_bucket_that_is_not_there_is_no_missing_file(s3: tuple[str, int]) -> None:
    storage = storage_for(s3_settings("never-made", s3[1]), BreakerRegistry())
    with pytest.raises(StorageUnavailable):
        await storage.check()
