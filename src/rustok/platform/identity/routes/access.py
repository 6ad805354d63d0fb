"""Roles and API keys as the tenant's administrators see them."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from rustok.core.pagination import Page, PageRequest
from rustok.core.routing import ReadCall, Reply, Routes, WriteCall
from rustok.platform.identity.errors import (
    ApiKeyNotFound,
    BuiltInRole,
    InvalidExpiry,
    PrivilegeEscalation,
    RoleInUse,
    RoleLimitReached,
    RoleNotAllowedHere,
    RoleNotFound,
    RoleSlugTaken,
    UserSessionNeeded,
)
from rustok.platform.identity.schemas.accounts import (
    ApiKeyView,
    CreateApiKey,
    CreateRole,
    NewApiKeyView,
    RoleView,
    UpdateRole,
    api_key_view,
    new_api_key_view,
    role_view,
)
from rustok.platform.identity.service import api_keys, roles

role_routes: Final = Routes("identity", surface="admin", tag="Roles")
api_key_routes: Final = Routes("identity", surface="admin", tag="API keys")


@role_routes.get("/roles", permission="users:list", summary="List built-in and own roles")
async def list_roles(call: ReadCall) -> list[RoleView]:
    return [role_view(role) for role in await roles.list_roles(call.tx)]


@role_routes.post(
    "/roles",
    permission="users:manage",
    status=201,
    precondition="none",
    step_up=True,
    summary="Define a role",
    errors=[BuiltInRole, RoleSlugTaken, RoleLimitReached, RoleNotAllowedHere, PrivilegeEscalation],
    example=CreateRole(
        slug="stock-keeper", name="Stock keeper", permissions=["inventory:*", "products:read"]
    ),
)
async def create_role(call: WriteCall, data: CreateRole) -> Reply[RoleView]:
    role = await roles.create(call.tx, slug=data.slug, name=data.name, permissions=data.permissions)
    return Reply(body=role_view(role), location=f"/api/v1/admin/roles/{role.slug}")


@role_routes.get(
    "/roles/{slug}", permission="users:read", summary="Show a role", errors=[RoleNotFound]
)
async def get_role(call: ReadCall, slug: str) -> RoleView:
    return role_view(await roles.get(call.tx, slug))


@role_routes.patch(
    "/roles/{slug}",
    permission="users:manage",
    step_up=True,
    summary="Change a role",
    errors=[RoleNotFound, BuiltInRole, PrivilegeEscalation],
    example=UpdateRole(permissions=["inventory:read", "inventory:update"]),
)
async def update_role(call: WriteCall, slug: str, data: UpdateRole) -> RoleView:
    role = await roles.update(
        call.tx,
        slug,
        expected_version=call.expected_version,
        name=data.name,
        permissions=data.permissions,
    )
    return role_view(role)


@role_routes.delete(
    "/roles/{slug}",
    permission="users:manage",
    step_up=True,
    summary="Delete a role that nobody holds",
    errors=[RoleNotFound, BuiltInRole, RoleInUse, PrivilegeEscalation],
)
async def delete_role(call: WriteCall, slug: str) -> None:
    await roles.delete(call.tx, slug, expected_version=call.expected_version)


@api_key_routes.get("/api-keys", permission="users:manage", summary="List API keys")
async def list_api_keys(call: ReadCall, query: PageRequest) -> Page[ApiKeyView]:
    page = await api_keys.list_keys(call.tx, query)
    return Page(items=[api_key_view(key) for key in page.items], next_cursor=page.next_cursor)


# Idempotency is none: a stored response would keep the secret in clear.
@api_key_routes.post(
    "/api-keys",
    permission="users:manage",
    status=201,
    idempotency="none",
    precondition="none",
    step_up=True,
    summary="Make an API key; its secret is shown this once",
    errors=[InvalidExpiry, PrivilegeEscalation, UserSessionNeeded],
    example=CreateApiKey(name="Warehouse sync", scopes=["inventory:read", "inventory:update"]),
)
async def create_api_key(call: WriteCall, data: CreateApiKey) -> Reply[NewApiKeyView]:
    made = await api_keys.create(
        call.tx, name=data.name, scopes=data.scopes, expires_at=data.expires_at
    )
    return Reply(
        body=new_api_key_view(made),
        location=f"/api/v1/admin/api-keys/{made.key.id}",
        headers={"cache-control": "no-store"},
    )


@api_key_routes.get(
    "/api-keys/{key_id}",
    permission="users:manage",
    summary="Show an API key",
    errors=[ApiKeyNotFound],
)
async def get_api_key(call: ReadCall, key_id: UUID) -> ApiKeyView:
    return api_key_view(await api_keys.get(call.tx, key_id))


@api_key_routes.delete(
    "/api-keys/{key_id}",
    permission="users:manage",
    precondition="none",
    summary="Revoke an API key",
    errors=[ApiKeyNotFound],
)
async def revoke_api_key(call: WriteCall, key_id: UUID) -> None:
    await api_keys.revoke(call.tx, key_id)
