"""A relay or worker process of the bus chaos, with one consumer that writes what it applies.

Settings come from RUSTOK_* variables; arguments are a folder, where a file tells that the process is
up, and the duties: relay, consumers.
Now and then the consumer fails on purpose, so that retries and held-back events are part of it.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path
from typing import Any, Final, cast

import uvloop
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

from rustok.core.bus.port import Consumer
from rustok.core.db import Id, WriteTx
from rustok.core.errors import Conflict
from rustok.core.events.envelope import Envelope
from rustok.core.modules import Module, Modules
from rustok.server.platform import Duty, Platform
from rustok.server.serving import work
from rustok.server.settings import load
from rustok.telemetry import logs

FAILING: Final = 0.005
EVENT_TYPE: Final = "category.updated"

effects: Final = Table(
    "chaos_effects",
    MetaData(),  # its own: no table of the platform
    Column("position", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
    Column("tenant_id", Id(), nullable=False),
    Column("consumer", Text, nullable=False),
    Column("aggregate_id", Id(), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    info={"tenant": "tenant_id"},
)


async def write_down(tx: WriteTx, _event: Any, envelope: Envelope) -> None:
    await tx.insert(
        effects,
        consumer="chaos.effects",
        aggregate_id=envelope.aggregate_id,
        sequence=envelope.sequence,
    )
    if random.random() < FAILING:
        raise Conflict("a failure on purpose")


CONSUMER: Final = Consumer(name="chaos.effects", handlers={EVENT_TYPE: write_down})


def platform_for_chaos() -> Platform:
    """A platform whose only module is the consumer above."""
    module = Module(slug="chaos", title="Chaos", consumers=(CONSUMER,), always_on=True)
    return Platform(load(), modules=Modules([module]), observer=None)


async def main(duties: list[Duty], folder: Path) -> None:
    logs.configure(level="WARNING", log_format="json")
    platform = platform_for_chaos()
    await platform.open()
    # Run by the loop once `work` waits for its signals.
    asyncio.get_running_loop().call_later(0.1, up_file(folder, os.getpid()).touch)
    await work(platform, duties)


def up_file(folder: Path, pid: int) -> Path:
    """There once the process does its duties, and stops when it is asked to."""
    return folder / f"up-{pid}"


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(cast("list[Duty]", sys.argv[2:]), Path(sys.argv[1])))
