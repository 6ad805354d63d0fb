"""The export formats by name: how each is read, and who writes what it says.

Refuses: opening a database. Everything that differs between the sources is in this table.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rustok.core.locale import parse_locale
from rustok.core.money import parse_currency
from rustok.core.security.identifiers import parse_handle
from rustok.core.tenancy import Actor, TenantProfile
from rustok.importers.errors import ImportFileRefused
from rustok.importers.model import ImportOptions, Source
from rustok.importers.report import Parsed
from rustok.importers.shopify import ShopifyOptions, parse_shopify
from rustok.importers.woocommerce import WooCommerceOptions, parse_woocommerce
from rustok.importers.wordpress import WordPressOptions, parse_wordpress
from rustok.importers.writing.content import ContentWriter
from rustok.importers.writing.products import ProductWriter

SOURCES: Final[tuple[Source, ...]] = get_args(Source)
PERMISSIONS: Final[dict[Source, str]] = {
    "shopify": "products:import",
    "woocommerce": "products:import",
    "wordpress": "nodes:import",
}
_SHOP: Final = ("products", "pricing", "inventory")
NEEDED_MODULES: Final[dict[Source, tuple[str, ...]]] = {
    "shopify": _SHOP,
    "woocommerce": _SHOP,
    "wordpress": ("taxonomy", "media", "nodes", "comments"),
}


def settled(options: ImportOptions, tenant: TenantProfile) -> ImportOptions:
    """The options with the tenant's defaults in them, so that a later change of these is seen.

    Raises:
        InvalidCurrency, InvalidLocale, InvalidHandle.
        ImportFileRefused: the time zone is unknown, or the locale not the tenant's.
    """
    locale = parse_locale(options.locale or tenant.default_locale, pointer="locale")
    if locale not in tenant.locales:
        raise ImportFileRefused(
            f"{locale!r} is not among the tenant's locales; enable it first.", reason="locale"
        )
    try:
        ZoneInfo(options.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ImportFileRefused(
            f"{options.timezone[:64]!r} is no time zone; use a name such as Europe/Berlin.",
            reason="timezone",
        ) from None
    return ImportOptions(
        currency=parse_currency(options.currency or tenant.default_currency, pointer="currency"),
        timezone=options.timezone,
        locale=locale,
        site=parse_handle(options.site, pointer="site") if options.site else "",
    )


def sources_of(actor: Actor) -> tuple[Source, ...]:
    """The sources an actor may import from."""
    return tuple(source for source in SOURCES if actor.may(PERMISSIONS[source]))


def parsed(source: Source, path: Path, options: ImportOptions) -> Iterator[Parsed[Any]]:
    """The steps of a file; drafts are of the type the source's writer takes.

    Raises:
        ImportFileRefused, InvalidCurrency: on the first step or a later one.
    """
    currency = options.currency or ""
    match source:
        case "shopify":
            yield from parse_shopify(path, ShopifyOptions(currency=currency))
        case "woocommerce":
            settings = WooCommerceOptions(currency=currency, timezone=options.timezone)
            yield from parse_woocommerce(path, settings)
        case "wordpress":
            yield from parse_wordpress(path, WordPressOptions(timezone=options.timezone))


def writer_for(source: Source, options: ImportOptions) -> ProductWriter | ContentWriter:
    """A writer with an empty memory, for one pass over one file."""
    if source == "wordpress":
        return ContentWriter(options)
    return ProductWriter(options)
