"""Comments over HTTP: writing and reading for everybody, moderation for staff."""

from __future__ import annotations

from uuid import UUID

from rustok.content.comments.errors import (
    CommentBlank,
    CommentHasReplies,
    CommentNotDiscarded,
    CommentNotFound,
    CommentsClosed,
    ReplyNotPossible,
)
from rustok.content.comments.schemas import (
    CommentFilter,
    CommentView,
    SubmitComment,
    SubmittedView,
    ThreadView,
    comment_view,
    submitted_view,
    thread_view,
)
from rustok.content.comments.service import moderating, writing
from rustok.content.nodes.api import NodeNotFound
from rustok.core.errors import IllegalTransition
from rustok.core.pagination import Page, PageRequest
from rustok.core.routing import PUBLIC, ReadCall, Routes, WriteCall

storefront = Routes("comments", surface="storefront", tag="Comments")
admin = Routes("comments", surface="admin", tag="Comments")
_STEP = (CommentNotFound, IllegalTransition)


@storefront.post(
    "/node-comments/{node_id}",
    permission=PUBLIC,
    status=201,
    summary="Write a comment",
    errors=[NodeNotFound, CommentsClosed, CommentBlank, ReplyNotPossible],
    example=SubmitComment(content="Thank you, this helped.", author_name="Ada"),
)
async def submit_comment(call: WriteCall, node_id: UUID, data: SubmitComment) -> SubmittedView:
    comment = await writing.submit(
        call.tx,
        node_id,
        content=data.content,
        author_name=data.author_name,
        author_email=data.author_email,
        parent_id=data.parent_id,
    )
    return submitted_view(comment)


@storefront.get(
    "/node-comments/{node_id}",
    permission=PUBLIC,
    summary="List the shown comments of a node with their answers",
    errors=[NodeNotFound],
)
async def list_node_comments(call: ReadCall, node_id: UUID, query: PageRequest) -> Page[ThreadView]:
    page = await writing.list_threads(call.tx, node_id, query)
    return Page(items=[thread_view(one) for one in page.items], next_cursor=page.next_cursor)


@admin.get(
    "/comments",
    permission="comments:list",
    summary="List comments, the newest first",
    personal=True,
)
async def list_comments(call: ReadCall, query: CommentFilter) -> Page[CommentView]:
    page = await moderating.list_comments(
        call.tx, query, status=query.status, node_id=query.node_id
    )
    return Page(items=[comment_view(one) for one in page.items], next_cursor=page.next_cursor)


@admin.get(
    "/comments/{comment_id}",
    permission="comments:read",
    summary="Show a comment",
    errors=[CommentNotFound],
    personal=True,
)
async def get_comment(call: ReadCall, comment_id: UUID) -> CommentView:
    return comment_view(await moderating.get(call.tx, comment_id))


@admin.post(
    "/comments/{comment_id}/approve",
    permission="comments:update",
    summary="Show a comment to readers",
    errors=_STEP,
)
async def approve_comment(call: WriteCall, comment_id: UUID) -> CommentView:
    return comment_view(
        await moderating.moderate(
            call.tx, comment_id, "approve", expected_version=call.expected_version
        )
    )


@admin.post(
    "/comments/{comment_id}/spam",
    permission="comments:update",
    summary="Mark a comment as spam",
    errors=_STEP,
)
async def mark_comment_spam(call: WriteCall, comment_id: UUID) -> CommentView:
    return comment_view(
        await moderating.moderate(
            call.tx, comment_id, "mark_spam", expected_version=call.expected_version
        )
    )


@admin.post(
    "/comments/{comment_id}/discard",
    permission="comments:update",
    summary="Put a comment into the trash",
    errors=_STEP,
)
async def discard_comment(call: WriteCall, comment_id: UUID) -> CommentView:
    return comment_view(
        await moderating.moderate(
            call.tx, comment_id, "discard", expected_version=call.expected_version
        )
    )


@admin.post(
    "/comments/{comment_id}/reopen",
    permission="comments:update",
    summary="Have a comment looked at again",
    errors=_STEP,
)
async def reopen_comment(call: WriteCall, comment_id: UUID) -> CommentView:
    return comment_view(
        await moderating.moderate(
            call.tx, comment_id, "reopen", expected_version=call.expected_version
        )
    )


@admin.delete(
    "/comments/{comment_id}",
    permission="comments:delete",
    summary="Delete spam or trash for good",
    errors=[CommentNotFound, CommentNotDiscarded, CommentHasReplies],
)
async def delete_comment(call: WriteCall, comment_id: UUID) -> None:
    await moderating.delete(call.tx, comment_id, expected_version=call.expected_version)
