"""Wire shapes of identity."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.core.pagination import PageRequest
from rustok.core.permissions import BUILT_IN_ROLES
from rustok.core.tenancy import Actor
from rustok.core.types import SHORT_TEXT_PATTERN, TITLE_PATTERN, EmailText, LocaleTag
from rustok.platform.identity.model import (
    ApiKey,
    NewApiKey,
    Role,
    Session,
    SignedIn,
    User,
)

PasswordText = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=512,
        description="A password; new ones have 10 to 128 characters and are not common ones.",
        examples=["correct horse battery staple"],
    ),
]
DisplayName = Annotated[
    str,
    Meta(min_length=1, max_length=200, pattern=TITLE_PATTERN, examples=["Ada Lovelace"]),
]
RoleSlugText = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=63,
        pattern=r"^[a-z][a-z0-9-]*$(?!\n)",
        description="The slug of a tenant's own role: a letter, then letters, digits, hyphens.",
        examples=["stock-keeper"],
    ),
]
AnyRoleSlug = Annotated[
    str,
    Meta(min_length=1, max_length=63, pattern=r"^[a-z][a-z0-9_-]*$(?!\n)", examples=["editor"]),
]
RoleSlugs = Annotated[list[AnyRoleSlug], Meta(max_length=20)]
PermissionText = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=64,
        pattern=r"^[a-z*]+:[a-z*]+$(?!\n)",
        description="A permission `resource:action`; `resource:*` stands for every action.",
        examples=["orders:read"],
    ),
]
Permissions = Annotated[list[PermissionText], Meta(max_length=250)]


DeviceToken = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]+$(?!\n)",
        description="From an earlier sign-in on this device: spares it the waits of others.",
    ),
]


class Login(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    email: EmailText
    password: PasswordText
    device_label: Annotated[
        str, Meta(max_length=100, pattern=SHORT_TEXT_PATTERN, examples=["Ada's laptop"])
    ] = ""
    device_token: DeviceToken | None = None


class Refresh(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    refresh_token: Annotated[str, Meta(min_length=1, max_length=200)]


class ChangePassword(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    current_password: PasswordText
    new_password: PasswordText


class ResetPassword(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    new_password: PasswordText


class RegisterCustomer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    email: EmailText
    password: PasswordText
    display_name: DisplayName
    locale: LocaleTag | None = None


class CreateUser(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new staff member."""

    email: EmailText
    password: PasswordText
    display_name: DisplayName
    locale: LocaleTag | None = None
    roles: RoleSlugs = []


class UpdateProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes to oneself; absent fields stay as they are."""

    display_name: DisplayName | None = None
    locale: LocaleTag | None = None


class UpdateUser(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes to a staff member; absent fields stay as they are."""

    display_name: DisplayName | None = None
    email: EmailText | None = None
    locale: LocaleTag | None = None


