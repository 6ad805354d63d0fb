"""Facts about prices."""

from __future__ import annotations

from uuid import UUID

from rustok.core.events.event import Event, event
from rustok.core.types import AmountMinor, CurrencyCode


@event("price.updated", aggregate="price", key="variant_id", read_model=True)
class PriceUpdated(Event, frozen=True, kw_only=True):
    """A price was set, changed or removed; old and new amounts are None where there was or is none.

    `changed` names what differs: "amount", "compare_at", "sale". The sale's amounts stand beside
    the plain ones, so that a log of these events tells every price a variant ever had.
    """

    variant_id: UUID
    currency: CurrencyCode
    changed: tuple[str, ...]
    old_amount_minor: AmountMinor | None = None
    new_amount_minor: AmountMinor | None = None
    old_compare_at_minor: AmountMinor | None = None
    new_compare_at_minor: AmountMinor | None = None
    old_sale_amount_minor: AmountMinor | None = None
    new_sale_amount_minor: AmountMinor | None = None

    def rule_broken(self) -> tuple[str, str] | None:
        if not self.changed:
            return ("changed", "old and new price must differ")
        pairs = {
            "amount": (self.old_amount_minor, self.new_amount_minor),
            "compare_at": (self.old_compare_at_minor, self.new_compare_at_minor),
        }
        for name, (old, new) in pairs.items():
            if name in self.changed and old == new:
                return (f"new_{name}_minor", "old and new value must differ")
        return None
