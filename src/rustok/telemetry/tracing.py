"""Spans of one process: begun by hand, kept until their local root ends, then dropped or handed on.

Without a tracer every call here is a look at one variable. With one, the spans of a request wait in
a buffer until the request ends: those of a sampled trace are kept, and those of a request that
failed or was slow whatever was drawn. Refuses: values of SQL, query strings, baggage, and sending
anything (a `Sink` does, in its own time).

Source: OpenTelemetry trace specification; W3C Trace Context Level 2.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Final, Literal

from rustok.telemetry import trace_context
from rustok.telemetry.trace_context import RANDOM_TRACE_ID, SAMPLED, TraceContext

Value = str | int | float | bool
Attributes = Mapping[str, Value]
Kind = Literal[1, 2, 3, 4, 5]


class SharedAttributes(dict[str, Value]):
    """Attributes many spans share, such as those of one statement; they are encoded once."""

    __slots__ = ("encoded",)

    def __init__(self, values: Attributes) -> None:
        super().__init__(values)
        self.encoded: bytes | None = None


INTERNAL: Final = 1
SERVER: Final = 2
CLIENT: Final = 3
PRODUCER: Final = 4
CONSUMER: Final = 5

MAX_SPANS: Final = 1_000
"""Spans kept of one local root; a request of more is told by its first thousand."""
MAX_LINKS: Final = 128

Leaf = tuple[str, Kind, str, int, int, Attributes, int, str | None]
"""A finished span without children: name, kind, parent, start, end, attributes, rows, error."""
Single = tuple[TraceContext, int, int, "Shape"]
"""A local root without children: place, start, end, and what it shares with others."""
Sink = Callable[["Buffer | Single"], None]
"""Takes what a local root that ended has recorded; it must not wait."""

_ids: Final = random.Random(os.urandom(32))  # noqa: S311 - ids of traces are no secrets


class Buffer:
    """The spans of one local root, until it ends."""

    __slots__ = ("closed", "dropped", "failed", "leaves", "sampled", "spans", "trace_id")

    def __init__(self, trace_id: str, *, sampled: bool) -> None:
        self.trace_id = trace_id
        self.sampled = sampled
        self.failed = False
        self.closed = False
        self.dropped = 0
        self.spans: list[Span] = []
        self.leaves: list[Leaf] = []

    def __len__(self) -> int:
        return len(self.spans) + len(self.leaves)

    def forget(self) -> None:
        """Let go of spans nobody needs any more: they point back here, which only the collector would find."""
        self.spans.clear()
        self.leaves.clear()


class Shape:
    """What many local roots without children share; it is encoded once."""

    __slots__ = ("attributes", "encoded", "kind", "name")

    def __init__(self, name: str, kind: Kind, attributes: Attributes) -> None:
        self.name = name
        self.kind: Kind = kind
        self.attributes = dict(attributes)
        self.encoded: tuple[bytes, bytes] | None = None


class Span:
    """One piece of work under way; used as `with tracing.span(...) as span`."""

    __slots__ = (
        "_is_root",
        "_token",
        "attributes",
        "buffer",
        "ended_ns",
        "error",
        "kind",
        "links",
        "name",
        "parent_id",
        "shared",
        "span_id",
        "started_ns",
    )

    def __init__(
        self,
        buffer: Buffer,
        name: str,
        kind: Kind,
        span_id: str,
        parent_id: str | None,
        attributes: Attributes | None,
        links: Sequence[TraceContext],
        *,
        is_root: bool,
    ) -> None:
        self.buffer = buffer
        self.name = name
        self.kind: Kind = kind
        self.span_id = span_id
        self.parent_id = parent_id
        self.attributes: dict[str, Value] = dict(attributes) if attributes else {}
        self.shared: tuple[SharedAttributes, ...] = ()
        self.links = links
        self.error: str | None = None
        self.started_ns = time.time_ns()
        self.ended_ns = 0
        self._is_root = is_root
        self._token: Token[Span | None] | None = None

    @property
    def trace_id(self) -> str:
        return self.buffer.trace_id

    @property
    def sampled(self) -> bool:
        """Whether it is kept however it ends."""
        return self.buffer.sampled

    def context(self) -> TraceContext:
        """Its place in the trace, for whom it causes."""
        flags = RANDOM_TRACE_ID | (SAMPLED if self.buffer.sampled else 0)
        return TraceContext(trace_id=self.buffer.trace_id, span_id=self.span_id, flags=flags)

    def traceparent(self) -> str:
        """The header value that makes another's span a child of this one."""
        sampled = self.buffer.sampled
        return f"00-{self.buffer.trace_id}-{self.span_id}-{'03' if sampled else '02'}"

    def set(self, name: str, value: Value) -> None:
        self.attributes[name] = value

    def fail(self, kind: str) -> None:
        """Mark it as failed; `kind` is an error's code or class, never its message."""
        self.error = kind
        self.buffer.failed = True

    def leaf(
        self,
        name: str,
        kind: Kind,
        seconds: float,
        attributes: Attributes,
        *,
        rows: int = -1,
        error: str | None = None,
    ) -> None:
        """Record a child that has just ended and has no children of its own.

        Args:
            attributes: kept, not copied.
            rows: rows a statement gave or changed; -1 says nothing.
        """
        buffer = self.buffer
        if len(buffer.leaves) >= MAX_SPANS or buffer.closed:
            buffer.dropped += 1
            return
        ended = time.time_ns()
        started = ended - int(seconds * 1e9)
        buffer.leaves.append((name, kind, self.span_id, started, ended, attributes, rows, error))

    def __enter__(self) -> Span:
        self._token = _current.set(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._token is not None:
            _current.reset(self._token)
        if isinstance(error, Exception) and self.error is None:
            self.error = str(getattr(error, "code", "")) or type(error).__name__
            # A refusal is an answer: it marks the span and does not keep a trace that was not drawn.
            if getattr(error, "status", 500) >= 500:
                self.buffer.failed = True
        self.end()

    def end(self) -> None:
        """Stop the clock; the end of a local root decides over all its spans."""
        self.ended_ns = time.time_ns()
        buffer = self.buffer
        if buffer.closed or (len(buffer.spans) >= MAX_SPANS and not self._is_root):
            buffer.dropped += 1
        else:
            buffer.spans.append(self)
        if self._is_root:
            buffer.closed = True
            tracer = _state.tracer
            if tracer is not None:
                tracer.settle(buffer, self.ended_ns - self.started_ns)


class NoSpan:
    """What stands for a span where nothing is recorded."""

    __slots__ = ()
    span_id: Final = ""
    trace_id: Final = ""
    sampled: Final = False

    def set(self, name: str, value: Value) -> None: ...

    def fail(self, kind: str) -> None: ...

    def __enter__(self) -> NoSpan:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


NO_SPAN: Final = NoSpan()


class Tracer:
    """Args:
    sink: takes what is kept.
    ratio: share of new traces that are sampled, 0 to 1; a caller's decision goes before it.
    slow_seconds: a local root of that length is kept whatever was drawn.
    """

    def __init__(self, sink: Sink, *, ratio: float = 1.0, slow_seconds: float = 1.0) -> None:
        self.sink = sink
        # As TraceIdRatioBased has it: every process draws the same for one trace.
        self._bound = int(ratio * 2**56)
        self._slow_ns = int(slow_seconds * 1e9)

    def draw(self, trace_number: int) -> bool:
        """Whether a new trace is sampled; from its 56 random bits (W3C Trace Context Level 2)."""
        return (trace_number & (2**56 - 1)) < self._bound

    def is_slow(self, seconds: float) -> bool:
        """Whether work of that length is kept whatever was drawn."""
        return seconds * 1e9 >= self._slow_ns

    def settle(self, buffer: Buffer, duration_ns: int) -> None:
        """Hand on the spans of a local root that ended, or let them go."""
        if buffer.sampled or buffer.failed or duration_ns >= self._slow_ns:
            self.sink(buffer)
        else:
            buffer.forget()


class _State:
    """The tracer of this process."""

    __slots__ = ("tracer",)

    def __init__(self) -> None:
        self.tracer: Tracer | None = None


_state: Final = _State()
_current: Final[ContextVar[Span | None]] = ContextVar("rustok_span", default=None)


def use(tracer: Tracer | None) -> None:
    """Record with `tracer` from now on; None records nothing."""
    _state.tracer = tracer


def is_on() -> bool:
    """Whether anything is recorded."""
    return _state.tracer is not None


def current() -> Span | None:
    """The span this task works in."""
    return _current.get()


def begin(traceparent: str | None) -> TraceContext:
    """A place of one's own in the caller's trace, or in a new one: sampled as the caller says, or as drawn."""
    tracer = _state.tracer
    if tracer is None:
        return trace_context.continue_or_start(traceparent)
    caller = trace_context.parse(traceparent) if traceparent else None
    if caller is not None:
        return TraceContext(
            trace_id=caller.trace_id,
            span_id=new_span_id(),
            flags=caller.flags,
            parent_id=caller.span_id,
        )
    number = _ids.getrandbits(128) or 1
    flags = RANDOM_TRACE_ID | (SAMPLED if tracer.draw(number) else 0)
    return TraceContext(trace_id=f"{number:032x}", span_id=new_span_id(), flags=flags)


def root_at(
    place: TraceContext,
    name: str,
    kind: Kind,
    attributes: Attributes | None = None,
    *,
    links: Sequence[TraceContext] = (),
    sampled: bool | None = None,
) -> Span | NoSpan:
    """The first span of this process in a trace, at a place `begin` gave.

    Args:
        links: other traces this work belongs to.
        sampled: instead of what the place says.
    """
    if _state.tracer is None:
        return NO_SPAN
    buffer = Buffer(place.trace_id, sampled=place.sampled if sampled is None else sampled)
    return Span(
        buffer,
        name,
        kind,
        place.span_id,
        place.parent_id,
        attributes,
        links[:MAX_LINKS],
        is_root=True,
    )


def record_root(place: TraceContext, seconds: float, shape: Shape) -> bool:
    """Record work that is over and was a whole local root without children; whether it is kept."""
    tracer = _state.tracer
    if tracer is None or not (place.sampled or tracer.is_slow(seconds)):
        return False
    ended = time.time_ns()
    tracer.sink((place, ended - int(seconds * 1e9), ended, shape))
    return True


def root(
    name: str,
    kind: Kind,
    attributes: Attributes | None = None,
    *,
    parent: str | None = None,
    links: Sequence[TraceContext] = (),
    sampled: bool | None = None,
) -> Span | NoSpan:
    """As `root_at`, at a place made from a `traceparent` that came with the work."""
    if _state.tracer is None:
        return NO_SPAN
    return root_at(begin(parent), name, kind, attributes, links=links, sampled=sampled)


def span(name: str, attributes: Attributes | None = None, kind: Kind = INTERNAL) -> Span | NoSpan:
    """A child of the span this task works in; nothing where it works in none."""
    parent = _current.get()
    if parent is None:
        return NO_SPAN
    return Span(
        parent.buffer, name, kind, new_span_id(), parent.span_id, attributes, (), is_root=False
    )


def exemplar() -> str | None:
    """The trace id for the exemplar of a value measured here; None where the trace may be dropped."""
    here = _current.get()
    return here.buffer.trace_id if here is not None and here.buffer.sampled else None


def traceparent_of(made_by: str | None) -> str | None:
    """The place whoever is caused here belongs to: the current span where it is in the same trace.

    Args:
        made_by: the traceparent of the context that causes it.
    """
    here = _current.get()
    if here is None or made_by is None or made_by[3:35] != here.buffer.trace_id:
        return made_by
    return here.traceparent()


def new_span_id() -> str:
    """16 random hex digits, never all zero."""
    return f"{_ids.getrandbits(64) or 1:016x}"


def new_span_bytes() -> bytes:
    """As `new_span_id`, as its 8 bytes."""
    return (_ids.getrandbits(64) or 1).to_bytes(8, "big")
