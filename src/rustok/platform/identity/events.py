"""Facts about users, roles and API keys. None carries an e-mail, a name, a password or a secret."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from rustok.core.events.event import Event, event
from rustok.core.types import LocaleTag

UserKind = Literal["staff", "customer"]
RoleSlug = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,62}$(?!\n)")]
PermissionText = Annotated[str, Meta(pattern=r"^[a-z*]+:[a-z*]+$(?!\n)", max_length=64)]
EmailDigest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
MethodName = Annotated[str, Meta(pattern=r"^[a-z]{2,16}$(?!\n)")]
FieldName = Annotated[str, Meta(pattern=r"^[a-z][a-z_]{0,63}$(?!\n)")]


@event("user.registered", aggregate="user", key="user_id")
class UserRegistered(Event, frozen=True, kw_only=True):
    user_id: UUID
    kind: UserKind
    locale: LocaleTag
    roles: tuple[RoleSlug, ...]


@event("user.logged_in", aggregate="user", key="user_id")
class UserLoggedIn(Event, frozen=True, kw_only=True):
    user_id: UUID
    session_id: UUID


@event("user.login_failed", aggregate="sign_in", key="subject_id", outcome="failed")
class UserLoginFailed(Event, frozen=True, kw_only=True):
    """A refused sign-in.

    `subject_id` is the user's id, or for an unknown address one of 256 ids made from the tenant and
    the first byte of `email_digest`: bounded, so that guessing floods no table of sequences, and
    spread, so that it makes no hot row. `email_digest` is keyed by the tenant: a pseudonym that
    groups attempts and cannot be matched across tenants.
    """

    subject_id: UUID
    user_id: UUID | None
    email_digest: EmailDigest
    reason: Literal["unknown_user", "wrong_password", "disabled"]


@event("user.updated", aggregate="user", key="user_id")
class UserUpdated(Event, frozen=True, kw_only=True):
    user_id: UUID
    changed: tuple[FieldName, ...]

    def rule_broken(self) -> tuple[str, str] | None:
        return None if self.changed else ("changed", "at least one field must have changed")


@event("user.role_changed", aggregate="user", key="user_id")
class UserRoleChanged(Event, frozen=True, kw_only=True):
    user_id: UUID
    old_roles: tuple[RoleSlug, ...]
    new_roles: tuple[RoleSlug, ...]

    def rule_broken(self) -> tuple[str, str] | None:
        if set(self.old_roles) == set(self.new_roles):
            return "new_roles", "must differ from old_roles"
        return None


@event("user.password_changed", aggregate="user", key="user_id")
class UserPasswordChanged(Event, frozen=True, kw_only=True):
    user_id: UUID
    sessions_revoked: Annotated[int, Meta(ge=0)]


@event("user.session_revoked", aggregate="user", key="user_id")
class UserSessionRevoked(Event, frozen=True, kw_only=True):
    """A session ended before its time; `token_reuse` is the sign of a stolen refresh token."""

    user_id: UUID
    session_id: UUID
    reason: Literal["logout", "revoked", "revoked_by_staff", "token_reuse"]


@event("user.stepped_up", aggregate="user", key="user_id")
class UserSteppedUp(Event, frozen=True, kw_only=True):
    """A signed-in user proved again who they are; `methods` as in RFC 8176."""

    user_id: UUID
    session_id: UUID
    methods: tuple[MethodName, ...]


@event("user.deleted", aggregate="user", key="user_id")
class UserDeleted(Event, frozen=True, kw_only=True):
    user_id: UUID
    kind: UserKind


@event("role.created", aggregate="role", key="role_id")
class RoleCreated(Event, frozen=True, kw_only=True):
    role_id: UUID
    slug: RoleSlug
    permissions: tuple[PermissionText, ...]


@event("role.updated", aggregate="role", key="role_id")
class RoleUpdated(Event, frozen=True, kw_only=True):
    role_id: UUID
    slug: RoleSlug
    old_permissions: tuple[PermissionText, ...]
    new_permissions: tuple[PermissionText, ...]


@event("role.deleted", aggregate="role", key="role_id")
class RoleDeleted(Event, frozen=True, kw_only=True):
    role_id: UUID
    slug: RoleSlug


@event("api_key.created", aggregate="api_key", key="api_key_id")
class ApiKeyCreated(Event, frozen=True, kw_only=True):
    api_key_id: UUID
    owner_id: UUID | None
    scopes: tuple[PermissionText, ...]


@event("api_key.revoked", aggregate="api_key", key="api_key_id")
class ApiKeyRevoked(Event, frozen=True, kw_only=True):
    api_key_id: UUID
    reason: Literal["revoked", "owner_deleted"]
