"""Content categories and tags over HTTP, for editors."""

from __future__ import annotations

from uuid import UUID

from rustok.content.taxonomy.errors import (
    CategoryHasChildren,
    CategoryNotFound,
    CategoryParentUnusable,
    TagNotFound,
    TermHandleTaken,
)
from rustok.content.taxonomy.schemas import (
    CategoryFilter,
    CategoryTextInput,
    ContentCategoryView,
    CreateContentCategory,
    CreateTag,
    TagView,
    UpdateContentCategory,
    UpdateTag,
    category_texts,
    category_view,
    tag_view,
)
from rustok.content.taxonomy.service import categories, tags
from rustok.core.pagination import Page, PageRequest
from rustok.core.routing import ReadCall, Reply, Routes, WriteCall

admin = Routes("taxonomy", surface="admin", tag="Content categories and tags")


@admin.post(
    "/content-categories",
    permission="categories:create",
    status=201,
    summary="Create a content category",
    errors=[TermHandleTaken, CategoryParentUnusable],
    example=CreateContentCategory(texts={"en": CategoryTextInput(name="Travel notes")}),
)
async def create_content_category(
    call: WriteCall, data: CreateContentCategory
) -> Reply[ContentCategoryView]:
    made = await categories.create_category(
        call.tx,
        texts=category_texts(data.texts),
        handle=data.handle,
        parent_id=data.parent_id,
        position=data.position,
    )
    return Reply(body=category_view(made), location=f"/api/v1/admin/content-categories/{made.id}")


@admin.get(
    "/content-categories", permission="categories:list", summary="List content categories by handle"
)
async def list_content_categories(
    call: ReadCall, query: CategoryFilter
) -> Page[ContentCategoryView]:
    page = await categories.list_categories(call.tx, query, parent_id=query.parent_id)
    return Page(items=[category_view(one) for one in page.items], next_cursor=page.next_cursor)


@admin.get(
    "/content-categories/{category_id}",
    permission="categories:read",
    summary="Show a content category",
    errors=[CategoryNotFound],
)
async def get_content_category(call: ReadCall, category_id: UUID) -> ContentCategoryView:
    return category_view(await categories.get_category(call.tx, category_id))


@admin.patch(
    "/content-categories/{category_id}",
    permission="categories:update",
    summary="Change a content category",
    errors=[CategoryNotFound, TermHandleTaken, CategoryParentUnusable],
    example=UpdateContentCategory(handle="travel-notes"),
)
async def update_content_category(
    call: WriteCall, category_id: UUID, data: UpdateContentCategory
) -> ContentCategoryView:
    changed = await categories.update_category(
        call.tx,
        category_id,
        expected_version=call.expected_version,
        texts=None if data.texts is None else category_texts(data.texts),
        handle=data.handle,
        parent_id=data.parent_id,
        position=data.position,
    )
    return category_view(changed)


@admin.delete(
    "/content-categories/{category_id}",
    permission="categories:delete",
    summary="Delete a content category",
    errors=[CategoryNotFound, CategoryHasChildren],
)
async def delete_content_category(call: WriteCall, category_id: UUID) -> None:
    await categories.delete_category(call.tx, category_id, expected_version=call.expected_version)


@admin.post(
    "/tags",
    permission="categories:create",
    status=201,
    summary="Create a tag",
    errors=[TermHandleTaken],
    example=CreateTag(name="Slow travel"),
)
async def create_tag(call: WriteCall, data: CreateTag) -> Reply[TagView]:
    made = await tags.create_tag(call.tx, name=data.name, handle=data.handle)
    return Reply(body=tag_view(made), location=f"/api/v1/admin/tags/{made.id}")


@admin.get("/tags", permission="categories:list", summary="List tags by handle")
async def list_tags(call: ReadCall, query: PageRequest) -> Page[TagView]:
    page = await tags.list_tags(call.tx, query)
    return Page(items=[tag_view(one) for one in page.items], next_cursor=page.next_cursor)


@admin.get(
    "/tags/{tag_id}", permission="categories:read", summary="Show a tag", errors=[TagNotFound]
)
async def get_tag(call: ReadCall, tag_id: UUID) -> TagView:
    return tag_view(await tags.get_tag(call.tx, tag_id))


@admin.patch(
    "/tags/{tag_id}",
    permission="categories:update",
    summary="Rename a tag",
    errors=[TagNotFound, TermHandleTaken],
    example=UpdateTag(name="Slow travel"),
)
async def update_tag(call: WriteCall, tag_id: UUID, data: UpdateTag) -> TagView:
    changed = await tags.update_tag(
        call.tx, tag_id, expected_version=call.expected_version, name=data.name, handle=data.handle
    )
    return tag_view(changed)


@admin.delete(
    "/tags/{tag_id}", permission="categories:delete", summary="Delete a tag", errors=[TagNotFound]
)
async def delete_tag(call: WriteCall, tag_id: UUID) -> None:
    await tags.delete_tag(call.tx, tag_id, expected_version=call.expected_version)
