"""Counts over the last seconds."""

from __future__ import annotations

from rustok.core.resilience.sliding_window import SlidingWindow


def totals(window: SlidingWindow) -> tuple[int, int, int]:
    return window.calls, window.failures, window.slow_calls


def test_calls_failures_and_slow_calls_are_counted_apart() -> None:
    window = SlidingWindow(10)
    window.record(100.0, failed=True, slow=True)
    window.record(100.5, failed=False, slow=True)
    window.record(101.0, failed=False, slow=False)
    assert totals(window) == (3, 1, 2)


def test_a_bucket_leaves_when_the_window_has_passed_it() -> None:
    window = SlidingWindow(10)
    for second in range(100, 110):
        window.record(float(second), failed=True, slow=False)
    window.advance(112.0)
    assert totals(window) == (7, 7, 0)
    window.advance(119.0)
    assert totals(window) == (0, 0, 0)


def test_a_long_silence_empties_it_at_once() -> None:
    window = SlidingWindow(0.001)
    window.record(1.0, failed=True, slow=True)
    window.advance(1e9)
    assert totals(window) == (0, 0, 0)
