"""Reading and writing `traceparent` as W3C Trace Context asks."""

from __future__ import annotations

import pytest

from rustok.telemetry.trace_context import SAMPLED, TraceContext, continue_or_start, parse, start

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
VALID = f"00-{TRACE}-{SPAN}-01"


def test_a_valid_value_is_read_and_written_back() -> None:
    context = parse(VALID)
    assert context == TraceContext(trace_id=TRACE, span_id=SPAN, flags=SAMPLED)
    assert context.traceparent() == VALID


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "nonsense",
        VALID.upper(),
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"{VALID}-more",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"{VALID}\n",
        f"01-{TRACE}-{SPAN}-01-{'x' * 600}",
    ],
)
def test_a_value_that_breaks_the_format_counts_as_absent(value: str | None) -> None:
    assert parse(value) is None


def test_a_later_version_may_have_more_fields() -> None:
    context = parse(f"cc-{TRACE}-{SPAN}-01-what-the-future-holds")
    assert context is not None
    assert context.traceparent() == VALID


def test_unknown_flags_are_not_passed_on() -> None:
    context = parse(f"00-{TRACE}-{SPAN}-fe")
    assert context is not None
    assert context.flags == 0x02
    assert not context.sampled


def test_a_child_keeps_the_trace_and_has_its_own_span() -> None:
    context = continue_or_start(VALID)
    assert context.trace_id == TRACE
    assert context.span_id != SPAN
    assert context.sampled


def test_without_a_valid_caller_a_new_trace_begins() -> None:
    one, two = continue_or_start("nonsense"), continue_or_start(None)
    assert one.trace_id != two.trace_id
    assert parse(one.traceparent()) == one


def test_a_new_trace_may_be_left_unsampled() -> None:
    assert not start(sampled=False).sampled
