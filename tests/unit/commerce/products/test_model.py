"""Products as types: steps, options, plans and differences, without a database."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from rustok.commerce.products.errors import (
    OptionsInvalid,
    OptionValuesMismatch,
    ProductNotPublishable,
)
from rustok.commerce.products.model import (
    ActiveProduct,
    ArchivedProduct,
    DraftProduct,
    ImageInput,
    OptionTranslation,
    ProductInput,
    ProductOption,
    ProductTree,
    TranslationInput,
    VariantInput,
    check_combination,
    check_options,
    sanitised,
    variant_title,
)
from rustok.commerce.products.model.planning import differences, planned_tree
from rustok.commerce.products.states import PRODUCT_LIFECYCLE

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
SIZE = ProductOption(
    name="Size",
    values=("S", "M"),
    translations={"de": OptionTranslation(name="Größe", values={"S": "Klein"})},
)
SHIRT = ProductInput(
    handle="shirt",
    translations=(TranslationInput(locale="en", title="Shirt", description_html="<p>Light</p>"),),
    tags=("linen", "linen"),
    options=(SIZE,),
    variants=(
        VariantInput(source_id="1", sku="S-1", option_values=("S",), image_url="/a.png"),
        VariantInput(source_id="2", sku="M-1", option_values=("M",), image_url="/extra.png"),
    ),
    images=(ImageInput(url="/a.png", alt="A"), ImageInput(url="/b.png")),
)


def planned(wanted: ProductInput, before: ProductTree | None = None) -> ProductTree:
    return planned_tree(
        wanted,
        before=before,
        handle=wanted.handle,
        translations=wanted.translations,
        category_ids=(),
        source="test",
        source_id="1",
        at=AT,
    )


def draft() -> DraftProduct:
    product = planned(SHIRT).product
    assert isinstance(product, DraftProduct)
    return product


def published() -> ActiveProduct:
    return draft().publish(at=AT, variant_count=1, default_title="Shirt", default_locale="en")[0]


def test_a_draft_without_variants_and_title_is_not_published_and_both_are_named() -> None:
    with pytest.raises(ProductNotPublishable) as refusal:
        draft().publish(at=AT, variant_count=0, default_title=None, default_locale="de")
    assert refusal.value.missing == ("variants", "title")
    assert "locale de" in refusal.value.detail


def test_a_published_product_keeps_its_data_and_knows_since_when() -> None:
    before = draft()
    active, event = before.publish(at=AT, variant_count=1, default_title="x", default_locale="en")
    assert (active.published_at, active.id, active.options) == (AT, before.id, before.options)
    assert event.product_id == before.id


def test_every_state_offers_exactly_the_steps_of_the_lifecycle() -> None:
    for cls in (DraftProduct, ActiveProduct, ArchivedProduct):
        steps = {"publish", "unpublish", "archive", "restore"} & set(dir(cls))
        assert steps == set(PRODUCT_LIFECYCLE.allowed(cls.state))


def test_an_archived_product_comes_back_as_a_draft() -> None:
    archived, _ = published().archive(at=AT)
    restored, event = archived.restore()
    assert isinstance(restored, DraftProduct)
    assert event.changed == ("status",)


def test_two_options_of_one_name_are_refused_in_any_letter_case() -> None:
    with pytest.raises(OptionsInvalid, match="same name"):
        check_options([SIZE, ProductOption(name="SIZE", values=("1",))])


def test_a_value_twice_in_an_option_is_refused() -> None:
    with pytest.raises(OptionsInvalid, match="twice"):
        check_options([ProductOption(name="Size", values=("S", "S"))])


@pytest.mark.parametrize("values", [(), ("S", "M"), ("XL",)])
def test_values_that_do_not_fit_the_options_are_refused(values: tuple[str, ...]) -> None:
    with pytest.raises(OptionValuesMismatch):
        check_combination([SIZE], values)


def test_a_variants_title_is_translated_as_far_as_there_are_words() -> None:
    assert variant_title([SIZE], ["S"], ["de", "en"]) == "Klein"
    assert variant_title([SIZE], ["M"], ["de", "en"]) == "M"
    assert variant_title([], []) == ""


def test_a_description_loses_what_could_run_and_keeps_its_form() -> None:
    dirty = '<p onclick="x()">Hi <b>you</b></p><script>x()</script><a href="javascript:x()">l</a>'
    clean = sanitised(dirty)
    assert clean == '<p>Hi <b>you</b></p><a rel="noopener noreferrer">l</a>'
    assert sanitised(clean) == clean
    assert sanitised(" \n") == ""


def test_pictures_that_only_variants_show_join_the_products_pictures() -> None:
    tree = planned(SHIRT)
    assert [(one.url, one.position) for one in tree.images] == [
        ("/a.png", 1),
        ("/b.png", 2),
        ("/extra.png", 3),
    ]
    assert [one.image_id for one in tree.variants] == [tree.images[0].id, tree.images[2].id]


def test_planning_the_same_input_again_differs_in_nothing() -> None:
    tree = planned(SHIRT)
    again = planned(SHIRT, tree)
    assert again == tree
    assert not differences(tree, again)


def test_a_tag_twice_is_kept_once() -> None:
    assert planned(SHIRT).product.tags == ("linen",)


def test_variants_are_recognised_by_source_id_then_sku_then_values() -> None:
    tree = planned(SHIRT)
    small, medium = tree.variants
    wanted = msgspec.structs.replace(
        SHIRT,
        variants=(
            VariantInput(sku="M-1", option_values=("M",)),
            VariantInput(source_id="1", sku="NEW", option_values=("S",)),
        ),
    )
    first, second = planned(wanted, tree).variants
    assert (first.id, second.id) == (medium.id, small.id)
    by_values = msgspec.structs.replace(SHIRT, variants=(VariantInput(option_values=("M",)),))
    assert planned(by_values, tree).variants[0].id == medium.id


def test_a_source_id_outweighs_the_sku_of_another_variant() -> None:
    tree = planned(SHIRT)
    small, medium = tree.variants
    swapped = msgspec.structs.replace(
        SHIRT,
        variants=(
            msgspec.structs.replace(SHIRT.variants[0], sku="M-1"),
            msgspec.structs.replace(SHIRT.variants[1], sku="S-1"),
        ),
    )
    first, second = planned(swapped, tree).variants
    assert (first.id, first.sku, second.id, second.sku) == (small.id, "M-1", medium.id, "S-1")


def test_differences_name_fields_locales_and_parts() -> None:
    tree = planned(SHIRT)
    wanted = msgspec.structs.replace(
        SHIRT,
        vendor="Nordlicht",
        translations=(
            TranslationInput(locale="de", title="Hemd"),
            TranslationInput(locale="en", title="Shirt!", description_html="<p>Light</p>"),
        ),
        images=SHIRT.images[:1],
        variants=(SHIRT.variants[0],),
    )
    changes = differences(tree, planned(wanted, tree))
    assert changes.names == ("vendor", "translations.de", "translations.en", "images")
    assert [one.sku for one in changes.variants_removed] == ["M-1"]
    assert {one.url for one in changes.images_removed} == {"/b.png", "/extra.png"}
