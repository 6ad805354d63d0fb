"""Registration of returns."""

from __future__ import annotations

from typing import Final

from rustok.commerce.returns import routes
from rustok.commerce.returns.events import (
    ReturnApproved,
    ReturnReceived,
    ReturnRefunded,
    ReturnRejected,
    ReturnRequested,
)
from rustok.core.modules import Module

MODULE: Final = Module(
    slug="returns",
    title="Returns",
    depends_on=("orders", "inventory", "payments"),
    routes=(routes.storefront, routes.admin),
    event_types=(
        ReturnRequested.type,
        ReturnApproved.type,
        ReturnReceived.type,
        ReturnRefunded.type,
        ReturnRejected.type,
    ),
)
