"""What can go wrong with users, sessions, roles and API keys; no message repeats an e-mail or a secret."""

from __future__ import annotations

from collections.abc import Iterable

from rustok.core.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    PermissionDenied,
    TooManyRequests,
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


class SecondFactorNeeded(Unauthenticated):
    """The password was right, and the user has a second factor.

    Args:
        challenge: for the second step.
        expires_in_seconds: how long it is good.
    """

    code = "second_factor_needed"
    title = "A second factor is needed"
    mend = "POST the challenge with a code to /api/v1/auth/login/second-factor."

    def __init__(self, challenge: str, expires_in_seconds: int) -> None:
        super().__init__(
            "The password is right; now send a code of the second factor.",
            extensions={"challenge": challenge, "expires_in": expires_in_seconds},
        )


class SecondFactorRefused(Unauthenticated):
    """A wrong, used or late code, a challenge that is unknown, used, expired or tried too often."""

    code = "second_factor_refused"
    title = "The second factor was not accepted"
    mend = "Try the next code; after five attempts or five minutes sign in again."

    def __init__(self) -> None:
        super().__init__("The code or the challenge is wrong, used or too old.")


class SecondFactorRequiredHere(PermissionDenied):
    """The tenant asks for a second factor, and this session was opened without one."""

    code = "second_factor_required"
    title = "The tenant asks for a second factor"
    mend = "Enrol one at /api/v1/auth/second-factors, or prove it at /api/v1/auth/step-up."

    def __init__(self) -> None:
        super().__init__(
            "This session was opened without a second factor, which is asked for here."
        )


class SecondFactorNotFound(NotFound):
    code = "second_factor_not_found"
    title = "There is no such second factor"

    def __init__(self) -> None:
        super().__init__("You have no such second factor.")


class SecondFactorLimit(Conflict):
    """Args: limit: how many second factors a user can have."""

    code = "second_factor_limit"
    title = "The user has too many second factors"
    mend = "Remove one that is not used any more."

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"A user has at most {limit} second factors.", extensions={"limit": limit})


class WrongProof(Unprocessable):
    """Nothing that was sent proves who acts; nothing was changed."""

    code = "wrong_proof"
    title = "The proof was not accepted"
    mend = "Send the password or, where the user has a second factor, a fresh code of it."

    def __init__(self) -> None:
        super().__init__("The password or code is wrong, was used, or is not enough for this user.")


class TooManySignIns(TooManyRequests):
    """Args: wait_seconds: until the next attempt is looked at."""

    code = "too_many_sign_ins"
    title = "Too many attempts to sign in"
    mend = "Wait as long as Retry-After says, sign in from a known device, or reset the password."

    def __init__(self, wait_seconds: int) -> None:
        self.wait_seconds = wait_seconds
        super().__init__(
            f"Too many attempts failed; the next one is looked at in {wait_seconds} seconds.",
            retry_after_seconds=wait_seconds,
        )


class InvalidLink(Unprocessable):
    """A mailed code that is unknown, used, expired, or of an address that changed since."""

    code = "invalid_link"
    title = "The code of the mail is not valid"
    mend = "Ask for a new mail and use its code once, soon."

    def __init__(self) -> None:
        super().__init__("The code is unknown, was used, or is too old.")


class UnknownSite(InvalidInput):
    """A security key is bound to the origin a browser is at, and this one is not the tenant's."""

    code = "unknown_site"
    title = "Security keys cannot be used from this origin"
    mend = (
        "Call from the deployment's public address, the tenant's host or one of its CORS origins."
    )

    def __init__(self) -> None:
        super().__init__("The Origin of the request is none of the tenant's.")


class ProviderNotFound(NotFound):
    code = "login_provider_not_found"
    title = "There is no such sign-in provider"

    def __init__(self) -> None:
        super().__init__("The tenant has no such sign-in provider, or it is switched off.")


class ProviderSlugTaken(Conflict):
    code = "login_provider_slug_taken"
    title = "The sign-in provider exists already"
    mend = "Change the existing provider or choose another slug."

    def __init__(self, slug: str) -> None:
        self.slug = slug
        super().__init__(f"The tenant has a sign-in provider '{slug[:63]}' already.")


class ProviderSignInRefused(Unauthenticated):
    """The state is unknown, used, old or of another browser, or nobody here may sign in with it."""

    code = "provider_sign_in_refused"
    title = "The sign-in with the provider was not accepted"
    mend = "Begin again in the same browser; ask an administrator whether your account is set up."

    def __init__(self) -> None:
        super().__init__("The answer is old, of another browser, or of somebody unknown here.")


class RedirectNotAllowed(InvalidInput):
    code = "redirect_not_allowed"
    title = "The provider is not set up to come back to this address"
    mend = "Use one of the redirect_uris of the provider's settings, letter by letter."

    def __init__(self) -> None:
        super().__init__("The redirect_uri is not among those of the provider.")


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
