"""What always holds for products and prices, whatever the shop."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from rustok.commerce.pricing.errors import PriceInvalid
from rustok.commerce.pricing.model import PriceEntry, Sale, check_amounts
from rustok.commerce.products.model import (
    ImageInput,
    ProductInput,
    ProductOption,
    ProductTree,
    TranslationInput,
    VariantInput,
    sanitised,
)
from rustok.commerce.products.model.planning import differences, planned_tree
from rustok.core.ids import new_id

AT = datetime(2026, 5, 1, tzinfo=UTC)
WORDS = st.sampled_from(["a", "b", "c", "d", "e"])
URLS = st.sampled_from(["/1.png", "/2.png", "/3.png", "/4.png"])
SIZES = ProductOption(name="Size", values=("a", "b", "c", "d", "e"))


@st.composite
def inputs(draw: st.DrawFn) -> ProductInput:
    """A product with up to five variants, recognisable by source id, SKU or value, or not at all."""
    values = draw(st.lists(WORDS, unique=True, max_size=5))
    skus = draw(
        st.lists(WORDS | st.none(), min_size=5, max_size=5, unique_by=lambda x: x or object())
    )
    sources = draw(
        st.lists(WORDS | st.none(), min_size=5, max_size=5, unique_by=lambda x: x or object())
    )
    variants = tuple(
        VariantInput(
            source_id=source, sku=sku, option_values=(value,), image_url=draw(URLS | st.none())
        )
        for value, sku, source in zip(values, skus, sources, strict=False)
    )
    return ProductInput(
        handle="p",
        translations=tuple(
            TranslationInput(locale=locale, title=draw(WORDS))
            for locale in draw(st.lists(st.sampled_from(["de", "en", "fr"]), unique=True))
        ),
        vendor=draw(WORDS | st.none()),
        tags=tuple(draw(st.lists(WORDS, max_size=4))),
        options=(SIZES,),
        variants=variants,
        images=tuple(ImageInput(url=url) for url in draw(st.lists(URLS, unique=True))),
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


@given(inputs())
def test_a_plan_of_the_same_input_changes_nothing(wanted: ProductInput) -> None:
    tree = planned(wanted)
    assert not differences(tree, planned(wanted, tree))


@given(inputs(), inputs())
def test_a_plan_brings_any_product_to_any_other_and_then_rests(
    first: ProductInput, second: ProductInput
) -> None:
    before = planned(first)
    after = planned(second, before)
    assert [one.sku for one in after.variants] == [one.sku for one in second.variants]
    assert len({one.id for one in after.variants}) == len(second.variants)
    assert {one.image_id for one in after.variants} - {None} <= {one.id for one in after.images}
    assert not differences(after, planned(second, after))


@given(inputs(), inputs())
def test_every_stored_variant_is_kept_changed_or_removed_and_never_two_of_these(
    first: ProductInput, second: ProductInput
) -> None:
    before = planned(first)
    changes = differences(before, planned(second, before))
    removed = {one.id for one in changes.variants_removed}
    changed = {one.after.id for one in changes.variants_changed}
    added = {one.id for one in changes.variants_added}
    stored = {one.id for one in before.variants}
    assert not removed & changed
    assert removed | changed <= stored
    assert not added & stored
    assert len(stored) - len(removed) + len(added) == len(second.variants)


@given(st.text(alphabet="<>/=\"' abijloncrpstv:&;#", max_size=200))
def test_sanitising_twice_is_sanitising_once(html: str) -> None:
    once = sanitised(html)
    assert sanitised(once) == once
    assert "<script" not in once.lower()


AMOUNTS = st.integers(min_value=-5, max_value=100)
DAYS = st.integers(min_value=-5, max_value=5).map(lambda days: AT + timedelta(days=days))


@given(
    AMOUNTS,
    AMOUNTS | st.none(),
    st.none()
    | st.builds(Sale, amount_minor=AMOUNTS, starts_at=DAYS | st.none(), ends_at=DAYS | st.none()),
    DAYS,
)
def test_a_buyer_never_pays_more_than_what_is_crossed_out_nor_less_than_nothing(
    amount: int, compare_at: int | None, sale: Sale | None, moment: datetime
) -> None:
    try:
        check_amounts(amount, compare_at, sale)
    except PriceInvalid:
        return
    entry = PriceEntry(
        id=new_id(),
        variant_id=new_id(),
        currency="EUR",
        amount_minor=amount,
        compare_at_minor=compare_at,
        sale=sale,
        version=1,
        created_at=AT,
        updated_at=AT,
    )
    price = entry.at(moment)
    assert 0 <= price.amount_minor <= amount
    assert price.compare_at_minor is None or price.compare_at_minor > price.amount_minor
    without = msgspec.structs.replace(entry, sale=None).at(moment)
    assert price.on_sale == (price.amount_minor < without.amount_minor)
