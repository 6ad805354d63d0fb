"""Sends encoded requests to a collector over gRPC or HTTP; each in its own thread, never on the loop.

Refuses: waiting without bound and repeating what the collector has refused for good.
Source: OTLP specification 1.x, sections OTLP/gRPC and OTLP/HTTP.
"""

from __future__ import annotations

import contextlib
import http.client
import ssl
from collections.abc import Mapping
from typing import Final, Literal, Protocol
from urllib.parse import urlsplit

Signal = Literal["traces", "metrics", "logs"]
Wire = Literal["grpc", "http/protobuf"]
SIGNALS: Final[tuple[Signal, ...]] = ("traces", "metrics", "logs")
TIMEOUT_SECONDS: Final = 10.0

_SERVICES: Final[dict[Signal, str]] = {
    "traces": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "metrics": "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    "logs": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
}


class CollectorAway(Exception):
    """Nobody answers, or asks to be asked again; what was sent is to be sent again."""


class Refused(Exception):
    """The collector does not want it; sending it again would not help."""


class Sender(Protocol):
    """One connection to a collector; used by one thread."""

    def send(self, signal: Signal, body: bytes) -> None:
        """Hand over an Export…ServiceRequest.

        Raises:
            CollectorAway, Refused.
        """
        ...

    def close(self) -> None: ...


class HttpSender:
    """OTLP/HTTP with binary protobuf, over one connection that is kept.

    Args:
        endpoint: the base address; the signal's path is added.
    """

    def __init__(self, endpoint: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(endpoint)
        self._is_tls = parts.scheme == "https"
        self._host = parts.hostname or "localhost"
        self._port = parts.port or (443 if self._is_tls else 4318)
        self._path = parts.path.rstrip("/")
        self._headers = {**headers, "content-type": "application/x-protobuf"}
        self._connection: http.client.HTTPConnection | None = None

    def send(self, signal: Signal, body: bytes) -> None:
        try:
            connection = self._connected()
            connection.request("POST", f"{self._path}/v1/{signal}", body, self._headers)
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise CollectorAway(type(error).__name__) from error
        if response.status in (408, 429, 502, 503, 504):
            raise CollectorAway(str(response.status))
        if response.status >= 300:
            raise Refused(str(response.status))

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            if self._is_tls:
                self._connection = http.client.HTTPSConnection(
                    self._host,
                    self._port,
                    timeout=TIMEOUT_SECONDS,
                    context=ssl.create_default_context(),
                )
            else:
                self._connection = http.client.HTTPConnection(
                    self._host, self._port, timeout=TIMEOUT_SECONDS
                )
        return self._connection

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()


class GrpcSender:
    """OTLP/gRPC; the messages are encoded already, so the channel carries bytes.

    Args:
        endpoint: `http://HOST:PORT` in clear text, `https://HOST:PORT` with TLS.
    """

    def __init__(self, endpoint: str, headers: Mapping[str, str]) -> None:
        import grpc  # late: a large library, for those who chose gRPC

        self._grpc = grpc
        parts = urlsplit(endpoint)
        target = f"{parts.hostname or 'localhost'}:{parts.port or 4317}"
        self._channel = (
            grpc.secure_channel(target, grpc.ssl_channel_credentials())
            if parts.scheme == "https"
            else grpc.insecure_channel(target)
        )
        self._metadata = tuple((name.lower(), value) for name, value in headers.items())
        self._calls = {
            signal: self._channel.unary_unary(path, _registered_method=False)
            for signal, path in _SERVICES.items()
        }

    def send(self, signal: Signal, body: bytes) -> None:
        grpc = self._grpc
        try:
            self._calls[signal](body, timeout=TIMEOUT_SECONDS, metadata=self._metadata)
        except grpc.RpcError as error:
            code = error.code()
            if code in (
                grpc.StatusCode.UNAVAILABLE,
                grpc.StatusCode.DEADLINE_EXCEEDED,
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                grpc.StatusCode.ABORTED,
                grpc.StatusCode.CANCELLED,
            ):
                raise CollectorAway(code.name) from error
            raise Refused(code.name) from error

    def close(self) -> None:
        self._channel.close()


def sender(protocol: Wire, endpoint: str, headers: Mapping[str, str]) -> Sender:
    """The sender of a protocol."""
    return GrpcSender(endpoint, headers) if protocol == "grpc" else HttpSender(endpoint, headers)
