"""How many points an amount is worth."""

from __future__ import annotations

from uuid import UUID

import msgspec

from rustok.core.currencies import EXPONENTS


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The points of one customer."""

    customer_id: UUID
    points: int


def points_for(amount_minor: int, currency: str) -> int:
    """A point for each whole unit; 12.34 EUR are 12 points, 500 JPY are 500."""
    whole: int = 10 ** EXPONENTS[currency]
    return amount_minor // whole
