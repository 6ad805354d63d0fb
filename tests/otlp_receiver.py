"""A collector for tests: takes OTLP over gRPC and over HTTP and decodes it with the official classes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc


class Received:
    """Everything taken so far. Attributes of spans and lines are plain dicts."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.metrics: dict[str, Any] = {}
        self.logs: list[Any] = []
        self.resources: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self._changed = threading.Condition()

    def take(self, signal: str, request: Any) -> None:
        with self._changed:
            for resource in getattr(
                request, f"resource_{'spans' if signal == 'traces' else signal}"
            ):
                self.resources.append(plain(resource.resource.attributes))
                if signal == "traces":
                    self.spans += [one for scope in resource.scope_spans for one in scope.spans]
                elif signal == "metrics":
                    for scope in resource.scope_metrics:
                        self.metrics.update({one.name: one for one in scope.metrics})
                else:
                    self.logs += [one for scope in resource.scope_logs for one in scope.log_records]
            self._changed.notify_all()

    def wait(self, enough: Callable[[Received], bool], *, seconds: float = 20) -> None:
        """Wait until `enough` is true of what was taken."""
        until = time.monotonic() + seconds
        with self._changed:
            while not enough(self):
                left = until - time.monotonic()
                if left <= 0:
                    names = sorted({span.name for span in self.spans})
                    raise AssertionError(f"not enough was taken; spans: {names}")
                self._changed.wait(left)

    def trace(self, trace_id: str) -> list[Any]:
        return [span for span in list(self.spans) if span.trace_id.hex() == trace_id]


def plain(attributes: Sequence[Any]) -> dict[str, Any]:
    """Attributes as a dict."""
    return {one.key: getattr(one.value, str(one.value.WhichOneof("value"))) for one in attributes}


class HttpReceiver(Received):
    """OTLP/HTTP at `endpoint`; `status` is what it answers."""

    def __init__(self) -> None:
        super().__init__()
        self.status = 200
        receiver = self
        requests: dict[str, Any] = {
            "traces": trace_service_pb2.ExportTraceServiceRequest,
            "metrics": metrics_service_pb2.ExportMetricsServiceRequest,
            "logs": logs_service_pb2.ExportLogsServiceRequest,
        }

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                signal = self.path.removeprefix("/v1/")
                receiver.headers.append({k.lower(): v for k, v in self.headers.items()})
                if receiver.status == 200:
                    receiver.take(signal, requests[signal].FromString(body))
                self.send_response(receiver.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class GrpcReceiver(Received):
    """OTLP/gRPC at `endpoint`, with the official services."""

    def __init__(self) -> None:
        super().__init__()
        receiver = self

        def take(signal: str, answer: Any) -> Any:
            def export(_self: Any, request: Any, context: Any) -> Any:
                receiver.headers.append(dict(context.invocation_metadata()))
                receiver.take(signal, request)
                return answer()

            return export

        self._server = grpc.server(ThreadPoolExecutor(2))
        for base, add, signal, answer in (
            (
                trace_service_pb2_grpc.TraceServiceServicer,
                trace_service_pb2_grpc.add_TraceServiceServicer_to_server,
                "traces",
                trace_service_pb2.ExportTraceServiceResponse,
            ),
            (
                metrics_service_pb2_grpc.MetricsServiceServicer,
                metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server,
                "metrics",
                metrics_service_pb2.ExportMetricsServiceResponse,
            ),
            (
                logs_service_pb2_grpc.LogsServiceServicer,
                logs_service_pb2_grpc.add_LogsServiceServicer_to_server,
                "logs",
                logs_service_pb2.ExportLogsServiceResponse,
            ),
        ):
            service = type(f"{signal}_service", (base,), {"Export": take(signal, answer)})
            add(service(), self._server)  # type: ignore[no-untyped-call]  # untyped in grpc
        port = self._server.add_insecure_port("127.0.0.1:0")
        self.endpoint = f"http://127.0.0.1:{port}"
        self._server.start()

    def close(self) -> None:
        self._server.stop(0.2)
