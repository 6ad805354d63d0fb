"""What the catalogue is made of, as frozen types: products by state, their parts, inputs and documents.

Refuses: I/O of any kind.
"""

from rustok.commerce.products.model.catalog import (
    MAX_CATEGORIES,
    MAX_CATEGORY_DEPTH,
    Category,
    CategoryText,
    Collection,
    CollectionText,
    Text,
)
from rustok.commerce.products.model.description import sanitised
from rustok.commerce.products.model.documents import (
    CategoryPath,
    CategoryStep,
    CollectionMembership,
    ProductDescription,
    ProductTree,
    SellableVariant,
)
from rustok.commerce.products.model.inputs import (
    ImageInput,
    ProductInput,
    TranslationInput,
    UpsertResult,
    VariantInput,
)
from rustok.commerce.products.model.options import (
    OptionTranslation,
    ProductOption,
    check_combination,
    check_options,
    combination_key,
    variant_title,
)
from rustok.commerce.products.model.parts import (
    MAX_IMAGES,
    MAX_VARIANTS,
    ProductImage,
    ProductTranslation,
    Variant,
    title_in,
)
from rustok.commerce.products.model.product import (
    ActiveProduct,
    ArchivedProduct,
    DraftProduct,
    MetadataValue,
    Product,
    ProductData,
    ProductKind,
    ProductStatus,
)

__all__ = [
    "MAX_CATEGORIES",
    "MAX_CATEGORY_DEPTH",
    "MAX_IMAGES",
    "MAX_VARIANTS",
    "ActiveProduct",
    "ArchivedProduct",
    "Category",
    "CategoryPath",
    "CategoryStep",
    "CategoryText",
    "Collection",
    "CollectionMembership",
    "CollectionText",
    "DraftProduct",
    "ImageInput",
    "MetadataValue",
    "OptionTranslation",
    "Product",
    "ProductData",
    "ProductDescription",
    "ProductImage",
    "ProductInput",
    "ProductKind",
    "ProductOption",
    "ProductStatus",
    "ProductTranslation",
    "ProductTree",
    "SellableVariant",
    "Text",
    "TranslationInput",
    "UpsertResult",
    "Variant",
    "VariantInput",
    "check_combination",
    "check_options",
    "combination_key",
    "sanitised",
    "title_in",
    "variant_title",
]
