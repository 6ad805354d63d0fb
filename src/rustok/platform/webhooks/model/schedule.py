"""What an answer means for its delivery: done, again later, given up, or an endpoint that is gone."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from rustok.platform.webhooks.model.delivery import Answer

RETRY_DELAYS_SECONDS: Final = (5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400)
"""After the first failure, the second, …: eleven attempts over about two days."""
LONGEST_RETRY_AFTER_SECONDS: Final = 86_400.0
JITTER: Final = 0.2
RETRIED_STATUSES: Final = frozenset({408, 409, 425, 429})
"""The 4xx that another time may change; every other 4xx is the receiver's last word."""
GONE: Final = 410


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """`after_seconds` is the wait of a retry; 0 otherwise."""

    outcome: Literal["delivered", "retried", "exhausted", "refused", "gone"]
    after_seconds: float = 0.0


def judge(answer: Answer, *, run_count: int, jitter: float) -> Verdict:
    """Args:
    run_count: attempts of this run, the present one included.
    jitter: 0 to 1; spreads retries by ± 20 %, so that endpoints that fell together rise apart.
    """
    if answer.failure is None:
        return Verdict(outcome="delivered")
    if answer.error is None and answer.status is not None:
        if answer.status == GONE:
            return Verdict(outcome="gone")
        if 400 <= answer.status < 500 and answer.status not in RETRIED_STATUSES:
            return Verdict(outcome="refused")
    if run_count > len(RETRY_DELAYS_SECONDS):
        return Verdict(outcome="exhausted")
    planned = RETRY_DELAYS_SECONDS[run_count - 1] * (1 - JITTER + 2 * JITTER * jitter)
    asked = min(answer.retry_after_seconds or 0.0, LONGEST_RETRY_AFTER_SECONDS)
    return Verdict(outcome="retried", after_seconds=max(planned, asked))


def speaks_against_endpoint(answer: Answer) -> bool:
    """Whether the circuit breaker counts the answer: no answer, 5xx or "too many"; not a plain 4xx."""
    if answer.error is not None or answer.status is None:
        return True
    return answer.status >= 500 or answer.status in (408, 429)
