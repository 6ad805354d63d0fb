"""Two web processes on one port: whoever is asked tells the sum, and so does the port of its own."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from rustok.server.settings import Settings
from tests.integration.telemetry.processes import Process, environment, free_port

ROUTE = "/health/live"
REQUESTS = 60


def total(page: str) -> tuple[float, int]:
    """Requests to ROUTE, and the series that count them."""
    values = [
        sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name == "rustok_http_requests_total" and sample.labels["route"] == ROUTE
    ]
    return sum(values), len(values)


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
def test_requests_answered_by_several_processes_make_one_sum(
    database_settings: Settings, tmp_path: Path
) -> None:
    port, metrics_port = free_port(), free_port()
    variables = environment(
        database_settings,
        tmp_path,
        HTTP__PORT=str(port),
        HTTP__WORKERS="2",
        TELEMETRY__METRICS_PORT=str(metrics_port),
        TELEMETRY__LOG_LEVEL="WARNING",
    )
    server = Process(["serve"], variables, tmp_path)
    url = f"http://127.0.0.1:{port}{ROUTE}"
    page = f"http://127.0.0.1:{metrics_port}/metrics"
    try:
        server.wait_for(url)
        server.wait_for(page)
        time.sleep(2.5)  # both have told what the waiting has cost
        before, _ = total(httpx.get(page).text)
        assert before >= 1
        for _ in range(REQUESTS):
            httpx.get(url)  # a connection each, so that both processes get some
        until = time.monotonic() + 30
        while total(httpx.get(page).text)[0] < before + REQUESTS and time.monotonic() < until:
            time.sleep(0.2)
        assert total(httpx.get(page).text) == (before + REQUESTS, 1)
        assert httpx.get(f"http://127.0.0.1:{port}/metrics").status_code == 404
    finally:
        server.stop()
