"""Registration of identity."""

from __future__ import annotations

from typing import Final

from rustok.core.modules import Job, Module
from rustok.platform.identity.events import (
    ApiKeyCreated,
    ApiKeyRevoked,
    LoginProviderCreated,
    LoginProviderDeleted,
    LoginProviderUpdated,
    RoleCreated,
    RoleDeleted,
    RoleUpdated,
    SignInThrottled,
    UserDeleted,
    UserEmailVerified,
    UserIdentityLinked,
    UserLoggedIn,
    UserLoginFailed,
    UserPasswordChanged,
    UserPasswordResetRequested,
    UserRecoveryCodesMade,
    UserRecoveryCodeUsed,
    UserRegistered,
    UserRegistrationRepeated,
    UserRoleChanged,
    UserSecondFactorEnrolled,
    UserSecondFactorRemoved,
    UserSessionRevoked,
    UserSteppedUp,
    UserUpdated,
)
from rustok.platform.identity.routes import (
    access,
    auth,
    personal,
    providers,
    proving,
    storefront,
    users,
)
from rustok.platform.identity.service.account_mails import answer_requests, purge_expired
from rustok.platform.identity.service.sessions import purge_ended
from rustok.platform.identity.service.signing import rotate_by_age
from rustok.platform.identity.service.throttling import purge_counters

MODULE: Final = Module(
    slug="identity",
    title="Users and access",
    always_on=True,
    routes=(
        auth.routes,
        proving.routes,
        proving.mails,
        providers.routes,
        providers.sign_in,
        storefront.routes,
        users.routes,
        users.customers,
        personal.admin,
        personal.own,
        access.role_routes,
        access.api_key_routes,
    ),
    jobs=(
        Job(name="identity.purge_ended_sessions", every_seconds=3_600.0, run=purge_ended),
        Job(name="identity.account_mails", every_seconds=2.0, run=answer_requests),
        Job(name="identity.purge_expired", every_seconds=3_600.0, run=purge_expired),
        Job(name="identity.purge_counters", every_seconds=3_600.0, run=purge_counters),
        Job(name="identity.rotate_signing_keys", every_seconds=3_600.0, run=rotate_by_age),
    ),
    event_types=tuple(
        kind.type
        for kind in (
            UserRegistered,
            UserLoggedIn,
            UserLoginFailed,
            UserUpdated,
            UserRoleChanged,
            UserPasswordChanged,
            UserSessionRevoked,
            UserSteppedUp,
            LoginProviderCreated,
            LoginProviderUpdated,
            LoginProviderDeleted,
            UserIdentityLinked,
            SignInThrottled,
            UserSecondFactorEnrolled,
            UserSecondFactorRemoved,
            UserRecoveryCodesMade,
            UserRecoveryCodeUsed,
            UserPasswordResetRequested,
            UserEmailVerified,
            UserRegistrationRepeated,
            UserDeleted,
            RoleCreated,
            RoleUpdated,
            RoleDeleted,
            ApiKeyCreated,
            ApiKeyRevoked,
        )
    ),
)
