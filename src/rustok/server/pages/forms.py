"""Forms sent to the pages: read within bounds, and proven to come from a page of this very site.

Refuses: multipart bodies, fields given twice, and forms another site sent in the visitor's name.
"""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256
from typing import Final
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from rustok.core.errors import InvalidInput, PermissionDenied
from rustok.server.message import Request
from rustok.server.problems import UnsupportedMediaType

TOKEN_FIELD: Final = "form_token"  # noqa: S105  # the name of a field
_DIGEST_BYTES: Final = sha256().digest_size
MAX_BYTES: Final = 32_768
MAX_FIELDS: Final = 100
MAX_VALUE_CHARACTERS: Final = 2_000


class FormNotTrusted(PermissionDenied):
    code = "form_not_trusted"
    title = "The form does not come from this site, or is too old"
    mend = "Load the page with the form again, with cookies allowed, and send it once more."

    def __init__(self) -> None:
        super().__init__("The form carries no valid token of this visit.")


class FormGuard:
    """Signed double-submit tokens: the form's must be the HMAC of the visit cookie.

    Args:
        secret: key material of this deployment; a key of its own is derived from it.

    Source: OWASP CSRF cheat sheet, "signed double-submit cookie".
    """

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.new(secret, b"rustok pages form token v1", sha256).digest()

    def new_visit(self) -> str:
        """A fresh visit id for the cookie: 128 random bits."""
        return secrets.token_urlsafe(16)

    def token(self, tenant_id: UUID, visit: str) -> str:
        """A token for the forms of one answer, good for the whole visit.

        Each is masked anew, so that the size of compressed answers tells nothing of it (BREACH).
        """
        mask = secrets.token_bytes(_DIGEST_BYTES)
        return (mask + _xor(self._digest(tenant_id, visit), mask)).hex()

    def _digest(self, tenant_id: UUID, visit: str) -> bytes:
        return hmac.new(self._key, f"{tenant_id}|{visit}".encode(), sha256).digest()

    def check(self, request: Request, tenant_id: UUID, visit: str | None, token: str) -> None:
        """Raises FormNotTrusted unless the form was made for this visit and sent from this site."""
        if not _is_same_site(request) or visit is None:
            raise FormNotTrusted
        try:
            sent = bytes.fromhex(token)
        except ValueError:
            raise FormNotTrusted from None
        if len(sent) != 2 * _DIGEST_BYTES:
            raise FormNotTrusted
        unmasked = _xor(sent[_DIGEST_BYTES:], sent[:_DIGEST_BYTES])
        if not hmac.compare_digest(self._digest(tenant_id, visit), unmasked):
            raise FormNotTrusted


def _xor(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left) ^ int.from_bytes(right)).to_bytes(len(left))


def _is_same_site(request: Request) -> bool:
    """By what the browser says; a client that says nothing is judged by its token alone."""
    fetch_site = request.headers.get("sec-fetch-site")
    if fetch_site is not None and fetch_site != "same-origin":
        return False
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a urlencoded form, values trimmed.

    Raises:
        UnsupportedMediaType: the body is no urlencoded form.
        BodyTooLarge: more than 32 KiB.
        InvalidInput: broken encoding, too many or too long fields, or one given twice.
    """
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != "application/x-www-form-urlencoded":
        raise UnsupportedMediaType("A form is sent as application/x-www-form-urlencoded.")
    content = await request.body(MAX_BYTES)
    try:
        pairs = parse_qsl(
            content.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError as error:
        raise InvalidInput("The form is not valid percent-encoded UTF-8.") from error
    form: dict[str, str] = {}
    for name, value in pairs:
        if name in form:
            raise InvalidInput("A field of the form is given twice.")
        if len(value) > MAX_VALUE_CHARACTERS or "\x00" in value:
            raise InvalidInput("A field of the form is too long or holds control characters.")
        form[name] = value.strip()
    return form
