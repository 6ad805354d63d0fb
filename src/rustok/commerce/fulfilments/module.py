"""Registration of fulfilments."""

from __future__ import annotations

from typing import Final

from rustok.commerce.fulfilments import routes
from rustok.commerce.fulfilments.events import (
    FulfilmentCancelled,
    FulfilmentCreated,
    FulfilmentDelivered,
    FulfilmentShipped,
)
from rustok.core.modules import Module

MODULE: Final = Module(
    slug="fulfilments",
    title="Fulfilments",
    depends_on=("orders",),
    routes=(routes.admin,),
    event_types=(
        FulfilmentCreated.type,
        FulfilmentShipped.type,
        FulfilmentDelivered.type,
        FulfilmentCancelled.type,
    ),
)
