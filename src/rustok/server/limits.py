"""The gate of the server: who may ask how often and how much at once, before any work is done.

    every request     the address' bucket, and whether it is kept out for a while
    API and pages     a bucket per class of route: of the user or API key, else of the address; and
                      of the tenant
    per tenant        requests under way; beyond the share they wait in the tenant's own line

Refuses: limiting callers of the exempt networks, unless a proxy speaks for somebody else; and any
memory that grows with the number of callers.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final, get_args
from uuid import UUID

from rustok.core.errors import TooManyRequests
from rustok.core.ids import id_text
from rustok.core.resilience.breaker_registry import BreakerRegistry
from rustok.core.resilience.shares import Shares, ShareTaken
from rustok.core.routing import RateClass
from rustok.core.security.penalties import PenaltyBox
from rustok.core.security.rate_limit import Decision, Limit, LocalBuckets, Wanted, parse_rate
from rustok.core.tenancy import Actor
from rustok.server.message import Request
from rustok.server.settings import RateLimitSettings
from rustok.telemetry import metrics
from rustok.telemetry.logs import get_logger

if TYPE_CHECKING:  # the client library is for those who use it
    from rustok.core.redis.connection import RedisConnection

log = get_logger("rustok.limits")

RATE_CLASSES: Final[tuple[RateClass, ...]] = get_args(RateClass)
_NETWORK_OF_ONE_CALLER_V6: Final = 64
"""Prefix length: one subscriber has a whole /64, so single IPv6 addresses are nobody's limit."""
_FORWARDED_FOR: Final = "x-forwarded-for"
_FORWARDED: Final = "forwarded"

TakeShared = Callable[[Wanted], Awaitable[Decision]]


class RateLimited(TooManyRequests):
    """A bucket is empty: of the address, the user, the API key or the tenant (`scope`)."""

    code = "rate_limited"
    title = "Too many requests in this time"
    mend = "Wait as long as Retry-After says; RateLimit tells what is left."

    def __init__(self, decision: Decision, scope: str) -> None:
        self.decision = decision
        super().__init__(
            f"The limit '{decision.limit.name}' is used up.",
            extensions={"policy": decision.limit.name, "scope": scope},
            retry_after_seconds=decision.retry_after_seconds,
        )


class KeptOut(TooManyRequests):
    """The caller went on asking after many refusals; the penalty doubles with each repetition."""

    code = "kept_out"
    title = "Kept out for a while after too many refused requests"
    mend = "Stop asking for as long as Retry-After says, then ask less often."

    def __init__(self, seconds: int) -> None:
        super().__init__(
            "Too many requests were sent after being refused.", retry_after_seconds=seconds
        )


