"""WooCommerce product CSV to product drafts; it touches no database and sanitises nothing.

A variable product and its variations are one product, wherever their rows stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from rustok.core.money import parse_currency
from rustok.importers.cells import MAX_TITLE_CHARS, Cells, CellUnreadable, read_url
from rustok.importers.drafts import (
    DownloadDraft,
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
from rustok.importers.steps import Steps
from rustok.importers.woocommerce.columns import WooColumns
from rustok.importers.woocommerce.lists import (
    read_description,
    split_categories,
    split_values,
    unescape,
)
from rustok.importers.woocommerce.variants import (
    Attribute,
    read_attributes,
    read_images,
    read_types,
    read_variant,
)
from rustok.importers.woocommerce.variations import Variations, read_variations

MAX_SEO_CHARS = 500
_TYPES = ("simple", "variable", "grouped", "external")


class WooCommerceOptions(msgspec.Struct, frozen=True, kw_only=True):
    """`currency` and `timezone` (IANA name) of the shop: the file names neither.

    `column_names` maps a name in the file to the English one, for exports in other languages.
    """

    currency: str
    timezone: str = "UTC"
    column_names: Mapping[str, str] = msgspec.field(default_factory=dict)
    limits: Limits = DEFAULT_LIMITS


def parse_woocommerce(
    path: Path, options: WooCommerceOptions, *, skip: int = 0
) -> Iterator[Parsed[ProductDraft]]:
    """The products of the file, in the order of their last rows.

    Args:
        skip: leave out the first steps; give `Parsed.index + 1` of the last one done.

    Raises:
        ImportFileRefused: the file cannot be read or is no WooCommerce product export, or the
            time zone is unknown.
        InvalidCurrency: the option names no currency.
    """
    parse_currency(options.currency, pointer="currency")
    zone = _zone(options.timezone)
    file = CsvFile(path, limits=options.limits)
    columns = WooColumns(file.header, options.column_names)
    if "name" not in columns or not any(key in columns for key in ("type", "regular_price")):
        hint = " It looks like Shopify." if "Handle" in file.header else ""
        raise ImportFileRefused(
            "This is no WooCommerce product export: the columns Name and Type are missing."
            f"{hint} If the shop's language is another one, map its column names.",
            reason="wrong_format",
            line=1,
        )
    steps: Steps[ProductDraft] = Steps(file.bytes_total, skip=skip)
    notes = [
        *file.notes,
        *(
            Issue(
                code="column_unknown",
                message="The column is none of WooCommerce's; its values are kept as attributes.",
                severity="info",
                column=name,
            )
            for name in columns.unfamiliar
        ),
    ]
    yield from steps.file(notes)
    by_reference = _references(file, columns)
    for found in grouped_rows(file, lambda row: _key(row, columns, by_reference)):
        if isinstance(found, CsvRow):
            yield from steps.loose_row(found, _no_parent(found, columns))
            continue
        issues: list[Issue] = []
        product = _Product(found, columns, options.currency, zone, issues)
        draft = product.draft()
        yield from steps.draft(
            "product",
            found.key,
            draft,
            issues,
            found.bytes_read,
            otherwise="skipped" if product.unsupported else "failed",
        )


def _zone(name: str) -> tzinfo:
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ImportFileRefused(
            f"{name!r} is no time zone; use a name such as Europe/Berlin.", reason="timezone"
        ) from None


def _references(file: CsvFile, columns: WooColumns) -> dict[str, str]:
    """How other rows may name a product (`id:44`, a SKU) -> its key."""
    keys: dict[str, str] = {}
    for row in file.rows():
        if row.cells is None:
            continue
        cells = Cells(row, columns, [])
        if read_types(cells)[0] == "variation":
            continue
        key = _own_key(cells)
        if identity := cells.words("id"):
            keys.setdefault(f"id:{identity}", key)
        if sku := cells.sku("sku"):
            keys.setdefault(f"sku:{sku.casefold()}", key)
    return keys


def _own_key(cells: Cells) -> str:
    if identity := cells.words("id"):
        return f"id:{identity}"
    if sku := cells.sku("sku"):
        return f"sku:{sku}"
    return f"name:{cells.words('name') or cells.line}"


def _key(row: CsvRow, columns: WooColumns, by_reference: Mapping[str, str]) -> str | None:
    cells = Cells(row, columns, [])
    if read_types(cells)[0] != "variation":
        return _own_key(cells)
    parent = cells.words("parent")
    if parent.casefold().startswith("id:"):
        return by_reference.get("id:" + parent[3:].strip())
    return by_reference.get(f"sku:{parent.casefold()}") or by_reference.get(f"id:{parent}")


def _no_parent(row: CsvRow, columns: WooColumns) -> Issue:
    position = columns.index.get("parent")
    return Issue(
        code="parent_missing",
        message="The variation names no parent that is in the file; it is left out.",
        severity="error",
        row=row.line,
        column="Parent" if position is None else columns.header[position],
    )


class _Product:
    """The rows of one product on their way to a draft."""

    def __init__(
        self,
        group: RowGroup,
        columns: WooColumns,
        currency: str,
        zone: tzinfo,
        issues: list[Issue],
    ) -> None:
        self._key, self._columns, self._currency, self._zone = group.key, columns, currency, zone
        self._variations: list[Cells] = []
        parents: list[Cells] = []
        for row in group.rows:
            cells = Cells(row, columns, issues)
            is_variation = read_types(cells)[0] == "variation"
            (self._variations if is_variation else parents).append(cells)
        # _key() gives a variation the key of a row that is there.
        self._row, *repeated = parents
        self._lines = tuple(row.line for row in group.rows)
        for other in repeated:
            other.note(
                "id",
                "product_repeated",
                f"The product is already in line {self._row.line}; this row is left out.",
                "error",
            )
        self._kind, self._virtual, self._downloadable = read_types(self._row)
        self.unsupported = self._kind not in _TYPES

    def draft(self) -> ProductDraft | None:
        row = self._row
        if self.unsupported:
            row.note(
                "type",
                "type_unsupported",
                f"Products of the type {self._kind[:60]!r} are not imported.",
                "warning",
            )
            return None
        name = unescape(row.words("name", max_chars=MAX_TITLE_CHARS))
        if not name:
            row.note("name", "title_missing", "The product has no name.", "error")
            return None
        sold = self._sold()
        if sold is None:
            row.note(
                None, "product_without_variants", "No variant of the product can stand.", "error"
            )
            return None
        status, listed = self._status()
        brands = split_values(row.text("brands"))
        return ProductDraft(
            source="woocommerce",
            source_id=self._key,
            handle=handle_for(row.words("slug"), name, fallback=row.words("sku") or self._key),
            title=name,
            description_html=read_description(row.text("description")),
            summary_html=read_description(row.text("summary")),
            vendor=brands[0] if brands else None,
            tags=split_values(row.text("tags")),
            categories=split_categories(row.text("categories")),
            options=sold.options,
            variants=sold.variants,
            images=self._images(sold.variants),
            status=status,
            is_listed=listed,
            is_featured=row.flag("featured", default=False),
            seo_title=self._seo("seo_title"),
            seo_description=self._seo("seo_description"),
            is_virtual=self._virtual,
            is_downloadable=self._downloadable,
            downloads=self._downloads(),
            external_url=row.value("external_url", read_url, None),
            external_button=row.words("button_text", max_chars=MAX_TITLE_CHARS) or None,
            grouped_children=split_values(row.text("grouped")) if self._kind == "grouped" else (),
            upsells=split_values(row.text("upsells")),
            cross_sells=split_values(row.text("cross_sells")),
            translations=self._translations(),
            attributes=(
                *((attribute.name, ", ".join(attribute.values)) for attribute in sold.left),
                *((name, text) for name, at in self._columns.extras if (text := row.at(at))),
            ),
            rows=self._lines,
        )

    def _sold(self) -> Variations | None:
        """Options, variants and remaining attributes; None when nothing can be sold."""
        options: tuple[OptionDraft, ...] = ()
        attributes: tuple[Attribute, ...] = read_attributes(self._row, self._columns)
        if self._kind == "grouped":
            return Variations(options=options, variants=(), left=attributes)
        if self._kind == "variable":
            found = read_variations(
                self._row,
                self._variations,
                self._columns,
                product_key=self._key,
                currency=self._currency,
                zone=self._zone,
            )
            return found if found.variants else None
        for variation in self._variations:
            variation.note(
                "parent",
                "parent_not_variable",
                "The parent is no variable product; left out.",
                "error",
            )
        variant = read_variant(
            self._row,
            self._columns,
            source_id=self._key,
            values=(),
            virtual=self._virtual or self._kind == "external",
            currency=self._currency,
            zone=self._zone,
        )
        if variant is None:
            return None
        return Variations(options=options, variants=(variant,), left=attributes)

    def _status(self) -> tuple[ProductStatus, bool]:
        listed = self._row.text("visibility").casefold() != "hidden"
        published = self._row.text("published").casefold()
        if published in ("1", "1.0", "", "true", "yes"):
            return "active", listed
        if published in ("0", "0.0", "false", "no"):
            self._row.note(
                "published",
                "private_is_draft",
                "The product is private; it becomes a draft.",
                "info",
            )
        elif published not in ("-1", "-1.0"):
            self._row.note(
                "published",
                "status_unknown",
                "Published is none of 1, 0, -1; the product becomes a draft.",
                "warning",
            )
        return "draft", listed

    def _images(self, variants: tuple[VariantDraft, ...]) -> tuple[ImageDraft, ...]:
        urls = dict.fromkeys(image.url for image in read_images(self._row))
        urls.update(dict.fromkeys(v.image_url for v in variants if v.image_url is not None))
        return tuple(
            ImageDraft(url=url, alt="", position=number) for number, url in enumerate(urls, start=1)
        )

    def _seo(self, field: str) -> str | None:
        position = self._columns.seo.get(field)
        text = "" if position is None else one_line(self._row.at(position))
        # Yoast keeps templates such as %%title%%, which mean nothing here.
        return None if not text or "%%" in text else text[:MAX_SEO_CHARS]

    def _downloads(self) -> tuple[DownloadDraft, ...]:
        found: list[DownloadDraft] = []
        for _, places in sorted(self._columns.downloads.items()):
            text = self._row.at(places.value) if places.value is not None else ""
            if not text:
                continue
            try:
                url = read_url(text)
            except CellUnreadable as error:
                assert places.value is not None
                self._row.note_at(places.value, error.code, f"{error} It is left out.", "warning")
                continue
            name = one_line(self._row.at(places.name)) if places.name is not None else ""
            found.append(DownloadDraft(name=name or url.rsplit("/", 1)[-1], url=url))
        return tuple(found)

    def _translations(self) -> tuple[ProductTranslationDraft, ...]:
        result: list[ProductTranslationDraft] = []
        for locale, places in self._columns.translations.items():
            texts = {field: text for field, at in places.items() if (text := self._row.at(at))}
            if not texts:
                continue
            handle = texts.get("handle") or texts.get("title")
            description = texts.get("description_html")
            result.append(
                ProductTranslationDraft(
                    locale=locale,
                    title=one_line(texts["title"])[:MAX_TITLE_CHARS] if "title" in texts else None,
                    description_html=read_description(description) if description else None,
                    handle=handle_for(handle, fallback=self._key) if handle else None,
                )
            )
        return tuple(result)
