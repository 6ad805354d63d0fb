"""Creates and updates what this program needs in JetStream: the stream and its durable consumers.

Refuses: what would lose or reorder events: another number of partitions over a stream that is in
use, and deleting consumers it does not know unless asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)

from rustok.core.bus.errors import BrokerNotProvisioned, StreamDiffers
from rustok.core.bus.jetstream_connection import Broker, translated
from rustok.core.bus.jetstream_layout import check_names, durable_name, filters, stream_subjects
from rustok.core.bus.port import Consumer

DUPLICATE_WINDOW_SECONDS = 120.0
MAX_ACK_PENDING = 1_000
"""Events of one consumer and lane that may be out without an acknowledgement."""

Change = Literal["created", "updated", "unchanged", "deleted", "left over"]


class Provisioned(msgspec.Struct, frozen=True, kw_only=True):
    """What was done: to the stream, and to each durable consumer by name."""

    stream: Change
    consumers: dict[str, Change]


def stream_config(broker: Broker) -> StreamConfig:
    """The stream as it should be. A full stream refuses events, which stay in the outbox."""
    settings = broker.settings
    return StreamConfig(
        name=settings.stream,
        description="Domain events of RusToK",
        subjects=stream_subjects(settings.subjects, settings.partitions),
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        max_age=settings.max_age_seconds,
        num_replicas=settings.replicas,
        duplicate_window=DUPLICATE_WINDOW_SECONDS,
        allow_direct=True,
    )


def consumer_config(
    broker: Broker, consumer: Consumer, partition: int, *, policy: DeliverPolicy
) -> ConsumerConfig:
    """A durable consumer as it should be."""
    settings = broker.settings
    wanted = filters(consumer, partition, prefix=settings.subjects, server=broker.server_version)
    return ConsumerConfig(
        durable_name=durable_name(consumer.name, partition),
        description=f"{consumer.name}, lane {partition}",
        deliver_policy=policy,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=settings.ack_wait_seconds,
        max_deliver=-1,
        max_ack_pending=MAX_ACK_PENDING,
        filter_subject=wanted[0] if len(wanted) == 1 else None,
        filter_subjects=wanted if len(wanted) > 1 else None,
    )


def filters_of(config: ConsumerConfig) -> list[str]:
    """What a consumer on the server is given."""
    several = config.filter_subjects or []
    return sorted(several) if several else [config.filter_subject or ""]


async def provision(
    broker: Broker,
    consumers: Sequence[Consumer],
    *,
    prune: bool = False,
    from_start: bool = False,
) -> Provisioned:
    """Make stream and durable consumers as this program needs them; safe to repeat.

    A consumer new to a stream that exists gets the events published from now on, as in the embedded
    transport; those of a stream made in the same run get all.

    Args:
        prune: delete durable consumers that no consumer of this program has.
        from_start: new consumers get all the stream still holds.

    Raises:
        StreamDiffers: other subjects or partitions.
        BrokerUnavailable.
    """
    check_names(consumers)
    js, settings = broker.js, broker.settings
    wanted = stream_config(broker)
    try:
        found = (await broker.stream_info()).config
    except BrokerNotProvisioned:
        with translated("stream"):
            await js.add_stream(wanted)
        stream: Change = "created"
    else:
        if sorted(found.subjects or []) != sorted(wanted.subjects or []):
            raise StreamDiffers(settings.stream, found.subjects or [])
        same = (
            found.max_age == wanted.max_age
            and found.num_replicas == wanted.num_replicas
            and found.discard == wanted.discard
            and found.duplicate_window == wanted.duplicate_window
        )
        stream = "unchanged"
        if not same:
            with translated("stream"):
                await js.update_stream(wanted)
            stream = "updated"
    policy = DeliverPolicy.ALL if from_start or stream == "created" else DeliverPolicy.NEW
    done: dict[str, Change] = {}
    for consumer in consumers:
        for lane in range(settings.partitions):
            name = durable_name(consumer.name, lane)
            done[name] = await _provision_consumer(broker, consumer, lane, policy)
    with translated("consumers"):
        known: list[str] = []
        durable: set[str] = set()
        while page := await js.consumers_info(settings.stream, offset=len(known)):
            known += [info.name for info in page]
            durable |= {info.name for info in page if info.config.durable_name}
        for name in sorted(durable - set(done)):
            done[name] = "left over"
            if prune:
                await js.delete_consumer(settings.stream, name)
                done[name] = "deleted"
    return Provisioned(stream=stream, consumers=done)


async def _provision_consumer(
    broker: Broker, consumer: Consumer, lane: int, policy: DeliverPolicy
) -> Change:
    js, stream = broker.js, broker.settings.stream
    name = durable_name(consumer.name, lane)
    wanted = consumer_config(broker, consumer, lane, policy=policy)
    try:
        found = (await broker.consumer_info(name)).config
    except BrokerNotProvisioned:
        with translated(f"consumer {name}"):
            await js.add_consumer(stream, wanted)
        return "created"
    if (
        filters_of(found) == filters_of(wanted)
        and found.ack_wait == wanted.ack_wait
        and found.max_ack_pending == wanted.max_ack_pending
    ):
        return "unchanged"
    # Where it begins cannot be changed; all else can.
    wanted.deliver_policy = found.deliver_policy
    wanted.opt_start_seq = found.opt_start_seq
    wanted.opt_start_time = found.opt_start_time
    with translated(f"consumer {name}"):
        await js.add_consumer(stream, wanted)
    return "updated"
