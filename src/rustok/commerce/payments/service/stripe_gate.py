"""The provider "stripe": PaymentIntents, captured at once or by hand, through Stripe's own library.

Refuses: Stripe's words beyond this file. The library is imported with the first call (0.7 s, 30 MB),
so only who takes payments pays for it.
Source: Stripe API, PaymentIntents and Refunds; idempotent requests.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec

from rustok.commerce.payments.errors import NoticeNotTrusted, PaymentRefused
from rustok.commerce.payments.model import (
    Credentials,
    Notice,
    PaymentOptions,
    PaymentRequest,
    ProviderState,
    RefundState,
)
from rustok.commerce.payments.service.signatures import check_signature

_Read = TypeVar("_Read", bound=msgspec.Struct)

_HUNDREDFOLD: Final = frozenset({"ISK", "UGX"})
"""Without minor units by ISO 4217, and still counted in hundredths by Stripe."""
_MANY: Final = 100


class _Failure(msgspec.Struct, frozen=True):
    message: str | None = None


class _Intent(msgspec.Struct, frozen=True):
    """What we read of a PaymentIntent."""

    id: str
    status: str
    currency: str
    amount_received: int | None = None
    client_secret: str | None = None
    last_payment_error: _Failure | None = None


class _Refund(msgspec.Struct, frozen=True):
    """What we read of a Refund."""

    id: str
    status: str | None
    amount: int
    currency: str
    payment_intent: str | None = None
    metadata: dict[str, str] | None = None
    failure_reason: str | None = None


class _Object(msgspec.Struct, frozen=True):
    object: msgspec.Raw


class _Event(msgspec.Struct, frozen=True):
    type: str
    data: _Object


def to_stripe(amount_minor: int, currency: str) -> int:
    """An amount in minor units as Stripe counts it."""
    return amount_minor * 100 if currency.upper() in _HUNDREDFOLD else amount_minor


def from_stripe(amount: int, currency: str) -> int:
    """An amount of Stripe's in minor units."""
    return amount // 100 if currency.upper() in _HUNDREDFOLD else amount


def _state_of(intent: _Intent) -> ProviderState:
    failure = intent.last_payment_error
    state, captured, reason = "waiting", None, None
    match intent.status:
        case "requires_payment_method" if failure is not None:
            state, reason = "failed", failure.message
        case "processing":
            state = "processing"
        case "requires_capture":
            state = "authorized"
        case "succeeded":
            state = "captured"
            if intent.amount_received is not None:
                captured = from_stripe(intent.amount_received, intent.currency)
        case "canceled":
            state = "voided"
        case _:
            pass
    fields = {
        "reference": intent.id,
        "state": state,
        "captured_minor": captured,
        "method": "card",
        "reason": reason,
        "client_secret": intent.client_secret if state == "waiting" else None,
    }
    return msgspec.convert(fields, ProviderState)


def _refund_of(refund: _Refund) -> RefundState:
    named = (refund.metadata or {}).get("operation_id", "")
    try:
        operation_id = UUID(named)
    except ValueError:
        operation_id = None
    state = {"succeeded": "done", "failed": "refused", "canceled": "refused"}
    fields = {
        "reference": refund.id,
        "payment_reference": refund.payment_intent or "",
        "state": state.get(refund.status or "succeeded", "pending"),
        "amount_minor": from_stripe(refund.amount, refund.currency),
        "operation_id": operation_id,
        "reason": refund.failure_reason,
    }
    return msgspec.convert(fields, RefundState)


