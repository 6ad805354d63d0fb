"""What an answer of the relay means for a mail: sent, again later, or given up."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from rustok.platform.mail.model.mail import Answer

RETRY_DELAYS_SECONDS: Final = (30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200)
"""After the first failure, the second, …: ten attempts over about 28 hours."""
JITTER: Final = 0.2


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """`after_seconds` is the wait of a retry; 0 otherwise."""

    outcome: Literal["sent", "retried", "exhausted", "refused"]
    after_seconds: float = 0.0


def judge(answer: Answer, *, run_count: int, jitter: float) -> Verdict:
    """Args:
    run_count: attempts of this run, the present one included.
    jitter: 0 to 1; spreads retries by ± 20 %, so that what fell together does not rise together.

    Source: RFC 5321 section 4.2.1 (4yz: try again, 5yz: do not), section 4.5.4.1 (hours of retries).
    """
    if answer.error is None:
        return Verdict(outcome="sent")
    if answer.is_final:
        return Verdict(outcome="refused")
    if run_count > len(RETRY_DELAYS_SECONDS):
        return Verdict(outcome="exhausted")
    planned = RETRY_DELAYS_SECONDS[run_count - 1]
    return Verdict(outcome="retried", after_seconds=planned * (1 - JITTER + 2 * JITTER * jitter))
