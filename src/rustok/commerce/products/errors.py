"""What can go wrong in the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from rustok.core.errors import Conflict, InvalidInput, NotFound, Unprocessable
from rustok.core.invalid_value import InvalidValue


class ProductNotFound(NotFound):
    code = "product_not_found"
    title = "There is no such product"

    def __init__(self) -> None:
        super().__init__("This tenant has no such product.")


class ProductsUnknown(Unprocessable):
    """Ids in a request that name no product of this tenant."""

    code = "products_unknown"
    title = "Some products do not exist"
    mend = "Leave out the ids listed in `product_ids`."

    def __init__(self, product_ids: Iterable[UUID]) -> None:
        listed = sorted(str(one) for one in product_ids)
        super().__init__(
            f"{len(listed)} of the products named do not exist here.",
            extensions={"product_ids": listed},
        )


class ProductHandleTaken(Conflict):
    code = "product_handle_taken"
    title = "The handle is taken"
    mend = "Choose another handle."

    def __init__(self, handle: str, *, locale: str | None = None) -> None:
        where = f" in locale {locale}" if locale else ""
        super().__init__(f"Another product has the handle '{handle}'{where}.")


class ProductNotPublishable(Unprocessable):
    """What is missing before a product can be published.

    Args:
        missing: "variants", "title".
    """

    code = "product_not_publishable"
    title = "The product is not complete enough to be published"
    mend = "Add what `missing` names, then publish."

    def __init__(self, missing: Sequence[str], *, locale: str) -> None:
        self.missing = tuple(missing)
        words = {"variants": "at least one variant", "title": f"a title in locale {locale}"}
        super().__init__(
            "Before publishing, the product needs "
            + " and ".join(words[one] for one in missing)
            + ".",
            extensions={"missing": list(missing), "locale": locale},
        )


class ProductInputInvalid(InvalidInput):
    """A whole-product input (of an import) that breaks the rules of its fields."""

    code = "product_input_invalid"
    title = "The product's data is invalid"


class TranslationNotFound(NotFound):
    code = "product_translation_not_found"
    title = "There is no such translation"

    def __init__(self, locale: str) -> None:
        super().__init__(f"The product has no texts in locale '{locale}'.")


class TranslationNeeded(Unprocessable):
    code = "product_translation_needed"
    title = "An active product keeps its title in the default locale"
    mend = "Unpublish the product first."

    def __init__(self, locale: str) -> None:
        super().__init__(
            f"The product is active and '{locale}' is the default locale of the tenant."
        )


class VariantNotFound(NotFound):
    code = "variant_not_found"
    title = "There is no such variant"

    def __init__(self) -> None:
        super().__init__("This tenant has no such variant.")


class VariantNeeded(Unprocessable):
    code = "variant_needed"
    title = "An active product keeps at least one variant"
    mend = "Unpublish the product first, or add another variant."

    def __init__(self) -> None:
        super().__init__("This is the last variant of an active product.")


class SkuTaken(Conflict):
    code = "sku_taken"
    title = "The SKU is taken"
    mend = "Choose another SKU; it names one variant of the tenant."

    def __init__(self, sku: str) -> None:
        self.sku = sku
        super().__init__(f"Another variant has the SKU '{sku}'.", extensions={"sku": sku})


class VariantCombinationTaken(Conflict):
    code = "variant_combination_taken"
    title = "Two variants of the same option values"
    mend = "Give each variant its own combination of option values."

    def __init__(self, values: Sequence[str]) -> None:
        what = " / ".join(values) or "no options"
        super().__init__(f"The product has a variant with {what} already.")


class OptionsInvalid(InvalidValue):
    code = "product_options_invalid"
    title = "The options contradict themselves"


class OptionValuesMismatch(Unprocessable):
    """A variant's option values that do not fit the options of its product."""

    code = "option_values_mismatch"
    title = "The variant does not fit the product's options"
    mend = "Give one value per option, in the order of the options, out of each option's values."


class ImageNotFound(NotFound):
    code = "product_image_not_found"
    title = "There is no such image"

    def __init__(self) -> None:
        super().__init__("The product has no such image.")


class ImageOrderIncomplete(Unprocessable):
    code = "image_order_incomplete"
    title = "The order must name every image once"
    mend = "Send the ids of all images of the product, each once."

    def __init__(self) -> None:
        super().__init__("The ids sent are not exactly the images of the product.")


class TooManyParts(Unprocessable):
    """A product, a category tree or a collection at its bound."""

    code = "catalog_limit_reached"
    title = "A limit of the catalogue is reached"
    mend = "Remove some first, or spread them over several products."

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(f"There can be {limit} {what} at most.", extensions={"limit": limit})


class CategoryNotFound(NotFound):
    code = "catalog_category_not_found"
    title = "There is no such category"

    def __init__(self) -> None:
        super().__init__("The catalogue has no such category.")


class CategoriesUnknown(Unprocessable):
    code = "catalog_categories_unknown"
    title = "Some categories do not exist"
    mend = "Leave out the ids listed in `category_ids`."

    def __init__(self, category_ids: Iterable[UUID]) -> None:
        listed = sorted(str(one) for one in category_ids)
        super().__init__(
            f"{len(listed)} of the categories named do not exist here.",
            extensions={"category_ids": listed},
        )


class CategoryHandleTaken(Conflict):
    code = "catalog_category_handle_taken"
    title = "The handle is taken"
    mend = "Choose another handle."

    def __init__(self, handle: str) -> None:
        super().__init__(f"Another category has the handle '{handle}'.")


class CategoryCycle(Unprocessable):
    code = "catalog_category_cycle"
    title = "A category cannot stand below itself"
    mend = "Choose a parent outside the category's own subtree."

    def __init__(self) -> None:
        super().__init__("The new parent is the category itself or stands below it.")


class CategoryTooDeep(Unprocessable):
    code = "catalog_category_too_deep"
    title = "The category tree would be too deep"
    mend = "Choose a parent nearer to the root."

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"A category tree has {limit} levels at most.", extensions={"limit": limit}
        )


class CategoryHasChildren(Conflict):
    code = "catalog_category_has_children"
    title = "The category has children"
    mend = "Move or delete the categories below it first."

    def __init__(self) -> None:
        super().__init__("Other categories stand below this one.")


class CollectionNotFound(NotFound):
    code = "collection_not_found"
    title = "There is no such collection"

    def __init__(self) -> None:
        super().__init__("This tenant has no such collection.")


class CollectionHandleTaken(Conflict):
    code = "collection_handle_taken"
    title = "The handle is taken"
    mend = "Choose another handle."

    def __init__(self, handle: str) -> None:
        super().__init__(f"Another collection has the handle '{handle}'.")
