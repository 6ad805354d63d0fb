"""Categories and collections over HTTP, and the category tree for shoppers."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from msgspec import UNSET

from rustok.commerce.products.errors import (
    CategoryCycle,
    CategoryHandleTaken,
    CategoryHasChildren,
    CategoryNotFound,
    CategoryTooDeep,
    CollectionHandleTaken,
    CollectionNotFound,
    ProductsUnknown,
    TooManyParts,
)
from rustok.commerce.products.model import Text
from rustok.commerce.products.schemas.catalog import (
    AddProducts,
    CategoryNode,
    CategoryView,
    CollectionView,
    CreateCategory,
    CreateCollection,
    MemberView,
    MoveCategory,
    UpdateCategory,
    UpdateCollection,
    category_tree,
    category_view,
    collection_view,
)
from rustok.commerce.products.service import categories as category_service
from rustok.commerce.products.service import collections as collection_service
from rustok.core.locale import fallback_chain
from rustok.core.pagination import Page, PageRequest
from rustok.core.routing import PUBLIC, ReadCall, Reply, Routes, WriteCall

categories: Final = Routes("products", surface="admin", tag="Product categories")
collections: Final = Routes("products", surface="admin", tag="Collections")
storefront: Final = Routes("products", surface="storefront", tag="Catalogue")

_SHIRTS: Final = {"en": Text(name="Shirts"), "de": Text(name="Hemden")}


@categories.post(
    "/categories",
    permission="categories:create",
    status=201,
    summary="Create a category",
    errors=[CategoryNotFound, CategoryHandleTaken, CategoryTooDeep, TooManyParts],
    example=CreateCategory(handle="shirts", translations=_SHIRTS),
)
async def create_product_category(call: WriteCall, data: CreateCategory) -> Reply[CategoryView]:
    named = await category_service.create_category(
        call.tx,
        handle=data.handle,
        texts=data.translations,
        parent_id=data.parent_id,
        position=data.position,
    )
    return Reply(
        body=category_view(named), location=f"/api/v1/admin/categories/{named.category.id}"
    )


@categories.get("/categories", permission="categories:list", summary="List categories")
async def list_product_categories(call: ReadCall, query: PageRequest) -> Page[CategoryView]:
    page = await category_service.list_category_page(call.tx, query)
    return Page(items=[category_view(one) for one in page.items], next_cursor=page.next_cursor)


@categories.get(
    "/categories/{category_id}",
    permission="categories:read",
    summary="Show a category",
    errors=[CategoryNotFound],
)
async def get_product_category(call: ReadCall, category_id: UUID) -> CategoryView:
    return category_view(await category_service.get_category(call.tx, category_id))


@categories.patch(
    "/categories/{category_id}",
    permission="categories:update",
    summary="Change a category",
    errors=[CategoryNotFound, CategoryHandleTaken],
    example=UpdateCategory(translations=_SHIRTS),
)
async def update_product_category(
    call: WriteCall, category_id: UUID, data: UpdateCategory
) -> CategoryView:
    return category_view(
        await category_service.update_category(
            call.tx,
            category_id,
            expected_version=call.expected_version,
            handle=data.handle,
            position=data.position,
            texts=data.translations,
        )
    )


@categories.post(
    "/categories/{category_id}/move",
    permission="categories:update",
    summary="Move a category with all below it",
    errors=[CategoryNotFound, CategoryCycle, CategoryTooDeep],
    example=MoveCategory(parent_id=None, position=1),
)
async def move_product_category(
    call: WriteCall, category_id: UUID, data: MoveCategory
) -> CategoryView:
    return category_view(
        await category_service.move_category(
            call.tx,
            category_id,
            parent_id=data.parent_id,
            position=None if data.position is UNSET else data.position,
            expected_version=call.expected_version,
        )
    )


@categories.delete(
    "/categories/{category_id}",
    permission="categories:delete",
    summary="Delete a category without children",
    errors=[CategoryNotFound, CategoryHasChildren],
)
async def delete_product_category(call: WriteCall, category_id: UUID) -> None:
    await category_service.delete_category(
        call.tx, category_id, expected_version=call.expected_version
    )


@storefront.get(
    "/categories",
    permission=PUBLIC,
    cache_seconds=60,
    shows=("categories",),
    summary="The category tree in the reader's locale",
)
async def list_storefront_categories(call: ReadCall) -> list[CategoryNode]:
    chain = fallback_chain(call.ctx.locale, default=call.ctx.tenant.default_locale)
    return category_tree(await category_service.list_categories(call.tx), chain)


@collections.post(
    "/collections",
    permission="collections:create",
    status=201,
    summary="Create a collection",
    errors=[CollectionHandleTaken],
    example=CreateCollection(handle="summer", translations={"en": Text(name="Summer")}),
)
async def create_collection(call: WriteCall, data: CreateCollection) -> Reply[CollectionView]:
    named = await collection_service.create_collection(
        call.tx, handle=data.handle, texts=data.translations
    )
    return Reply(
        body=collection_view(named), location=f"/api/v1/admin/collections/{named.collection.id}"
    )


@collections.get("/collections", permission="collections:list", summary="List collections")
async def list_collections(call: ReadCall, query: PageRequest) -> Page[CollectionView]:
    page = await collection_service.list_collections(call.tx, query)
    return Page(items=[collection_view(one) for one in page.items], next_cursor=page.next_cursor)


@collections.get(
    "/collections/{collection_id}",
    permission="collections:read",
    summary="Show a collection",
    errors=[CollectionNotFound],
)
async def get_collection(call: ReadCall, collection_id: UUID) -> CollectionView:
    return collection_view(await collection_service.get_collection(call.tx, collection_id))


@collections.patch(
    "/collections/{collection_id}",
    permission="collections:update",
    summary="Change a collection",
    errors=[CollectionNotFound, CollectionHandleTaken],
    example=UpdateCollection(handle="high-summer"),
)
async def update_collection(
    call: WriteCall, collection_id: UUID, data: UpdateCollection
) -> CollectionView:
    return collection_view(
        await collection_service.update_collection(
            call.tx,
            collection_id,
            expected_version=call.expected_version,
            handle=data.handle,
            texts=data.translations,
        )
    )


@collections.delete(
    "/collections/{collection_id}",
    permission="collections:delete",
    summary="Delete a collection; its products stay",
    errors=[CollectionNotFound],
)
async def delete_collection(call: WriteCall, collection_id: UUID) -> None:
    await collection_service.delete_collection(
        call.tx, collection_id, expected_version=call.expected_version
    )


@collections.get(
    "/collections/{collection_id}/products",
    permission="collections:read",
    summary="List the products of a collection in its order",
    errors=[CollectionNotFound],
)
async def list_collection_products(
    call: ReadCall, collection_id: UUID, query: PageRequest
) -> Page[MemberView]:
    page = await collection_service.list_members(call.tx, collection_id, query)
    return Page(
        items=[MemberView(product_id=one.product_id, position=one.position) for one in page.items],
        next_cursor=page.next_cursor,
    )


@collections.post(
    "/collections/{collection_id}/products",
    permission="collections:update",
    summary="Add products to a collection",
    errors=[CollectionNotFound, ProductsUnknown],
    example=AddProducts(product_ids=[UUID("0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f60")]),
)
async def add_collection_products(
    call: WriteCall, collection_id: UUID, data: AddProducts
) -> CollectionView:
    return collection_view(
        await collection_service.add_products(
            call.tx, collection_id, data.product_ids, expected_version=call.expected_version
        )
    )


@collections.delete(
    "/collections/{collection_id}/products/{product_id}",
    permission="collections:update",
    precondition="none",
    summary="Take a product out of a collection",
    errors=[CollectionNotFound],
)
async def remove_collection_product(call: WriteCall, collection_id: UUID, product_id: UUID) -> None:
    await collection_service.remove_products(call.tx, collection_id, [product_id])
