"""The instruments: names of DOMAIN, bounded labels, exposition."""

from __future__ import annotations

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families

from rustok.telemetry import metrics
from rustok.telemetry.instruments import Histogram
from rustok.telemetry.metrics import MAX_CHILDREN, OTHER, Family, counter

UNBOUNDED = {"tenant", "tenant_id", "id", "path", "url", "user", "actor", "email", "sku", "host"}


def families() -> dict[str, Family[Histogram]]:
    return {name: value for name, value in vars(metrics).items() if isinstance(value, Family)}


def exposed() -> dict[str, dict[tuple[str, ...], float]]:
    body, content_type = metrics.render()
    assert content_type.startswith("text/plain")
    return {
        sample.name: {}
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def test_no_metric_has_a_label_without_bound() -> None:
    for name, family in families().items():
        if not name.startswith("TENANT_"):  # bounded by top_tenants, whose tests count
            assert not UNBOUNDED & set(family.label_names), name


def test_what_was_counted_is_exposed_under_the_rustok_prefix() -> None:
    metrics.HTTP_REQUESTS.labels(method="GET", route="/api/v1/products", status="200").inc()
    metrics.HTTP_DURATION.labels(method="GET", route="/api/v1/products").observe(0.02)
    metrics.set_build_info("0.1.0", "3.11.7")
    names = exposed()
    assert "rustok_http_requests_total" in names
    assert "rustok_http_request_duration_seconds_bucket" in names
    assert "rustok_build_info" in names
    assert "rustok_outbox_pending" in names


def test_labels_give_the_same_child_whatever_their_order() -> None:
    one = metrics.DB_TRANSACTIONS.labels(role="app", outcome="commit")
    two = metrics.DB_TRANSACTIONS.labels(outcome="commit", role="app")
    assert one is two


@pytest.mark.parametrize("labels", [{}, {"role": "app"}, {"role": "app", "tenant": "x"}])
def test_a_missing_or_unknown_label_is_refused(labels: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="labels are role, outcome"):
        metrics.DB_TRANSACTIONS.labels(**labels)


def test_a_flood_of_label_values_is_counted_under_other() -> None:
    family = counter("test_flood_total", "A misuse.", "value")
    for number in range(MAX_CHILDREN + 50):
        family.labels(value=str(number)).inc()
    other = family.labels(value="one more")
    assert other is family.labels(value=OTHER)
    body = metrics.render()[0].decode()
    assert 'rustok_test_flood_total{value="other"} 50.0' in body


def test_the_buckets_rise() -> None:
    for buckets in (metrics.LATENCY_BUCKETS, metrics.QUERY_BUCKETS, metrics.SIZE_BUCKETS):
        assert list(buckets) == sorted(set(buckets))


def test_openmetrics_is_what_its_own_parser_reads_with_the_trace_behind_a_value() -> None:
    metrics.HTTP_DURATION.labels(method="GET", route='/a"b\\c\nd').observe(0.02, "ab" * 16)
    body, content_type = metrics.render(openmetrics=True)
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    families = {one.name: one for one in openmetrics_families(body.decode())}  # type: ignore[no-untyped-call]  # untyped in prometheus_client
    buckets = [
        sample
        for sample in families["rustok_http_request_duration_seconds"].samples
        if sample.labels.get("route") == '/a"b\\c\nd' and sample.exemplar is not None
    ]
    assert [one.exemplar.labels for one in buckets] == [{"trace_id": "ab" * 16}]
    assert buckets[0].labels["le"] == "0.025"
    assert b"trace_id" not in metrics.render()[0]


def test_a_counter_refuses_to_fall() -> None:
    with pytest.raises(ValueError, match="only grows"):
        metrics.RESERVATION_CONFLICTS.inc(-1)


def test_a_name_is_taken_once() -> None:
    with pytest.raises(ValueError, match="exists already"):
        counter("http_requests_total", "Again.")


def test_the_process_tells_its_memory_and_time() -> None:
    body = metrics.render()[0].decode()
    for name in ("process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"):
        assert f"\n{name} " in body
