"""The error tree every feature hangs its own errors on; it knows statuses and codes, never HTTP machinery.

    RustokError
    ├── InvalidInput (400)        a value that breaks a rule; carries field errors
    ├── Unauthenticated (401)
    ├── PermissionDenied (403)
    ├── NotFound (404)
    ├── Conflict (409)
    │   ├── ConcurrentUpdate      somebody else wrote the row first
    │   └── IllegalTransition     the lifecycle has no such step from this state
    ├── PreconditionFailed (412)
    ├── PreconditionRequired (428)
    ├── Unprocessable (422)
    ├── TooManyRequests (429)
    └── Unavailable (503)         bounded wait ended; retry later

A concrete error declares `code` (stable, snake_case), `title` and, where it differs from its
parent's, `status`; its constructor takes typed fields and passes the sentence to the parent.
The registry maps every code to its class: the problem pages and the docs are made from it.
Source: RFC 9457.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec

Extension = str | int | float | bool | None | list[str] | list[int]

CODE_PATTERN = re.compile(r"^[a-z][a-z0-9_]{2,63}$")


class FieldError(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One broken rule: where (`pointer`, RFC 6901, or a parameter name), which rule, how to mend it."""

    pointer: str
    rule: str
    message: str


class RustokError(Exception):
    """Root of all errors this platform raises on purpose.

    Args:
        detail: one sentence for the caller: what is wrong, where and how to mend it. Never a
            value of personal data, a secret or an internal name.
        fields: the single broken rules, when the input had several.
        extensions: machine-readable facts added to the problem (RFC 9457 section 3.2).
        retry_after_seconds: sent as `Retry-After` when waiting helps.
    """

    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"
    status: ClassVar[int] = 500
    mend: ClassVar[str] = "Try again; if it goes on, tell the operator the trace id."

    def __init__(
        self,
        detail: str,
        *,
        fields: Sequence[FieldError] = (),
        extensions: Mapping[str, Extension] | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fields = tuple(fields)
        self.extensions: dict[str, Extension] = dict(extensions or {})
        self.retry_after_seconds = retry_after_seconds

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "code" in cls.__dict__:
            register(cls)


_registry: dict[str, type[RustokError]] = {RustokError.code: RustokError}


def register(error: type[RustokError]) -> None:
    """Record `error` under its code.

    Raises:
        ValueError: the code is malformed or taken by another class.
    """
    if not CODE_PATTERN.match(error.code):
        raise ValueError(f"error code {error.code!r} is not snake_case of 3..64 characters")
    known = _registry.get(error.code)
    if known is not None and (known.__module__, known.__qualname__) != (
        error.__module__,
        error.__qualname__,
    ):
        raise ValueError(f"error code {error.code!r} is used by {known!r} and {error!r}")
    _registry[error.code] = error


def registered() -> dict[str, type[RustokError]]:
    """All error classes by code, sorted by code."""
    return dict(sorted(_registry.items()))


class InvalidInput(RustokError):
    code = "invalid_input"
    title = "The request has invalid input"
    status = 400
    mend = "Correct the fields named in `errors` and send the request again."


class Unauthenticated(RustokError):
    code = "unauthenticated"
    title = "Authentication is needed"
    status = 401
    mend = "Send a valid access token or API key in the Authorization header."

    @property
    def challenge(self) -> str:
        """The WWW-Authenticate header (RFC 6750 section 3)."""
        return 'Bearer realm="rustok"'


class PermissionDenied(RustokError):
    code = "permission_denied"
    title = "This is not permitted"
    status = 403
    mend = "Ask an administrator of the tenant for the permission named in `required`."


class NotFound(RustokError):
    """A thing that does not exist for this tenant; another tenant's thing is the same answer."""

    code = "not_found"
    title = "Not found"
    status = 404
    mend = "Check the id or the address; it may have been deleted or belong to another tenant."


class Conflict(RustokError):
    code = "conflict"
    title = "The request conflicts with the current state"
    status = 409
    mend = "Read the resource again and decide anew."


class ConcurrentUpdate(Conflict):
    code = "concurrent_update"
    title = "Somebody else changed this first"
    mend = "Read the resource again, apply the change to it and retry."


class IllegalTransition(Conflict):
    """A lifecycle step that does not exist from the state the thing is in."""

    code = "illegal_transition"
    title = "This step is not possible from the current state"
    mend = "Take one of the steps listed in `allowed_actions`."

    def __init__(
        self, *, thing: str, state: str, action: str, allowed_actions: Sequence[str]
    ) -> None:
        self.thing, self.state, self.action = thing, state, action
        self.allowed_actions = tuple(allowed_actions)
        allowed = ", ".join(allowed_actions) or "none: the state is final"
        super().__init__(
            f"The {thing} is {state}; '{action}' is not possible. Possible: {allowed}.",
            extensions={"state": state, "action": action, "allowed_actions": list(allowed_actions)},
        )


class PreconditionFailed(RustokError):
    code = "precondition_failed"
    title = "The resource has another version"
    status = 412
    mend = "Read the resource again and send its current ETag in If-Match."


class PreconditionRequired(RustokError):
    code = "precondition_required"
    title = "If-Match is needed"
    status = 428
    mend = "Read the resource and send its ETag in If-Match (or `If-Match: *`)."


class Unprocessable(RustokError):
    code = "unprocessable"
    title = "The request is understood but cannot be carried out"
    status = 422
    mend = "Change what `detail` names and send the request again."


class TooManyRequests(RustokError):
    code = "too_many_requests"
    title = "Too many requests"
    status = 429
    mend = "Wait as long as Retry-After says."


class Unavailable(RustokError):
    """A part the request needs did not answer within its bound; nothing was half-written."""

    code = "unavailable"
    title = "Temporarily unavailable"
    status = 503
    mend = "Wait as long as Retry-After says and send the same request again."

    def __init__(self, detail: str, *, retry_after_seconds: int = 1) -> None:
        super().__init__(detail, retry_after_seconds=retry_after_seconds)
