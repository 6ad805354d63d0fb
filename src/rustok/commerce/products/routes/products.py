"""Products and their texts over HTTP."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from rustok.commerce.products.errors import (
    CategoriesUnknown,
    OptionsInvalid,
    OptionValuesMismatch,
    ProductHandleTaken,
    ProductNotFound,
    ProductNotPublishable,
    SkuTaken,
    TranslationNeeded,
    TranslationNotFound,
    VariantCombinationTaken,
    VariantNotFound,
)
from rustok.commerce.products.model import OptionTranslation, ProductOption, TranslationInput
from rustok.commerce.products.schemas.products import (
    CreateProduct,
    NewImage,
    NewTranslation,
    NewVariant,
    ProductQuery,
    ProductSummaryView,
    ProductView,
    SetOptions,
    SetTranslation,
    UpdateProduct,
    changes_of,
    product_view,
    summary_view,
)
from rustok.commerce.products.service import parts
from rustok.commerce.products.service import products as service
from rustok.core.errors import IllegalTransition
from rustok.core.pagination import Page
from rustok.core.routing import ReadCall, Reply, Routes, WriteCall

products: Final = Routes("products", surface="admin", tag="Products")

_SIZES: Final = ProductOption(
    name="Size",
    values=("S", "M"),
    translations={"de": OptionTranslation(name="Größe")},
)


@products.post(
    "/products",
    permission="products:create",
    status=201,
    summary="Create a product",
    errors=[
        ProductHandleTaken,
        SkuTaken,
        VariantCombinationTaken,
        OptionsInvalid,
        OptionValuesMismatch,
        CategoriesUnknown,
    ],
    example=CreateProduct(
        handle="linen-shirt",
        translations=[
            NewTranslation(locale="en", title="Linen shirt", description_html="<p>Light.</p>")
        ],
        vendor="Nordlicht",
        tags=("linen", "summer"),
        options=[_SIZES],
        variants=[
            NewVariant(sku="SHIRT-S", option_values=("S",), weight_grams=180),
            NewVariant(sku="SHIRT-M", option_values=("M",), weight_grams=190),
        ],
        images=[NewImage(url="https://cdn.example.com/linen-shirt.webp", alt="A linen shirt")],
    ),
)
async def create_product(call: WriteCall, data: CreateProduct) -> Reply[ProductView]:
    tree = await service.create(call.tx, data.as_input(), category_ids=data.category_ids)
    return Reply(body=product_view(tree), location=f"/api/v1/admin/products/{tree.product.id}")


@products.get("/products", permission="products:list", summary="List products, the newest first")
async def list_products(call: ReadCall, query: ProductQuery) -> Page[ProductSummaryView]:
    page = await service.list_products(
        call.tx, query, status=query.status, begins=query.q, category_id=query.category_id
    )
    return Page(items=[summary_view(one) for one in page.items], next_cursor=page.next_cursor)


@products.get(
    "/products/{product_id}",
    permission="products:read",
    summary="Show a product with all its parts",
    errors=[ProductNotFound],
)
async def get_product(call: ReadCall, product_id: UUID) -> ProductView:
    return product_view(await service.get(call.tx, product_id))


@products.patch(
    "/products/{product_id}",
    permission="products:update",
    summary="Change a product",
    errors=[ProductNotFound, ProductHandleTaken, CategoriesUnknown],
    example=UpdateProduct(vendor="Nordlicht", tags=("linen",)),
)
async def update_product(call: WriteCall, product_id: UUID, data: UpdateProduct) -> ProductView:
    changes = changes_of(data)
    changes.pop("category_ids", None)
    tree = await service.update(
        call.tx,
        product_id,
        expected_version=call.expected_version,
        changes=changes,
        category_ids=data.category_ids if isinstance(data.category_ids, list) else None,
    )
    return product_view(tree)


@products.delete(
    "/products/{product_id}",
    permission="products:delete",
    summary="Delete a draft or archived product",
    errors=[ProductNotFound, IllegalTransition],
)
async def delete_product(call: WriteCall, product_id: UUID) -> None:
    await service.delete(call.tx, product_id, expected_version=call.expected_version)


@products.post(
    "/products/{product_id}/publish",
    permission="products:publish",
    summary="Offer a draft to shoppers",
    errors=[ProductNotFound, IllegalTransition, ProductNotPublishable],
)
async def publish_product(call: WriteCall, product_id: UUID) -> ProductView:
    return product_view(
        await service.publish(call.tx, product_id, expected_version=call.expected_version)
    )


@products.post(
    "/products/{product_id}/unpublish",
    permission="products:publish",
    summary="Take an active product back to draft",
    errors=[ProductNotFound, IllegalTransition],
)
async def unpublish_product(call: WriteCall, product_id: UUID) -> ProductView:
    return product_view(
        await service.unpublish(call.tx, product_id, expected_version=call.expected_version)
    )


@products.post(
    "/products/{product_id}/archive",
    permission="products:publish",
    summary="Put a product away",
    errors=[ProductNotFound, IllegalTransition],
)
async def archive_product(call: WriteCall, product_id: UUID) -> ProductView:
    return product_view(
        await service.archive(call.tx, product_id, expected_version=call.expected_version)
    )


@products.post(
    "/products/{product_id}/restore",
    permission="products:publish",
    summary="Bring an archived product back as a draft",
    errors=[ProductNotFound, IllegalTransition],
)
async def restore_product(call: WriteCall, product_id: UUID) -> ProductView:
    return product_view(
        await service.restore(call.tx, product_id, expected_version=call.expected_version)
    )


@products.put(
    "/products/{product_id}/translations/{locale}",
    permission="products:update",
    summary="Set the texts of a product in a locale",
    errors=[ProductNotFound, ProductHandleTaken],
    example=SetTranslation(title="Leinenhemd", description_html="<p>Leicht.</p>"),
)
async def set_product_translation(
    call: WriteCall, product_id: UUID, locale: str, data: SetTranslation
) -> ProductView:
    wanted = TranslationInput(
        locale=locale, **{name: getattr(data, name) for name in data.__struct_fields__}
    )
    return product_view(
        await service.translate(call.tx, product_id, wanted, expected_version=call.expected_version)
    )


@products.delete(
    "/products/{product_id}/translations/{locale}",
    permission="products:update",
    summary="Remove the texts of a product in a locale",
    errors=[ProductNotFound, TranslationNotFound, TranslationNeeded],
)
async def delete_product_translation(call: WriteCall, product_id: UUID, locale: str) -> None:
    await service.remove_translation(
        call.tx, product_id, locale, expected_version=call.expected_version
    )


@products.put(
    "/products/{product_id}/options",
    permission="products:update",
    summary="Replace the options of a product",
    errors=[
        ProductNotFound,
        VariantNotFound,
        OptionsInvalid,
        OptionValuesMismatch,
        VariantCombinationTaken,
    ],
    example=SetOptions(options=[_SIZES]),
)
async def set_product_options(call: WriteCall, product_id: UUID, data: SetOptions) -> ProductView:
    tree = await parts.change_options(
        call.tx,
        product_id,
        data.options,
        variant_values=data.variant_values,
        expected_version=call.expected_version,
    )
    return product_view(tree)
