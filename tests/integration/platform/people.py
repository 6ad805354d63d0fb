"""Users, sign-ins and actors for the tests of the platform's features; made through the real services."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from rustok.core.ids import new_id
from rustok.core.tenancy import Actor, RequestContext, TenantProfile, context_for
from rustok.platform.identity import api as identity

PASSWORD = "correct horse battery staple"


def address() -> str:
    return f"u{uuid4().hex[:10]}@example.com"


async def staff(
    world: Any, tenant: TenantProfile, *roles: str, email: str | None = None
) -> identity.User:
    """A staff member made by the operator, with PASSWORD."""
    return await identity.create_first_admin(
        world.parts,
        tenant,
        email=email or address(),
        password=PASSWORD,
        display_name="Test",
        roles=roles,
    )


async def customer(world: Any, tenant: TenantProfile, email: str) -> None:
    await identity.register_customer(
        world.parts, anonymous(tenant), email=email, password=PASSWORD, display_name="Cus Tomer"
    )


def anonymous(tenant: TenantProfile) -> RequestContext:
    return context_for(tenant, actor=Actor(kind="anonymous", roles=("anonymous",)))


async def sign_in(world: Any, tenant: TenantProfile, email: str) -> identity.SignedIn:
    return await identity.login(
        world.parts, anonymous(tenant), email=email, password=PASSWORD, device_label="test"
    )


async def actor_of(world: Any, tenant: TenantProfile, signed_in: identity.SignedIn) -> Actor:
    return await identity.authenticate(
        world.parts, tenant, authorization=f"Bearer {signed_in.access_token}"
    )


async def signed_in_actor(
    world: Any, tenant: TenantProfile, *roles: str
) -> tuple[identity.User, Actor]:
    """A staff member with `roles`, signed in."""
    user = await staff(world, tenant, *roles)
    return user, await actor_of(world, tenant, await sign_in(world, tenant, user.email))


def actor_with(permissions: Sequence[str]) -> Actor:
    """An actor who holds exactly `permissions`, without a user behind it."""
    return Actor(kind="staff", id=new_id(), permissions=frozenset(permissions))
