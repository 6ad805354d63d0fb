"""Users, sessions, roles and API keys as values, and the rule that turns roles into permissions.

Refuses: I/O, and secrets: of passwords and tokens only digests exist, and those stay in the repository.
"""

from __future__ import annotations

import hashlib
import math
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
    email_verified_at: datetime | None
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
    """The tokens of a session; the refresh token is good for one use.

    Attributes:
        device_token: shown at later sign-ins from this device, it is spared the wait that others
            get when somebody guesses at the account; None when it has one already.
    """

    user_id: UUID
    session_id: UUID
    access_token: str
    expires_in_seconds: int
    refresh_token: str
    refresh_expires_at: datetime
    device_token: str | None = None


class LoginProvider(msgspec.Struct, frozen=True, kw_only=True):
    """An OpenID provider that people of the tenant sign in with; without its secret.

    Attributes:
        kind: what its people are here.
        allowed_domains: of verified addresses; none means all.
        groups_claim, role_mapping: value of that claim -> role of staff it brings.
        default_roles: what staff get besides.
        is_auto_provisioning: whoever is not known yet gets a user.
        is_linking_accounts: whoever has the verified address of a user is that user.
    """

    id: UUID
    slug: str
    name: str
    issuer: str
    client_id: str
    kind: UserKind
    allowed_domains: list[str]
    redirect_uris: list[str]
    groups_claim: str | None
    role_mapping: dict[str, str]
    default_roles: list[str]
    is_auto_provisioning: bool
    is_linking_accounts: bool
    is_enabled: bool
    version: int
    created_at: datetime
    updated_at: datetime

    def allows(self, email: str | None) -> bool:
        """Whether somebody with this verified address may sign in here."""
        if not self.allowed_domains:
            return True
        return email is not None and email.rpartition("@")[2].lower() in self.allowed_domains

    def roles_of(self, groups: Iterable[str]) -> list[str]:
        """The roles that membership in `groups` brings, with those everybody gets."""
        mapped = {self.role_mapping[one] for one in groups if one in self.role_mapping}
        return sorted(mapped | set(self.default_roles))


class BegunSignIn(msgspec.Struct, frozen=True, kw_only=True):
    """Where the browser is sent; `browser_token` stays with it and is shown at the end."""

    authorization_url: str
    browser_token: str
    expires_in_seconds: int


class SecondFactor(msgspec.Struct, frozen=True, kw_only=True):
    """A second factor of a user, without its secret."""

    id: UUID
    kind: Literal["totp", "webauthn"]
    name: str
    created_at: datetime
    last_used_at: datetime | None


class NewTotp(msgspec.Struct, frozen=True, kw_only=True):
    """A TOTP secret, shown this once; it counts once a code of it was sent."""

    factor_id: UUID
    secret: str
    uri: str


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A first step that was done; `challenge` is shown at the second one.

    Attributes:
        options: what a security key is asked for (WebAuthn), where the user has one.
    """

    challenge: str
    expires_in_seconds: int
    options: dict[str, object] | None = None


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What a user proves themselves with as a second factor; exactly one of these.

    Attributes:
        code: six digits of an authenticator app.
        recovery_code: one of those shown at enrolment.
        passkey: the answer of a security key, in WebAuthn's JSON form.
    """

    code: str | None = None
    recovery_code: str | None = None
    passkey: dict[str, object] | None = None


class SteppedUp(msgspec.Struct, frozen=True, kw_only=True):
    """An access token that carries a proof of just now; the refresh token stays the same."""

    access_token: str
    expires_in_seconds: int
    step_up_expires_in_seconds: int


STRONG_METHODS: Final = frozenset({"otp", "hwk", "kba", "mfa"})
"""Methods of a session (RFC 8176) that are a second factor."""
REQUIRED_SETTING: Final = "second_factor_required"


def needs_second_factor(
    settings: Mapping[str, str | int | bool], kind: UserKind, roles: Iterable[str]
) -> bool:
    """Whether a tenant asks this user for a second factor.

    The setting is `staff` (all of them), or slugs of roles with commas between; absent asks nobody.
    """
    wanted = settings.get(REQUIRED_SETTING)
    if kind != "staff" or not isinstance(wanted, str) or not wanted.strip():
        return False
    named = {one.strip() for one in wanted.split(",")}
    return "staff" in named or not named.isdisjoint(roles)


def waiting_seconds(count: int, *, free: int, longest: int, since_seconds: float) -> int:
    """How long an attempt has to wait after `count` that failed, the last one `since_seconds` ago.

    The first `free` need not wait; after them 1, 2, 4, ... seconds, at most `longest`.
    """
    if count < free:
        return 0
    delay = min(longest, 1 << min(count - free, 20))
    return max(0, math.ceil(delay - since_seconds))


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
