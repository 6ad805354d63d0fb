"""Options of a product and the combinations of their values that variants are.

Refuses: two options of one name, a value twice, and a combination the options do not have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from rustok.commerce.products.errors import OptionsInvalid, OptionValuesMismatch
from rustok.commerce.products.model.fields import Label
from rustok.core.types import LocaleTag


class OptionTranslation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An option in another locale; `values` maps a value to its translation, missing ones stay."""

    name: Label | None = None
    values: Annotated[dict[Label, Label], Meta(max_length=500)] = {}


class ProductOption(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A choice a buyer makes, with its values in the order the shop shows them."""

    name: Label
    values: Annotated[tuple[Label, ...], Meta(min_length=1, max_length=500)]
    translations: Annotated[dict[LocaleTag, OptionTranslation], Meta(max_length=50)] = {}


def check_options(options: Sequence[ProductOption], *, pointer: str = "/options") -> None:
    """Hold a product's options to their rules.

    Raises:
        OptionsInvalid: two options of one name, or a value twice within one.
    """
    names = [option.name.casefold() for option in options]
    if len(set(names)) != len(names):
        message = "two options have the same name; name each differently."
        raise OptionsInvalid(message, pointer=pointer, rule="unique_names")
    for index, option in enumerate(options):
        if len(set(option.values)) != len(option.values):
            message = "a value stands twice in one option; leave one out."
            raise OptionsInvalid(message, pointer=f"{pointer}/{index}/values", rule="unique_values")


def check_combination(options: Sequence[ProductOption], values: Sequence[str]) -> None:
    """Hold a variant's values to its product's options.

    Raises:
        OptionValuesMismatch: another number of values than options, or a value its option lacks.
    """
    if len(values) != len(options):
        raise OptionValuesMismatch(
            f"The product has {len(options)} options, the variant has {len(values)} values."
        )
    for option, value in zip(options, values, strict=True):
        if value not in option.values:
            raise OptionValuesMismatch(f"The option '{option.name}' has no value '{value}'.")


def combination_key(values: Sequence[str]) -> str:
    """The one spelling of a combination, for uniqueness and look-up."""
    return msgspec.json.encode(tuple(values)).decode()


def variant_title(
    options: Sequence[ProductOption], values: Sequence[str], locales: Sequence[str] = ()
) -> str:
    """The values of a variant for a reader ("Blue / M"); empty when the product has no options.

    Args:
        locales: the fallback chain; the first locale with a translation of a value gives it.
    """
    words: list[str] = []
    for option, value in zip(options, values, strict=False):
        translated = (
            option.translations[locale].values[value]
            for locale in locales
            if locale in option.translations and value in option.translations[locale].values
        )
        words.append(next(translated, value))
    return " / ".join(words)
