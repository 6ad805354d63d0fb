"""What can go wrong with payments."""

from __future__ import annotations

from rustok.core.errors import Conflict, NotFound, Unprocessable


class PaymentNotFound(NotFound):
    code = "payment_not_found"
    title = "There is no such payment"

    def __init__(self) -> None:
        super().__init__("The order has no payment that is open or done.")


class PaymentExists(Conflict):
    code = "payment_exists"
    title = "The order has a payment already"
    mend = "Use the payment the order has."

    def __init__(self) -> None:
        super().__init__("The order has a payment that neither failed nor was voided.")


class CaptureOutOfRange(Unprocessable):
    """More or less is captured than the amount allows."""

    code = "capture_out_of_range"
    title = "The amount does not fit the payment"
    mend = "Send the amount of the order."

    def __init__(self, *, wanted_minor: int, amount_minor: int, currency: str) -> None:
        self.wanted_minor, self.amount_minor = wanted_minor, amount_minor
        super().__init__(
            f"{wanted_minor} {currency} minor units wanted, {amount_minor} expected.",
            extensions={
                "wanted_minor": wanted_minor,
                "amount_minor": amount_minor,
                "currency": currency,
            },
        )


class RefundTooLarge(Unprocessable):
    """More is to be paid back than was captured and not paid back yet."""

    code = "refund_too_large"
    title = "The refund exceeds what was captured"
    mend = "Refund at most what is left."

    def __init__(self, *, wanted_minor: int, left_minor: int) -> None:
        self.wanted_minor, self.left_minor = wanted_minor, left_minor
        super().__init__(
            f"{wanted_minor} minor units to refund; {left_minor} are left.",
            extensions={"wanted_minor": wanted_minor, "left_minor": left_minor},
        )
