"""The list of all features of this program; the only place that names them all."""

from __future__ import annotations

from rustok.commerce.carts.module import MODULE as CARTS
from rustok.commerce.checkout.module import MODULE as CHECKOUT
from rustok.commerce.fulfilments.module import MODULE as FULFILMENTS
from rustok.commerce.inventory.module import MODULE as INVENTORY
from rustok.commerce.orders.module import MODULE as ORDERS
from rustok.commerce.payments.module import MODULE as PAYMENTS
from rustok.commerce.pricing.module import MODULE as PRICING
from rustok.commerce.products.module import MODULE as PRODUCTS
from rustok.content.comments.module import MODULE as COMMENTS
from rustok.content.media.module import MODULE as MEDIA
from rustok.content.menus.module import MODULE as MENUS
from rustok.content.nodes.module import MODULE as NODES
from rustok.content.taxonomy.module import MODULE as TAXONOMY
from rustok.core.modules import Modules
from rustok.importers.module import MODULE as IMPORTS
from rustok.index.module import MODULE as INDEX
from rustok.platform.eventlog.module import MODULE as EVENTLOG
from rustok.platform.identity.module import MODULE as IDENTITY
from rustok.platform.mail.module import MODULE as MAIL
from rustok.platform.tenants.module import MODULE as TENANTS
from rustok.platform.webhooks.module import MODULE as WEBHOOKS


def all_modules() -> Modules:
    """Every feature, in order of dependency."""
    return Modules(
        [
            TENANTS,
            MAIL,
            IDENTITY,
            EVENTLOG,
            WEBHOOKS,
            PRODUCTS,
            PRICING,
            INVENTORY,
            CARTS,
            ORDERS,
            PAYMENTS,
            FULFILMENTS,
            CHECKOUT,
            TAXONOMY,
            MEDIA,
            NODES,
            MENUS,
            COMMENTS,
            INDEX,
            IMPORTS,
        ]
    )
