"""W3C Trace Context: reads, writes and continues `traceparent`; it records and exports no span.

A malformed or all-zero value is treated as absent, as the standard asks: a caller's bad header
starts a new trace and never fails a request.
Source: W3C Trace Context Level 2, section 3.2.
"""

from __future__ import annotations

import random
import re
from functools import lru_cache
from typing import Final

import msgspec

TRACEPARENT: Final = "traceparent"
SAMPLED: Final = 0x01
RANDOM_TRACE_ID: Final = 0x02

# Ids, no secrets. The shared generator is seeded anew in every process, forked ones too.
_bits: Final = random.getrandbits
_PATTERN = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_MAX_CHARACTERS = 512
_NIL_TRACE = "0" * 32
_NIL_SPAN = "0" * 16


class TraceContext(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One place in a trace: `trace_id` 32, `span_id` 16 lower-case hex digits, `flags` a byte.

    `parent_id` is the place of the caller, where there was one.
    """

    trace_id: str
    span_id: str
    flags: int = SAMPLED
    parent_id: str | None = None

    @property
    def sampled(self) -> bool:
        return bool(self.flags & SAMPLED)

    def child(self) -> TraceContext:
        """The same trace at a new span."""
        return TraceContext(
            trace_id=self.trace_id,
            span_id=new_span_id(),
            flags=self.flags,
            parent_id=self.span_id,
        )

    def traceparent(self) -> str:
        """The header value, in version 00."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}"


@lru_cache(maxsize=1_024)
def parse(traceparent: str | None) -> TraceContext | None:
    """The caller's place in its trace; None when the value is absent or not valid."""
    if not traceparent or len(traceparent) > _MAX_CHARACTERS:
        return None
    match = _PATTERN.fullmatch(traceparent.strip(" \t"))
    if match is None:
        return None
    version, trace_id, span_id, flags, rest = match.groups()
    # Version ff is forbidden; 00 has four fields and no more; a later version may append some.
    if version == "ff" or (version == "00" and rest is not None):
        return None
    if trace_id == _NIL_TRACE or span_id == _NIL_SPAN:
        return None
    known_flags = int(flags, 16) & (SAMPLED | RANDOM_TRACE_ID)
    return TraceContext(trace_id=trace_id, span_id=span_id, flags=known_flags)


def start(*, sampled: bool = True) -> TraceContext:
    """The root of a new trace with random ids."""
    flags = RANDOM_TRACE_ID | (SAMPLED if sampled else 0)
    return TraceContext(trace_id=new_trace_id(), span_id=new_span_id(), flags=flags)


def continue_or_start(traceparent: str | None) -> TraceContext:
    """A new span in the caller's trace, or a new trace when the caller brought no valid one."""
    caller = parse(traceparent)
    return caller.child() if caller is not None else start()


def new_trace_id() -> str:
    """32 random hex digits, never all zero. Not a secret: whoever asks is told."""
    return f"{_bits(128) or 1:032x}"


def new_span_id() -> str:
    """16 random hex digits, never all zero."""
    return f"{_bits(64) or 1:016x}"
