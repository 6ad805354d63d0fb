"""Users, sessions, roles and API keys as values, and the rule that turns roles into permissions.

Refuses: I/O, and secrets: of passwords and tokens only digests exist, and those stay in the repository.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, Literal
from uuid import UUID, uuid5

import msgspec

from rustok.core.permissions import BUILT_IN_ROLES, Permission, expand
from rustok.core.tenancy import PLATFORM_TENANT_ID
from rustok.platform.identity.events import UserKind

SignedInKind = Literal["staff", "customer", "platform"]

PLATFORM_ONLY: Final = expand(["tenants:*"]) - {"tenants:read", "tenants:update"}
"""Permissions that exist in the platform tenant alone, whatever a role of a tenant says."""

STAFF_ROLES: Final = ("admin", "manager", "editor", "author", "support")
"""Built-in roles that the staff of an ordinary tenant can hold."""

CUSTOMER_ROLES: Final = ("customer",)
PLATFORM_ROLES: Final = ("super_admin",)

DefinedRoles = Mapping[str, frozenset[Permission]]
"""A tenant's own roles: slug -> permissions, wildcards expanded."""


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person of one tenant. `email` is as typed, for sending; it is matched by its normal form."""

    id: UUID
    email: str
    kind: UserKind
    display_name: str
    locale: str
    roles: list[str]
    is_disabled: bool
    version: int
    created_at: datetime
    updated_at: datetime


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One sign-in on one device: the family of the refresh tokens that followed from it.

    Attributes:
        address: where it was opened or last refreshed from.
        methods: what the user proved themselves with (RFC 8176 names: pwd, otp, hwk, ...).
        authenticated_at: when they last did.
        last_used_at: when it was opened or last refreshed.
    """

    id: UUID
    device_label: str
    user_agent: str
    address: str
    methods: list[str]
    authenticated_at: datetime | None
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


class SigningKeyState(msgspec.Struct, frozen=True, kw_only=True):
    """A key that signs or verifies access tokens, without the key."""

    kid: str
    is_active: bool
    created_at: datetime
    verifies_until: datetime | None


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A role: a tenant's own, or a built-in one (`id` and times are None)."""

    slug: str
    name: str
    permissions: list[str]
    id: UUID | None = None
    version: int = 1
    created_at: datetime | None = None
    updated_at: datetime | None = None


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """An API key without its secret. `owner_id` is None for a key made by the operator."""

    id: UUID
    name: str
    prefix: str
    scopes: list[str]
    owner_id: UUID | None
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime


class NewApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key with its secret, which is shown this once."""

    key: ApiKey
    secret: str


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens of a session; the refresh token is good for one use."""

    user_id: UUID
    session_id: UUID
    access_token: str
    expires_in_seconds: int
    refresh_token: str
    refresh_expires_at: datetime


class SteppedUp(msgspec.Struct, frozen=True, kw_only=True):
    """An access token that carries a proof of just now; the refresh token stays the same."""

    access_token: str
    expires_in_seconds: int
    step_up_expires_in_seconds: int


def signed_in_kind(tenant_id: UUID, kind: UserKind) -> SignedInKind:
    """What kind of actor a user is; the staff of the platform tenant are `platform`."""
    return "platform" if tenant_id == PLATFORM_TENANT_ID and kind == "staff" else kind


def permissions_held(
    tenant_id: UUID, kind: UserKind, roles: Iterable[str], defined: DefinedRoles
) -> frozenset[Permission]:
    """What a user of `tenant_id` with `roles` may do; a role nobody knows gives nothing."""
    if kind == "customer":
        return BUILT_IN_ROLES["customer"]
    if tenant_id == PLATFORM_TENANT_ID:
        return BUILT_IN_ROLES["super_admin"] if "super_admin" in roles else frozenset()
    held: set[Permission] = set()
    for role in roles:
        held |= BUILT_IN_ROLES[role] if role in STAFF_ROLES else defined.get(role, frozenset())
    return frozenset(held) - PLATFORM_ONLY


def scopes_held(
    tenant_id: UUID, scopes: Iterable[str], owner_holds: frozenset[Permission] | None
) -> frozenset[Permission]:
    """What an API key may do: its scopes, and never more than its owner holds today.

    Args:
        owner_holds: None for a key without an owner, made by the operator.
    """
    held = expand(scopes)
    if tenant_id != PLATFORM_TENANT_ID:
        held -= PLATFORM_ONLY
    return held if owner_holds is None else held & owner_holds


def email_digest(tenant_id: UUID, email: str) -> str:
    """A pseudonym of a normalised e-mail address, different in every tenant."""
    return hashlib.blake2b(email.encode(), key=tenant_id.bytes, digest_size=32).hexdigest()


def unknown_subject(tenant_id: UUID, digest: str) -> UUID:
    """The aggregate of failed sign-ins of addresses nobody has: one of 256 for a tenant."""
    return uuid5(tenant_id, f"unknown-user:{digest[:2]}")


def anonymous_email(user_id: UUID) -> str:
    """What stands in place of a deleted user's address; `.invalid` can never receive mail (RFC 2606)."""
    return f"deleted-{user_id}@deleted.invalid"
