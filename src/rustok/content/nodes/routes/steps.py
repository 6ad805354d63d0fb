"""The steps of a node's life over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from rustok.content.nodes.errors import (
    NodeNotFound,
    NotOwnNode,
    PublishTimeNotAhead,
    ReviewRequired,
)
from rustok.content.nodes.schemas import (
    ApproveNode,
    ArchiveNode,
    NodeStepView,
    RejectNode,
    ScheduleNode,
    step_view,
)
from rustok.content.nodes.service import steps
from rustok.core.errors import IllegalTransition
from rustok.core.routing import Routes, WriteCall

admin = Routes("nodes", surface="admin", tag="Nodes")
_STEP = (NodeNotFound, IllegalTransition)
_OWN = (*_STEP, NotOwnNode, ReviewRequired)
_WHEN = datetime(2026, 12, 24, 8, tzinfo=UTC)


@admin.post(
    "/nodes/{node_id}/submit", permission="nodes:update", summary="Ask for a review", errors=_OWN
)
async def submit_node(call: WriteCall, node_id: UUID) -> NodeStepView:
    return step_view(await steps.submit(call.tx, node_id, expected_version=call.expected_version))


@admin.post(
    "/nodes/{node_id}/approve",
    permission="nodes:publish",
    precondition="required",
    summary="Approve what was submitted",
    description="Takes If-Match, so that what is approved is what was read.",
    errors=[*_STEP, PublishTimeNotAhead],
    example=ApproveNode(publish_at=_WHEN),
)
async def approve_node(call: WriteCall, node_id: UUID, data: ApproveNode) -> NodeStepView:
    node = await steps.approve(
        call.tx, node_id, publish_at=data.publish_at, expected_version=call.expected_version
    )
    return step_view(node)


@admin.post(
    "/nodes/{node_id}/reject",
    permission="nodes:publish",
    summary="Give what was submitted back",
    errors=_STEP,
    example=RejectNode(reason="The second paragraph lacks a source"),
)
async def reject_node(call: WriteCall, node_id: UUID, data: RejectNode) -> NodeStepView:
    node = await steps.reject(
        call.tx, node_id, reason=data.reason, expected_version=call.expected_version
    )
    return step_view(node)


@admin.post(
    "/nodes/{node_id}/publish", permission="nodes:update", summary="Publish a draft", errors=_OWN
)
async def publish_node(call: WriteCall, node_id: UUID) -> NodeStepView:
    return step_view(await steps.publish(call.tx, node_id, expected_version=call.expected_version))


@admin.post(
    "/nodes/{node_id}/schedule",
    permission="nodes:update",
    summary="Have a draft published later",
    errors=[*_OWN, PublishTimeNotAhead],
    example=ScheduleNode(publish_at=_WHEN),
)
async def schedule_node(call: WriteCall, node_id: UUID, data: ScheduleNode) -> NodeStepView:
    node = await steps.schedule(
        call.tx, node_id, publish_at=data.publish_at, expected_version=call.expected_version
    )
    return step_view(node)


@admin.post(
    "/nodes/{node_id}/unschedule",
    permission="nodes:update",
    summary="Take the appointment back",
    errors=_OWN,
)
async def unschedule_node(call: WriteCall, node_id: UUID) -> NodeStepView:
    return step_view(
        await steps.unschedule(call.tx, node_id, expected_version=call.expected_version)
    )


@admin.post(
    "/nodes/{node_id}/unpublish",
    permission="nodes:update",
    summary="Hide a published node",
    errors=_OWN,
)
async def unpublish_node(call: WriteCall, node_id: UUID) -> NodeStepView:
    return step_view(
        await steps.unpublish(call.tx, node_id, expected_version=call.expected_version)
    )


@admin.post(
    "/nodes/{node_id}/archive",
    permission="nodes:update",
    summary="Put a published node away",
    errors=_OWN,
    example=ArchiveNode(reason="Out of date"),
)
async def archive_node(call: WriteCall, node_id: UUID, data: ArchiveNode) -> NodeStepView:
    node = await steps.archive(
        call.tx, node_id, reason=data.reason, expected_version=call.expected_version
    )
    return step_view(node)


@admin.post(
    "/nodes/{node_id}/restore",
    permission="nodes:update",
    summary="Take an archived node out again, as a draft",
    errors=_OWN,
)
async def restore_node(call: WriteCall, node_id: UUID) -> NodeStepView:
    return step_view(await steps.restore(call.tx, node_id, expected_version=call.expected_version))
