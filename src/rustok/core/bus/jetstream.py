"""The NATS JetStream transport: the relay's events into the stream, acknowledged, in order per aggregate.

Refuses: knowing consumers; what reads the stream is `consuming`. It waits for no absent broker.

The events of one aggregate are sent one after the other, each when the one before is acknowledged:
pipelined, the first could be refused or lost with a connection and the second stored. Aggregates go
side by side. An event sent twice is dropped by the broker within the stream's duplicate window and
by the inbox after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import nats.errors

from rustok.core.bus import tracks
from rustok.core.bus.errors import BrokerUnavailable
from rustok.core.bus.jetstream_connection import Broker, translated
from rustok.core.bus.jetstream_layout import encode, headers_of, partition_of, subject_of
from rustok.core.bus.jetstream_room import LaneRoom
from rustok.core.bus.port import Outcome
from rustok.core.outbox import PendingEvent
from rustok.core.resilience.breaker_settings import BreakerSettings
from rustok.core.resilience.circuit_breaker import CircuitBreaker
from rustok.telemetry.logs import get_logger
from rustok.telemetry.tracing import Span

BREAKER: Final = BreakerSettings(
    consecutive_failures=3,
    failure_rate=None,
    slow_call_rate=None,
    open_seconds=2.0,
    probes=1,
)
"""Of a broker that is connected and does not acknowledge; one that is not connected costs nothing anyway."""

log = get_logger("rustok.bus.jetstream")


class JetStreamTransport:
    """Args:
    broker: the connection.
    breaker: around every batch; None makes one of its own.
    room: what may be sent; None: as much as the stream takes.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        breaker: CircuitBreaker | None = None,
        room: LaneRoom | None = None,
    ) -> None:
        self._broker = broker
        self._room = room
        self.breaker = breaker or CircuitBreaker("nats", BREAKER)
        broker.listen(self._on_connection)

    def _on_connection(self) -> None:
        if self._broker.connected:
            self.breaker.reset("the broker is back")

    def hurry(self) -> None:
        """Nothing to hurry: a batch is sent in milliseconds."""

    async def publish(self, events: Sequence[PendingEvent]) -> list[Outcome]:
        """As the port says; an event whose predecessor is not acknowledged, or whose lane has no room, is
        "blocked" and was not sent.

        Raises:
            BrokerUnavailable: not connected, or nothing of the batch was acknowledged in time.
            CircuitOpen: the last batches failed; nothing was sent.
        """
        if not events:
            return []
        self._broker.open()  # the first use connects
        _ = self._broker.client  # an absence is told before anything is made ready
        return await self.breaker.call(self._publish, events)

    async def _publish(self, events: Sequence[PendingEvent]) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        chains = await self._chains(events, outcomes)
        if not chains:
            return [outcomes[event.position] for event in events]
        refusals: list[BrokerUnavailable] = []
        tasks = [
            asyncio.create_task(self._send(chain, outcomes, refusals)) for chain in chains.values()
        ]
        seconds = self._broker.settings.publish_timeout_seconds
        try:
            _, late = await asyncio.wait(tasks, timeout=seconds)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if late:
            log.warning("jetstream.acks_late", aggregates=len(late), after_seconds=seconds)
        for chain in chains.values():
            _settle_rest(chain, outcomes)
        sent = [outcomes[event.position] for chain in chains.values() for event in chain]
        if not any(one.result == "published" or one.counts for one in sent):
            raise refusals[0] if refusals else BrokerUnavailable("nothing was acknowledged in time")
        return [outcomes[event.position] for event in events]

    async def _chains(
        self, events: Sequence[PendingEvent], outcomes: dict[int, Outcome]
    ) -> dict[tuple[UUID, str, UUID], list[PendingEvent]]:
        """What may be sent, by aggregate; the rest is noted as blocked."""
        partitions = self._broker.settings.partitions
        lanes = [
            partition_of(e.tenant_id, e.aggregate_type, e.aggregate_id, partitions)
            for e in (event.envelope for event in events)
        ]
        if self._room is not None:
            await self._room.look(lanes)
        chains: dict[tuple[UUID, str, UUID], list[PendingEvent]] = {}
        held_back: set[int] = set()
        # In the order given, which is that of the tenants' turns: room goes round as well.
        for event, lane in zip(events, lanes, strict=True):
            if self._room is not None and (lane in held_back or not self._room.take(lane)):
                held_back.add(lane)
                outcomes[event.position] = Outcome(
                    position=event.position, result="blocked", counts=False
                )
                continue
            envelope = event.envelope
            key = (envelope.tenant_id, envelope.aggregate_type, envelope.aggregate_id)
            chains.setdefault(key, []).append(event)
        return chains

    async def _send(
        self,
        chain: list[PendingEvent],
        outcomes: dict[int, Outcome],
        refusals: list[BrokerUnavailable],
    ) -> None:
        """Send the events of one aggregate, each after the acknowledgement of the one before."""
        settings = self._broker.settings
        for event in chain:
            envelope = event.envelope
            subject = subject_of(envelope, prefix=settings.subjects, partitions=settings.partitions)
            try:
                with tracks.publishing(event, subject=subject) as span, translated(subject):
                    waiting = await self._broker.js.publish_async(
                        subject,
                        encode(envelope),
                        stream=settings.stream,
                        headers=headers_of(
                            envelope,
                            traceparent=span.traceparent() if isinstance(span, Span) else None,
                        ),
                    )
                    await waiting
            except BrokerUnavailable as error:
                # An event too large for the broker is its own fault; all else is an absence.
                own = isinstance(error.__cause__, nats.errors.MaxPayloadError)
                refusals.append(error)
                outcomes[event.position] = Outcome(
                    position=event.position, result="retry", error=error.detail, counts=own
                )
                return
            outcomes[event.position] = Outcome(position=event.position, result="published")


def _settle_rest(chain: list[PendingEvent], outcomes: dict[int, Outcome]) -> None:
    """The first event of a chain without an answer may be stored and is sent again; those after it wait."""
    failed = False
    for event in chain:
        known = outcomes.get(event.position)
        if known is None:
            outcomes[event.position] = (
                Outcome(position=event.position, result="blocked", counts=False)
                if failed
                else Outcome(
                    position=event.position,
                    result="retry",
                    error="The broker did not acknowledge in time.",
                    counts=False,
                )
            )
        failed = failed or outcomes[event.position].result != "published"
