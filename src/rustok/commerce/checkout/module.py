"""Registration of checkout."""

from __future__ import annotations

from typing import Final

from rustok.commerce.checkout import routes
from rustok.core.modules import Module

MODULE: Final = Module(
    slug="checkout",
    title="Checkout",
    depends_on=(
        "products",
        "pricing",
        "inventory",
        "carts",
        "orders",
        "payments",
        "fulfilments",
    ),
    routes=(routes.storefront, routes.admin),
)
