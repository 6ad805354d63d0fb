"""Writing nodes: content, translations, terms and revisions."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from rustok.content.nodes.errors import (
    AuthorUnknown,
    InvalidBody,
    InvalidFields,
    LastTranslation,
    LocaleNotEnabled,
    MediaUnknown,
    NodeArchived,
    NodeHandleTaken,
    NodeHasChildren,
    NodeKindUnknown,
    NodeNotFound,
    NotOwnNode,
    ParentUnusable,
    ReviewRequired,
    RevisionNotFound,
    TranslationNotFound,
)
from rustok.content.nodes.model.bodies import MarkdownBody
from rustok.content.nodes.schemas import (
    CreateNode,
    NodeFilter,
    NodeListItem,
    NodeView,
    RevisionItem,
    RevisionView,
    SetTerms,
    TranslationInput,
    UpdateNode,
    changes_of,
    list_item,
    node_view,
    revision_item,
    revision_view,
    text_input,
)
from rustok.content.nodes.service import editing, filing, history, reading
from rustok.core.pagination import Page, PageRequest
from rustok.core.routing import ReadCall, Reply, Routes, WriteCall

MAX_TEXT_BYTES: Final = 4 * 1024 * 1024
"""A body has a million characters at most; in UTF-8 that may be four times as many bytes."""

admin = Routes("nodes", surface="admin", tag="Nodes")
_TEXT = TranslationInput(
    title="Ferry timetable", body=MarkdownBody(text="# Winter\n\nTwo boats a day.")
)
_EDIT = (NodeNotFound, NotOwnNode, ReviewRequired, NodeArchived)


@admin.post(
    "/nodes",
    permission="nodes:create",
    status=201,
    summary="Create a draft",
    max_body_bytes=MAX_TEXT_BYTES,
    errors=[
        NodeKindUnknown,
        LocaleNotEnabled,
        NodeHandleTaken,
        InvalidFields,
        InvalidBody,
        ParentUnusable,
        MediaUnknown,
        AuthorUnknown,
    ],
    example=CreateNode(kind="page", translations={"en": _TEXT}),
)
async def create_node(call: WriteCall, data: CreateNode) -> Reply[NodeView]:
    made = await editing.create(
        call.tx,
        kind=data.kind,
        translations={tag: text_input(text) for tag, text in data.translations.items()},
        parent_id=data.parent_id,
        menu_order=data.menu_order,
        is_sticky=data.is_sticky,
        is_protected=data.is_protected,
        comment_policy=data.comment_policy,
        author_id=data.author_id,
        author_name=data.author_name,
        featured_media_id=data.featured_media_id,
        fields=data.fields,
    )
    body = await _view(call, made.node.id)
    return Reply(body=body, location=f"/api/v1/admin/nodes/{made.node.id}")


async def _view(call: WriteCall | ReadCall, node_id: UUID) -> NodeView:
    return node_view(await reading.get(call.tx, node_id))


@admin.get("/nodes", permission="nodes:list", summary="List nodes, the newest first")
async def list_nodes(call: ReadCall, query: NodeFilter) -> Page[NodeListItem]:
    page = await reading.list_nodes(
        call.tx,
        query,
        kind=query.kind,
        status=query.status,
        locale=query.locale,
        title_prefix=query.q,
        category_id=query.category_id,
        tag_id=query.tag_id,
        parent_id=query.parent_id,
    )
    return Page(items=[list_item(one) for one in page.items], next_cursor=page.next_cursor)


@admin.get(
    "/nodes/{node_id}",
    permission="nodes:read",
    summary="Show a node with its texts",
    errors=[NodeNotFound, NotOwnNode],
)
async def get_node(call: ReadCall, node_id: UUID) -> NodeView:
    return await _view(call, node_id)


@admin.patch(
    "/nodes/{node_id}",
    permission="nodes:update",
    summary="Change what a node has beside its texts",
    errors=[*_EDIT, InvalidFields, ParentUnusable, MediaUnknown, AuthorUnknown],
    example=UpdateNode(menu_order=3, is_sticky=True),
)
async def update_node(call: WriteCall, node_id: UUID, data: UpdateNode) -> NodeView:
    await editing.update(
        call.tx, node_id, expected_version=call.expected_version, changes=changes_of(data)
    )
    return await _view(call, node_id)


@admin.delete(
    "/nodes/{node_id}",
    permission="nodes:delete",
    summary="Delete a node with its revisions and comments",
    errors=[NodeNotFound, NotOwnNode, ReviewRequired, NodeHasChildren],
)
async def delete_node(call: WriteCall, node_id: UUID) -> None:
    await editing.delete(call.tx, node_id, expected_version=call.expected_version)


@admin.put(
    "/nodes/{node_id}/translations/{locale}",
    permission="nodes:update",
    summary="Add or replace the texts of a locale",
    max_body_bytes=MAX_TEXT_BYTES,
    errors=[*_EDIT, LocaleNotEnabled, NodeHandleTaken, InvalidBody],
    example=_TEXT,
)
async def put_node_translation(
    call: WriteCall, node_id: UUID, locale: str, data: TranslationInput
) -> NodeView:
    await editing.translate(
        call.tx, node_id, locale, text_input(data), expected_version=call.expected_version
    )
    return await _view(call, node_id)


@admin.delete(
    "/nodes/{node_id}/translations/{locale}",
    permission="nodes:update",
    summary="Remove the texts of a locale",
    errors=[*_EDIT, TranslationNotFound, LastTranslation],
)
async def delete_node_translation(call: WriteCall, node_id: UUID, locale: str) -> None:
    await editing.remove_translation(
        call.tx, node_id, locale, expected_version=call.expected_version
    )


@admin.put(
    "/nodes/{node_id}/terms",
    permission="nodes:update",
    summary="Say which categories and tags a node has",
    errors=_EDIT,
    example=SetTerms(),
)
async def put_node_terms(call: WriteCall, node_id: UUID, data: SetTerms) -> NodeView:
    await filing.file_under(
        call.tx,
        node_id,
        expected_version=call.expected_version,
        category_ids=data.category_ids,
        tag_ids=data.tag_ids,
    )
    return await _view(call, node_id)


@admin.get(
    "/nodes/{node_id}/revisions",
    permission="nodes:read",
    summary="List the saves of a node, the newest first",
    errors=[NodeNotFound, NotOwnNode],
)
async def list_node_revisions(
    call: ReadCall, node_id: UUID, query: PageRequest
) -> Page[RevisionItem]:
    page = await history.list_revisions(call.tx, node_id, query)
    return Page(items=[revision_item(one) for one in page.items], next_cursor=page.next_cursor)


def _number(text: str) -> int:
    """A revision's number of a path; what is none names no revision."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0


@admin.get(
    "/nodes/{node_id}/revisions/{number}",
    permission="nodes:read",
    summary="Show a save with its whole content",
    errors=[NodeNotFound, NotOwnNode, RevisionNotFound],
)
async def get_node_revision(call: ReadCall, node_id: UUID, number: str) -> RevisionView:
    return revision_view(await history.get_revision(call.tx, node_id, _number(number)))


@admin.post(
    "/nodes/{node_id}/revisions/{number}/restore",
    permission="nodes:update",
    summary="Save the content of an earlier revision again",
    errors=[*_EDIT, RevisionNotFound, InvalidFields],
)
async def restore_node_revision(call: WriteCall, node_id: UUID, number: str) -> NodeView:
    await history.restore_revision(
        call.tx, node_id, _number(number), expected_version=call.expected_version
    )
    return await _view(call, node_id)
