"""Registration of payments."""

from __future__ import annotations

from typing import Final

from rustok.commerce.payments import routes
from rustok.commerce.payments.events import (
    PaymentAuthorized,
    PaymentCaptured,
    PaymentFailed,
    PaymentRefunded,
    PaymentRequiresAction,
    PaymentVoided,
)
from rustok.core.modules import Module

MODULE: Final = Module(
    slug="payments",
    title="Payments",
    depends_on=("orders",),
    routes=(routes.admin,),
    event_types=(
        PaymentRequiresAction.type,
        PaymentAuthorized.type,
        PaymentCaptured.type,
        PaymentFailed.type,
        PaymentVoided.type,
        PaymentRefunded.type,
    ),
)
