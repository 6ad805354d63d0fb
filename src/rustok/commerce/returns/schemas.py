"""Wire shapes of returns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.commerce.returns.model import Return, ReturnLine, ReturnState
from rustok.core.pagination import PageRequest
from rustok.core.types import SHORT_TEXT_PATTERN, TITLE_PATTERN, ShortText

Note = Annotated[
    str,
    Meta(
        max_length=500,
        pattern=SHORT_TEXT_PATTERN,
        description="Why, in the customer's words.",
        examples=["Too small"],
    ),
]
RejectReason = Annotated[
    str, Meta(min_length=1, max_length=500, pattern=TITLE_PATTERN, examples=["Worn"])
]
ReturnedQuantity = Annotated[int, Meta(ge=1, le=1_000_000, examples=[1])]
RestockedQuantity = Annotated[int, Meta(ge=0, le=1_000_000, examples=[1])]


class RequestReturnLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    order_line_id: UUID
    quantity: ReturnedQuantity


class RequestReturn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pieces that are to come back; a line named twice counts together."""

    lines: Annotated[list[RequestReturnLine], Meta(min_length=1, max_length=100)]
    note: Note = ""

    def quantities(self) -> dict[UUID, int]:
        """Pieces by order line id."""
        wanted: dict[UUID, int] = {}
        for line in self.lines:
            wanted[line.order_line_id] = wanted.get(line.order_line_id, 0) + line.quantity
        return wanted


class RejectReturn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: RejectReason


class RestockLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    return_line_id: UUID
    quantity: RestockedQuantity


class ReceiveReturn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without lines, all pieces go back on the shelf; with lines, only those."""

    restocked: Annotated[list[RestockLine], Meta(max_length=100)] | None = None

    def quantities(self) -> dict[UUID, int] | None:
        """Pieces to restock by return line id."""
        if self.restocked is None:
            return None
        return {line.return_line_id: line.quantity for line in self.restocked}


class ReturnQuery(PageRequest, frozen=True, kw_only=True):
    """Filters of the list of returns."""

    status: ReturnState | None = None
    order_id: UUID | None = None


class ReturnLineView(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces of an order line; what was paid for them in minor units."""

    id: UUID
    order_line_id: UUID
    variant_id: UUID
    quantity: int
    value_minor: int
    restocked: int


class ReturnSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A return in a list; times and facts of states it has not reached are null."""

    id: UUID
    order_id: UUID
    status: str
    currency: str
    value_minor: int
    refunded_minor: int | None
    note: ShortText
    rejected_reason: str | None
    approved_at: datetime | None
    received_at: datetime | None
    refunded_at: datetime | None
    rejected_at: datetime | None
    cancelled_at: datetime | None
    allowed_actions: list[str]
    version: int
    created_at: datetime
    updated_at: datetime


class ReturnView(ReturnSummary, frozen=True, kw_only=True):
    lines: list[ReturnLineView]


def _summary(found: Return) -> dict[str, Any]:
    fields = {name: getattr(found, name, None) for name in ReturnSummary.__struct_fields__}
    return {**fields, "status": found.state, "allowed_actions": list(found.allowed_actions)}


def return_summary(found: Return) -> ReturnSummary:
    return ReturnSummary(**_summary(found))


def return_view(found: Return, lines: Sequence[ReturnLine]) -> ReturnView:
    shown = [
        ReturnLineView(**{name: getattr(line, name) for name in ReturnLineView.__struct_fields__})
        for line in lines
    ]
    return ReturnView(**_summary(found), lines=shown)
