"""Breakers by name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rustok.core.resilience.breaker_registry import breaker, breakers, forget, register
from rustok.core.resilience.breaker_settings import BreakerSettings
from rustok.core.resilience.circuit_breaker import CircuitBreaker


@pytest.fixture(autouse=True)
def _leave_no_breaker() -> Iterator[None]:
    before = set(breakers())
    yield
    for name in set(breakers()) - before:
        forget(name)


def test_one_name_has_one_breaker() -> None:
    assert breaker("test.mail") is breaker("test.mail")
    assert breakers()["test.mail"] is breaker("test.mail")


def test_a_second_breaker_with_other_settings_is_refused() -> None:
    breaker("test.mail", BreakerSettings(probes=1))
    assert breaker("test.mail", BreakerSettings(probes=1)).settings.probes == 1
    with pytest.raises(ValueError, match="other settings"):
        breaker("test.mail", BreakerSettings(probes=2))


def test_a_breaker_made_elsewhere_can_be_registered_once() -> None:
    own = register(CircuitBreaker("test.own"))
    assert breaker("test.own") is own
    with pytest.raises(ValueError, match="exists already"):
        register(CircuitBreaker("test.own"))


def test_a_forgotten_breaker_is_gone() -> None:
    breaker("test.endpoint")
    forget("test.endpoint")
    assert "test.endpoint" not in breakers()
