"""How a payment stood before a step and stands after it, for the audit log."""

from __future__ import annotations

from rustok.commerce.payments.model import Payment
from rustok.core.audit.difference import Difference, step


def standing(before: Payment, after: Payment) -> Difference:
    """State and amounts, as far as they differ."""
    return step(before, after, "state", "captured_minor", "refunded_minor", "refunding_minor")
