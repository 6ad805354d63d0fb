"""One consumer on one lane of the stream: reads it in order, applies it once, acknowledges what is done.

Refuses: skipping. What cannot be applied is tried again and at last buried by `Applier`; later events
of its aggregate wait in hand, all others go on.

Order holds without trust in redelivery, which knows no order: a lane begins by reading everything
after the last acknowledged event once more, straight from the stream, and goes on with the durable
consumer's new deliveries; a delivery that is missing makes it begin again. Two workers that both
believe to hold a lane are safe: each applies an unbroken run from an acknowledged point, and the
inbox lets an event be applied by one of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Final, Literal

import msgspec
import nats.errors
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, ConsumerInfo, DeliverPolicy

from rustok.core.bus.applying import Applier
from rustok.core.bus.errors import BrokerNotProvisioned, BrokerUnavailable
from rustok.core.bus.jetstream_connection import Broker, translated
from rustok.core.bus.jetstream_layout import decode, durable_name, filters
from rustok.core.bus.jetstream_provision import filters_of
from rustok.core.bus.jetstream_pull import Pull
from rustok.core.bus.jetstream_window import Gap, Window
from rustok.core.bus.port import Consumer
from rustok.core.db import DatabaseUnavailable
from rustok.core.errors import Unavailable
from rustok.core.outbox import PendingEvent
from rustok.core.relay import ABSENCE_ATTEMPTS, retry_delay_seconds
from rustok.telemetry import metrics
from rustok.telemetry.logs import get_logger

BATCH: Final = 256
SLICE: Final = 256
"""Events applied before the acknowledgements of those done go out."""
IDLE_SECONDS: Final = 5.0
CATCH_UP_SILENCE_SECONDS: Final = 5.0
GAP_PAUSE_SECONDS: Final = 0.05
LONGEST_PAUSE_FAILURES: Final = 4
"""A lane whose broker or database is away looks again after at most 3.2 seconds."""

log = get_logger("rustok.bus.lane")


class Lane:
    """Args:
    broker: the connection.
    applier: applies to this consumer alone.
    consumer: the receiver.
    partition: the lane's number.
    gate: bounds how many lanes of this process apply at one time.
    """

    def __init__(
        self,
        broker: Broker,
        applier: Applier,
        consumer: Consumer,
        partition: int,
        *,
        gate: asyncio.Semaphore,
    ) -> None:
        self._broker = broker
        self._applier = applier
        self._consumer = consumer
        self._durable = durable_name(consumer.name, partition)
        self._partition = partition
        self._gate = gate
        self._window = Window()
        self._generation = 0
        self._pull: Pull | None = None
        self._extended_at = 0.0
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Let `run` end after the batch at hand."""
        self._stop.set()
        self._interrupt()

    def _interrupt(self) -> None:
        if self._pull is not None:
            self._pull.interrupt()

    async def run(self) -> None:
        """Work until `stop`; survives an absent broker or database."""
        failures = 0
        unlisten = self._broker.listen(self._interrupt)
        try:
            while not self._stop.is_set():
                try:
                    await self._resume()
                    while not self._stop.is_set():
                        await self._step()
                        failures = 0
                except Gap as gap:
                    log.info("lane.gap", consumer=self._durable, reason=str(gap))
                    await self._rest(GAP_PAUSE_SECONDS)
                    continue
                except Unavailable as error:
                    failures += 1
                    # An absence is told once; it is asked about every few seconds.
                    tell = log.warning if failures == 1 else log.debug
                    tell("lane.unavailable", consumer=self._durable, code=error.code)
                except Exception:
                    failures += 1
                    log.exception("lane.failed", consumer=self._durable)
                if failures:
                    await self._rest(retry_delay_seconds(min(failures, LONGEST_PAUSE_FAILURES)))
        finally:
            unlisten()
            await self._hand_back()

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()

    async def _resume(self) -> None:
        """Read again what is not acknowledged, then open the durable consumer's deliveries."""
        if self._pull is not None:
            await self._pull.close()
            self._pull = None
        self._generation = self._broker.generation
        info = await self._broker.consumer_info(self._durable)
        self._check_filter(info)
        assert info.delivered is not None
        assert info.ack_floor is not None
        floor, end = info.ack_floor.stream_seq, info.delivered.stream_seq
        self._window.restart(high=floor, expected=1)
        if info.num_ack_pending:
            await self._catch_up(info.config, floor + 1, end)
        self._window.go_live(high=max(floor, end), expected=info.delivered.consumer_seq + 1)
        pull = Pull(self._broker, self._durable)
        await pull.open()
        self._pull = pull

    def _check_filter(self, info: ConsumerInfo) -> None:
        settings = self._broker.settings
        wanted = filters(
            self._consumer,
            self._partition,
            prefix=settings.subjects,
            server=self._broker.server_version,
        )
        # A consumer made for an older server gets the whole lane, which is more than enough.
        if filters_of(info.config) not in (wanted, [f"{settings.subjects}.{self._partition}.>"]):
            raise BrokerNotProvisioned(f"consumer {self._durable} has other event types")

    async def _catch_up(self, durable: ConsumerConfig, first: int, last: int) -> None:
        """Read `first` to `last` from the stream with a reader of its own, and apply it."""
        js, settings = self._broker.js, self._broker.settings
        config = ConsumerConfig(
            description=f"reads again for {self._durable}",
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=first,
            ack_policy=AckPolicy.NONE,
            filter_subject=durable.filter_subject,
            filter_subjects=durable.filter_subjects,
            inactive_threshold=60.0,
            mem_storage=True,
            num_replicas=1,
        )
        with translated("stream"):
            reader = await js.add_consumer(settings.stream, config)
        log.info("lane.catches_up", consumer=self._durable, first=first, last=last)
        pull = Pull(self._broker, reader.name)
        await pull.open()
        try:
            left = reader.num_pending or 0
            silent_since = time.monotonic()
            while left and self._window.high < last and not self._stop.is_set():
                self._check_connection()
                await self._apply()
                if self._window.room <= 0:
                    await self._rest(self._pause())
                    silent_since = time.monotonic()
                    continue
                taken = await pull.take(
                    min(BATCH, self._window.room), timeout_seconds=min(1.0, self._pause())
                )
                for message in taken:
                    silent_since = time.monotonic()
                    meta = message.metadata
                    left = meta.num_pending
                    if meta.sequence.stream <= last:
                        self._accept(message, live=False)
                    else:
                        left = 0
                        break
                if time.monotonic() - silent_since > CATCH_UP_SILENCE_SECONDS:
                    raise Gap("the reader went silent")
            await self._apply()
        finally:
            await pull.close()
            with contextlib.suppress(Unavailable), translated("reader"):
                await self._broker.js.delete_consumer(settings.stream, reader.name)

    def _check_connection(self) -> None:
        if self._broker.generation != self._generation:
            raise Gap("the connection was made anew")
        if not self._broker.connected:
            raise BrokerUnavailable(self._broker.away_because or "the connection broke")

    def _pause(self) -> float:
        """Seconds until something in hand is due."""
        at = self._window.next_due()
        return IDLE_SECONDS if at is None else max(0.001, at - time.monotonic())

    async def _step(self) -> None:
        self._check_connection()
        assert self._pull is not None
        room = self._window.room
        if room > 0:
            wait = min(IDLE_SECONDS, self._pause())
            for message in await self._pull.take(min(BATCH, room), timeout_seconds=wait):
                answer = self._accept(message, live=True)
                with translated("acknowledgement"):
                    if answer == "ack":
                        await message.ack()
                    elif answer == "term":
                        await message.term()
        else:
            await self._rest(min(IDLE_SECONDS, self._pause()))
        try:
            await self._apply()
        except DatabaseUnavailable as error:
            # Nothing is lost from hand, so nothing has to be read again.
            log.warning("lane.unavailable", consumer=self._durable, code=error.code)
            await self._rest(retry_delay_seconds(ABSENCE_ATTEMPTS))
        await self._extend()

    def _accept(self, message: Msg, *, live: bool) -> Literal["hold", "ack", "term"]:
        """Take a message in hand, or say what to answer when there is nothing else to do about it.

        Args:
            live: the message is of the durable consumer and is acknowledged when it is done.

        Raises:
            Gap: a delivery before it is missing.
        """
        meta = message.metadata
        position = meta.sequence.stream
        if self._window.seen(position, meta.sequence.consumer):
            held = self._window.held.get(position)
            if held is None:
                return "ack"
            held.message = message
            return "hold"
        try:
            envelope = decode(message.data)
        except msgspec.DecodeError:
            # Only somebody else can have put this here; it has no aggregate to hold up.
            log.error("lane.not_an_envelope", consumer=self._durable, position=position)
            metrics.EVENTS_REJECTED.labels(reason="not_an_envelope").inc()
            return "term"
        if envelope.type not in self._consumer.handlers:
            return "ack"
        self._window.hold(
            PendingEvent(
                position=position,
                attempts=0,
                envelope=envelope,
                carried_by=(message.headers or {}).get("traceparent"),
            ),
            message if live else None,
        )
        return "hold"

    async def _apply(self) -> None:
        """Apply what is due, slice by slice; acknowledge what is done.

        Raises:
            DatabaseUnavailable: what is not done stays in hand.
        """
        while due := self._window.due(time.monotonic())[:SLICE]:
            async with self._gate:
                outcomes = await self._applier.apply(due)
            now = time.monotonic()
            for outcome in outcomes:
                done = self._window.settle(outcome, now)
                if done is not None and done.message is not None:
                    with translated("acknowledgement"):
                        await done.message.ack()
            await self._extend()
            if self._stop.is_set():
                return

    async def _extend(self) -> None:
        """Tell the broker that what waits in hand is not lost, before it delivers it again."""
        now = time.monotonic()
        if now - self._extended_at < self._broker.settings.ack_wait_seconds / 3:
            return
        self._extended_at = now
        for held in self._window.held.values():
            if held.message is not None:
                with translated("acknowledgement"):
                    await held.message.in_progress()

    async def _hand_back(self) -> None:
        """Give what is not done back to the broker, for the next worker to have it at once."""
        pull, self._pull = self._pull, None
        untouched = await pull.close() if pull is not None else []
        in_hand = [held.message for held in self._window.held.values()]
        with contextlib.suppress(nats.errors.Error, OSError):
            for message in [*in_hand, *untouched]:
                if message is not None:
                    await message.nak()
