"""WebAuthn: what a browser is asked for, and whether what it answers counts.

Refuses: an answer for another site, another challenge or another key, an authenticator nobody
touched, and a counter that goes backwards (a cloned key). Attestation is not asked for: which make of
key somebody uses is theirs to choose. Source: W3C Web Authentication Level 3.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from rustok.core.errors import Unprocessable

if TYPE_CHECKING:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

CHALLENGE_BYTES: Final = 32
TIMEOUT_MS: Final = 120_000

Options = dict[str, object]
"""What goes into `navigator.credentials.create` or `.get`, as WebAuthn's JSON form."""


class PasskeyRefused(Unprocessable):
    """What the browser sent does not prove the key. One answer for every flaw."""

    code = "passkey_refused"
    title = "The security key was not accepted"
    mend = "Ask for new options and answer them with the same browser and key."

    def __init__(self) -> None:
        super().__init__("The answer of the security key is malformed, old or not for this site.")


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """The relying party: the origin a browser is at, and the id keys are bound to."""

    origin: str

    @property
    def id(self) -> str:
        return urlsplit(self.origin).hostname or ""


class NewPasskey(msgspec.Struct, frozen=True, kw_only=True):
    """A verified registration; ids and keys in base64url."""

    credential_id: str
    public_key: str
    sign_count: int
    is_user_verified: bool


class UsedPasskey(msgspec.Struct, frozen=True, kw_only=True):
    sign_count: int
    is_user_verified: bool


def to_base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def from_base64url(text: str) -> bytes:
    """Raises PasskeyRefused: not base64url."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise PasskeyRefused from None


def registration_options(
    site: Site,
    *,
    challenge: bytes,
    user_id: bytes,
    user_name: str,
    display_name: str,
    known: Sequence[str],
) -> Options:
    """What `navigator.credentials.create` is given.

    Args:
        known: credential ids the user has already; their keys are not registered again.
    """
    from webauthn import generate_registration_options, options_to_json  # late: few use it

    options = generate_registration_options(
        rp_id=site.id,
        rp_name=site.id,
        user_id=user_id,
        user_name=user_name,
        user_display_name=display_name,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        exclude_credentials=_descriptors(known),
    )
    return _plain(options_to_json(options))


def authentication_options(site_id: str, *, challenge: bytes, known: Sequence[str]) -> Options:
    """What `navigator.credentials.get` is given."""
    from webauthn import generate_authentication_options, options_to_json  # late: few use it

    options = generate_authentication_options(
        rp_id=site_id,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        allow_credentials=_descriptors(known),
    )
    return _plain(options_to_json(options))


def verify_registration(site: Site, answer: Options, *, challenge: bytes) -> NewPasskey:
    """Raises PasskeyRefused."""
    from webauthn import verify_registration_response  # late: few use it

    try:
        verified = verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.id,
            expected_origin=site.origin,
        )
    except Exception as error:
        raise _refused(error) from None
    return NewPasskey(
        credential_id=to_base64url(verified.credential_id),
        public_key=to_base64url(verified.credential_public_key),
        sign_count=verified.sign_count,
        is_user_verified=verified.user_verified,
    )


def verify_assertion(
    site: Site, answer: Options, *, challenge: bytes, public_key: str, sign_count: int
) -> UsedPasskey:
    """Raises PasskeyRefused: also when the counter did not go up (both zero: the key has none)."""
    from webauthn import verify_authentication_response  # late: few use it

    try:
        verified = verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.id,
            expected_origin=site.origin,
            credential_public_key=from_base64url(public_key),
            credential_current_sign_count=sign_count,
        )
    except Exception as error:
        raise _refused(error) from None
    return UsedPasskey(sign_count=verified.new_sign_count, is_user_verified=verified.user_verified)


def _refused(error: Exception) -> PasskeyRefused:
    """The library and what it parses with raise many kinds for bad input; all of them are the sender's.

    Raises:
        MemoryError: as it is.
    """
    if isinstance(error, MemoryError):
        raise error
    return PasskeyRefused()


def _descriptors(ids: Sequence[str]) -> list[PublicKeyCredentialDescriptor]:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor  # late: few use it

    return [PublicKeyCredentialDescriptor(id=from_base64url(one)) for one in ids]


def _plain(text: str) -> Options:
    return msgspec.json.decode(text, type=dict[str, object])
