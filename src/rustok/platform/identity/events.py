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
FactorName = Literal["totp", "webauthn"]
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
    reason: Literal["unknown_user", "wrong_password", "disabled", "wrong_second_factor"]


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


@event("sign_in.throttled", aggregate="sign_in", key="subject_id", outcome="failed")
class SignInThrottled(Event, frozen=True, kw_only=True):
    """So many attempts failed that the next one has to wait.

    `subject_id` is as in user.login_failed. `scope`: the account from one address (`pair`), from
    anywhere (`account`), all accounts from one address (`address`), a second factor (`factor`).
    """

    subject_id: UUID
    scope: Literal["pair", "account", "address", "factor", "mail"]


@event("user.second_factor_enrolled", aggregate="user", key="user_id")
class UserSecondFactorEnrolled(Event, frozen=True, kw_only=True):
    user_id: UUID
    factor_id: UUID
    factor: FactorName


@event("user.second_factor_removed", aggregate="user", key="user_id")
class UserSecondFactorRemoved(Event, frozen=True, kw_only=True):
    user_id: UUID
    factor_id: UUID
    factor: FactorName
    by_staff: bool


@event("user.recovery_codes_made", aggregate="user", key="user_id")
class UserRecoveryCodesMade(Event, frozen=True, kw_only=True):
    """New recovery codes replace all older ones."""

    user_id: UUID
    count: Annotated[int, Meta(ge=0)]


@event("user.recovery_code_used", aggregate="user", key="user_id")
class UserRecoveryCodeUsed(Event, frozen=True, kw_only=True):
    user_id: UUID
    left: Annotated[int, Meta(ge=0)]


@event("user.password_reset_requested", aggregate="user", key="user_id")
class UserPasswordResetRequested(Event, frozen=True, kw_only=True):
    """A mail with a code to set a new password is on its way."""

    user_id: UUID


@event("user.email_verified", aggregate="user", key="user_id")
class UserEmailVerified(Event, frozen=True, kw_only=True):
    """The user has shown that they read the mails of their address."""

    user_id: UUID


@event("user.registration_repeated", aggregate="sign_in", key="subject_id")
class UserRegistrationRepeated(Event, frozen=True, kw_only=True):
    """Somebody signed up with an address that has a user; `subject_id` as in user.login_failed."""

    subject_id: UUID
    email_digest: EmailDigest


@event("login_provider.created", aggregate="login_provider", key="provider_id")
class LoginProviderCreated(Event, frozen=True, kw_only=True):
    provider_id: UUID
    slug: RoleSlug
    kind: UserKind


@event("login_provider.updated", aggregate="login_provider", key="provider_id")
class LoginProviderUpdated(Event, frozen=True, kw_only=True):
    provider_id: UUID
    changed: tuple[FieldName, ...]


@event("login_provider.deleted", aggregate="login_provider", key="provider_id")
class LoginProviderDeleted(Event, frozen=True, kw_only=True):
    provider_id: UUID
    slug: RoleSlug


@event("user.identity_linked", aggregate="user", key="user_id")
class UserIdentityLinked(Event, frozen=True, kw_only=True):
    """A user can sign in with a provider from now on; `is_provisioned`: they were made for it."""

    user_id: UUID
    provider_id: UUID
    is_provisioned: bool


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
