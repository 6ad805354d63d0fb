"""Begins and ends sending traces, metrics and logs to a collector, where the settings name one.

Refuses: importing anything of it where they do not.
"""

from __future__ import annotations

import os
import platform
import socket
from typing import TYPE_CHECKING

import rustok
from rustok.server.settings import Settings, TelemetrySettings
from rustok.telemetry import logs, tracing

if TYPE_CHECKING:  # for those who have a collector
    from rustok.telemetry.otlp.exporter import Exporter


def start_export(settings: Settings) -> Exporter | None:
    """Send what `telemetry.otlp_signals` names from now on; None where no collector is set."""
    telemetry = settings.telemetry
    if telemetry.otlp_endpoint is None:
        return None
    from rustok.telemetry.otlp.exporter import Exporter, Resource  # late: where it is configured
    from rustok.telemetry.otlp.sending import sender  # late: as above

    resource = Resource(
        attributes={
            "service.name": telemetry.service_name,
            "service.version": rustok.__version__,
            "service.instance.id": f"{socket.gethostname()}:{os.getpid()}",
            "deployment.environment.name": settings.environment,
            "host.name": socket.gethostname(),
            "process.pid": str(os.getpid()),
            "process.runtime.version": platform.python_version(),
        }
    )
    exporter = Exporter(
        sender(telemetry.otlp_protocol, telemetry.otlp_endpoint, collector_headers(telemetry)),
        resource,
        signals=telemetry.otlp_signals,
        metrics_seconds=telemetry.otlp_metrics_seconds,
    )
    if "traces" in telemetry.otlp_signals:
        tracing.use(
            tracing.Tracer(
                exporter.take_trace,
                ratio=telemetry.trace_ratio,
                slow_seconds=telemetry.slow_request_ms / 1000,
            )
        )
    if "logs" in telemetry.otlp_signals:
        logs.also_to(exporter.take_line, exporter.take_request)
    exporter.start()
    return exporter


def end_export(exporter: Exporter) -> None:
    """Record nothing more, and send what waits within a few seconds."""
    tracing.use(None)
    logs.also_to(None)
    exporter.close()


def collector_headers(settings: TelemetrySettings) -> dict[str, str]:
    """What is sent with every request to the collector, such as a key."""
    return parse_headers(settings.otlp_headers.reveal() if settings.otlp_headers else "")


def parse_headers(text: str) -> dict[str, str]:
    """`name=value,name=value`, as OTEL_EXPORTER_OTLP_HEADERS has it."""
    pairs = [pair.partition("=") for pair in text.split(",") if "=" in pair]
    return {name.strip(): value.strip() for name, _, value in pairs}
