"""WooCommerce's product CSV: every type, variations wherever they stand, sales, shared stock."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from rustok.core.money import Money
from rustok.importers.drafts import ProductDraft
from rustok.importers.errors import ImportFileRefused
from rustok.importers.report import Parsed
from rustok.importers.woocommerce import WooCommerceOptions, parse_woocommerce
from rustok.importers.woocommerce.lists import (
    read_description,
    split_attribute_values,
    split_categories,
    split_values,
)

USD = WooCommerceOptions(currency="USD")


@pytest.fixture
def steps(fixture_files: Path) -> list[Parsed[ProductDraft]]:
    return list(parse_woocommerce(fixture_files / "woocommerce.csv", USD))


def product(steps: list[Parsed[ProductDraft]], source_id: str) -> ProductDraft:
    draft = next(step.draft for step in steps if step.source_id == source_id)
    assert draft is not None
    return draft


def from_text(folder: Path, text: str, **options: object) -> list[Parsed[ProductDraft]]:
    path = folder / "export.csv"
    path.write_text(text)
    return list(parse_woocommerce(path, WooCommerceOptions(currency="EUR", **options)))  # type: ignore[arg-type]  # test arguments


def test_a_simple_product_brings_sale_texts_and_lists(steps: list[Parsed[ProductDraft]]) -> None:
    mug = product(steps, "id:10")
    assert (mug.title, mug.handle, mug.is_featured) == ("Enamel Mug", "enamel-mug", True)
    assert mug.description_html == "Line one\nLine two"
    assert mug.categories == (("Kitchen", "Mugs"), ("Gifts", "Under 20, really"))
    assert mug.tags == ("tin", "camping")
    assert [image.url for image in mug.images] == ["https://shop.example/mug.jpg?a=1,2"]
    assert mug.seo_description == "A mug."
    assert ("Meta: care", "Wash by hand") in mug.attributes
    assert ("Material", "Steel, Enamel") in mug.attributes
    assert [(t.locale, t.title) for t in mug.translations] == [("de", "Emaillebecher")]
    (only,) = mug.variants
    assert only.price == Money(amount_minor=800, currency="USD")
    assert only.compare_at == Money(amount_minor=1_050, currency="USD")
    assert only.sale is not None
    assert only.sale.starts_at == datetime(2026, 3, 1, tzinfo=UTC)
    assert only.sale.ends_at == datetime(2026, 4, 1, tzinfo=UTC)
    assert [p.price for p in only.market_prices] == [Money(amount_minor=990, currency="EUR")]
    assert (only.inventory_quantity, only.track_inventory, only.backorder_allowed) == (
        12,
        True,
        True,
    )
    assert (only.weight_grams, only.barcode) == (227, "4006381333931")


def test_variations_find_their_parent_by_sku_and_by_id(steps: list[Parsed[ProductDraft]]) -> None:
    tee = product(steps, "id:20")
    assert [(option.name, option.values) for option in tee.options] == [
        ("Color", ("Blue", "Red")),
        ("Size", ("S", "M")),
    ]
    assert [(variant.option_values, variant.sku) for variant in tee.variants] == [
        (("Blue", "S"), "tee-blue-s"),
        (("Red", "S"), "tee-red-s"),
        (("Red", "M"), "tee-red-m"),
    ]
    assert [variant.weight_grams for variant in tee.variants] == [227, 454, 454]
    assert [image.url[-8:] for image in tee.images] == ["/tee.jpg", "blue.jpg"]


def test_stock_the_parent_counts_is_divided_and_never_multiplied(
    steps: list[Parsed[ProductDraft]],
) -> None:
    own, *shared = product(steps, "id:20").variants
    assert own.inventory_quantity == 5
    assert [variant.inventory_quantity for variant in shared] == [4, 3]
    assert all(variant.track_inventory for variant in shared)


def test_grouped_external_and_virtual_products_keep_what_makes_them_so(
    steps: list[Parsed[ProductDraft]],
) -> None:
    group = product(steps, "id:30")
    assert (group.variants, group.grouped_children) == ((), ("mug-1", "id:20"))
    book = product(steps, "id:40")
    assert (book.external_url, book.external_button) == (
        "https://books.example/guide",
        "Buy it there",
    )
    assert book.is_listed is False
    assert (book.variants[0].taxable, book.variants[0].requires_shipping) == (False, False)
    song = product(steps, "id:50")
    assert (song.is_virtual, song.is_downloadable, song.status) == (True, True, "draft")
    assert [(d.name, d.url) for d in song.downloads] == [
        ("Single", "https://shop.example/song.flac")
    ]


def test_a_sold_out_product_that_is_not_counted_has_none(steps: list[Parsed[ProductDraft]]) -> None:
    (only,) = product(steps, "id:80").variants
    assert (only.inventory_quantity, only.track_inventory) == (0, True)
    assert only.price == Money(amount_minor=1_100, currency="USD")
    assert only.compare_at is None


def test_each_bad_cell_is_named_by_row_and_column(steps: list[Parsed[ProductDraft]]) -> None:
    assert {(i.code, i.row, i.column) for step in steps for i in step.issues} == {
        ("private_is_draft", 6, "Published"),
        ("variation_expanded", 8, None),
        ("price_unreadable", 9, "Regular price"),
        ("stock_divided", 3, "Stock"),
        ("url_unreadable", 3, "Images"),
        ("parent_missing", 10, "Parent"),
        ("type_unsupported", 11, "Type"),
        ("price_negative", 12, "Regular price"),
        ("product_without_variants", 12, None),
        ("sale_not_lower", 13, "Sale price"),
    }
    assert {s.source_id: s.outcome for s in steps if s.outcome} == {
        "": "failed",
        "id:60": "skipped",
        "id:70": "failed",
    }


def test_a_variation_before_its_parent_and_a_switched_off_one_are_understood(
    tmp_path: Path,
) -> None:
    text = (
        "Type,SKU,Name,Published,Regular price,Parent,Attribute 1 name,Attribute 1 value(s)\n"
        'variation,a-1,,1,"5,00",a,Size,S\n'
        'variation,a-2,,0,"6,00",a,Size,M\n'
        'variable,a,A,1,,,Size,"S, M"\n'
    )
    (step,) = from_text(tmp_path, text)
    assert step.draft is not None
    assert step.draft.source_id == "sku:a"
    assert [variant.sku for variant in step.draft.variants] == ["a-1"]
    assert [o.values for o in step.draft.options] == [("S",)]
    assert [issue.code for issue in step.issues] == ["variation_disabled"]


def test_a_counted_variation_for_any_value_stays_one(tmp_path: Path) -> None:
    text = (
        "ID,Type,SKU,Name,Published,Stock,Regular price,Parent,Attribute 1 name,"
        "Attribute 1 value(s)\n"
        'variable_is_1,variable,a,A,1,,,,Size,"S, M"\n'
        "2,variation,a-1,,1,3,5,a,Size,\n"
    )
    (step,) = from_text(tmp_path, text)
    assert step.draft is not None
    assert [(v.option_values, v.inventory_quantity) for v in step.draft.variants] == [(("Any",), 3)]


def test_german_column_names_are_read_and_others_can_be_mapped(tmp_path: Path) -> None:
    text = (
        "ID,Typ,Artikelnummer,Name,Veröffentlicht,Regulärer Preis,Kategorien,Gewicht (kg)\n"
        '1,simple,becher,Becher,1,"9,90",Küche > Becher,"0,4"\n'
    )
    (step,) = from_text(tmp_path, text)
    assert step.draft is not None
    assert step.draft.categories == (("Küche", "Becher"),)
    assert step.draft.variants[0].weight_grams == 400
    mapped = {"Tipo": "Type", "Nombre": "Name", "Precio normal": "Regular price"}
    (step,) = from_text(
        tmp_path, "ID,Tipo,Nombre,Precio normal\n1,simple,Taza,9.90\n", column_names=mapped
    )
    assert step.draft is not None
    assert step.draft.variants[0].price == Money(amount_minor=990, currency="EUR")


def test_the_same_product_twice_keeps_the_first(tmp_path: Path) -> None:
    text = "ID,Type,Name,Regular price\n1,simple,A,5\n1,simple,B,6\n"
    (step,) = from_text(tmp_path, text)
    assert step.draft is not None
    assert step.draft.title == "A"
    assert [(issue.code, issue.row) for issue in step.issues] == [("product_repeated", 3)]


def test_a_file_of_another_format_or_an_unknown_time_zone_is_refused(
    fixture_files: Path, tmp_path: Path
) -> None:
    with pytest.raises(ImportFileRefused) as refused:
        list(parse_woocommerce(fixture_files / "shopify_old.csv", USD))
    assert "Shopify" in refused.value.detail
    with pytest.raises(ImportFileRefused):
        from_text(tmp_path, "Type,Name\nsimple,A\n", timezone="Moon/Base")


def test_lists_are_unescaped() -> None:
    assert split_values(r"a, b\, c,,a, '=1+1") == ("a", "b, c", "=1+1")
    assert split_attribute_values("S | M | L") == ("S", "M", "L")
    assert split_categories("A > B, C, A>B") == (("A", "B"), ("C",))
    assert read_description(r"a\nb\\nc") == "a\nb\\nc"
