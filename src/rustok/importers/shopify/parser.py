"""Shopify product CSV to product drafts; it touches no database and sanitises nothing.

Rows with one handle are one product, wherever they stand. What belongs to the product is taken
from the first of its rows that says it; every row with variant cells is a variant, every row with
an image adds one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from rustok.core.money import parse_currency
from rustok.importers.cells import MAX_TITLE_CHARS, Cells, Columns, read_url, split_list
from rustok.importers.drafts import (
    ImageDraft,
    OptionDraft,
    ProductDraft,
    ProductStatus,
    ProductTranslationDraft,
    VariantDraft,
)
from rustok.importers.errors import ImportFileRefused
from rustok.importers.grouping import RowGroup, grouped_rows
from rustok.importers.handles import handle_for
from rustok.importers.reading import DEFAULT_LIMITS, CsvFile, CsvRow, Limits, one_line
from rustok.importers.report import Issue, Parsed
from rustok.importers.shopify.columns import ShopifyColumns
from rustok.importers.shopify.variants import (
    DEFAULT_VALUE,
    describes_variant,
    position_of,
    read_option_values,
    read_variant,
)
from rustok.importers.steps import Steps

MAX_SEO_CHARS = 500


class ShopifyOptions(msgspec.Struct, frozen=True, kw_only=True):
    """`currency` of the file (it names none); `market_currencies`: market name -> currency."""

    currency: str
    market_currencies: Mapping[str, str] = msgspec.field(default_factory=dict)
    limits: Limits = DEFAULT_LIMITS


def parse_shopify(
    path: Path, options: ShopifyOptions, *, skip: int = 0
) -> Iterator[Parsed[ProductDraft]]:
    """The products of the file, in the order of their last rows.

    Args:
        skip: leave out the first steps; give `Parsed.index + 1` of the last one done.

    Raises:
        ImportFileRefused: the file cannot be read or is no Shopify product export.
        InvalidCurrency: an option names no currency.
    """
    parse_currency(options.currency, pointer="currency")
    for code in options.market_currencies.values():
        parse_currency(code, pointer="market_currencies")
    file = CsvFile(path, limits=options.limits)
    columns = ShopifyColumns(file.header, options.market_currencies)
    if "title" not in columns or not any(
        key in columns for key in ("handle", "price", "body", "option1_name")
    ):
        hint = " It looks like WooCommerce." if "Regular price" in file.header else ""
        raise ImportFileRefused(
            f"This is no Shopify product export: the columns Handle and Title are missing.{hint}",
            reason="wrong_format",
            line=1,
        )
    steps: Steps[ProductDraft] = Steps(file.bytes_total, skip=skip)
    yield from steps.file(_file_notes(file, columns))
    for found in grouped_rows(file, lambda row: _key(row, columns)):
        if isinstance(found, CsvRow):
            yield from steps.loose_row(found, _no_handle(found, columns))
            continue
        issues: list[Issue] = []
        draft = _Product(found, columns, options, issues).draft()
        yield from steps.draft("product", found.key, draft, issues, found.bytes_read)


def _key(row: CsvRow, columns: Columns) -> str | None:
    cells = Cells(row, columns, [])
    return cells.words("handle") or (
        handle_for(title, fallback="product") if (title := cells.words("title")) else None
    )


def _no_handle(row: CsvRow, columns: Columns) -> Issue:
    position = columns.index.get("handle")
    return Issue(
        code="handle_missing",
        message="The row has neither a handle nor a title; it belongs to no product.",
        severity="error",
        row=row.line,
        column="Handle" if position is None else columns.header[position],
    )


def _file_notes(file: CsvFile, columns: ShopifyColumns) -> list[Issue]:
    notes = list(file.notes)
    notes.extend(
        Issue(
            code="column_unknown",
            message="The column is none of Shopify's; its values are kept as attributes.",
            severity="info",
            column=name,
        )
        for name in columns.unfamiliar
    )
    notes.extend(
        Issue(
            code="market_unmapped",
            message=f"Nothing says which currency the market {market.name!r} has; its prices are "
            "left out. Map it to a currency to take them.",
            severity="warning",
            column=f"Price / {market.name}",
        )
        for market in columns.markets.values()
        if market.currency is None and (market.price is not None or market.compare_at is not None)
    )
    return notes


class _Product:
    """The rows of one product on their way to a draft."""

    def __init__(
        self, group: RowGroup, columns: ShopifyColumns, options: ShopifyOptions, issues: list[Issue]
    ) -> None:
        self._columns, self._options, self._issues = columns, options, issues
        self._key = group.key
        self._rows = [Cells(row, columns, issues) for row in group.rows]
        self._first = self._rows[0]
        if not group.adjacent:
            lines = ", ".join(str(row.line) for row in group.rows[:20])
            self._first.note(
                "handle",
                "rows_apart",
                f"Rows of this product stand apart (lines {lines}); they were put together.",
                "info",
            )

    def draft(self) -> ProductDraft | None:
        title = self._where("title").words("title", max_chars=MAX_TITLE_CHARS)
        if not title:
            self._first.note("title", "title_missing", "The product has no title.", "error")
            return None
        options, variants = self._options_and_variants()
        if not variants:
            self._first.note(
                None, "product_without_variants", "No variant of the product can stand.", "error"
            )
            return None
        status, listed = self._status()
        handle = handle_for(self._key, fallback=title)
        if handle != self._key:
            self._first.note("handle", "handle_changed", f"The handle becomes {handle!r}.", "info")
        gift_card = self._where("gift_card").flag("gift_card", default=False)
        category = self._where("category").words("category")
        return ProductDraft(
            source="shopify",
            source_id=self._key,
            handle=handle,
            title=title,
            description_html=self._where("body").text("body"),
            vendor=self._where("vendor").words("vendor", max_chars=MAX_TITLE_CHARS) or None,
            product_type=self._where("type").words("type", max_chars=MAX_TITLE_CHARS) or None,
            tags=split_list(self._where("tags").text("tags")),
            categories=(split_path(category),) if category else (),
            options=options,
            variants=tuple(variants),
            images=self._images(variants),
            status=status,
            is_listed=listed,
            seo_title=self._where("seo_title").words("seo_title", max_chars=MAX_SEO_CHARS) or None,
            seo_description=self._where("seo_description").words(
                "seo_description", max_chars=MAX_SEO_CHARS
            )
            or None,
            is_gift_card=gift_card,
            is_virtual=all(not variant.requires_shipping for variant in variants),
            translations=self._translations(),
            attributes=self._attributes(),
            rows=tuple(row.line for row in self._rows),
        )

    def _where(self, key: str) -> Cells:
        """The first row that fills the column, or the first row."""
        return next((row for row in self._rows if row.text(key)), self._first)

    def _options_and_variants(self) -> tuple[tuple[OptionDraft, ...], list[VariantDraft]]:
        found = [
            (row, read_option_values(row)) for row in self._rows if describes_variant(row)
        ] or [(self._first, ("", "", ""))]
        names = [
            self._where(f"option{number}_name").words(
                f"option{number}_name", max_chars=MAX_TITLE_CHARS
            )
            for number in (1, 2, 3)
        ]
        used = [
            index
            for index in range(3)
            if any(values[index] for _, values in found)
            and not self._is_default_only(names[index], [values[index] for _, values in found])
        ]
        options: list[tuple[str, dict[str, None]]] = []
        for index in used:
            name = names[index] or f"Option {index + 1}"
            while any(name.casefold() == other.casefold() for other, _ in options):
                name += f" {index + 1}"
            options.append((name, {}))
            if not names[index]:
                self._first.note(
                    f"option{index + 1}_name",
                    "option_name_missing",
                    f"The option has values and no name; it becomes {name!r}.",
                    "warning",
                )
        variants = self._variants(found, used)
        for variant in variants:
            for (_, values), value in zip(options, variant.option_values, strict=True):
                values[value] = None
        return (
            tuple(OptionDraft(name=name, values=tuple(values)) for name, values in options),
            variants,
        )

    @staticmethod
    def _is_default_only(name: str, values: list[str]) -> bool:
        return name.casefold() in ("title", "") and all(
            value.casefold() in (DEFAULT_VALUE, "") for value in values
        )

    def _variants(
        self, found: list[tuple[Cells, tuple[str, str, str]]], used: list[int]
    ) -> list[VariantDraft]:
        variants: dict[tuple[str, ...], VariantDraft] = {}
        for row, all_values in found:
            values = tuple(all_values[index] for index in used)
            empty = next((index for index in used if not all_values[index]), None)
            if empty is not None:
                row.note(
                    f"option{empty + 1}_value",
                    "option_value_missing",
                    "The variant does not say its value of this option; it is left out.",
                    "error",
                )
                continue
            same = tuple(value.casefold() for value in values)
            if same in variants:
                row.note(
                    "option1_value",
                    "variant_repeated",
                    "The product already has a variant with these options, from line "
                    f"{variants[same].rows[0]}; this one is left out.",
                    "error",
                )
                continue
            variant = read_variant(
                row,
                self._columns,
                handle=self._key,
                values=values,
                currency=self._options.currency,
            )
            if variant is not None:
                variants[same] = variant
        return list(variants.values())

    def _images(self, variants: list[VariantDraft]) -> tuple[ImageDraft, ...]:
        found: dict[str, tuple[int, str]] = {}
        for row in self._rows:
            url = row.value("image", read_url, None)
            position = position_of(row)
            if url is None:
                continue
            known = found.get(url)
            alt = row.words("image_alt", max_chars=MAX_SEO_CHARS)
            if known is None:
                found[url] = (10**9 if position is None else position, alt)
            elif alt and not known[1]:
                found[url] = (known[0], alt)
        for variant in variants:
            if variant.image_url is not None:
                found.setdefault(variant.image_url, (10**9 + 1, ""))
        ordered = sorted(found.items(), key=lambda item: item[1][0])
        return tuple(
            ImageDraft(url=url, alt=alt, position=number)
            for number, (url, (_, alt)) in enumerate(ordered, start=1)
        )

    def _status(self) -> tuple[ProductStatus, bool]:
        row = self._where("status")
        published = self._where("published").flag("published", default=True)
        word = row.words("status").casefold()
        if word == "active":
            return "active", published
        if word == "unlisted":
            return "active", False
        if word == "draft":
            return "draft", published
        if word == "archived":
            return "archived", published
        if word:
            row.note(
                "status",
                "status_unknown",
                "The status is none of active, draft, archived; the product becomes a draft.",
                "warning",
            )
            return "draft", published
        return ("active" if published else "draft"), published

    def _translations(self) -> tuple[ProductTranslationDraft, ...]:
        result: list[ProductTranslationDraft] = []
        for locale, positions in self._columns.translations.items():
            texts = {
                field: text
                for field, position in positions.items()
                if (text := next((t for row in self._rows if (t := row.at(position))), ""))
            }
            if not texts:
                continue
            handle = texts.get("handle") or texts.get("title")
            result.append(
                ProductTranslationDraft(
                    locale=locale,
                    title=one_line(texts["title"])[:MAX_TITLE_CHARS] if "title" in texts else None,
                    description_html=texts.get("description_html"),
                    handle=handle_for(handle, fallback=self._key) if handle else None,
                    seo_title=_short(texts.get("seo_title")),
                    seo_description=_short(texts.get("seo_description")),
                )
            )
        return tuple(result)

    def _attributes(self) -> tuple[tuple[str, str], ...]:
        pairs: list[tuple[str, str]] = []
        for name, position in self._columns.extras:
            values = dict.fromkeys(text for row in self._rows if (text := row.at(position)))
            pairs.extend((name, value) for value in values)
        return tuple(pairs)


def _short(text: str | None) -> str | None:
    return one_line(text)[:MAX_SEO_CHARS] if text else None


def split_path(text: str) -> tuple[str, ...]:
    """A category path from the root: "Apparel > Shirts"."""
    return tuple(name for part in text.split(">") if (name := one_line(part)))
