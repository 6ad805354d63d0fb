"""What we asked a provider to do: written down before it is asked, so that no answer can be lost.

Refuses: the conversation itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

import msgspec

OperationKind = Literal["authorize", "capture", "refund", "void"]
OperationStatus = Literal["open", "done", "refused"]
Cause = Literal["requested", "order_cancelled", "return", "stray", "outside"]
OPERATION_KINDS: Final[tuple[OperationKind, ...]] = ("authorize", "capture", "refund", "void")
OPERATION_STATUSES: Final[tuple[OperationStatus, ...]] = ("open", "done", "refused")
CAUSES: Final[tuple[Cause, ...]] = ("requested", "order_cancelled", "return", "stray", "outside")

FIRST_LOOK: Final = timedelta(seconds=60)
"""The request that began an operation settles it; the job looks only when it did not."""
LONGEST_REST: Final = timedelta(hours=1)
PAYER_TIME: Final = timedelta(hours=24)
"""How long a payer may take at the provider before the payment is given up."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a provider is asked to do; `id` is the idempotency key it gets.

    Attributes:
        amount_minor: minor units of the payment's currency.
        reference: what the provider knows it by, once it answered.
        key: the caller's Idempotency-Key, if there was one.
        cause, subject_id: why; a refund for a return names the return.
        due_at: when the job asks the provider, if nobody has settled it before.
    """

    id: UUID
    payment_id: UUID
    order_id: UUID
    kind: OperationKind
    status: OperationStatus
    amount_minor: int
    cause: Cause
    subject_id: UUID | None
    reference: str | None
    key: str | None
    reason: str | None
    attempts: int
    due_at: datetime
    settled_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime

    def later(self, *, at: datetime) -> Operation:
        """Look again, after twice the time each time, up to an hour."""
        rest = min(FIRST_LOOK * (2 ** min(self.attempts, 10)), LONGEST_REST)
        return msgspec.structs.replace(self, attempts=self.attempts + 1, due_at=at + rest)

    def settled(
        self, *, at: datetime, refused: str | None = None, reference: str | None = None
    ) -> Operation:
        """It is done, or refused with a reason."""
        return msgspec.structs.replace(
            self,
            status="done" if refused is None else "refused",
            reason=refused,
            reference=reference or self.reference,
            settled_at=at,
        )

    @property
    def is_open(self) -> bool:
        return self.status == "open"
