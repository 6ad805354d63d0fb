"""A lean HTTP/1.1 client for load: keep-alive connections that do nothing but ask, count and ask again.

Each connection is one shopper, a generator that is sent the answer and gives the next request. No
futures and no objects per request, so that the server is what is measured. Refuses: chunked answers,
redirects, TLS and everything else a client for people needs.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable, Generator
from typing import Final, NamedTuple, cast

import msgspec

TIMED_OUT_SECONDS: Final = 30.0


class Ask(NamedTuple):
    """One request: what it is counted as ("" is not counted) and its bytes."""

    kind: str
    data: bytes


class Answered(NamedTuple):
    """What came back."""

    status: int
    head: bytes
    body: bytes


Shopper = Generator[Ask, Answered, None]


class Measured(msgspec.Struct, kw_only=True):
    """What a run of load saw.

    Attributes:
        milliseconds: time to the last byte of each counted answer, by kind, in order of arrival.
        refused: answers of 4xx, by status.
        errors: answers of 5xx, by status, and broken connections (0).
    """

    seconds: float = 0.0
    milliseconds: dict[str, list[float]] = msgspec.field(default_factory=dict)
    refused: dict[int, int] = msgspec.field(default_factory=dict)
    errors: dict[int, int] = msgspec.field(default_factory=dict)

    @property
    def requests(self) -> int:
        return sum(len(one) for one in self.milliseconds.values())

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds if self.seconds else 0.0

    def quantile(self, share: float, kind: str | None = None) -> float:
        """Milliseconds within which `share` of the answers came; 0 when there were none."""
        found = sorted(
            self.milliseconds.get(kind, [])
            if kind is not None
            else [one for each in self.milliseconds.values() for one in each]
        )
        return found[min(len(found) - 1, int(len(found) * share))] if found else 0.0


def _same_line(line: _Line) -> _Line:
    return line


class _Line(asyncio.Protocol):
    """One connection with its shopper."""

    def __init__(self, shopper: Shopper, into: Measured, until: float) -> None:
        self._shopper = shopper
        self._into = into
        self._until = until
        self._transport: asyncio.WriteTransport | None = None
        self._parts: list[bytes] = []
        self._have = self._want = 0
        self._asked_at = 0.0
        self._kind = ""
        self.answers = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's is no subclass
        self._ask(next(self._shopper))

    def _ask(self, ask: Ask) -> None:
        self._kind = ask.kind
        self._asked_at = time.perf_counter()
        if self._transport is not None:
            self._transport.write(ask.data)

    def data_received(self, data: bytes) -> None:
        if self._have:
            self._parts.append(data)
            self._have += len(data)
            if self._have < self._want:
                return
            data = b"".join(self._parts)
        end = data.find(b"\r\n\r\n")
        if end < 0:
            self._parts, self._have, self._want = [data], len(data), 0
            return
        size = _length(data, end)
        if len(data) < end + 4 + size:
            self._parts, self._have, self._want = [data], len(data), end + 4 + size
            return
        self._parts, self._have = [], 0
        self._answered(data, end)

    def _answered(self, data: bytes, end: int) -> None:
        now = time.perf_counter()
        status = int(data[9:12])
        self.answers += 1
        into = self._into
        if self._kind:
            into.milliseconds.setdefault(self._kind, []).append((now - self._asked_at) * 1000)
        if status >= 400:
            where = into.errors if status >= 500 else into.refused
            where[status] = where.get(status, 0) + 1
        if now >= self._until:
            self._finish()
            return
        try:
            ask = self._shopper.send(Answered(status, data[:end], data[end + 4 :]))
        except StopIteration:
            self._finish()
            return
        self._ask(ask)

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
        if self._transport is not None:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio names it
        if not self.done.done():
            self._into.errors[0] = self._into.errors.get(0, 0) + 1
            self.done.set_result(None)


def _length(data: bytes, end: int) -> int:
    at = data.find(b"content-length: ", 0, end)
    if at < 0:
        return 0
    stop = data.find(b"\r\n", at)
    return int(data[at + 16 : stop])


async def load(
    host: str,
    port: int,
    shoppers: list[Shopper],
    *,
    seconds: float | None,
    tick: Callable[[Measured], None] | None = None,
) -> Measured:
    """Let each shopper ask over a connection of its own.

    Args:
        seconds: how long; None until every shopper has gone.
        tick: called about ten times a second with what there is so far.

    Raises:
        OSError: nobody listens there.
    """
    loop = asyncio.get_running_loop()
    measured = Measured()
    started = time.perf_counter()
    end = started + seconds if seconds is not None else float("inf")
    lines: list[_Line] = []
    for shopper in shoppers:
        line = _Line(shopper, measured, end)
        await loop.create_connection(functools.partial(_same_line, line), host, port)
        lines.append(line)
    waiting = asyncio.gather(*(line.done for line in lines))
    answered, answered_at = 0, started
    while not waiting.done():
        await asyncio.wait([waiting], timeout=0.1)
        measured.seconds = time.perf_counter() - started
        if tick is not None:
            tick(measured)
        count = sum(line.answers for line in lines)
        if count != answered:
            answered, answered_at = count, time.perf_counter()
        elif time.perf_counter() - answered_at > TIMED_OUT_SECONDS:
            waiting.cancel()
            measured.errors[0] = measured.errors.get(0, 0) + 1
            break
    measured.seconds = time.perf_counter() - started
    return measured


async def fetch(host: str, port: int, request: bytes) -> Answered:
    """One request by itself. Raises OSError when nobody listens there."""
    got: list[Answered] = []

    def once() -> Shopper:
        got.append((yield Ask("", request)))

    await load(host, port, [once()], seconds=None)
    if not got:
        raise ConnectionError(f"{host}:{port} closed the connection without an answer")
    return got[0]
