"""A thread that takes encoded spans, and lines, off a bounded queue and sends them in batches.

Nobody waits for it: when the collector is away it keeps what the queue has room for, drops the rest
and counts it. Spans are encoded where they end, at under a microsecond each: a thread that encodes them fights the
requests for the interpreter's lock, which trebled their p99.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from rustok.telemetry import metrics
from rustok.telemetry.otlp import logs, spans, wire
from rustok.telemetry.otlp import metrics as metric_messages
from rustok.telemetry.otlp.sending import SIGNALS, CollectorAway, Refused, Sender, Signal
from rustok.telemetry.request_lines import RequestLine
from rustok.telemetry.tracing import Buffer, Single

QUEUE: Final = 16_384
"""Spans and lines that may wait, each."""
BATCH: Final = 2_048
"""Spans or lines of one request: a megabyte or so, of the four that collectors take. Each request costs
the event loop several turns at the lock."""
EVERY_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 30.0
WAKE_AT: Final = QUEUE // 8
"""Spans or lines at which the thread does not wait for its next round; a round costs the loop a switch."""
BREATH: Final = 128
"""After so many lines the thread lets others run: encoding must not hold up requests."""

Line = tuple[Mapping[str, object], int]


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """Who speaks, by the names of OpenTelemetry's conventions."""

    attributes: dict[str, str]

    def encoded(self) -> bytes:
        return wire.attributes(1, self.attributes)


class Exporter:
    """Args:
    sender: the connection; used by this thread alone.
    resource: who speaks.
    signals: what is sent.
    metrics_seconds: how often metrics are.
    """

    def __init__(
        self,
        sender: Sender,
        resource: Resource,
        *,
        signals: tuple[Signal, ...] = SIGNALS,
        metrics_seconds: float = 15.0,
    ) -> None:
        self._sender = sender
        self._resource = resource.encoded()
        self._signals = signals
        self._metrics_seconds = metrics_seconds
        self._traces: deque[bytes] = deque()
        self._lines: deque[Line | bytes] = deque()
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._failures = 0
        self._started_ns = time.time_ns()
        self._thread = threading.Thread(target=self._run, name="otlp", daemon=True)
        self._dropped = {
            signal: metrics.TELEMETRY_DROPPED.labels(signal=signal) for signal in SIGNALS
        }
        self._sent = {signal: metrics.TELEMETRY_SENT.labels(signal=signal) for signal in SIGNALS}

    def start(self) -> None:
        self._thread.start()

    def take_trace(self, buffer: Buffer | Single) -> None:
        """Queue the spans of a local root; the sink of a tracer."""
        if len(self._traces) >= QUEUE:
            self._dropped["traces"].inc(1 if isinstance(buffer, tuple) else len(buffer))
            return
        # Encoded here: no garbage to collect, and no thread to fight for the interpreter's lock.
        before = len(self._traces)
        if isinstance(buffer, tuple):
            self._traces.append(spans.encode_single(buffer))
        else:
            self._traces += spans.encode(buffer)
            buffer.forget()
        if before < WAKE_AT <= len(self._traces):
            self._wake.set()

    def take_line(self, line: Mapping[str, object]) -> None:
        """Queue a log line, redacted already."""
        if len(self._lines) >= QUEUE:
            self._dropped["logs"].inc()
            return
        self._lines.append((line, time.time_ns()))

    def take_request(self, line: RequestLine) -> None:
        """Queue the line of a request."""
        if len(self._lines) >= QUEUE:
            self._dropped["logs"].inc()
            return
        self._lines.append(logs.encode_request(line, time.time_ns()))
        if len(self._lines) == WAKE_AT:
            self._wake.set()

    def close(self, timeout_seconds: float = 5.0) -> None:
        """Send what waits, for a bounded time, and end."""
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout_seconds)

    def _run(self) -> None:
        next_metrics = time.monotonic() + self._metrics_seconds
        while True:
            stopping = self._stop.is_set()
            if "traces" in self._signals:
                self._drain("traces", self._next_spans)
            if "logs" in self._signals:
                self._drain("logs", self._next_lines)
            if "metrics" in self._signals and (stopping or time.monotonic() >= next_metrics):
                next_metrics = time.monotonic() + self._metrics_seconds
                self._send_metrics()
            if stopping:
                self._sender.close()
                return
            self._wake.wait(EVERY_SECONDS)
            self._wake.clear()

    def _next_spans(self) -> list[bytes]:
        return [self._traces.popleft() for _ in range(min(len(self._traces), BATCH))]

    def _next_lines(self) -> list[bytes]:
        items: list[bytes] = []
        while self._lines and len(items) < BATCH:
            line = self._lines.popleft()
            if isinstance(line, bytes):
                items.append(line)
                continue
            items.append(logs.encode(*line))
            if len(items) % BREATH == 0:
                time.sleep(0)
        return items

    def _drain(self, signal: Signal, take: Callable[[], list[bytes]]) -> None:
        while items := take():
            self._send(signal, items)

    def _send_metrics(self) -> None:
        try:
            families = metrics.snapshot()
            items = metric_messages.encode(
                families, started_ns=self._started_ns, now_ns=time.time_ns()
            )
        except RuntimeError:
            return  # a family grew while it was read; next time
        # Old values help nobody: metrics are tried once.
        self._send("metrics", items, attempts=1)

    def _send(self, signal: Signal, items: list[bytes], attempts: int = 5) -> None:
        body = wire.scoped(self._resource, items)
        for attempt in range(attempts):
            try:
                self._sender.send(signal, body)
            except CollectorAway:
                self._failures += 1
                if attempt + 1 == attempts or self._stop.is_set():
                    break
                self._stop.wait(min(LONGEST_PAUSE_SECONDS, 0.5 * 2.0 ** min(self._failures, 6)))
            except Refused:
                break
            else:
                self._failures = 0
                self._sent[signal].inc(len(items))
                return
        self._dropped[signal].inc(len(items))