class StripeGate:
    """Args:
    options: where Stripe answers, and how long it may take.
    """

    def __init__(self, options: PaymentOptions) -> None:
        self._options = options
        # A connection belongs to the event loop it was opened in.
        self._wires: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Any] = (
            weakref.WeakKeyDictionary()
        )

    async def create(self, credentials: Credentials, asked: PaymentRequest) -> str:
        params: dict[str, Any] = {
            "amount": to_stripe(asked.amount_minor, asked.currency),
            "currency": asked.currency.lower(),
            "capture_method": credentials.capture,
            "payment_method_types": ["card"],
            "metadata": {
                "tenant_id": str(asked.tenant_id),
                "order_id": str(asked.order_id),
                "payment_id": str(asked.payment_id),
                "operation_id": str(asked.operation_id),
            },
        }
        if asked.means is not None:
            params["payment_method"] = asked.means
        key = {"idempotency_key": f"announce-{asked.operation_id}"}
        intents = self._client(credentials).v1.payment_intents
        intent = await self._intent(lambda: intents.create_async(params, key))
        return intent.id

    async def proceed(
        self, credentials: Credentials, reference: str, *, key: UUID
    ) -> ProviderState:
        import stripe  # late: see the module

        intents = self._client(credentials).v1.payment_intents
        intent = await self._intent(lambda: intents.retrieve_async(reference))
        if intent.status != "requires_confirmation":
            return _state_of(intent)
        options = {"idempotency_key": f"confirm-{key}"}
        try:
            return _state_of(
                await self._intent(lambda: intents.confirm_async(reference, options=options))
            )
        except stripe.CardError as error:
            reason = error.user_message or "The card was declined."
            return ProviderState(reference=reference, state="failed", method="card", reason=reason)

    async def ask(self, credentials: Credentials, reference: str) -> ProviderState:
        intents = self._client(credentials).v1.payment_intents
        return _state_of(await self._intent(lambda: intents.retrieve_async(reference)))

    async def capture(
        self, credentials: Credentials, reference: str, amount_minor: int, *, key: UUID
    ) -> ProviderState:
        intents = self._client(credentials).v1.payment_intents
        before = await self._intent(lambda: intents.retrieve_async(reference))
        if before.status != "requires_capture":
            return _state_of(before)
        params = {"amount_to_capture": to_stripe(amount_minor, before.currency)}
        options = {"idempotency_key": f"capture-{key}"}
        captured = await self._intent(lambda: intents.capture_async(reference, params, options))
        return _state_of(captured)

    async def void(self, credentials: Credentials, reference: str, *, key: UUID) -> ProviderState:
        intents = self._client(credentials).v1.payment_intents
        before = await self._intent(lambda: intents.retrieve_async(reference))
        if before.status in ("succeeded", "processing", "canceled"):
            return _state_of(before)
        options = {"idempotency_key": f"cancel-{key}"}
        return _state_of(
            await self._intent(lambda: intents.cancel_async(reference, options=options))
        )

    async def refund(
        self, credentials: Credentials, reference: str, amount_minor: int, *, key: UUID
    ) -> RefundState:
        client = self._client(credentials)
        params = {"payment_intent": reference, "limit": _MANY}
        made = await self._said(lambda: client.v1.refunds.list_async(params))
        # Asked before it is made: Stripe forgets an idempotency key after a day, its refunds never.
        for one in made.data:
            known = _refund_of(_read(one, _Refund))
            if known.operation_id == key:
                return msgspec.structs.replace(known, payment_reference=reference)
        intent = await self._intent(lambda: client.v1.payment_intents.retrieve_async(reference))
        wanted = {
            "payment_intent": reference,
            "amount": to_stripe(amount_minor, intent.currency),
            "metadata": {"operation_id": str(key)},
        }
        options = {"idempotency_key": f"refund-{key}"}
        refund = await self._said(lambda: client.v1.refunds.create_async(wanted, options))
        return _refund_of(_read(refund, _Refund))

    def read_notice(
        self, credentials: Credentials, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> Notice | None:
        check_signature(headers.get("stripe-signature"), body, credentials.webhook_secret, now=now)
        try:
            event = msgspec.json.decode(body, type=_Event)
            if event.type.startswith("payment_intent."):
                state = _state_of(msgspec.json.decode(event.data.object, type=_Intent))
                # An announcement is ours; only a payer who is asked is news.
                is_news = state.state != "waiting" or event.type.endswith("requires_action")
                return state if is_news else None
            if event.type.startswith(("refund.", "charge.refund.")):
                return _refund_of(msgspec.json.decode(event.data.object, type=_Refund))
        except msgspec.MsgspecError:
            raise NoticeNotTrusted from None
        return None

    def _client(self, credentials: Credentials) -> Any:
        import stripe  # late: see the module

        loop = asyncio.get_running_loop()
        wire = self._wires.get(loop)
        if wire is None:
            wire = stripe.HTTPXClient(timeout=self._options.timeout_seconds)
            self._wires[loop] = wire
        addresses: Any = {"api": self._options.stripe_url} if self._options.stripe_url else None
        return stripe.StripeClient(
            credentials.secret_key,
            base_addresses=addresses,
            http_client=wire,
            max_network_retries=0,
        )

    async def _intent(self, call: Callable[[], Awaitable[Any]]) -> _Intent:
        return _read(await self._said(call), _Intent)

    async def _said(self, call: Callable[[], Awaitable[Any]]) -> Any:
        """Stripe's answer; its errors in our words, but a declined card, which is an answer."""
        import stripe  # late: see the module

        try:
            return await call()
        except stripe.CardError:
            raise
        except (stripe.APIConnectionError, stripe.RateLimitError) as error:
            raise ConnectionError(type(error).__name__) from error
        except stripe.StripeError as error:
            if (error.http_status or 500) >= 500:
                raise ConnectionError(type(error).__name__) from error
            if isinstance(error, (stripe.AuthenticationError, stripe.PermissionError)):
                # What Stripe says of keys is for the shop, and payers read this.
                raise PaymentRefused("stripe", "It does not accept the shop's keys.") from error
            raise PaymentRefused("stripe", error.user_message or type(error).__name__) from error


def _read(answer: Any, kind: type[_Read]) -> _Read:
    return msgspec.convert(answer.to_dict(), kind)


@cache
def stripe_gate(options: PaymentOptions) -> StripeGate:
    """The gate of these options, one a process."""
    return StripeGate(options)
