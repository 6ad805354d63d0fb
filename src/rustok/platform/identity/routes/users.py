"""Staff and customers as the tenant's administrators see them."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from rustok.core.pagination import Page
from rustok.core.permissions import StepUpRequired
from rustok.core.routing import OpenCall, ReadCall, Reply, Routes, WriteCall
from rustok.core.security.passwords import WeakPassword
from rustok.platform.identity.errors import (
    EmailTaken,
    OwnAccount,
    PrivilegeEscalation,
    RoleNotAllowedHere,
    UnknownRole,
    UserNotFound,
)
from rustok.platform.identity.schemas.accounts import (
    ChangeRoles,
    CreateUser,
    ResetPassword,
    SessionView,
    UpdateUser,
    UserListRequest,
    UserView,
    session_view,
    user_view,
)
from rustok.platform.identity.service import passwords, second_factors, sessions, staff, users

routes: Final = Routes("identity", surface="admin", tag="Users")
customers: Final = Routes("identity", surface="admin", tag="Customers")


@routes.get("/users", permission="users:list", summary="List staff", personal=True)
async def list_users(call: ReadCall, query: UserListRequest) -> Page[UserView]:
    page = await users.list_users(
        call.tx, query, kind="staff", email=query.email, is_disabled=query.is_disabled
    )
    return Page(items=[user_view(user) for user in page.items], next_cursor=page.next_cursor)


@routes.post(
    "/users",
    permission="users:create",
    status=201,
    idempotency="none",
    precondition="none",
    step_up=True,
    summary="Add a staff member",
    errors=[EmailTaken, WeakPassword, UnknownRole, RoleNotAllowedHere, PrivilegeEscalation],
    example=CreateUser(
        email="grace@example.com",
        password="correct horse battery staple",  # noqa: S106 - an example
        display_name="Grace Hopper",
        roles=["editor"],
    ),
)
async def create_user(call: OpenCall, data: CreateUser) -> Reply[UserView]:
    user = await staff.add_staff(
        call.parts,
        call.ctx,
        email=data.email,
        password=data.password,
        display_name=data.display_name,
        roles=data.roles,
        locale=data.locale,
    )
    return Reply(body=user_view(user), location=f"/api/v1/admin/users/{user.id}")


@routes.get(
    "/users/{user_id}",
    permission="users:read",
    summary="Show a staff member",
    errors=[UserNotFound],
    personal=True,
)
async def get_user(call: ReadCall, user_id: UUID) -> UserView:
    return user_view(await users.get(call.tx, user_id, kind="staff"))


@routes.patch(
    "/users/{user_id}",
    permission="users:update",
    summary="Change a staff member",
    description="Another e-mail address needs a recent proof of who acts (`POST /api/v1/auth/step-up`): "
    "who has the address can get the password.",
    errors=[UserNotFound, EmailTaken, PrivilegeEscalation, StepUpRequired],
    example=UpdateUser(display_name="Grace Hopper"),
)
async def update_user(call: WriteCall, user_id: UUID, data: UpdateUser) -> UserView:
    if data.email is not None:
        call.require_recent_proof()
    user = await staff.update(
        call.tx,
        user_id,
        expected_version=call.expected_version,
        display_name=data.display_name,
        email=data.email,
        locale=data.locale,
    )
    return user_view(user)


@routes.put(
    "/users/{user_id}/roles",
    permission="users:manage",
    step_up=True,
    summary="Replace a staff member's roles",
    errors=[UserNotFound, OwnAccount, UnknownRole, RoleNotAllowedHere, PrivilegeEscalation],
    example=ChangeRoles(roles=["editor", "support"]),
)
async def change_user_roles(call: WriteCall, user_id: UUID, data: ChangeRoles) -> UserView:
    user = await staff.change_roles(
        call.tx, user_id, roles=data.roles, expected_version=call.expected_version
    )
    return user_view(user)


@routes.post(
    "/users/{user_id}/password",
    permission="users:manage",
    idempotency="none",
    precondition="none",
    step_up=True,
    summary="Give a staff member a new password and end their sessions",
    errors=[UserNotFound, OwnAccount, WeakPassword, PrivilegeEscalation],
    example=ResetPassword(new_password="seven purple lanterns"),  # noqa: S106 - an example
)
async def reset_user_password(call: OpenCall, user_id: UUID, data: ResetPassword) -> UserView:
    user = await passwords.reset(call.parts, call.ctx, user_id, new_password=data.new_password)
    return user_view(user)


@routes.post(
    "/users/{user_id}/disable",
    permission="users:update",
    summary="Lock a staff member out",
    errors=[UserNotFound, OwnAccount, PrivilegeEscalation],
)
async def disable_user(call: WriteCall, user_id: UUID) -> UserView:
    user = await users.disable(
        call.tx, user_id, kind="staff", expected_version=call.expected_version
    )
    return user_view(user)


@routes.post(
    "/users/{user_id}/enable",
    permission="users:update",
    summary="Let a staff member in again",
    errors=[UserNotFound, OwnAccount, PrivilegeEscalation],
)
async def enable_user(call: WriteCall, user_id: UUID) -> UserView:
    user = await users.enable(
        call.tx, user_id, kind="staff", expected_version=call.expected_version
    )
    return user_view(user)


@routes.delete(
    "/users/{user_id}",
    permission="users:delete",
    summary="Delete a staff member and their personal data",
    errors=[UserNotFound, OwnAccount, PrivilegeEscalation],
)
async def delete_user(call: WriteCall, user_id: UUID) -> None:
    await users.delete(call.tx, user_id, kind="staff", expected_version=call.expected_version)


@routes.get(
    "/users/{user_id}/sessions",
    permission="users:manage",
    summary="List the sessions of a staff member",
    personal=True,
    errors=[UserNotFound],
)
async def list_user_sessions(call: ReadCall, user_id: UUID) -> list[SessionView]:
    found = await sessions.list_of(call.tx, user_id, kind="staff")
    return [session_view(one, call.ctx.actor) for one in found]


@routes.delete(
    "/users/{user_id}/sessions",
    permission="users:manage",
    precondition="none",
    summary="End all sessions of a staff member",
    errors=[UserNotFound, PrivilegeEscalation],
)
async def revoke_user_sessions(call: WriteCall, user_id: UUID) -> None:
    await sessions.revoke_all_of(call.tx, user_id, kind="staff")


@routes.delete(
    "/users/{user_id}/second-factors",
    permission="users:manage",
    precondition="none",
    step_up=True,
    summary="Take all second factors from a staff member who has lost theirs",
    errors=[UserNotFound, PrivilegeEscalation],
)
async def remove_user_second_factors(call: WriteCall, user_id: UUID) -> None:
    await second_factors.remove_all_of(call.tx, user_id)


@customers.get("/customers", permission="customers:list", summary="List customers", personal=True)
async def list_customers(call: ReadCall, query: UserListRequest) -> Page[UserView]:
    page = await users.list_users(
        call.tx, query, kind="customer", email=query.email, is_disabled=query.is_disabled
    )
    return Page(items=[user_view(user) for user in page.items], next_cursor=page.next_cursor)


@customers.get(
    "/customers/{customer_id}",
    permission="customers:read",
    summary="Show a customer",
    errors=[UserNotFound],
    personal=True,
)
async def get_customer(call: ReadCall, customer_id: UUID) -> UserView:
    return user_view(await users.get(call.tx, customer_id, kind="customer"))


@customers.post(
    "/customers/{customer_id}/disable",
    permission="customers:update",
    summary="Lock a customer out",
    errors=[UserNotFound],
)
async def disable_customer(call: WriteCall, customer_id: UUID) -> UserView:
    user = await users.disable(
        call.tx, customer_id, kind="customer", expected_version=call.expected_version
    )
    return user_view(user)


@customers.post(
    "/customers/{customer_id}/enable",
    permission="customers:update",
    summary="Let a customer in again",
    errors=[UserNotFound],
)
async def enable_customer(call: WriteCall, customer_id: UUID) -> UserView:
    user = await users.enable(
        call.tx, customer_id, kind="customer", expected_version=call.expected_version
    )
    return user_view(user)


@customers.delete(
    "/customers/{customer_id}/sessions",
    permission="customers:update",
    precondition="none",
    summary="End all sessions of a customer",
    errors=[UserNotFound],
)
async def revoke_customer_sessions(call: WriteCall, customer_id: UUID) -> None:
    await sessions.revoke_all_of(call.tx, customer_id, kind="customer")


@customers.delete(
    "/customers/{customer_id}",
    permission="customers:delete",
    summary="Delete a customer and their personal data",
    errors=[UserNotFound],
)
async def delete_customer(call: WriteCall, customer_id: UUID) -> None:
    await users.delete(
        call.tx, customer_id, kind="customer", expected_version=call.expected_version
    )
