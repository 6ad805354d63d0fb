"""The provider "test": takes no money and does as it is told by `means`, for demos and tests.

Refuses: production; the operator switches it on, and a production start refuses that. What it knows
lives in the process and ends with it.

Means: `ok` pays; `decline` is refused; `action` waits for the payer until it is asked again;
`lost` pays and the answer is lost; `down` does not answer; `norefund` pays and never pays back.
"""

# ruff: noqa: ARG002 - the shape of the port, of which this provider needs less

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from rustok.commerce.payments.errors import NoticeNotTrusted, PaymentRefused
from rustok.commerce.payments.model import (
    Credentials,
    Notice,
    PaymentRequest,
    ProviderState,
    RefundState,
)
from rustok.commerce.payments.service.signatures import check_signature

MAX_KNOWN: Final = 10_000
SIGNATURE_HEADER: Final = "test-signature"


class _Known(msgspec.Struct, kw_only=True):
    means: str
    amount_minor: int
    is_manual: bool
    state: ProviderState
    asked: int = 0
    captures: int = 0
    refunded_minor: int = 0
    refunds: dict[UUID, RefundState] = msgspec.field(default_factory=dict)


class RehearsalGate:
    """See the module; one per process."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def captures_of(self, reference: str) -> int:
        """How often money was taken for a payment: what tests look at."""
        return self._known[reference].captures

    def refunded_of(self, reference: str) -> int:
        """Minor units paid back for a payment."""
        return self._known[reference].refunded_minor

    async def create(self, credentials: Credentials, asked: PaymentRequest) -> str:
        means = asked.means or "ok"
        if means == "down":
            raise ConnectionError("the test provider is told not to answer")
        reference = f"test_{asked.operation_id}"
        if reference not in self._known:
            if len(self._known) >= MAX_KNOWN:
                del self._known[next(iter(self._known))]
            self._known[reference] = _Known(
                means=means,
                amount_minor=asked.amount_minor,
                is_manual=credentials.capture == "manual",
                state=ProviderState(reference=reference, state="waiting"),
            )
        return reference

    async def proceed(
        self, credentials: Credentials, reference: str, *, key: UUID
    ) -> ProviderState:
        known = self._of(reference)
        if known.state.state == "waiting":
            if known.means == "decline":
                self._set(known, "failed", reason="The card was declined.")
            elif known.means != "action":
                self._take(known)
        if known.means == "lost":
            raise ConnectionError("the answer is lost, as told")
        return self._shown(known)

    async def ask(self, credentials: Credentials, reference: str) -> ProviderState:
        known = self._of(reference)
        known.asked += 1
        if known.means == "action" and known.state.state == "waiting":
            self._take(known)
        return self._shown(known)

    async def capture(
        self, credentials: Credentials, reference: str, amount_minor: int, *, key: UUID
    ) -> ProviderState:
        known = self._of(reference)
        if known.state.state == "authorized":
            known.captures += 1
            self._set(known, "captured", captured_minor=amount_minor)
        return known.state

    async def void(self, credentials: Credentials, reference: str, *, key: UUID) -> ProviderState:
        known = self._of(reference)
        if known.state.state in ("waiting", "authorized"):
            self._set(known, "voided")
        return known.state

    async def refund(
        self, credentials: Credentials, reference: str, amount_minor: int, *, key: UUID
    ) -> RefundState:
        known = self._of(reference)
        if key not in known.refunds:
            left = (known.state.captured_minor or 0) - known.refunded_minor
            refused = known.means == "norefund" or amount_minor > left
            if not refused:
                known.refunded_minor += amount_minor
            known.refunds[key] = RefundState(
                reference=f"refund_{key}",
                payment_reference=reference,
                state="refused" if refused else "done",
                amount_minor=amount_minor,
                operation_id=key,
                reason="The bank does not take it back." if refused else None,
            )
        return known.refunds[key]

    def read_notice(
        self, credentials: Credentials, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> Notice | None:
        """The body is a `ProviderState`, signed as `signatures` says, in `Test-Signature`."""
        check_signature(headers.get(SIGNATURE_HEADER), body, credentials.webhook_secret, now=now)
        try:
            return msgspec.json.decode(body, type=ProviderState)
        except msgspec.MsgspecError:
            raise NoticeNotTrusted from None

    def _of(self, reference: str) -> _Known:
        known = self._known.get(reference)
        if known is None:
            raise PaymentRefused("test", "It was never heard of, or before this process began.")
        return known

    def _take(self, known: _Known) -> None:
        if known.is_manual:
            self._set(known, "authorized")
        else:
            known.captures += 1
            self._set(known, "captured", captured_minor=known.amount_minor)

    def _set(self, known: _Known, state: str, **more: object) -> None:
        fields = {"method": "test", "state": state, "reference": known.state.reference, **more}
        known.state = msgspec.convert(fields, ProviderState)

    def _shown(self, known: _Known) -> ProviderState:
        if known.state.state != "waiting":
            return known.state
        secret = f"{known.state.reference}_secret"
        return msgspec.structs.replace(known.state, client_secret=secret)


REHEARSAL: Final = RehearsalGate()
"""The one of this process."""
