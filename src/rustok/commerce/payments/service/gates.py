"""The way to a payment provider: the port its adapters fill, and the guard around every call.

Refuses: a call while a transaction is open, one without a bound, and one to a provider that is down.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final, Protocol, TypeVar
from uuid import UUID

from rustok.commerce.payments.errors import PaymentProviderUnavailable
from rustok.commerce.payments.model import (
    Credentials,
    Notice,
    PaymentOptions,
    PaymentRequest,
    Provider,
    ProviderState,
    RefundState,
)
from rustok.core.db.transaction import forbid_in_transaction
from rustok.core.errors import RustokError
from rustok.core.parts import Parts
from rustok.core.resilience.breaker_settings import BreakerSettings
from rustok.core.resilience.circuit_breaker import CircuitOpen
from rustok.core.resilience.deadline import TimedOut, within
from rustok.core.resilience.retry import RetryBudget, RetryPolicy, retry
from rustok.telemetry import tracing
from rustok.telemetry.metrics import PAYMENT_CALLS, PAYMENT_DURATION

T = TypeVar("T")


class Gate(Protocol):
    """A payment provider. Every call may be made twice with the same ids: it acts once.

    Raises (all calls that reach the provider):
        ConnectionError: no answer; whether it acted is not known.
        PaymentRefused: an answer that says no.
    """

    async def create(self, credentials: Credentials, asked: PaymentRequest) -> str:
        """Announce a payment without taking money; returns the provider's reference."""
        ...

    async def proceed(
        self, credentials: Credentials, reference: str, *, key: UUID
    ) -> ProviderState:
        """Take or promise the money now where the provider needs no more from the payer."""
        ...

    async def ask(self, credentials: Credentials, reference: str) -> ProviderState:
        """How it stands; changes nothing."""
        ...

    async def capture(
        self, credentials: Credentials, reference: str, amount_minor: int, *, key: UUID
    ) -> ProviderState:
        """Take a promised amount, in minor units of the payment's currency."""
        ...

    async def void(self, credentials: Credentials, reference: str, *, key: UUID) -> ProviderState:
        """Give the promise, or the announcement, back."""
        ...

    async def refund(
        self, credentials: Credentials, reference: str, amount_minor: int, *, key: UUID
    ) -> RefundState:
        """Pay back minor units of the payment's currency, once per key."""
        ...

    def read_notice(
        self, credentials: Credentials, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> Notice | None:
        """What the provider tells by itself; None when it is not about payments.

        Raises:
            NoticeNotTrusted: no valid signature.
        """
        ...


BREAKER: Final = BreakerSettings(slow_call_seconds=5.0)  # not money: seconds
_BUDGET: Final = RetryBudget()
_MARGIN_SECONDS: Final = 1.0  # not money: seconds


async def guarded(
    parts: Parts, provider: Provider, operation: str, call: Callable[[], Awaitable[T]]
) -> T:
    """`call` behind the provider's breaker, bounded, and tried once more when nothing answered.

    Raises:
        PaymentProviderUnavailable: it is down, or was too slow; with when to come back.
    """
    forbid_in_transaction(f"a call to the payment provider {provider}")
    guard = parts.breakers.breaker(f"payments.{provider}", BREAKER)
    bound = parts.options(PaymentOptions).timeout_seconds
    policy = RetryPolicy(
        attempts=2, attempt_seconds=bound + _MARGIN_SECONDS, total_seconds=2 * bound
    )
    started = time.perf_counter()
    outcome = "failed"
    asked = {"rustok.payments.provider": str(provider), "rustok.operation": operation}
    try:
        with tracing.span(f"payments {operation}", asked, tracing.CLIENT):
            answer = await retry(
                lambda: guard.call(lambda: within(bound, call())),
                policy=policy,
                budget=_BUDGET,
                is_retryable=lambda error: isinstance(error, ConnectionError | TimedOut),
            )
        outcome = "answered"
        return answer
    except CircuitOpen as error:
        outcome = "rejected"
        raise PaymentProviderUnavailable(
            provider, retry_after_seconds=error.retry_after_seconds or 1
        ) from error
    except (TimedOut, ConnectionError) as error:
        outcome = "timed_out" if isinstance(error, TimedOut) else "failed"
        raise PaymentProviderUnavailable(provider) from error
    except RustokError as error:
        outcome = "refused" if error.status < 500 else "failed"
        raise
    finally:
        PAYMENT_CALLS.labels(provider=provider, operation=operation, outcome=outcome).inc()
        PAYMENT_DURATION.labels(provider=provider, operation=operation).observe(
            time.perf_counter() - started
        )
