"""Importers under any input: drafts or issues, never a crash, never a lost row or letter."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from rustok.importers.cells import CellUnreadable, read_price
from rustok.importers.drafts import BlockDraft
from rustok.importers.errors import ImportFileRefused
from rustok.importers.reading import CsvFile
from rustok.importers.shopify import ShopifyOptions, parse_shopify
from rustok.importers.woocommerce import WooCommerceOptions, parse_woocommerce
from rustok.importers.wordpress import parse_wordpress
from rustok.importers.wordpress.blocks import parse_blocks
from rustok.importers.wordpress.paragraphs import add_paragraphs

CELL = st.text(st.characters(codec="utf-8"), max_size=12)
HANDLE = st.sampled_from(["a", "b", "c", "", "Ä b"])
SHOPIFY_CELL = st.one_of(
    CELL, st.sampled_from(["1", "1,5", "-3", "true", "active", "S", "M", "https://x.example/i"])
)
SHOPIFY_COLUMNS = [
    "Handle", "Title", "Option1 Name", "Option1 Value", "Variant SKU", "Variant Price",
    "Variant Grams", "Variant Inventory Qty", "Image Src", "Image Position", "Status", "Tags",
]  # fmt: skip
WOO_COLUMNS = [
    "ID", "Type", "SKU", "Name", "Published", "Stock", "Regular price", "Sale price", "Parent",
    "Categories", "Images", "Attribute 1 name", "Attribute 1 value(s)", "Date sale price ends",
]  # fmt: skip
WOO_CELL = st.one_of(
    SHOPIFY_CELL,
    st.sampled_from(["simple", "variable", "variation", "grouped", "id:1", "parent", "2026-01-01"]),
)
PIECES = (
    *("<!-- wp:a -->", "<!-- /wp:a -->", '<!-- wp:b {"x":1} -->', "<!-- /wp:b -->"),
    *("<!-- wp:c /-->", "<p>", "</p>", "<pre>", "</pre>", "\n\n", "<!--", "-->", "<ul>"),
)
MARKUP = st.lists(
    st.one_of(
        st.sampled_from(PIECES),
        CELL,
    ),
    max_size=25,
).map("".join)


@contextmanager
def saved(content: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export"
        path.write_bytes(content)
        yield path


def as_csv(rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


@given(st.lists(st.lists(CELL, min_size=3, max_size=3), max_size=8))
def test_every_written_row_is_read_again(rows: list[list[str]]) -> None:
    with saved(as_csv([["one", "two", "three"], *rows])) as path:
        read = [row.cells for row in CsvFile(path).rows()]
    # A quoted line break of old Macs is the same cell; blank rows are left out.
    assert read == [tuple(row) for row in rows if any(cell.strip() for cell in row)]


@given(st.binary(max_size=400))
@settings(max_examples=300)
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with saved(content) as path:
        with suppress(ImportFileRefused):
            list(CsvFile(path).rows())
        with suppress(ImportFileRefused):
            list(parse_wordpress(path))


@given(
    st.lists(
        st.tuples(HANDLE, st.lists(SHOPIFY_CELL, min_size=11, max_size=11)), min_size=1, max_size=8
    )
)
def test_every_shopify_row_is_in_a_draft_or_an_issue(rows: list[tuple[str, list[str]]]) -> None:
    content = as_csv([SHOPIFY_COLUMNS, *([handle, *cells] for handle, cells in rows)])
    with saved(content) as path:
        lines = {row.line for row in CsvFile(path).rows()}
        steps = list(parse_shopify(path, ShopifyOptions(currency="EUR")))
        again = list(parse_shopify(path, ShopifyOptions(currency="EUR"), skip=2))
    assert again == steps[2:]
    named = {issue.row for step in steps for issue in step.issues}
    for step in steps:
        if step.draft is not None:
            named.update(step.draft.rows)
            assert step.draft.title
            assert step.draft.variants
            for variant in step.draft.variants:
                assert len(variant.option_values) == len(step.draft.options)
                assert variant.inventory_quantity is None or variant.inventory_quantity >= 0
            values = [variant.option_values for variant in step.draft.variants]
            assert len(set(values)) == len(values)
        elif step.kind == "product":
            assert any(issue.severity == "error" for issue in step.issues)
    # Rows of a failed product are named by the product's first row.
    if all(step.draft is not None or step.kind == "row" for step in steps):
        assert lines <= named


@given(st.lists(st.lists(WOO_CELL, min_size=14, max_size=14), min_size=1, max_size=8))
def test_every_woocommerce_product_is_whole_or_said_to_fail(rows: list[list[str]]) -> None:
    with saved(as_csv([WOO_COLUMNS, *rows])) as path:
        steps = list(parse_woocommerce(path, WooCommerceOptions(currency="EUR")))
    for step in steps:
        if step.draft is None:
            assert step.issues
            continue
        values = [variant.option_values for variant in step.draft.variants]
        assert len(set(values)) == len(values)
        assert all(len(value) == len(step.draft.options) for value in values)
        skus = [variant.source_id for variant in step.draft.variants]
        assert len(set(skus)) == len(skus)


def _letters(blocks: tuple[BlockDraft, ...]) -> str:
    out: list[str] = []
    for block in blocks:
        inner = iter(block.inner_blocks)
        out += [
            _letters((next(inner),)) if piece is None else piece for piece in block.inner_content
        ]
        assert next(inner, None) is None
    return "".join(out)


@given(MARKUP)
def test_blocks_keep_every_letter_that_is_no_delimiter(content: str) -> None:
    parsed = parse_blocks(content)
    delimiter = re.compile(r"<!--\s+/?wp:[a-z]+.*?-->", re.DOTALL)
    kept = delimiter.sub("", _letters(parsed.blocks))
    wanted = delimiter.sub("", content)
    assert "".join(kept.split()) == "".join(wanted.split())


@given(MARKUP)
def test_paragraphs_change_nothing_but_tags_and_spaces(content: str) -> None:
    def letters(text: str) -> str:
        return "".join(re.sub(r"</?p>|<br />", "", text).split())

    assert letters(add_paragraphs(content)) == letters(content)


@given(st.text(max_size=30))
def test_any_text_is_an_amount_of_zero_or_more_or_refused(text: str) -> None:
    with suppress(CellUnreadable):
        assert read_price(text, "EUR").amount_minor >= 0
