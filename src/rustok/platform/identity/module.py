"""Registration of identity."""

from __future__ import annotations

from typing import Final

from rustok.core.modules import Job, Module
from rustok.platform.identity.events import (
    ApiKeyCreated,
    ApiKeyRevoked,
    RoleCreated,
    RoleDeleted,
    RoleUpdated,
    UserDeleted,
    UserLoggedIn,
    UserLoginFailed,
    UserPasswordChanged,
    UserRegistered,
    UserRoleChanged,
    UserSessionRevoked,
    UserSteppedUp,
    UserUpdated,
)
from rustok.platform.identity.routes import access, auth, storefront, users
from rustok.platform.identity.service.sessions import purge_ended
from rustok.platform.identity.service.signing import rotate_by_age

MODULE: Final = Module(
    slug="identity",
    title="Users and access",
    always_on=True,
    routes=(
        auth.routes,
        storefront.routes,
        users.routes,
        users.customers,
        access.role_routes,
        access.api_key_routes,
    ),
    jobs=(
        Job(name="identity.purge_ended_sessions", every_seconds=3_600.0, run=purge_ended),
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
            UserDeleted,
            RoleCreated,
            RoleUpdated,
            RoleDeleted,
            ApiKeyCreated,
            ApiKeyRevoked,
        )
    ),
)