class Gate:
    """Args:
    settings: rates, factors, penalties.
    breakers: of this process.
    redis: where processes count together; None counts in this process alone. Plain reads are
        always counted here: asking elsewhere would cost more than the read.
    """

    def __init__(
        self,
        settings: RateLimitSettings,
        *,
        breakers: BreakerRegistry,
        redis: RedisConnection | None = None,
    ) -> None:
        self._enabled = settings.enabled
        self._exempt = tuple(ipaddress.ip_network(one) for one in settings.exempt)
        self._address_limit = parse_rate(settings.address, name="address")
        own = {one: parse_rate(getattr(settings, one), name=one) for one in RATE_CLASSES}
        factors = {
            "address": 1,
            "user": settings.user_factor,
            "api_key": settings.api_key_factor,
            "tenant": settings.tenant_factor,
        }
        self._limits: dict[tuple[str, RateClass], Limit] = {
            (scope, one): limit.times(factor, name=one if scope != "tenant" else f"tenant-{one}")
            for scope, factor in factors.items()
            for one, limit in own.items()
        }
        self._buckets = LocalBuckets()
        self._take_shared = self._shared(redis, breakers) if redis is not None else None
        self._penalties = PenaltyBox(
            Limit("strikes", count=settings.block_after, seconds=60),
            first_seconds=settings.block_seconds,
            longest_seconds=settings.block_max_seconds,
        )
        self._shares = Shares(
            places=settings.tenant_concurrency,
            queue=settings.tenant_queue,
            wait_seconds=settings.tenant_wait_seconds,
        )
        self._place_of = lru_cache(maxsize=10_000)(self._read_address)

    def _shared(self, redis: RedisConnection, breakers: BreakerRegistry) -> TakeShared:
        from rustok.core.security import rate_limit_shared as shared  # late: only with Redis

        buckets = shared.SharedBuckets(
            redis.script(shared.SCRIPT).run,
            key=lambda name: redis.key("limit", name),
            local=self._buckets,
            breaker=breakers.breaker("rate_limits", shared.BREAKER),
        )
        return buckets.take_all

    def enter(self, request: Request) -> None:
        """Let a request in by its address alone.

        Raises:
            KeptOut, RateLimited.
        """
        if not self._enabled:
            return
        key = self._address_of(request)
        if key is None:
            return
        self._turn_away_kept_out(key)
        decision = self._buckets.take(key, self._address_limit)
        if not decision.allowed:
            raise self._refusal(decision, "address", "any", key)

    def admit_read(self, client: str, tenant: str) -> tuple[bool, Decision | None]:
        """Whether a kept answer of `tenant` may be sent to `client` at once; with what it took.

        False takes nothing: the long way then says why, and counts.
        """
        if not self._enabled:
            return True, None
        key, is_exempt = self._place_of(client)
        if is_exempt:
            return True, None
        if self._penalties.seconds_left(key):
            return False, None
        decision = self._buckets.take_all(
            (
                (f"{key}:read", self._limits["address", "read"]),
                (f"t:{tenant}:read", self._limits["tenant", "read"]),
                (key, self._address_limit),
            )
        )
        return decision.allowed, decision

    async def admit(
        self, request: Request, tenant_id: UUID, actor: Actor, rate_class: RateClass
    ) -> Decision | None:
        """Let a request of a known tenant and actor pass; what its buckets said, for the headers.

        Raises:
            KeptOut, RateLimited.
        """
        if not self._enabled:
            return None
        address = self._address_of(request)
        if address is None:
            return None
        caller, scope = address, "address"
        if actor.id is not None and rate_class != "login":
            caller, scope = f"u:{actor.id}", "api_key" if actor.kind == "api_key" else "user"
            self._turn_away_kept_out(caller)
        wanted = (
            (f"{caller}:{rate_class}", self._limits[scope, rate_class]),
            (f"t:{id_text(tenant_id)}:{rate_class}", self._limits["tenant", rate_class]),
        )
        if self._take_shared is not None and rate_class != "read":
            decision = await self._take_shared(wanted)
        else:
            decision = self._buckets.take_all(wanted)
        if decision.allowed:
            return decision
        if decision.key == wanted[1][0]:
            # The tenant's crowd is nobody's fault: its callers collect no strikes.
            raise self._refusal(decision, "tenant", rate_class, None)
        raise self._refusal(decision, scope, rate_class, caller)

    def credential_refused(self, request: Request) -> None:
        """Count a token or key that was not accepted: guessing them is signing in by force.

        Raises:
            KeptOut, RateLimited.
        """
        if not self._enabled:
            return
        address = self._address_of(request)
        if address is None:
            return
        decision = self._buckets.take(f"{address}:refused", self._limits["address", "login"])
        if not decision.allowed:
            raise self._refusal(decision, "address", "login", address)

    def take_place(self, tenant_id: UUID) -> bool:
        """Take one of the tenant's places, to be given back with `leave_place`; False when none is free."""
        return self._shares.enter(tenant_id)

    async def wait_for_place(self, tenant_id: UUID) -> None:
        """Take the next place that is given back.

        Raises:
            ShareTaken.
        """
        try:
            await self._shares.wait(tenant_id)
        except ShareTaken:
            metrics.RATE_LIMIT_REJECTIONS.labels(scope="share", rate_class="any").inc()
            raise

    def leave_place(self, tenant_id: UUID) -> None:
        self._shares.leave(tenant_id)

    def _refusal(
        self, decision: Decision, scope: str, rate_class: str, striker: str | None
    ) -> RateLimited | KeptOut:
        metrics.RATE_LIMIT_REJECTIONS.labels(scope=scope, rate_class=rate_class).inc()
        if striker is not None:
            seconds = self._penalties.strike(striker)
            if seconds:
                log.warning("limits.kept_out", scope=scope, seconds=seconds)
                return KeptOut(seconds)
        return RateLimited(decision, scope)

    def _turn_away_kept_out(self, key: str) -> None:
        seconds = self._penalties.seconds_left(key)
        if seconds:
            metrics.RATE_LIMIT_REJECTIONS.labels(scope="kept_out", rate_class="any").inc()
            raise KeptOut(seconds)

    def _address_of(self, request: Request) -> str | None:
        """The bucket of the request's address; None when it is exempt."""
        key, is_exempt = self._place_of(request.client)
        if not is_exempt:
            return key
        # A proxy on this very machine that nobody told us to trust: its clients are not exempt.
        headers = request.headers
        is_forwarded = _FORWARDED_FOR in headers or _FORWARDED in headers
        return key if is_forwarded and not request.proxied else None

    def _read_address(self, client: str) -> tuple[str, bool]:
        try:
            address = ipaddress.ip_address(client)
        except ValueError:
            return "a:unknown", False
        if address.version == 6 and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        is_exempt = any(address in network for network in self._exempt)
        if address.version == 6:
            network = ipaddress.ip_network((int(address), _NETWORK_OF_ONE_CALLER_V6), strict=False)
            return f"a:{network.network_address}", is_exempt
        return f"a:{address}", is_exempt
