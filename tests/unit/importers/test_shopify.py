"""Shopify's product CSV under old and new column names, with bad rows among good ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rustok.core.money import InvalidCurrency, Money
from rustok.importers.drafts import ProductDraft
from rustok.importers.errors import ImportFileRefused
from rustok.importers.report import Parsed
from rustok.importers.shopify import ShopifyOptions, parse_shopify

USD = ShopifyOptions(currency="USD", market_currencies={"International": "CAD"})


@pytest.fixture
def old(fixture_files: Path) -> list[Parsed[ProductDraft]]:
    return list(parse_shopify(fixture_files / "shopify_old.csv", USD))


def product(steps: list[Parsed[ProductDraft]], source_id: str) -> ProductDraft:
    draft = next(step.draft for step in steps if step.source_id == source_id)
    assert draft is not None
    return draft


def issues_of(steps: list[Parsed[ProductDraft]]) -> set[tuple[str, int | None, str | None]]:
    return {(issue.code, issue.row, issue.column) for step in steps for issue in step.issues}


def test_the_real_export_is_read_without_a_remark(shared_file: Callable[[str], Path]) -> None:
    path = shared_file("shopify-apparel.csv")
    steps = list(parse_shopify(path, ShopifyOptions(currency="USD")))
    assert issues_of(steps) == set()
    drafts = [step.draft for step in steps if step.draft is not None]
    assert len(drafts) == 20
    assert sum(len(draft.variants) for draft in drafts) == 22
    assert sum(len(draft.images) for draft in drafts) == 20
    lines = sorted(line for draft in drafts for line in draft.rows)
    assert lines == list(range(2, 24))
    top = product(steps, "classic-varsity-top")
    assert [(option.name, option.values) for option in top.options] == [
        ("Size", ("Small", "Medium", "Large"))
    ]
    assert {variant.price for variant in top.variants} == {
        Money(amount_minor=6_000, currency="USD")
    }
    shirt = product(steps, "ocean-blue-shirt")
    assert shirt.options == ()
    assert shirt.variants[0].inventory_quantity == 1
    assert shirt.variants[0].track_inventory is False
    assert steps[-1].progress.bytes_read == path.stat().st_size


def test_rows_that_stand_apart_become_one_product(old: list[Parsed[ProductDraft]]) -> None:
    shirt = product(old, "linen-shirt")
    assert shirt.rows == (2, 4, 5, 6, 7, 12)
    assert ("rows_apart", 2, "Handle") in issues_of(old)
    assert [(option.name, option.values) for option in shirt.options] == [
        ("Size", ("S", "M")),
        ("Colour", ("Blue", "White")),
    ]
    assert [variant.sku for variant in shirt.variants] == ["LS-S-B", "LS-M-B", "LS-S-W"]
    assert shirt.variants[0].source_id == "linen-shirt|S|Blue"


def test_texts_categories_tags_and_translations_are_taken(old: list[Parsed[ProductDraft]]) -> None:
    shirt = product(old, "linen-shirt")
    assert shirt.description_html == '<p>First line,\nsecond "line"</p>'
    assert shirt.tags == ("linen", "summer")
    assert shirt.categories == (("Apparel & Accessories", "Clothing", "Shirts"),)
    assert shirt.product_type == "Shirt"
    assert (shirt.seo_title, shirt.seo_description) == ("Linen", "Soft")
    (german,) = shirt.translations
    assert (german.locale, german.title, german.description_html, german.handle) == (
        "de",
        "Leinenhemd",
        "<p>Weich</p>",
        "leinenhemd",
    )
    assert ("My own column", "kept") in shirt.attributes


def test_variants_carry_prices_stock_weight_and_flags(old: list[Parsed[ProductDraft]]) -> None:
    first, second, third = product(old, "linen-shirt").variants
    assert first.price == Money(amount_minor=4_900, currency="USD")
    assert first.compare_at == Money(amount_minor=5_900, currency="USD")
    assert first.cost == Money(amount_minor=2_050, currency="USD")
    assert first.barcode == "0123456789012"
    assert [(p.price.amount_minor, p.price.currency) for p in first.market_prices] == [
        (5_500, "CAD"),
        (4_500, "EUR"),
    ]
    assert first.market_prices[0].compare_at == Money(amount_minor=6_500, currency="CAD")
    assert (first.weight_grams, first.inventory_quantity, first.track_inventory) == (250, 5, True)
    assert second.compare_at is None
    assert (second.inventory_quantity, second.backorder_allowed) == (0, True)
    assert second.taxable is False
    assert third.weight_grams == 0


def test_images_are_ordered_and_a_variants_own_joins_them(old: list[Parsed[ProductDraft]]) -> None:
    images = product(old, "linen-shirt").images
    assert [(image.url[-8:], image.alt, image.position) for image in images] == [
        ("le/a.jpg", "Front", 1),
        ("le/b.jpg", "Back", 2),
        ("le/c.jpg", "Side", 3),
        ("blue.jpg", "", 4),
    ]


def test_each_bad_cell_is_named_by_row_and_column(old: list[Parsed[ProductDraft]]) -> None:
    assert issues_of(old) == {
        ("column_unknown", None, "My own column"),
        ("market_unmapped", None, "Price / Nowhere"),
        ("rows_apart", 2, "Handle"),
        ("stock_negative", 4, "Variant Inventory Qty"),
        ("variant_repeated", 5, "Option1 Value"),
        ("price_unreadable", 6, "Variant Price"),
        ("price_missing", 9, "Variant Price"),
        ("url_unreadable", 9, "Image Src"),
        ("price_ambiguous", 10, "Variant Price"),
        ("product_without_variants", 10, None),
        ("handle_missing", 11, "Handle"),
        ("handle_changed", 13, "Handle"),
    }


def test_a_product_without_a_good_variant_fails_and_the_rest_goes_on(
    old: list[Parsed[ProductDraft]],
) -> None:
    assert {step.source_id: step.outcome for step in old if step.kind == "product"} == {
        "gift-card": None,
        "no-price": None,
        "all-bad": "failed",
        "linen-shirt": None,
        "Ärmel Tee": None,
    }
    assert [step.outcome for step in old if step.kind == "row"] == ["failed"]


def test_status_gift_cards_and_handles_are_read(old: list[Parsed[ProductDraft]]) -> None:
    card = product(old, "gift-card")
    assert card.is_gift_card
    assert card.is_virtual
    assert product(old, "no-price").status == "draft"
    tee = product(old, "Ärmel Tee")
    assert (tee.status, tee.handle) == ("archived", "armel-tee")
    assert tee.variants[0].price == Money(amount_minor=123_450, currency="USD")


def test_the_new_column_names_and_semicolons_are_read(fixture_files: Path) -> None:
    options = ShopifyOptions(currency="EUR")
    steps = list(parse_shopify(fixture_files / "shopify_new.csv", options))
    lamp = product(steps, "desk-lamp")
    assert lamp.title == "Desk Lamp"
    assert lamp.categories == (("Home", "Lighting"),)
    assert (lamp.status, lamp.is_listed) == ("active", True)
    assert [(o.name, o.values) for o in lamp.options] == [("Finish", ("Brass", "Steel"))]
    brass, steel = lamp.variants
    assert (brass.price, brass.compare_at) == (
        Money(amount_minor=8_990, currency="EUR"),
        Money(amount_minor=9_900, currency="EUR"),
    )
    assert (brass.weight_grams, brass.backorder_allowed, steel.backorder_allowed) == (
        1_200,
        True,
        False,
    )
    assert steel.taxable is False
    assert [image.url for image in lamp.images] == [
        "https://shop.example/lamp.jpg",
        "https://shop.example/brass.jpg",
    ]
    assert ("Color (product.metafields.shopify.color-pattern)", "brass") in lamp.attributes
    titled = product(steps, "only-a-title")
    assert (titled.title, titled.status) == ("Only a title", "draft")
    assert {code for code, _, _ in issues_of(steps)} == {"price_missing"}


def test_a_stopped_run_goes_on_where_it_was(
    fixture_files: Path, old: list[Parsed[ProductDraft]]
) -> None:
    for done in range(len(old)):
        rest = list(parse_shopify(fixture_files / "shopify_old.csv", USD, skip=done))
        assert rest == old[done:]


def test_another_format_and_a_wrong_currency_are_refused(fixture_files: Path) -> None:
    with pytest.raises(ImportFileRefused) as refused:
        list(parse_shopify(fixture_files / "woocommerce.csv", USD))
    assert "WooCommerce" in refused.value.detail
    with pytest.raises(InvalidCurrency):
        list(parse_shopify(fixture_files / "shopify_new.csv", ShopifyOptions(currency="XX1")))
