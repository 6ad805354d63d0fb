"""Token buckets that all processes share, kept in Redis or Valkey and changed by one atomic script.

The process' own buckets are asked first: what they refuse needs no round trip, for nobody can have
more everywhere than here. When the shared ones do not answer in time the own ones decide alone, the
circuit opens, and it is tried again beside the requests, never by making one wait.
Refuses: the clock of any process but Redis' own, and taking from one bucket when another is empty.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from rustok.core.resilience.breaker_settings import BreakerSettings
from rustok.core.resilience.circuit_breaker import BreakerState, CircuitBreaker
from rustok.core.resilience.deadline import within
from rustok.core.security.rate_limit import Decision, Limit, LocalBuckets, Wanted, judge
from rustok.telemetry import metrics
from rustok.telemetry.logs import get_logger

log = get_logger("rustok.limits")

TIMEOUT_SECONDS: Final = 0.05
BREAKER: Final = BreakerSettings(
    consecutive_failures=3,
    failure_rate=0.5,
    window_seconds=10.0,
    minimum_calls=20,
    open_seconds=2.0,
    probes=1,
)
_MICROSECOND: Final = 1_000

# KEYS: buckets. ARGV: interval and tolerance of each, in microseconds. A bucket is the time at which
# it is full again and lives until then. Gives the microseconds each would be ahead of now.
SCRIPT: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local kept = redis.call('MGET', unpack(KEYS))
local aheads, allowed = {}, true
for i = 1, #KEYS do
  local full_at = tonumber(kept[i] or '0')
  local ahead = tonumber(ARGV[2 * i - 1])
  if full_at > now then ahead = ahead + full_at - now end
  aheads[i] = ahead
  if ahead > tonumber(ARGV[2 * i]) then allowed = false end
end
if allowed then
  for i = 1, #KEYS do
    redis.call('SET', KEYS[i], string.format('%.0f', now + aheads[i]),
               'PX', math.ceil(aheads[i] / 1000) + 1)
  end
end
return aheads
"""

Run = Callable[[Sequence[str], Sequence[int]], Awaitable[Any]]
"""(keys, arguments) -> what SCRIPT gives."""
_PROBE: Final = (("probe", Limit("probe", count=1_000, seconds=1)),)


class SharedBuckets:
    """Args:
    run: runs SCRIPT; raises when there is no answer.
    key: whole name of a bucket's key.
    local: the process' own buckets.
    breaker: around the shared ones; None makes one.
    timeout_seconds: longest wait for the shared ones.
    """

    def __init__(
        self,
        run: Run,
        *,
        key: Callable[[str], str],
        local: LocalBuckets,
        breaker: CircuitBreaker | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._run, self._key, self._local = run, key, local
        self._timeout_seconds = timeout_seconds
        self.breaker = breaker or CircuitBreaker("rate_limits", BREAKER)
        self._probing: asyncio.Task[None] | None = None
        self._probe_at = 0.0

    async def take_all(self, wanted: Wanted) -> Decision:
        """Take one token from each of `wanted`, or from none when one is empty."""
        own = self._local.take_all(wanted)
        if not own.allowed:
            return own
        if self.breaker.state is not BreakerState.CLOSED:
            self._probe_soon()
            metrics.RATE_LIMIT_SHARED.labels(answered_by="local").inc()
            return own
        try:
            aheads = await self.breaker.call(self._ask, wanted)
        except Exception as error:
            # Whatever it is: limits that cannot be shared are still limits.
            log.warning("limits.shared_away", cause=type(error).__name__)
            metrics.RATE_LIMIT_SHARED.labels(answered_by="local").inc()
            return own
        metrics.RATE_LIMIT_SHARED.labels(answered_by="shared").inc()
        return judge(wanted, aheads)

    async def _ask(self, wanted: Wanted) -> list[int]:
        keys = [self._key(name) for name, _ in wanted]
        arguments: list[int] = []
        for _, limit in wanted:
            # Both rounded up from the same count, so that the burst stays a whole number of tokens.
            interval = -(-limit.interval_ns // _MICROSECOND)
            arguments += (interval, interval * limit.burst)
        told = await within(self._timeout_seconds, self._run(keys, arguments))
        return [_ahead_ns(int(one), limit) for one, (_, limit) in zip(told, wanted, strict=True)]

    def _probe_soon(self) -> None:
        now = time.monotonic()
        if self._probing is None and now >= self._probe_at:
            self._probe_at = now + BREAKER.open_seconds / 4
            self._probing = asyncio.create_task(self._probe(), context=contextvars.Context())

    async def _probe(self) -> None:
        try:
            await self.breaker.call(self._ask, _PROBE)
            log.info("limits.shared_back")
        except Exception as error:
            log.debug("limits.shared_still_away", cause=type(error).__name__)
        finally:
            self._probing = None


def _ahead_ns(told: int, limit: Limit) -> int:
    """Microseconds of Redis in the nanoseconds of `limit`, by whole intervals and the rest."""
    interval = -(-limit.interval_ns // _MICROSECOND)
    whole, rest = divmod(told, interval)
    return whole * limit.interval_ns + min(rest * _MICROSECOND, limit.interval_ns - 1)
