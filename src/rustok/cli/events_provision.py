"""`rustok events provision`: makes the stream and the durable consumers in NATS JetStream.

It deletes nothing unless asked with --prune, and never the stream.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Final

import click
import msgspec

from rustok.cli.invocation import Invocation
from rustok.core.bus.port import Consumer
from rustok.server.modules import all_modules
from rustok.server.settings import Settings
from rustok.telemetry import logs

CONNECT_SECONDS: Final = 5.0


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to the stream and to each durable consumer."""

    stream: str
    consumers: dict[str, str]


@click.command(
    epilog="\b\nExamples:\n  rustok events provision\n  rustok events provision --prune --json"
)
@click.option("--prune", is_flag=True, help="Delete durable consumers this program does not have.")
@click.option(
    "--from-start",
    is_flag=True,
    help="Give new consumers all the stream still holds; default: what comes from now on.",
)
@click.pass_obj
def provision(invocation: Invocation, prune: bool, from_start: bool) -> None:
    """Make the stream and the durable consumers in NATS JetStream; safe to repeat.

    Run it before the first start with events.transport jetstream, and with each version that has
    new consumers or event types.
    """
    settings = invocation.settings()
    # What the connection has to say is said by the error; stderr is one problem with --json.
    logs.configure(level="ERROR", log_format=settings.telemetry.log_format)
    done = asyncio.run(
        provisioned(
            settings,
            all_modules(settings.modules.extra).consumers,
            prune=prune,
            from_start=from_start,
        )
    )
    counts = Counter(done.consumers.values())
    listed = ", ".join(f"{count} {change}" for change, count in sorted(counts.items()))
    invocation.emit(
        done,
        lambda: f"Stream {settings.nats.stream} {done.stream}; consumers: {listed or 'none'}.",
    )
    if counts.get("left over"):
        invocation.note("Some durable consumers are of no use to this version; see --prune.")


async def provisioned(
    settings: Settings, consumers: list[Consumer], *, prune: bool = False, from_start: bool = False
) -> Done:
    """Connect, provision and disconnect.

    Raises:
        StreamDiffers: the stream has other subjects or partitions.
        BrokerUnavailable: NATS does not answer.
    """
    from rustok.core.bus.jetstream_connection import Broker  # late: only some use NATS
    from rustok.core.bus.jetstream_provision import provision as make  # late: as above
    from rustok.server.jetstream import jetstream_settings  # late: as above

    broker = Broker(jetstream_settings(settings))
    broker.open()
    try:
        await broker.wait_connected(CONNECT_SECONDS)
        made = await make(broker, consumers, prune=prune, from_start=from_start)
    finally:
        await broker.close()
    return Done(stream=made.stream, consumers={**made.consumers})