class ChangeRoles(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All roles the user is to have."""

    roles: RoleSlugs


class CreateRole(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    slug: RoleSlugText
    name: DisplayName
    permissions: Permissions


class UpdateRole(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes; absent fields stay as they are."""

    name: DisplayName | None = None
    permissions: Permissions | None = None


class CreateApiKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new key; without `expires_at` it lives until it is revoked."""

    name: DisplayName
    scopes: Annotated[Permissions, Meta(min_length=1)]
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None


class UserListRequest(PageRequest, frozen=True, kw_only=True):
    """Which users are asked for."""

    email: EmailText | None = None
    is_disabled: bool | None = None


class SignedInView(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens; the refresh token is good for one use. `expires_in` is seconds (RFC 6749 section 5.1).

    Keep `device_token` on the device and send it at the next sign-in; it is absent when one was sent.
    """

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str
    refresh_expires_at: datetime
    user_id: UUID
    session_id: UUID
    device_token: str | None


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """A session. `address` and `last_used_at` are of the last refresh; `methods` is how the user
    proved who they are (`pwd`, `otp`, `hwk`, `kba` for a recovery code, `fed` elsewhere), last
    at `authenticated_at`.
    """

    id: UUID
    device_label: str
    user_agent: str
    address: str
    methods: list[str]
    is_current: bool
    authenticated_at: datetime
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


class PasswordChangedView(msgspec.Struct, frozen=True, kw_only=True):
    sessions_ended: int


class RegistrationView(msgspec.Struct, frozen=True, kw_only=True):
    """The same answer whether the address was free or not."""

    status: str
    next_step: str


class UserView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    email: str
    kind: str
    display_name: str
    locale: str
    roles: list[str]
    is_disabled: bool
    email_verified_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class OwnPermissionsView(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller may do. Not part of the user, whose version does not follow role definitions."""

    kind: str
    roles: list[str]
    permissions: list[str]


class RoleView(msgspec.Struct, frozen=True, kw_only=True):
    """A role; built-in ones have no id and times and cannot be changed."""

    id: UUID | None
    slug: str
    name: str
    permissions: list[str]
    is_built_in: bool
    version: int
    created_at: datetime | None
    updated_at: datetime | None


class ApiKeyView(msgspec.Struct, frozen=True, kw_only=True):
    """A key without its secret. `last_used_at` is exact to a minute."""

    id: UUID
    name: str
    prefix: str
    scopes: list[str]
    owner_id: UUID | None
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime


class NewApiKeyView(ApiKeyView, frozen=True, kw_only=True):
    """The new key; `secret` is shown this once."""

    secret: str


def signed_in_view(signed_in: SignedIn) -> SignedInView:
    return SignedInView(
        access_token=signed_in.access_token,
        token_type="Bearer",  # noqa: S106 - the type's name (RFC 6750), not a secret
        expires_in=signed_in.expires_in_seconds,
        refresh_token=signed_in.refresh_token,
        refresh_expires_at=signed_in.refresh_expires_at,
        user_id=signed_in.user_id,
        session_id=signed_in.session_id,
        device_token=signed_in.device_token,
    )


def session_view(session: Session, actor: Actor) -> SessionView:
    return SessionView(
        id=session.id,
        device_label=session.device_label,
        user_agent=session.user_agent,
        address=session.address,
        methods=session.methods,
        authenticated_at=session.authenticated_at or session.created_at,
        is_current=session.id == actor.session_id,
        created_at=session.created_at,
        last_used_at=session.last_used_at,
        expires_at=session.expires_at,
    )


def user_view(user: User) -> UserView:
    return UserView(
        id=user.id,
        email=user.email,
        kind=user.kind,
        display_name=user.display_name,
        locale=user.locale,
        roles=user.roles,
        is_disabled=user.is_disabled,
        email_verified_at=user.email_verified_at,
        version=user.version,
        created_at=user.created_at,
        updated_at=user.updated_at,
    )


def own_permissions_view(actor: Actor) -> OwnPermissionsView:
    return OwnPermissionsView(
        kind=actor.kind, roles=list(actor.roles), permissions=sorted(actor.permissions)
    )


def role_view(role: Role) -> RoleView:
    return RoleView(
        id=role.id,
        slug=role.slug,
        name=role.name,
        permissions=role.permissions,
        is_built_in=role.slug in BUILT_IN_ROLES,
        version=role.version,
        created_at=role.created_at,
        updated_at=role.updated_at,
    )


def api_key_view(key: ApiKey) -> ApiKeyView:
    return ApiKeyView(
        id=key.id,
        name=key.name,
        prefix=key.prefix,
        scopes=key.scopes,
        owner_id=key.owner_id,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
        created_at=key.created_at,
    )


def new_api_key_view(made: NewApiKey) -> NewApiKeyView:
    key = made.key
    return NewApiKeyView(
        id=key.id,
        name=key.name,
        prefix=key.prefix,
        scopes=key.scopes,
        owner_id=key.owner_id,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
        created_at=key.created_at,
        secret=made.secret,
    )
