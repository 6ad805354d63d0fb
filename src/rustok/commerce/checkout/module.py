"""Registration of checkout."""

from __future__ import annotations

from typing import Final

from rustok.commerce.checkout import routes
from rustok.commerce.checkout.service import settle_due
from rustok.core.modules import Job, Module

SETTLE_SECONDS: Final = 5

MODULE: Final = Module(
    slug="checkout",
    title="Checkout",
    depends_on=(
        "products",
        "pricing",
        "promotions",
        "inventory",
        "carts",
        "orders",
        "payments",
        "fulfilments",
        "returns",
    ),
    routes=(routes.storefront, routes.admin, routes.payments_admin, routes.returns_admin),
    jobs=(Job(name="checkout.settle_payments", every_seconds=SETTLE_SECONDS, run=settle_due),),
)
