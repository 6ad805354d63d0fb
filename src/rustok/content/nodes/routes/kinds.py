"""Kinds of nodes over HTTP."""

from __future__ import annotations

from uuid import UUID

from rustok.content.nodes.errors import InvalidKind, NodeKindInUse, NodeKindNotFound, NodeKindTaken
from rustok.content.nodes.model.kinds import FieldDefinition
from rustok.content.nodes.schemas import CreateKind, KindView, UpdateKind, kind_view
from rustok.content.nodes.service import kinds
from rustok.core.routing import ReadCall, Reply, Routes, WriteCall

admin = Routes("nodes", surface="admin", tag="Kinds of nodes")


@admin.post(
    "/node-kinds",
    permission="settings:update",
    status=201,
    summary="Define a kind of node",
    errors=[NodeKindTaken, InvalidKind],
    example=CreateKind(
        slug="recipe",
        name="Recipe",
        fields=[
            FieldDefinition(name="minutes", type="integer", required=True),
            FieldDefinition(name="difficulty", type="choice", choices=["easy", "hard"]),
        ],
    ),
)
async def create_node_kind(call: WriteCall, data: CreateKind) -> Reply[KindView]:
    kind = await kinds.define_kind(
        call.tx,
        slug=data.slug,
        name=data.name,
        is_hierarchical=data.is_hierarchical,
        fields=data.fields,
    )
    return Reply(body=kind_view(kind), location=f"/api/v1/admin/node-kinds/{kind.id}")


@admin.get("/node-kinds", permission="nodes:list", summary="List the kinds of nodes")
async def list_node_kinds(call: ReadCall) -> list[KindView]:
    return [kind_view(kind) for kind in await kinds.list_kinds(call.tx)]


@admin.get(
    "/node-kinds/{kind_id}",
    permission="nodes:list",
    summary="Show a kind of node",
    errors=[NodeKindNotFound],
)
async def get_node_kind(call: ReadCall, kind_id: UUID) -> KindView:
    return kind_view(await kinds.get_kind(call.tx, kind_id))


@admin.patch(
    "/node-kinds/{kind_id}",
    permission="settings:update",
    summary="Rename a kind of node or replace its fields",
    errors=[NodeKindNotFound, InvalidKind],
    example=UpdateKind(name="Recipes"),
)
async def update_node_kind(call: WriteCall, kind_id: UUID, data: UpdateKind) -> KindView:
    kind = await kinds.change_kind(
        call.tx, kind_id, expected_version=call.expected_version, name=data.name, fields=data.fields
    )
    return kind_view(kind)


@admin.delete(
    "/node-kinds/{kind_id}",
    permission="settings:update",
    summary="Remove a kind of node",
    errors=[NodeKindNotFound, NodeKindInUse],
)
async def delete_node_kind(call: WriteCall, kind_id: UUID) -> None:
    await kinds.drop_kind(call.tx, kind_id, expected_version=call.expected_version)
