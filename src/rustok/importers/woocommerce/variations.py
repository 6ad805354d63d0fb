"""The variations of a variable product: options, "any" values and stock the parent counts.

Refuses to sell more than the parent has: shared stock is divided, never multiplied.
"""

from __future__ import annotations

from datetime import tzinfo
from itertools import product as combinations
from math import prod
from typing import Final

import msgspec

from rustok.importers.cells import Cells, read_weight_grams
from rustok.importers.drafts import OptionDraft, VariantDraft
from rustok.importers.handles import handle_for
from rustok.importers.woocommerce.columns import WooColumns
from rustok.importers.woocommerce.variants import (
    FOLLOWS_PARENT,
    TAXABLE,
    Attribute,
    read_attributes,
    read_stock,
    read_types,
    read_variant,
)

MAX_VARIANTS: Final = 500
ANY: Final = "Any"


class Variations(msgspec.Struct, frozen=True, kw_only=True):
    """What the variation rows gave; `left` are the parent's attributes that are no options."""

    options: tuple[OptionDraft, ...]
    variants: tuple[VariantDraft, ...]
    left: tuple[Attribute, ...]


def read_variations(
    parent: Cells,
    rows: list[Cells],
    columns: WooColumns,
    *,
    product_key: str,
    currency: str,
    zone: tzinfo,
) -> Variations:
    """Options and variants of a variable product from its own row and its variation rows."""
    own = {attribute.name.casefold(): attribute for attribute in read_attributes(parent, columns)}
    rows = sorted(_sold(rows), key=lambda row: row.value("position", _position, 0))
    chosen = [{a.name.casefold(): a for a in read_attributes(row, columns)} for row in rows]
    names: dict[str, str] = {}
    for attributes in chosen:
        for key, attribute in attributes.items():
            names.setdefault(key, own[key].name if key in own else attribute.name)
    keys = [key for key in own if key in names] + [key for key in names if key not in own]
    known = {
        key: dict.fromkeys(
            [
                *(own[key].values if key in own else ()),
                *(v for attributes in chosen if key in attributes for v in attributes[key].values),
            ]
        )
        for key in keys
    }
    # An attribute without any value is no choice.
    keys = [key for key in keys if known[key]]
    unit = columns.weight_unit or "kg"
    weight_grams = parent.value("weight", lambda text: read_weight_grams(text, unit), None)
    taxable = parent.text("tax_status").casefold() in TAXABLE
    variants: dict[tuple[str, ...], VariantDraft] = {}
    for row, attributes in zip(rows, chosen, strict=True):
        for variant in _expanded(
            row, attributes, keys, known, columns, product_key, currency, zone
        ):
            variant = _inheriting(variant, row, weight_grams, taxable=taxable)
            same = tuple(value.casefold() for value in variant.option_values)
            if same in variants:
                # A specific variation stands before an "any" one; WooCommerce takes the first.
                row.note(
                    None,
                    "variant_repeated",
                    "Line "
                    f"{variants[same].rows[0]} already has a variation with these attributes; "
                    "this one is left out.",
                    "warning",
                )
                continue
            variants[same] = variant
    shared = [
        key
        for key, variant in variants.items()
        if variant.track_inventory and variant.inventory_quantity is None
    ]
    _divide_stock(parent, variants, shared)
    options = tuple(
        OptionDraft(
            name=names[key],
            values=tuple(
                value
                for value in (*known[key], ANY)
                if any(variant.option_values[index] == value for variant in variants.values())
            ),
        )
        for index, key in enumerate(keys)
    )
    left = tuple(attribute for key, attribute in own.items() if key not in keys)
    return Variations(
        options=options if variants else (), variants=tuple(variants.values()), left=left
    )


def _inheriting(
    variant: VariantDraft, row: Cells, weight_grams: int | None, *, taxable: bool
) -> VariantDraft:
    """What a variation leaves empty is its parent's."""
    return msgspec.structs.replace(
        variant,
        weight_grams=weight_grams if variant.weight_grams is None else variant.weight_grams,
        taxable=taxable
        if row.text("tax_status").casefold() in ("", FOLLOWS_PARENT)
        else variant.taxable,
    )


def _sold(rows: list[Cells]) -> list[Cells]:
    kept: list[Cells] = []
    for row in rows:
        if row.text("published") == "0":
            row.note(
                "published",
                "variation_disabled",
                "The variation is switched off; left out.",
                "info",
            )
        else:
            kept.append(row)
    return kept


def _position(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _expanded(
    row: Cells,
    attributes: dict[str, Attribute],
    keys: list[str],
    known: dict[str, dict[str, None]],
    columns: WooColumns,
    product_key: str,
    currency: str,
    zone: tzinfo,
) -> list[VariantDraft]:
    choices: list[tuple[str, ...]] = []
    for key in keys:
        attribute = attributes.get(key)
        value = attribute.values[0] if attribute is not None and attribute.values else ""
        # The same value may differ in case between the parent and its variation.
        spelt = next((v for v in known[key] if v.casefold() == value.casefold()), value)
        choices.append((spelt,) if value else tuple(known[key]))
    is_open = any(len(choice) > 1 for choice in choices)
    stock = read_stock(row)
    if is_open and (
        (stock.tracked and not stock.shared and stock.quantity) or _count(choices) > MAX_VARIANTS
    ):
        choices = [choice if len(choice) == 1 else (ANY,) for choice in choices]
        row.note(
            None,
            "variation_any",
            "The variation is for any value of an attribute and is kept as one.",
            "info",
        )
        is_open = False
    identity = row.words("id")
    identity = f"id:{identity}" if identity else f"{product_key}|{row.words('sku')}"
    first = read_variant(
        row,
        columns,
        source_id=identity,
        values=tuple(choice[0] for choice in choices),
        virtual=read_types(row)[1],
        currency=currency,
        zone=zone,
    )
    if first is None:
        return []
    if not row.text("id") and not first.sku:
        first = msgspec.structs.replace(
            first, source_id="|".join((product_key, *first.option_values))
        )
    if not is_open:
        return [first]
    row.note(
        None,
        "variation_expanded",
        f"The variation is for any value of an attribute; it became {_count(choices)} variants.",
        "info",
    )
    opened = [index for index, choice in enumerate(choices) if len(choice) > 1]
    return [
        msgspec.structs.replace(
            first,
            source_id="|".join((first.source_id, *(values[index] for index in opened))),
            sku=first.sku
            and "-".join((first.sku, *(handle_for(values[i], fallback=str(i)) for i in opened))),
            option_values=values,
        )
        for values in combinations(*choices)
    ]


def _count(choices: list[tuple[str, ...]]) -> int:
    return prod(len(choice) for choice in choices)


def _divide_stock(
    parent: Cells, variants: dict[tuple[str, ...], VariantDraft], shared: list[tuple[str, ...]]
) -> None:
    """Give the parent's stock to the variations that follow it, in shares that add up to it."""
    if not shared:
        return
    total = read_stock(parent).quantity or 0
    share, more = divmod(total, len(shared))
    for number, key in enumerate(shared):
        variants[key] = msgspec.structs.replace(
            variants[key], inventory_quantity=share + (number < more)
        )
    if len(shared) > 1:
        parent.note(
            "stock",
            "stock_divided",
            f"The product counts its stock of {total} for {len(shared)} variants together; it was "
            "divided among them.",
            "warning",
        )
