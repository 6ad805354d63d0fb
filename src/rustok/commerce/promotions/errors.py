"""What can go wrong with promotions and coupons."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from rustok.core.errors import Conflict, FieldError, InvalidInput, NotFound, Unprocessable


class PromotionNotFound(NotFound):
    code = "promotion_not_found"
    title = "There is no such promotion"

    def __init__(self) -> None:
        super().__init__("The tenant has no such promotion.")


class CouponNotFound(NotFound):
    code = "coupon_not_found"
    title = "There is no such coupon"

    def __init__(self) -> None:
        super().__init__("The promotion has no such coupon.")


class CouponCodeTaken(Conflict):
    code = "coupon_code_taken"
    title = "The code is in use"
    mend = "Choose another code."

    def __init__(self, code: str) -> None:
        super().__init__("Another coupon has this code.", extensions={"coupon_code": code})


class PromotionInvalid(InvalidInput):
    """Fields that do not go together; each is named."""

    code = "promotion_invalid"
    title = "The promotion cannot be as it is described"
    mend = "Correct the fields named in `errors`."

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        super().__init__(
            " ".join(message for _, message in faults),
            fields=[
                FieldError(pointer=f"/{name}", rule="consistent", message=message)
                for name, message in faults
            ],
        )


class PromotionTargetUnknown(Unprocessable):
    code = "promotion_target_unknown"
    title = "The promotion names something that is not there"
    mend = "Use ids of products, categories or collections of this tenant."

    def __init__(self, ids: Sequence[UUID]) -> None:
        super().__init__(
            f"{len(ids)} of the ids are not there.",
            extensions={"target_ids": [str(one) for one in ids]},
        )


class CouponNotApplicable(Unprocessable):
    """The coupon does not count for this cart; `reason` says why.

    A code nobody knows and one that is switched off give the same reason.
    """

    code = "coupon_not_applicable"
    title = "The coupon does not count here"
    mend = "See `reason`; remove the coupon, or change the cart."

    def __init__(self, code: str, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"The coupon does not count: {reason.replace('_', ' ')}.",
            extensions={"coupon_code": code, "reason": reason},
        )
