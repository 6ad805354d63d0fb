"""Lines of requests: the quick way says what the ordinary one would, as JSON and to a collector."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from rustok.server.access_log import AccessLog
from rustok.telemetry import logs, trace_context, tracing
from rustok.telemetry.line_writer import FLUSH_LINES, LineWriter
from rustok.telemetry.otlp import logs as otlp_logs
from rustok.telemetry.otlp import spans, wire
from rustok.telemetry.request_lines import RequestLine, as_fields, as_json, head_of
from tests.otlp_receiver import plain

OURS = "01a21b26-f6a3-72ef-be0c-8a6f8f590185"
IDS = [OURS, 'a "quoted" \\ id', "x" * 128]


def line_of(request_id: str, actor: str | None = None) -> RequestLine:
    head = head_of("GET", "/api/v1/pages/{slug}", 200, "57dd84f1-29f5-4feb-a6ab-f6a4c398d950")
    return head, 12.25, request_id, trace_context.start(), actor


def record_of(encoded: bytes) -> Any:
    request = ExportLogsServiceRequest.FromString(wire.scoped(b"", [encoded]))
    return request.resource_logs[0].scope_logs[0].log_records[0]


@pytest.mark.parametrize("request_id", IDS)
@pytest.mark.parametrize("actor", [None, OURS])
def test_the_json_of_a_request_holds_its_fields(request_id: str, actor: str | None) -> None:
    line = line_of(request_id, actor)
    written = json.loads(as_json(line))
    assert written.pop("timestamp").endswith("Z")
    assert [written.pop(name) for name in ("logger", "level", "message")] == [
        "rustok.http",
        "info",
        "request",
    ]
    assert written == {**as_fields(line), "ms": pytest.approx(12.25, abs=0.06)}


@pytest.mark.parametrize("request_id", IDS)
@pytest.mark.parametrize("actor", [None, OURS])
def test_a_collector_reads_the_same_from_both_ways(request_id: str, actor: str | None) -> None:
    line = line_of(request_id, actor)
    fields = {**as_fields(line), "logger": "rustok.http", "level": "info", "message": "request"}
    quick = record_of(otlp_logs.encode_request(line, 1_700_000_000_123_456_789))
    ordinary = record_of(otlp_logs.encode(fields, 1_700_000_000_123_456_789))
    said, expected = plain(quick.attributes), plain(ordinary.attributes)
    assert said.pop("ms") == 12.25
    assert expected.pop("ms") == 12.2
    assert said == expected
    for name in ("trace_id", "span_id", "body", "severity_number", "severity_text"):
        assert getattr(quick, name) == getattr(ordinary, name), name
    assert quick.time_unix_nano == ordinary.time_unix_nano == 1_700_000_000_123_456_789


@pytest.mark.parametrize("caller", [None, "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"])
def test_a_collector_reads_a_request_without_children(caller: str | None) -> None:
    place = trace_context.continue_or_start(caller)
    shape = tracing.Shape("GET /x", tracing.SERVER, {"http.route": "/x", "n": 200})
    for _ in range(2):  # the second time what is shared is there
        encoded = spans.encode_single((place, 5, 9, shape))
        request = ExportTraceServiceRequest.FromString(wire.scoped(b"", [encoded]))
        span = request.resource_spans[0].scope_spans[0].spans[0]
        assert (span.name, span.kind, span.start_time_unix_nano, span.end_time_unix_nano) == (
            "GET /x",
            2,
            5,
            9,
        )
        assert span.trace_id.hex() == place.trace_id
        assert span.span_id.hex() == place.span_id
        assert span.parent_span_id.hex() == (place.parent_id or "")
        assert plain(span.attributes) == {"http.route": "/x", "n": 200}


def test_a_line_is_not_made_when_it_is_not_drawn_or_its_level_is_off(tmp_path: Path) -> None:
    with (tmp_path / "lines").open("w+") as stream:
        logs.configure(level="INFO", log_format="json", stream=stream)
        write_some(AccessLog(ratio=0.0))
        logs.set_level("WARNING")
        write_some(AccessLog())
        assert lines_of_file(tmp_path / "lines") == [503, 200]  # failed; slow
        logs.set_level("INFO")
        write_some(AccessLog())
        assert lines_of_file(tmp_path / "lines") == [503, 200, 200, 503, 200]
    logs.configure()


def test_of_a_flood_one_in_ten_gets_a_line_and_trouble_always_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = [7.0]
    monkeypatch.setattr("rustok.server.access_log.time.monotonic", lambda: second[0])
    draws = iter([0.05, 0.5, 0.99] + [0.5] * 3)
    monkeypatch.setattr("rustok.server.access_log.random.random", lambda: next(draws))
    with (tmp_path / "lines").open("w+") as stream:
        logs.configure(level="INFO", log_format="json", stream=stream)
        access = AccessLog(per_second=2)
        for _ in range(5):
            write_some(access)
        # Two, then the one of three that was drawn; each time the failed and the slow one beside it.
        assert lines_of_file(tmp_path / "lines").count(200) == 3 + 5
        assert lines_of_file(tmp_path / "lines").count(503) == 5
        second[0] = 8.5
        write_some(access)
        assert lines_of_file(tmp_path / "lines").count(200) == 3 + 5 + 2
    logs.configure()


def write_some(access: AccessLog) -> None:
    for status, seconds in ((200, 0.01), (503, 0.01), (200, 2.0)):
        access.write(
            method="GET",
            route="/x",
            status=status,
            seconds=seconds,
            request_id=OURS,
            trace=trace_context.start(),
            tenant=None,
        )


def lines_of_file(path: Path) -> list[int]:
    return [json.loads(text)["status"] for text in path.read_text().splitlines()]


async def test_lines_go_out_together_and_before_what_is_logged_after_them(tmp_path: Path) -> None:
    with (tmp_path / "lines").open("w+") as stream:
        logs.configure(level="INFO", log_format="json", stream=stream)
        write_some(AccessLog())
        assert (tmp_path / "lines").read_text() == ""
        logs.get_logger("test").warning("afterwards")
        texts = (tmp_path / "lines").read_text().splitlines()
        assert [json.loads(text)["message"] for text in texts] == ["request"] * 3 + ["afterwards"]
    logs.configure()


async def test_lines_wait_no_longer_than_they_may_and_no_more_than_they_may(tmp_path: Path) -> None:
    number = os.open(tmp_path / "lines", os.O_CREAT | os.O_WRONLY)
    try:
        writer = LineWriter(number)
        for _ in range(FLUSH_LINES):
            writer.write(b"x\n")
        assert (tmp_path / "lines").stat().st_size == FLUSH_LINES * 2
        writer.write(b"last\n")
        while not (tmp_path / "lines").read_bytes().endswith(b"last\n"):
            await asyncio.sleep(0.01)
    finally:
        os.close(number)


def test_a_file_that_takes_nothing_fails_nobody() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    LineWriter(writing).write(b"lost\n")
    os.close(writing)
