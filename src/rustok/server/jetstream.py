"""The JetStream side of a platform, made from its settings: connection, transport, consuming.

It is imported only where `events.transport` is jetstream, and connects nothing by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rustok.core.bus.consuming import Consuming
from rustok.core.bus.jetstream import BREAKER, JetStreamTransport
from rustok.core.bus.jetstream_connection import Broker, JetStreamSettings
from rustok.core.bus.jetstream_room import LaneRoom
from rustok.core.bus.port import Consumer, ProfileOf
from rustok.core.db import Database
from rustok.core.resilience.breaker_registry import BreakerRegistry
from rustok.server.settings import Settings


class JetStream:
    """Args:
    settings: with `nats` and `events`.
    db: the outbox, the inbox and the leases.
    consumers: all receivers.
    breakers: of this process; the transport's is among them.
    profile_of: as for every transport.
    wake: called when the broker is back, so that the relay does not sleep on.
    """

    def __init__(
        self,
        settings: Settings,
        db: Database,
        consumers: Sequence[Consumer],
        *,
        breakers: BreakerRegistry,
        profile_of: ProfileOf,
        wake: Callable[[], None],
    ) -> None:
        self.broker = Broker(jetstream_settings(settings))
        self.transport = JetStreamTransport(
            self.broker,
            breaker=breakers.breaker("nats", BREAKER),
            room=LaneRoom(
                self.broker,
                [consumer.name for consumer in consumers],
                limit=settings.nats.lane_events,
            ),
        )
        self.broker.listen(lambda: wake() if self.broker.connected else None)
        self.consuming = Consuming(
            db,
            self.broker,
            consumers,
            profile_of=profile_of,
            max_attempts=settings.events.max_attempts,
            lease_seconds=settings.events.lease_seconds,
            concurrency=settings.events.worker_concurrency,
        )

    def describe(self) -> str:
        """The transport's state in some words, for health."""
        if not self.broker.opened:
            return "jetstream: carried by other processes"
        if not self.broker.connected:
            return f"jetstream: {self.broker.away_because}; events wait in the outbox"
        return f"jetstream: connected, circuit {self.transport.breaker.state}"


def jetstream_settings(settings: Settings) -> JetStreamSettings:
    """The `nats` section as the transport takes it."""
    nats = settings.nats
    return JetStreamSettings(
        urls=nats.urls,
        user=nats.user,
        password=nats.password.reveal() if nats.password else None,
        token=nats.token.reveal() if nats.token else None,
        credentials_file=str(nats.credentials_file) if nats.credentials_file else None,
        stream=nats.stream,
        subjects=nats.subjects,
        partitions=nats.partitions,
        replicas=nats.replicas,
        max_age_seconds=settings.events.retention_days * 86_400.0,
        ack_wait_seconds=nats.ack_wait_seconds,
        publish_timeout_seconds=nats.publish_timeout_seconds,
    )
