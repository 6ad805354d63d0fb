"""A security key in software: real CBOR, COSE and ECDSA, as a browser and its authenticator make them."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from rustok.core.security.passkeys import from_base64url, to_base64url

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


class SoftwareKey:
    """Args:
    origin: where the browser says it is.
    """

    def __init__(self, origin: str, *, has_counter: bool = True) -> None:
        self.origin = origin
        self.credential_id = secrets.token_bytes(32)
        self.count = 0
        self._has_counter = has_counter
        self._key = ec.generate_private_key(ec.SECP256R1())

    def create(self, options: dict[str, Any], **changed: Any) -> dict[str, Any]:
        """The answer to `navigator.credentials.create`."""
        numbers = self._key.public_key().public_numbers()
        cose = cbor2.dumps(
            {
                1: 2,
                3: -7,
                -1: 1,
                -2: numbers.x.to_bytes(32, "big"),
                -3: numbers.y.to_bytes(32, "big"),
            }
        )
        attested = (
            bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + cose
        )
        data = self._data(options["rp"]["id"], PRESENT | VERIFIED | ATTESTED) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(
            {
                "clientDataJSON": self._client("webauthn.create", options, **changed),
                "attestationObject": to_base64url(attestation),
            }
        )

    def get(
        self, options: dict[str, Any], *, flags: int = PRESENT | VERIFIED, **changed: Any
    ) -> dict[str, Any]:
        """The answer to `navigator.credentials.get`."""
        self.count += 1 if self._has_counter else 0
        data = self._data(options["rpId"], flags)
        client = self._client("webauthn.get", options, **changed)
        signed = data + hashlib.sha256(from_base64url(client)).digest()
        return self._answer(
            {
                "clientDataJSON": client,
                "authenticatorData": to_base64url(data),
                "signature": to_base64url(self._key.sign(signed, ec.ECDSA(SHA256()))),
                "userHandle": None,
            }
        )

    def _data(self, site_id: str, flags: int) -> bytes:
        hashed = hashlib.sha256(site_id.encode()).digest()
        return hashed + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, options: dict[str, Any], **changed: Any) -> str:
        said = {
            "type": kind,
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": False,
            **changed,
        }
        return to_base64url(json.dumps(said).encode())

    def _answer(self, response: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": to_base64url(self.credential_id),
            "rawId": to_base64url(self.credential_id),
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
        }
