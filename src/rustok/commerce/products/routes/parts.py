"""Variants and pictures of products over HTTP."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from rustok.commerce.products.errors import (
    ImageNotFound,
    ImageOrderIncomplete,
    OptionValuesMismatch,
    ProductNotFound,
    SkuTaken,
    TooManyParts,
    VariantCombinationTaken,
    VariantNeeded,
    VariantNotFound,
)
from rustok.commerce.products.model import ImageInput
from rustok.commerce.products.schemas.products import (
    AddImage,
    AddVariant,
    ProductView,
    ReorderImages,
    UpdateVariant,
    VariantView,
    changes_of,
    product_view,
    variant_view,
)
from rustok.commerce.products.service import parts as service
from rustok.core.routing import ReadCall, Reply, Routes, WriteCall

variants: Final = Routes("products", surface="admin", tag="Variants and pictures")


@variants.get(
    "/products/{product_id}/variants",
    permission="products:read",
    summary="List the variants of a product",
    errors=[ProductNotFound],
)
async def list_product_variants(call: ReadCall, product_id: UUID) -> list[VariantView]:
    return [variant_view(one) for one in await service.list_variants(call.tx, product_id)]


@variants.post(
    "/products/{product_id}/variants",
    permission="products:update",
    status=201,
    summary="Add a variant",
    errors=[
        ProductNotFound,
        OptionValuesMismatch,
        VariantCombinationTaken,
        SkuTaken,
        ImageNotFound,
        TooManyParts,
    ],
    example=AddVariant(sku="SHIRT-L", option_values=("L",), weight_grams=200),
)
async def add_variant(call: WriteCall, product_id: UUID, data: AddVariant) -> Reply[VariantView]:
    variant = await service.create_variant(
        call.tx,
        product_id,
        data.as_input(),
        image_id=data.image_id,
        expected_version=call.expected_version,
    )
    return Reply(body=variant_view(variant), location=f"/api/v1/admin/variants/{variant.id}")


@variants.get(
    "/variants/{variant_id}",
    permission="products:read",
    summary="Show a variant",
    errors=[VariantNotFound],
)
async def get_variant(call: ReadCall, variant_id: UUID) -> VariantView:
    return variant_view(await service.get_variant(call.tx, variant_id))


@variants.patch(
    "/variants/{variant_id}",
    permission="products:update",
    summary="Change a variant",
    errors=[
        VariantNotFound,
        OptionValuesMismatch,
        VariantCombinationTaken,
        SkuTaken,
        ImageNotFound,
    ],
    example=UpdateVariant(sku="SHIRT-L-2", weight_grams=205),
)
async def update_variant(call: WriteCall, variant_id: UUID, data: UpdateVariant) -> VariantView:
    return variant_view(
        await service.update_variant(
            call.tx,
            variant_id,
            expected_version=call.expected_version,
            changes=changes_of(data),
        )
    )


@variants.delete(
    "/variants/{variant_id}",
    permission="products:update",
    summary="Remove a variant",
    errors=[VariantNotFound, VariantNeeded],
)
async def delete_variant(call: WriteCall, variant_id: UUID) -> None:
    await service.delete_variant(call.tx, variant_id, expected_version=call.expected_version)


@variants.post(
    "/products/{product_id}/images",
    permission="products:update",
    status=201,
    summary="Add a picture",
    errors=[ProductNotFound, VariantNotFound, TooManyParts],
    example=AddImage(url="https://cdn.example.com/linen-shirt-back.webp", alt="From behind"),
)
async def add_product_image(
    call: WriteCall, product_id: UUID, data: AddImage
) -> Reply[ProductView]:
    tree = await service.add_image(
        call.tx,
        product_id,
        ImageInput(url=data.url, alt=data.alt),
        variant_ids=data.variant_ids,
        expected_version=call.expected_version,
    )
    return Reply(body=product_view(tree), location=f"/api/v1/admin/products/{product_id}")


@variants.put(
    "/products/{product_id}/image-order",
    permission="products:update",
    summary="Put the pictures in order",
    errors=[ProductNotFound, ImageOrderIncomplete],
    example=ReorderImages(image_ids=[]),
)
async def reorder_product_images(
    call: WriteCall, product_id: UUID, data: ReorderImages
) -> ProductView:
    return product_view(
        await service.reorder_images(
            call.tx, product_id, data.image_ids, expected_version=call.expected_version
        )
    )


@variants.delete(
    "/products/{product_id}/images/{image_id}",
    permission="products:update",
    summary="Remove a picture; If-Match names the product's version",
    errors=[ProductNotFound, ImageNotFound],
)
async def remove_product_image(call: WriteCall, product_id: UUID, image_id: UUID) -> None:
    await service.remove_image(
        call.tx, product_id, image_id, expected_version=call.expected_version
    )
