"""Spans: what is kept, what belongs to what, and what they say on the wire."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from rustok.telemetry import tracing
from rustok.telemetry.otlp import spans, wire
from rustok.telemetry.trace_context import start
from rustok.telemetry.tracing import Buffer, SharedAttributes, Single, Span, Tracer
from tests.otlp_receiver import plain

CALLER = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"
UNSAMPLED = CALLER[:-2] + "00"


@pytest.fixture
def kept() -> Iterator[list[Buffer]]:
    found: list[Buffer] = []

    def keep(taken: Buffer | Single) -> None:
        assert isinstance(taken, Buffer)
        found.append(taken)

    tracing.use(Tracer(keep, ratio=0.0, slow_seconds=0.2))
    yield found
    tracing.use(None)


def decoded(buffer: Buffer) -> list[Any]:
    body = wire.scoped(wire.attributes(1, {"service.name": "test"}), spans.encode(buffer))
    (resource,) = ExportTraceServiceRequest.FromString(body).resource_spans
    assert plain(resource.resource.attributes) == {"service.name": "test"}
    return list(resource.scope_spans[0].spans)


def test_without_a_tracer_nothing_is_recorded() -> None:
    with tracing.root("request", tracing.SERVER, parent=CALLER) as outer, tracing.span("inner"):
        outer.set("a", 1)
        assert tracing.current() is None
    assert not outer.sampled


def test_children_belong_to_their_parents_and_the_root_to_the_caller(kept: list[Buffer]) -> None:
    shared = SharedAttributes({"db.query.text": "SELECT 1"})
    with tracing.root("request", tracing.SERVER, {"n": 1}, parent=CALLER):
        with tracing.span("inner") as inner:
            assert isinstance(inner, Span)
            inner.leaf("SELECT", tracing.CLIENT, 0.01, shared, rows=3)
        assert inner.traceparent() == f"00-{'ab' * 16}-{inner.span_id}-03"
    (buffer,) = kept
    by_name = {span.name: span for span in decoded(buffer)}
    assert {span.trace_id.hex() for span in by_name.values()} == {"ab" * 16}
    assert by_name["request"].parent_span_id.hex() == "cd" * 8
    assert by_name["request"].kind == 2
    assert by_name["inner"].parent_span_id == by_name["request"].span_id
    assert by_name["SELECT"].parent_span_id == by_name["inner"].span_id
    assert plain(by_name["SELECT"].attributes) == {
        "db.query.text": "SELECT 1",
        "db.response.returned_rows": 3,
    }
    select = by_name["SELECT"]
    assert 9e6 <= select.end_time_unix_nano - select.start_time_unix_nano <= 11e6


@pytest.mark.parametrize("flags", [UNSAMPLED, None])
def test_what_is_not_sampled_goes_unless_it_failed_or_was_slow(
    kept: list[Buffer], flags: str | None
) -> None:
    with tracing.root("quick", tracing.SERVER, parent=flags):
        pass
    assert kept == []
    with pytest.raises(KeyError), tracing.root("failed", tracing.SERVER, parent=flags):
        raise KeyError("a text that stays here")
    with tracing.root("slow", tracing.SERVER, parent=flags), tracing.span("within"):
        time.sleep(0.21)
    failed, slow = (decoded(buffer) for buffer in kept)
    assert [(span.name, span.status.code) for span in failed] == [("failed", 2)]
    assert plain(failed[0].attributes) == {"error.type": "KeyError"}
    assert {span.name for span in slow} == {"slow", "within"}


def test_the_ratio_is_kept_and_the_same_for_one_trace_everywhere() -> None:
    tracer = Tracer(lambda _: None, ratio=0.25)
    again = Tracer(lambda _: None, ratio=0.25)
    tracing.use(tracer)
    try:
        places = [tracing.begin(None) for _ in range(4_000)]
    finally:
        tracing.use(None)
    drawn = [place.sampled for place in places]
    assert drawn == [again.draw(int(place.trace_id, 16)) for place in places]
    assert 800 < sum(drawn) < 1_200


def test_work_that_outlives_its_request_is_not_sent_in_its_name(kept: list[Buffer]) -> None:
    async def run() -> None:
        async def late() -> None:
            await asyncio.sleep(0.01)
            with tracing.span("late"):
                pass

        with tracing.root("request", tracing.SERVER, parent=CALLER):
            task = asyncio.create_task(late())
        await task

    asyncio.run(run())
    assert [span.name for span in decoded(kept[0])] == ["request"]
    assert kept[0].dropped == 1


def test_a_trace_of_many_spans_is_bounded_and_keeps_its_root(kept: list[Buffer]) -> None:
    shared = SharedAttributes({})
    with tracing.root("request", tracing.SERVER, parent=CALLER) as span:
        assert isinstance(span, Span)
        for _ in range(tracing.MAX_SPANS + 50):
            span.leaf("SELECT", tracing.CLIENT, 0.0, shared)
            with tracing.span("step"):
                pass
    names = [span.name for span in decoded(kept[0])]
    assert len(names) <= 2 * tracing.MAX_SPANS + 1
    assert names.count("request") == 1
    assert kept[0].dropped == 100


def test_links_lead_to_other_traces(kept: list[Buffer]) -> None:
    other = start()
    with tracing.root("batch", tracing.INTERNAL, links=[other], sampled=True):
        pass
    ((span,),) = (decoded(buffer) for buffer in kept)
    assert [(link.trace_id.hex(), link.span_id.hex()) for link in span.links] == [
        (other.trace_id, other.span_id)
    ]


@pytest.mark.parametrize("value", ["text", "ü" * 5_000, -1, 2**62, 0, 1.5, True, False, ""])
def test_every_kind_of_attribute_is_read_back(kept: list[Buffer], value: str | float) -> None:
    with tracing.root("work", tracing.INTERNAL, {"value": value}, sampled=True):
        pass
    found = plain(decoded(kept[0])[0].attributes)["value"]
    if isinstance(value, str) and len(value) > 4_096:
        assert found == value[:4_096]
    else:
        assert (found, type(found)) == (value, type(value))
