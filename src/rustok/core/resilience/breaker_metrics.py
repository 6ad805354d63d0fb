"""Breakers in metrics and log: transitions as they happen, counts and states when they are asked for.

It refuses to cost a guarded call anything.
"""

from __future__ import annotations

from collections.abc import Callable

from rustok.core.resilience.breaker_registry import BreakerRegistry
from rustok.core.resilience.circuit_breaker import BreakerState, Transition
from rustok.telemetry import metrics
from rustok.telemetry.logs import get_logger

log = get_logger("rustok.resilience")


def watch(registry: BreakerRegistry) -> Callable[[], None]:
    """Let `registry` show in metrics and log; returns how to stop it."""
    told: dict[tuple[str, str], int] = {}

    def hand_in() -> None:
        for view in registry.views():
            for state, number in view.breakers.items():
                metrics.BREAKER_STATE.labels(dependency=view.name, state=state).set(number)
            totals = (
                ("succeeded", view.succeeded_total),
                ("failed", view.failed_total),
                ("rejected", view.rejected_total),
            )
            for outcome, total in totals:
                child = metrics.BREAKER_CALLS.labels(dependency=view.name, outcome=outcome)
                child.inc(total - told.get((view.name, outcome), 0))
                told[view.name, outcome] = total

    def heard(transition: Transition) -> None:
        metrics.BREAKER_TRANSITIONS.labels(dependency=transition.name, state=transition.after).inc()
        level = log.info if transition.after is BreakerState.CLOSED else log.warning
        level(
            "breaker.transition",
            dependency=transition.name,
            before=transition.before,
            after=transition.after,
            reason=transition.reason,
        )

    stop_listening = registry.subscribe(heard)
    stop_collecting = metrics.before_collect(hand_in)

    def stop() -> None:
        hand_in()
        stop_listening()
        stop_collecting()

    return stop
