"""The heaviest tenants by name, the others together, in a bounded number of series."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from rustok.telemetry import metrics
from rustok.telemetry.top_tenants import TopTenants


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    yield
    for family in (metrics.TENANT_REQUESTS, metrics.TENANT_SECONDS, metrics.TENANT_ERRORS):
        family.clear()


def shown() -> dict[str, float]:
    children = metrics.TENANT_REQUESTS.snapshot().children
    return {child.labels[0]: child.value for child in children}


def test_nothing_is_counted_unless_asked_for() -> None:
    top = TopTenants()
    top.count("acme", 0.1, failed=False)
    top.hand_in()
    assert shown() == {}


def test_a_thousand_tenants_make_a_bounded_number_of_series_and_no_request_is_lost() -> None:
    top = TopTenants(10)
    draw = random.Random(1)
    for number in range(20_000):
        top.count(f"t{min(draw.randrange(1000), draw.randrange(1000))}", 0.01, failed=False)
        if number % 500 == 0:
            top.hand_in()
    top.hand_in()
    assert len(shown()) == 11
    assert sum(shown().values()) == 20_000


def test_a_tenant_that_outgrows_the_least_takes_its_place() -> None:
    top = TopTenants(2)
    for name in ("a", "b"):
        for _ in range(3):
            top.count(name, 0.1, failed=False)
    for _ in range(50):
        top.count("heavy", 0.2, failed=True)
    top.hand_in()
    assert "heavy" in shown()
    assert shown()["heavy"] > 40
    assert len(shown()) == 3
    assert sum(shown().values()) == 56


def test_errors_and_seconds_are_counted_beside() -> None:
    top = TopTenants(2)
    top.count("a", 0.25, failed=True)
    top.count("a", 0.25, failed=False)
    top.hand_in()
    errors = metrics.TENANT_ERRORS.snapshot().children
    seconds = metrics.TENANT_SECONDS.snapshot().children
    assert {c.labels[0]: c.value for c in errors} == {"a": 1, "other": 0}
    assert {c.labels[0]: c.value for c in seconds} == {"a": 0.5, "other": 0}
