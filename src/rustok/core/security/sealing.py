"""Seals secrets the platform must read again (webhook keys): AES-256-GCM, each under a data key of its own
that is wrapped under the platform's key.

Refuses: passwords and tokens, which are only compared (`passwords`, `tokens`), and a sealed text
moved to another place: what it belongs to is authenticated with it.
Source: RFC 5869 (HKDF), NIST SP 800-38D (GCM).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rustok.core.errors import RustokError

_VERSION: Final = "s2"
_FORMER_VERSION: Final = "s1"
"""Sealed under the platform's key itself; still opened, written no more."""
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_KEY_BYTES: Final = 32
_PURPOSE: Final = b"rustok sealing s1"
_KID = re.compile(r"[A-Za-z0-9_-]{1,32}")


class SealBroken(RustokError):
    """A sealed text cannot be opened: its key is gone, or it was changed or moved. Never quotes it."""

    code = "seal_broken"
    title = "A stored secret cannot be read"
    status = 500
    mend = "Set the key it was stored under again (security.previous_master_key), or make the secret anew."

    def __init__(self, why: str) -> None:
        super().__init__(f"A stored secret cannot be read: {why}.")


class Sealer:
    """Args:
    keys: key id -> secret of the platform (from a random source, 32 characters or more).
    active_kid: the key that seals; the others still open.

    Raises:
        ValueError: the active key is not among `keys`, or a key id is malformed.
    """

    def __init__(self, *, keys: Mapping[str, str], active_kid: str) -> None:
        if active_kid not in keys:
            raise ValueError("the active key is not among the keys")
        if not all(_KID.fullmatch(kid) for kid in keys):
            raise ValueError("a key id is 1 to 32 letters, digits, - and _")
        self._active = active_kid
        self._secrets: Final = dict(keys)
        self._ciphers: Final = {kid: AESGCM(_derived(secret)) for kid, secret in keys.items()}
        self._tag_keys: Final[dict[tuple[str, str], bytes]] = {}

    def seal(self, plain: bytes, *, belongs_to: str) -> str:
        """`plain` encrypted, as text for a column: version, key id, wrapped data key, ciphertext.

        Each text has a data key of its own; only that is under the platform's key, so changing the
        platform's key (`rewrapped`) never touches the secret.

        Args:
            belongs_to: what the secret is of (`webhook_endpoint/<id>`); needed again to open it.
        """
        data_key = secrets.token_bytes(_KEY_BYTES)
        packed = _packed(_encrypt(AESGCM(data_key), plain, _bound(belongs_to)))
        return f"{_VERSION}.{self._active}.{self._wrap(data_key)}.{packed}"

    def open(self, sealed: str, *, belongs_to: str) -> bytes:
        """The secret again.

        Raises:
            SealBroken: unknown key, changed text, or sealed for something else.
        """
        version, _, rest = sealed.partition(".")
        if version == _FORMER_VERSION:
            kid, _, packed = rest.partition(".")
            return _decrypt(self._cipher(kid), packed, f"{version}.{kid}.{belongs_to}".encode())
        if version != _VERSION or rest.count(".") != 2:
            raise SealBroken("it was written by another version of this program")
        kid, wrapped, packed = rest.split(".")
        data_key = _decrypt(self._cipher(kid), wrapped, _bound_key(kid))
        return _decrypt(AESGCM(data_key), packed, _bound(belongs_to))

    def rewrapped(self, sealed: str, *, belongs_to: str) -> str | None:
        """`sealed` with its data key under the active key; None when it is already.

        Args:
            belongs_to: needed for texts of the former version, which are sealed anew.

        Raises:
            SealBroken: the key it is under is not configured, or it was changed.
        """
        version, _, rest = sealed.partition(".")
        if version == _FORMER_VERSION:
            return self.seal(self.open(sealed, belongs_to=belongs_to), belongs_to=belongs_to)
        if version != _VERSION or rest.count(".") != 2:
            raise SealBroken("it was written by another version of this program")
        kid, wrapped, packed = rest.split(".")
        if kid == self._active:
            return None
        data_key = _decrypt(self._cipher(kid), wrapped, _bound_key(kid))
        return f"{_VERSION}.{self._active}.{self._wrap(data_key)}.{packed}"

    @property
    def active_kid(self) -> str:
        return self._active

    def knows(self, kid: str) -> bool:
        """Whether what is under this key can be opened."""
        return kid in self._secrets

    def _wrap(self, data_key: bytes) -> str:
        return _packed(_encrypt(self._ciphers[self._active], data_key, _bound_key(self._active)))

    def _cipher(self, kid: str) -> AESGCM:
        cipher = self._ciphers.get(kid)
        if cipher is None:
            raise SealBroken("the key it was sealed with is not configured")
        return cipher

    def tag(self, data: bytes, *, purpose: str) -> tuple[str, str]:
        """The id of the active key and a keyed digest of `data` (HMAC-SHA256), 64 hex digits.

        Args:
            purpose: digests of one purpose say nothing to another.
        """
        made = hmac.digest(self._tag_key(self._active, purpose), data, "sha256")
        return self._active, made.hex()

    def tag_matches(self, tag: str, data: bytes, *, kid: str, purpose: str) -> bool:
        """Whether `tag` was made by the key `kid` over `data`; in constant time. False without the key."""
        if kid not in self._secrets:
            return False
        made = hmac.digest(self._tag_key(kid, purpose), data, "sha256")
        return hmac.compare_digest(made.hex().encode(), tag.encode())

    def _tag_key(self, kid: str, purpose: str) -> bytes:
        key = self._tag_keys.get((kid, purpose))
        if key is None:
            key = _derived(self._secrets[kid], f"rustok tag {purpose}".encode())
            self._tag_keys[(kid, purpose)] = key
        return key


def _derived(secret: str, purpose: bytes = _PURPOSE) -> bytes:
    """A key of its own for each purpose, so that no other use of the platform's secret shares it."""
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=purpose).derive(
        secret.encode()
    )


def key_id(secret: str) -> str:
    """The id of a platform key, made from the key: the same key has the same id everywhere."""
    return "m" + _derived(secret, b"rustok key id").hex()[:15]


def kid_of(sealed: str) -> str:
    """The id of the key a sealed text is under; "" for what is none."""
    return [*sealed.split("."), "", ""][1]


def _bound(belongs_to: str) -> bytes:
    return f"{_VERSION}.{belongs_to}".encode()


def _bound_key(kid: str) -> bytes:
    return f"{_VERSION}.key.{kid}".encode()


def _encrypt(cipher: AESGCM, plain: bytes, bound: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, bound)


def _packed(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decrypt(cipher: AESGCM, packed: str, bound: bytes) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
    except (binascii.Error, ValueError):
        raise SealBroken("it is damaged") from None
    if len(raw) < _NONCE_BYTES + _TAG_BYTES:
        raise SealBroken("it is damaged")
    try:
        return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], bound)
    except InvalidTag:
        raise SealBroken("the key has changed, or it is not where it was stored") from None
