"""Transports for the contract tests: `rig` is each of them in turn, `jetstream` that one alone."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.conftest import World
from tests.contract.bus_rig import Rig, RigFactory
from tests.nats_process import SHARED, NatsProcess, answers


@pytest.fixture(scope="session")
def nats_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The machine's server, else one of our own."""
    parts = urlsplit(SHARED)
    if answers(parts.hostname or "", parts.port or 4222):
        yield SHARED
        return
    process = NatsProcess(tmp_path_factory.mktemp("nats"))
    process.start()
    yield process.url
    process.end()


@pytest.fixture
def own_nats(tmp_path: Path) -> Iterator[NatsProcess]:
    process = NatsProcess(tmp_path)
    process.start()
    yield process
    process.end()


@pytest.fixture
async def rigs(world: World) -> AsyncIterator[RigFactory]:
    made: list[Rig] = []

    async def make(kind: str, url: str) -> Rig:
        rig = Rig(world, kind, url, f"TEST_{os.getpid()}_{uuid4().hex[:8]}")
        made.append(rig)
        return rig

    yield make
    for rig in made:
        await rig.stop()
        await rig.delete()


@pytest.fixture(params=["embedded", "jetstream"])
async def rig(request: pytest.FixtureRequest, rigs: RigFactory, nats_url: str) -> Rig:
    return await rigs(request.param, nats_url)


@pytest.fixture
async def jetstream(rigs: RigFactory, nats_url: str) -> Rig:
    return await rigs("jetstream", nats_url)
