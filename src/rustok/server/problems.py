"""Problem details (RFC 9457): every error of the platform as one JSON shape, and nothing of its insides."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from rustok.core.errors import FieldError, InvalidInput, NotFound, RustokError, Unauthenticated

MEDIA_TYPE: Final = "application/problem+json"


class MalformedJson(InvalidInput):
    code = "malformed_json"
    title = "The body is not valid JSON"
    mend = "Send UTF-8 JSON as RFC 8259 has it."


class UnsupportedMediaType(RustokError):
    code = "unsupported_media_type"
    title = "The media type is not supported"
    status = 415
    mend = "Send the body as application/json (or the type the operation documents)."


class BodyTooLarge(RustokError):
    code = "body_too_large"
    title = "The request body is too large"
    status = 413
    mend = "Send less at once; imports take large files."

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(
            f"The body is larger than {limit_bytes} bytes.", extensions={"limit_bytes": limit_bytes}
        )


class RequestTooSlow(RustokError):
    """The body came slower than the server waits for it; nothing was done."""

    code = "request_too_slow"
    title = "The request body did not come in time"
    status = 408
    mend = "Send the body at once, over a better connection or in smaller parts."

    def __init__(self) -> None:
        super().__init__("The body of the request stopped coming, or came too slowly.")


class AddressTooLong(RustokError):
    code = "address_too_long"
    title = "The address is too long"
    status = 414
    mend = "Send fewer or shorter query parameters."

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(
            f"Path and query are longer than {limit_bytes} bytes.",
            extensions={"limit_bytes": limit_bytes},
        )


class MethodNotAllowed(RustokError):
    code = "method_not_allowed"
    title = "The method is not allowed here"
    status = 405
    mend = "Use one of the methods in the Allow header."

    def __init__(self, allowed: list[str]) -> None:
        self.allowed = allowed
        super().__init__(f"Allowed here: {', '.join(allowed)}.", extensions={"allowed": allowed})


class RouteNotFound(NotFound):
    code = "route_not_found"
    title = "There is nothing at this address"
    mend = "See /docs for the addresses of the API."

    def __init__(self) -> None:
        super().__init__("No operation answers at this address.")


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem. Sparse: `errors` and the extensions appear where they say something.

    Attributes:
        type: the page that explains the code.
        code: stable; program against this, not against the texts.
        mend: how to mend it.
        trace_id: tell it to the operator.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str
    mend: str
    instance: str | None = None
    trace_id: str | None = None
    errors: list[FieldError] = []


def problem_of(error: RustokError, *, instance: str | None, trace_id: str | None) -> dict[str, Any]:
    """The problem document of `error`, extensions included."""
    problem = Problem(
        type=f"/problems/{error.code}",
        title=error.title,
        status=error.status,
        code=error.code,
        detail=error.detail,
        mend=error.mend,
        instance=instance,
        trace_id=trace_id,
        errors=list(error.fields),
    )
    document: dict[str, Any] = msgspec.to_builtins(problem)
    for name, value in error.extensions.items():
        document.setdefault(name, value)
    return document


def headers_of(error: RustokError) -> dict[str, str]:
    """Headers a problem needs beside its body."""
    headers: dict[str, str] = {"cache-control": "no-store"}
    if error.retry_after_seconds is not None:
        headers["retry-after"] = str(error.retry_after_seconds)
    if isinstance(error, Unauthenticated):
        headers["www-authenticate"] = error.challenge
    if isinstance(error, MethodNotAllowed):
        headers["allow"] = ", ".join(error.allowed)
    return headers


def internal_error() -> RustokError:
    """What a caller learns of a fault of ours: nothing but the trace id."""
    return RustokError("Something went wrong on our side. It has been recorded.")


_PATH: Final = re.compile(r" - at `(?P<where>key in )?\$(?P<path>[^`]*)`$")
_FIELD_NAME: Final = re.compile(r"(?:missing required|unknown) field `(?P<name>[^`]+)`")


def validation_error(error: msgspec.ValidationError, *, prefix: str = "") -> InvalidInput:
    """msgspec's message as a field error with a JSON pointer (RFC 6901).

    Args:
        prefix: "" for a body; "?" names a query parameter instead of a pointer.
    """
    message = str(error)
    found = _PATH.search(message)
    rule_text = message[: found.start()] if found else message
    pointer = ""
    if found:
        pointer = found["path"].replace("[...]", "/*").replace(".", "/")
        pointer = re.sub(r"\[(\d+)\]", r"/\1", pointer)
    if named := _FIELD_NAME.search(message):
        pointer = f"{pointer}/{named['name']}"
    where = pointer.lstrip("/") if prefix == "?" else pointer
    return InvalidInput(
        f"{rule_text}{f' at {where}' if where else ''}.",
        fields=[
            FieldError(pointer=where or "/", rule=_rule_of(rule_text), message=f"{rule_text}.")
        ],
    )


def _rule_of(text: str) -> str:
    """A stable rule name for what msgspec said."""
    for word, rule in (
        ("missing required", "required"),
        ("unknown field", "unknown_field"),
        ("of length", "length"),
        ("matching regex", "pattern"),
        (">=", "minimum"),
        ("<=", "maximum"),
        ("multiple", "multiple_of"),
        ("Invalid enum", "enum"),
        ("Invalid UUID", "uuid"),
        ("Invalid RFC3339", "datetime"),
    ):
        if word in text:
            return rule
    return "type"
