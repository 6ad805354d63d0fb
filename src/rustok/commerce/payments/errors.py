"""What can go wrong with payments."""

from __future__ import annotations

from collections.abc import Sequence

from rustok.core.errors import Conflict, InvalidInput, NotFound, Unavailable, Unprocessable


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


class PaymentInProgress(Conflict):
    """The provider is being asked about this payment; its answer comes first."""

    code = "payment_in_progress"
    title = "The payment is being worked on"
    mend = "Wait a moment, read the payment, and decide anew."

    def __init__(self) -> None:
        super().__init__("The provider is being asked about this payment.", retry_after_seconds=2)


class PaymentProviderNotOffered(Unprocessable):
    code = "payment_provider_not_offered"
    title = "The shop does not take payments this way"
    mend = "Use one of the providers in `providers`."

    def __init__(self, provider: str, offered: Sequence[str]) -> None:
        super().__init__(
            f"The shop takes no payments through '{provider}'.",
            extensions={"provider": provider, "providers": list(offered)},
        )


class PaymentAccountNotFound(NotFound):
    code = "payment_account_not_found"
    title = "The shop has no account at this provider"

    def __init__(self, provider: str) -> None:
        super().__init__(f"The shop has no account at '{provider[:40]}'.")


class PaymentKeyMissing(Unprocessable):
    code = "payment_key_missing"
    title = "The account needs its secret keys"
    mend = "Send secret_key and webhook_secret."

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(
            "Missing: " + ", ".join(missing) + ".", extensions={"missing": list(missing)}
        )


class PaymentRefused(Unprocessable):
    """The provider understood and does not do it: a wrong key, an amount it does not take."""

    code = "payment_refused"
    title = "The payment provider refuses this"
    mend = "Read `detail`; check the account's keys and what the provider says of the payment."

    def __init__(self, provider: str, why: str) -> None:
        super().__init__(f"{provider}: {why[:300]}", extensions={"provider": provider})


class PaymentProviderUnavailable(Unavailable):
    """The provider does not answer, or not in time. What was asked for is kept and settled later."""

    code = "payment_provider_unavailable"
    title = "The payment provider does not answer"
    mend = "Send the same request again after Retry-After; nothing is charged twice."

    def __init__(self, provider: str, *, retry_after_seconds: int = 5) -> None:
        super().__init__(
            f"The payment provider '{provider}' does not answer; what was asked for is kept.",
            retry_after_seconds=retry_after_seconds,
        )


class NoticeNotTrusted(InvalidInput):
    """A notice without the provider's signature, or one that is too old."""

    code = "payment_notice_not_trusted"
    title = "The notice does not come from the payment provider"
    mend = "Send it with the provider's signature, and set the account's webhook secret."

    def __init__(self) -> None:
        super().__init__("The notice carries no valid signature of the provider.")
