"""What can go wrong with users, sessions, roles and API keys; no message repeats an e-mail or a secret."""

from __future__ import annotations

from collections.abc import Iterable

from rustok.core.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    PermissionDenied,
    Unauthenticated,
    Unprocessable,
)


class InvalidCredentials(Unauthenticated):
    """One answer for an unknown user, a wrong password, a disabled user and a dead API key alike."""

    code = "invalid_credentials"
    title = "The credentials are not valid"
    mend = "Check what you signed in with; ask an administrator of the tenant if it should work."

    def __init__(self) -> None:
        super().__init__("The credentials are unknown, expired, revoked or not for this tenant.")


class InvalidRefreshToken(Unauthenticated):
    """Unknown, used before, expired, or of a session that has ended."""

    code = "invalid_refresh_token"
    title = "The refresh token is not valid"
    mend = "Sign in again."

    def __init__(self) -> None:
        super().__init__("The refresh token is unknown, used, expired or revoked; sign in again.")


class UserSessionNeeded(PermissionDenied):
    code = "user_session_needed"
    title = "Only a signed-in user can do this"
    mend = "Sign in as a user of the kind this address is for; an API key is not enough."

    def __init__(self) -> None:
        super().__init__(
            "This belongs to a signed-in user, not to an API key or another kind of user."
        )


class PrivilegeEscalation(PermissionDenied):
    """Somebody tried to give, or to act upon, more than they hold themselves.

    Args:
        missing: the permissions the actor lacks.
    """

    code = "privilege_escalation"
    title = "You cannot give or take what you do not hold"
    mend = "Ask somebody who holds the permissions listed in `missing`."

    def __init__(self, missing: Iterable[str]) -> None:
        self.missing = tuple(sorted(missing))
        super().__init__(
            "This needs permissions that you do not hold yourself.",
            extensions={"missing": list(self.missing)},
        )


class OwnAccount(Conflict):
    code = "own_account"
    title = "Nobody can do this to themselves"
    mend = "Ask another administrator of the tenant."

    def __init__(self) -> None:
        super().__init__(
            "Disabling, deleting or changing the roles of the own account is not possible."
        )


class WrongPassword(Unprocessable):
    code = "wrong_password"
    title = "The current password is wrong"
    mend = "Type the password you signed in with."

    def __init__(self) -> None:
        super().__init__("The current password is not right; nothing was changed.")


class UserNotFound(NotFound):
    code = "user_not_found"
    title = "There is no such user"

    def __init__(self) -> None:
        super().__init__("The tenant has no such user, or it was deleted.")


class EmailTaken(Conflict):
    code = "email_taken"
    title = "The e-mail address is taken"
    mend = "Use another address, or change the user who has it."

    def __init__(self) -> None:
        super().__init__("A user of this tenant has this e-mail address.")


class SessionNotFound(NotFound):
    code = "session_not_found"
    title = "There is no such session"

    def __init__(self) -> None:
        super().__init__("You have no such session, or it has ended.")


class RoleNotFound(NotFound):
    code = "role_not_found"
    title = "There is no such role"

    def __init__(self) -> None:
        super().__init__("The tenant has defined no such role.")


class UnknownRole(Unprocessable):
    code = "unknown_role"
    title = "A role does not exist"
    mend = "Use built-in roles or define the role first."

    def __init__(self, slug: str) -> None:
        self.slug = slug
        super().__init__(f"There is no role '{slug[:63]}'.", extensions={"role": slug[:63]})


class RoleNotAllowedHere(Unprocessable):
    """`super_admin` outside the platform tenant, any other inside it, or a role that is not for staff."""

    code = "role_not_allowed_here"
    title = "The role cannot be used here"
    mend = "Use a role of this tenant; super_admin belongs to the platform's own staff alone."

    def __init__(self, slug: str) -> None:
        self.slug = slug
        super().__init__(
            f"The role '{slug[:63]}' cannot be used in this tenant.", extensions={"role": slug[:63]}
        )


class BuiltInRole(Conflict):
    code = "built_in_role"
    title = "Built-in roles are fixed"
    mend = "Choose another slug and define the role under it."

    def __init__(self, slug: str) -> None:
        self.slug = slug
        super().__init__(f"The role '{slug[:63]}' is built in and cannot be redefined.")


class RoleSlugTaken(Conflict):
    code = "role_slug_taken"
    title = "The role exists already"
    mend = "Change the existing role or choose another slug."

    def __init__(self, slug: str) -> None:
        self.slug = slug
        super().__init__(f"The tenant has a role '{slug[:63]}' already.")


class RoleInUse(Conflict):
    code = "role_in_use"
    title = "Users hold this role"
    mend = "Take the role from its users first."

    def __init__(self, slug: str) -> None:
        self.slug = slug
        super().__init__(f"The role '{slug[:63]}' is still held by users.")


class RoleLimitReached(Conflict):
    """Args: limit: how many roles a tenant can define."""

    code = "role_limit_reached"
    title = "The tenant has too many roles"
    mend = "Delete roles that nobody holds."

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"A tenant defines at most {limit} roles.", extensions={"limit": limit})


class ApiKeyNotFound(NotFound):
    code = "api_key_not_found"
    title = "There is no such API key"

    def __init__(self) -> None:
        super().__init__("The tenant has no such API key.")


class InvalidExpiry(InvalidInput):
    code = "invalid_expiry"
    title = "The expiry is not possible"
    mend = "Send a time in the future, at most ten years from now, or none."

    def __init__(self) -> None:
        super().__init__("The expiry lies in the past or more than ten years ahead.")
