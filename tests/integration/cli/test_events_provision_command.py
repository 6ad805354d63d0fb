"""`rustok events provision`: makes what a worker needs, repeats safely, and says when NATS is away."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from rustok.core.bus.jetstream_connection import Broker, JetStreamSettings
from rustok.server.modules import all_modules
from tests.integration.cli.conftest import Cli
from tests.nats_process import NatsProcess

pytestmark = pytest.mark.nats


@pytest.fixture
def nats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NatsProcess]:
    folder = tmp_path / "nats"
    folder.mkdir()
    process = NatsProcess(folder)
    process.start()
    monkeypatch.setenv("RUSTOK_NATS__URLS", process.url)
    yield process
    process.end()


def test_provisioning_makes_a_durable_consumer_for_each_lane(cli: Cli, nats: NatsProcess) -> None:
    made = cli.json("events", "provision")
    assert made["stream"] == "created"
    assert len(made["consumers"]) == 8 * len(all_modules().consumers)
    assert set(made["consumers"].values()) == {"created"}
    again = cli.json("events", "provision")
    assert again["stream"] == "unchanged"
    assert set(again["consumers"].values()) == {"unchanged"}
    assert "unchanged" in cli.ok("events", "provision").out


def test_a_consumer_of_another_version_is_left_until_pruned(cli: Cli, nats: NatsProcess) -> None:
    cli.ok("events", "provision")

    async def add() -> None:
        broker = Broker(JetStreamSettings(urls=(nats.url,)))
        broker.open()
        await broker.wait_connected(5)
        await broker.js.add_consumer("RUSTOK_EVENTS", durable_name="of-yesterday-0")
        await broker.close()

    asyncio.run(add())
    assert cli.json("events", "provision")["consumers"]["of-yesterday-0"] == "left over"
    pruned = cli.json("events", "provision", "--prune")
    assert pruned["consumers"]["of-yesterday-0"] == "deleted"


def test_a_stream_with_other_partitions_is_refused(
    cli: Cli, nats: NatsProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.ok("events", "provision")
    monkeypatch.setenv("RUSTOK_NATS__PARTITIONS", "4")
    refused = cli.run("events", "provision", "--json")
    assert refused.code == 1
    assert refused.problem["code"] == "stream_differs"


def test_an_absent_broker_is_an_unavailable_service(cli: Cli, nats: NatsProcess) -> None:
    nats.end()
    refused = cli.run("events", "provision", "--json")
    assert refused.code == 3
    assert refused.problem["code"] == "broker_unavailable"


def test_consumers_alone_need_jetstream(cli: Cli) -> None:
    refused = cli.run("worker", "--only", "consumers")
    assert refused.code == 2
    assert "jetstream" in refused.err
