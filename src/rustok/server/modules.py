"""The list of all features of this program; the only place that names them all.

Modules of other packages are named by the operator (`modules.extra`) and loaded here.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from rustok.commerce.carts.module import MODULE as CARTS
from rustok.commerce.checkout.module import MODULE as CHECKOUT
from rustok.commerce.fulfilments.module import MODULE as FULFILMENTS
from rustok.commerce.inventory.module import MODULE as INVENTORY
from rustok.commerce.notices.module import MODULE as NOTICES
from rustok.commerce.orders.module import MODULE as ORDERS
from rustok.commerce.payments.module import MODULE as PAYMENTS
from rustok.commerce.pricing.module import MODULE as PRICING
from rustok.commerce.products.module import MODULE as PRODUCTS
from rustok.commerce.promotions.module import MODULE as PROMOTIONS
from rustok.commerce.returns.module import MODULE as RETURNS
from rustok.content.comments.module import MODULE as COMMENTS
from rustok.content.media.module import MODULE as MEDIA
from rustok.content.menus.module import MODULE as MENUS
from rustok.content.nodes.module import MODULE as NODES
from rustok.content.taxonomy.module import MODULE as TAXONOMY
from rustok.core.errors import RustokError
from rustok.core.modules import Module, Modules
from rustok.importers.module import MODULE as IMPORTS
from rustok.index.module import MODULE as INDEX
from rustok.platform.audit.module import MODULE as AUDIT
from rustok.platform.cdn.module import MODULE as CDN
from rustok.platform.eventlog.module import MODULE as EVENTLOG
from rustok.platform.identity.module import MODULE as IDENTITY
from rustok.platform.mail.module import MODULE as MAIL
from rustok.platform.notifications.module import MODULE as NOTIFICATIONS
from rustok.platform.tenants.module import MODULE as TENANTS
from rustok.platform.timelines.module import MODULE as TIMELINES
from rustok.platform.webhooks.module import MODULE as WEBHOOKS


class ModuleNotLoadable(RustokError):
    code = "module_not_loadable"
    title = "A module named in the settings cannot be loaded"
    mend = "Install its package into the environment of rustok, or take it out of `modules.extra`."

    def __init__(self, place: str, why: str) -> None:
        super().__init__(f"modules.extra: {place!r}: {why}.")


def extra_modules(places: Sequence[str]) -> list[Module]:
    """Modules of other packages.

    Args:
        places: `package.module:NAME` each.

    Raises:
        ModuleNotLoadable: there is none at a place.
    """
    found: list[Module] = []
    for place in places:
        path, _, name = place.partition(":")
        try:
            module = getattr(import_module(path), name or "MODULE", None)
        except ImportError as error:
            raise ModuleNotLoadable(place, str(error)) from error
        if not isinstance(module, Module):
            raise ModuleNotLoadable(place, f"{name or 'MODULE'} is no rustok.core.modules.Module")
        found.append(module)
    return found


def all_modules(extra: Sequence[str] = ()) -> Modules:
    """Every feature, in order of dependency.

    Args:
        extra: modules of other packages, as in `extra_modules`.
    """
    return Modules(
        [
            *extra_modules(extra),
            TENANTS,
            MAIL,
            IDENTITY,
            AUDIT,
            EVENTLOG,
            WEBHOOKS,
            CDN,
            NOTIFICATIONS,
            TIMELINES,
            PRODUCTS,
            PRICING,
            PROMOTIONS,
            INVENTORY,
            CARTS,
            ORDERS,
            NOTICES,
            PAYMENTS,
            FULFILMENTS,
            RETURNS,
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
