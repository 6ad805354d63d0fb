"""Breakers by name, families of them, and what metrics and health are told."""

from __future__ import annotations

import pytest

from rustok.core.resilience import breaker_metrics
from rustok.core.resilience.breaker_registry import BreakerRegistry
from rustok.core.resilience.breaker_settings import BreakerSettings
from rustok.core.resilience.circuit_breaker import BreakerState, CircuitOpen, Transition
from rustok.telemetry import metrics

QUICK = BreakerSettings(consecutive_failures=1, open_seconds=60, probes=1)


async def _fail() -> None:
    raise OSError


async def _work() -> None:
    return None


def test_one_name_has_one_breaker() -> None:
    registry = BreakerRegistry()
    assert registry.breaker("mail") is registry.breaker("mail")
    assert list(registry) == ["mail"]


def test_a_second_breaker_with_other_settings_is_refused() -> None:
    registry = BreakerRegistry()
    registry.breaker("mail", BreakerSettings(probes=1))
    assert registry.breaker("mail", BreakerSettings(probes=1)).settings.probes == 1
    with pytest.raises(ValueError, match="other settings"):
        registry.breaker("mail", BreakerSettings(probes=2))


def test_a_name_is_a_breaker_or_a_family_and_never_both() -> None:
    registry = BreakerRegistry()
    registry.breaker("mail")
    registry.family("webhooks", QUICK)
    with pytest.raises(ValueError, match="family"):
        registry.breaker("webhooks")
    with pytest.raises(ValueError, match="single"):
        registry.family("mail", QUICK)
    with pytest.raises(ValueError, match="other settings"):
        registry.family("webhooks", BreakerSettings())


async def test_two_registries_share_no_breaker() -> None:
    one, other = BreakerRegistry(), BreakerRegistry()
    with pytest.raises(OSError):
        await one.breaker("mail", QUICK).call(_fail)
    assert one.breaker("mail").state is BreakerState.OPEN
    assert other.breaker("mail", QUICK).state is BreakerState.CLOSED


async def test_a_switched_off_registry_lets_every_call_through() -> None:
    breaker = BreakerRegistry(enabled=False).breaker("mail", QUICK)
    for _ in range(50):
        with pytest.raises(OSError):
            await breaker.call(_fail)
    assert breaker.state is BreakerState.CLOSED


async def test_the_members_of_a_family_open_apart_and_are_counted_together() -> None:
    registry = BreakerRegistry()
    family = registry.family("webhooks", QUICK)
    with pytest.raises(OSError):
        await family.of("a").call(_fail)
    await family.of("b").call(_work)
    assert family.resting() == ["a"]
    (view,) = registry.views()
    assert view.breakers == {
        BreakerState.CLOSED: 1,
        BreakerState.OPEN: 1,
        BreakerState.HALF_OPEN: 0,
    }
    assert (view.succeeded_total, view.failed_total) == (1, 1)
    assert view.describe().startswith("1 of 2 open: 1 failures in a row; probed again in ")


async def test_a_full_family_lets_the_longest_unused_go_and_keeps_its_counts() -> None:
    registry = BreakerRegistry()
    family = registry.family("webhooks", QUICK, limit=2)
    for key in ("a", "b", "a", "c"):
        await family.of(key).call(_work)
    assert len(family) == 2
    assert family.resting() == []
    (view,) = registry.views()
    assert view.succeeded_total == 4
    again = family.of("b")
    assert again.snapshot().succeeded_total == 0


async def test_a_listener_hears_every_breaker_and_can_stop() -> None:
    registry = BreakerRegistry()
    heard: list[Transition] = []
    stop = registry.subscribe(heard.append)
    with pytest.raises(OSError):
        await registry.breaker("mail", QUICK).call(_fail)
    with pytest.raises(OSError):
        await registry.family("webhooks", QUICK).of("a").call(_fail)
    assert [(one.name, one.after) for one in heard] == [
        ("mail", BreakerState.OPEN),
        ("webhooks", BreakerState.OPEN),
    ]
    stop()
    registry.breaker("mail").reset("by hand")
    assert len(heard) == 2


async def test_metrics_show_state_transitions_and_calls() -> None:
    registry = BreakerRegistry()
    stop = breaker_metrics.watch(registry)
    breaker = registry.breaker("test_of_metrics", QUICK)
    await breaker.call(_work)
    with pytest.raises(OSError):
        await breaker.call(_fail)
    for _ in range(3):
        with pytest.raises(CircuitOpen):
            await breaker.call(_work)
    metrics.render()
    text = metrics.render()[0].decode()  # asking twice counts nothing twice
    stop()
    lines = {line for line in text.splitlines() if "test_of_metrics" in line}
    for wanted in (
        'rustok_circuit_breaker_state{dependency="test_of_metrics",state="open"} 1.0',
        'rustok_circuit_breaker_state{dependency="test_of_metrics",state="closed"} 0.0',
        'rustok_circuit_breaker_transitions_total{dependency="test_of_metrics",state="open"} 1.0',
        'rustok_circuit_breaker_calls_total{dependency="test_of_metrics",outcome="succeeded"} 1.0',
        'rustok_circuit_breaker_calls_total{dependency="test_of_metrics",outcome="failed"} 1.0',
        'rustok_circuit_breaker_calls_total{dependency="test_of_metrics",outcome="rejected"} 3.0',
    ):
        assert wanted in lines
