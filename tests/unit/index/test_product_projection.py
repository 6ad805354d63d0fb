"""A product's documents: pure, per locale and currency, with texts from the nearest locale."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from rustok.commerce.inventory.api import Availability
from rustok.commerce.pricing.api import PriceEntry, Sale
from rustok.commerce.products.api import ProductDescription, ProductTranslation, Variant
from rustok.core.ids import new_id
from rustok.core.tenancy import TenantProfile
from rustok.index.products.projection import Sources, make, texts_of
from rustok.index.products.schemas import ProductCard, ProductDocument
from rustok.index.products.tables import NO_PRICE_HIGH, NO_PRICE_LOW

NOW = datetime(2026, 5, 1, tzinfo=UTC)
PRODUCT, SMALL, LARGE = new_id(), new_id(), new_id()
TENANT = TenantProfile(
    id=new_id(),
    slug="shop",
    name="Shop",
    status="active",
    default_locale="en",
    locales=("en", "de-AT"),
    currencies=("EUR", "JPY"),
)


def text(locale: str, title: str | None, **fields: Any) -> ProductTranslation:
    missing = dict.fromkeys(("description_html", "seo_title", "seo_description", "handle"))
    return ProductTranslation(product_id=PRODUCT, locale=locale, title=title, **(missing | fields))


def variant(variant_id: UUID, position: int, **fields: Any) -> Variant:
    given: dict[str, Any] = {
        "sku": None,
        "barcode": None,
        "option_values": (),
        "weight_grams": None,
        "requires_shipping": True,
        "taxable": True,
        "track_inventory": True,
        "allow_backorder": False,
        "image_id": None,
        "source_id": None,
    }
    return Variant(
        id=variant_id,
        product_id=PRODUCT,
        position=position,
        version=1,
        created_at=NOW,
        updated_at=NOW,
        **(given | fields),
    )


def product(**fields: Any) -> ProductDescription:
    given: dict[str, Any] = {
        "status": "active",
        "translations": (text("en", "Lamp"), text("de", "Lampe", handle="lampe")),
        "variants": (variant(SMALL, 0), variant(LARGE, 1)),
        "published_at": NOW,
    }
    return ProductDescription(
        id=PRODUCT,
        handle="lamp",
        kind="physical",
        is_gift_card=False,
        vendor=None,
        product_type=None,
        external_url=None,
        tags=(),
        options=(),
        metadata={},
        images=(),
        categories=(),
        collections=(),
        version=1,
        created_at=NOW,
        updated_at=NOW,
        **(given | fields),
    )


def price(
    variant_id: UUID, currency: str, amount_minor: int, sale: Sale | None = None
) -> PriceEntry:
    return PriceEntry(
        id=new_id(),
        variant_id=variant_id,
        currency=currency,
        amount_minor=amount_minor,
        compare_at_minor=None,
        sale=sale,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )


def sources(described: ProductDescription, *prices: PriceEntry, **stock: int) -> Sources:
    levels = {"small": SMALL, "large": LARGE}
    return Sources(
        product=described,
        prices={one: [p for p in prices if p.variant_id == one] for one in (SMALL, LARGE)},
        stock={levels[name]: Availability(available=count) for name, count in stock.items()},
    )


def test_there_is_a_document_for_every_locale_and_currency() -> None:
    made = make(sources(product()), TENANT, at=NOW)
    assert [(one.locale, one.currency, one.handle) for one in made.documents] == [
        ("en", "EUR", "lamp"),
        ("en", "JPY", "lamp"),
        ("de-AT", "EUR", "lampe"),
        ("de-AT", "JPY", "lampe"),
    ]
    assert [one.locale for one in made.entries] == ["en", "de-AT"]


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_what_is_not_on_offer_has_none(status: str) -> None:
    made = make(sources(product(status=status, published_at=None)), TENANT, at=NOW)
    assert (made.documents, made.entries) == ((), ())


def test_the_same_sources_make_the_same_bytes() -> None:
    given = sources(product(), price(SMALL, "EUR", 900), small=1)
    assert make(given, TENANT, at=NOW) == make(given, TENANT, at=NOW)


def test_stock_counts_only_what_has_a_price_in_the_currency() -> None:
    given = sources(product(), price(SMALL, "EUR", 900), price(LARGE, "JPY", 1_000), large=5)
    euro, yen = (
        msgspec.json.decode(one.document, type=ProductDocument)
        for one in make(given, TENANT, at=NOW).documents[:2]
    )
    assert (euro.in_stock, yen.in_stock) == (False, True)
    assert [one.price is not None for one in euro.variants] == [True, False]


def test_the_card_offers_the_first_variant_that_can_be_bought() -> None:
    given = sources(product(), price(SMALL, "EUR", 900), price(LARGE, "EUR", 1_000), large=1)
    card = msgspec.json.decode(make(given, TENANT, at=NOW).documents[0].card, type=ProductCard)
    assert card.variant_id == LARGE


def test_without_a_price_a_product_sorts_last_both_ways() -> None:
    columns = make(sources(product()), TENANT, at=NOW).documents[0].columns
    assert (columns["price_from_minor"], columns["price_to_minor"]) == (NO_PRICE_LOW, NO_PRICE_HIGH)


def test_the_document_knows_when_its_price_changes_next() -> None:
    sale = Sale(
        amount_minor=500, starts_at=NOW - timedelta(days=1), ends_at=NOW + timedelta(days=1)
    )
    given = sources(product(), price(SMALL, "EUR", 900, sale))
    euro, yen = make(given, TENANT, at=NOW).documents[:2]
    assert euro.columns["changes_at"] == NOW + timedelta(days=1)
    assert euro.columns["price_from_minor"] == 500
    assert yen.columns["changes_at"] is None
    after = make(given, TENANT, at=NOW + timedelta(days=2)).documents[0]
    assert (after.columns["price_from_minor"], after.columns["changes_at"]) == (900, None)


def test_each_field_comes_from_the_nearest_locale_that_has_it() -> None:
    described = product(
        translations=(
            text("en", "Lamp", description_html="<p>Bright</p>", handle="bright-lamp"),
            text("de", None, seo_title="Lampe kaufen"),
        )
    )
    found = texts_of(described, ("de-AT", "de", "en"))
    assert (found.title, found.seo_title, found.handle) == ("Lamp", "Lampe kaufen", "bright-lamp")
    assert found.seo_description == "Bright"


def test_another_language_comes_before_no_title() -> None:
    described = product(translations=(text("fr", "Lampe de bureau"),))
    assert texts_of(described, ("de", "en")).title == "Lampe de bureau"
