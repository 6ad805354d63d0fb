"""Whether what somebody sends proves them: codes, recovery codes and security keys, each good once.

Refuses: telling which part was wrong. Must run in a transaction that is committed whatever the
outcome: what was used up stays used up.
"""

from __future__ import annotations

from uuid import UUID

from rustok.core.db import WriteTx
from rustok.core.parts import Parts
from rustok.core.security.passkeys import PasskeyRefused, Site, from_base64url, verify_assertion
from rustok.core.security.recovery_codes import plain_recovery_code
from rustok.core.security.tokens import token_digest
from rustok.core.security.totp import matching_step
from rustok.platform.identity.events import UserRecoveryCodeUsed
from rustok.platform.identity.model import Proof
from rustok.platform.identity.repository import factors as rows


def secret_place(factor_id: UUID) -> str:
    """What a sealed TOTP secret is bound to."""
    return f"second_factor/{factor_id}"


async def check(
    parts: Parts,
    tx: WriteTx,
    user_id: UUID,
    proof: Proof,
    *,
    site: Site | None,
    nonce: str | None = None,
) -> str | None:
    """Use up a proof and give its method (otp, kba, hwk); None when it does not count.

    Args:
        site: where the browser is, for a security key.
        nonce: the WebAuthn challenge it answers, base64url.

    Emits: user.recovery_code_used
    """
    if proof.code is not None:
        return await _code(parts, tx, user_id, proof.code)
    if proof.recovery_code is not None:
        return await _recovery_code(tx, user_id, proof.recovery_code)
    if proof.passkey is not None and nonce is not None and site is not None:
        return await _passkey(tx, user_id, proof.passkey, site=site, nonce=nonce)
    return None


async def _code(parts: Parts, tx: WriteTx, user_id: UUID, code: str) -> str | None:
    for factor in await rows.secrets_of(tx, user_id):
        is_app = factor.kind == "totp" and factor.confirmed_at is not None
        if is_app and await takes_code(parts, tx, factor, code):
            return "otp"
    return None


async def takes_code(parts: Parts, tx: WriteTx, factor: rows.FactorSecret, code: str) -> bool:
    """Whether `code` is one of this app, of a step that was not used yet; uses it up."""
    sealed = factor.sealed_secret or ""
    secret = parts.sealer.open(sealed, belongs_to=secret_place(factor.id)).decode()
    step = matching_step(secret, code, now=tx.now)
    return step is not None and await rows.take_step(tx, factor.id, step)


async def _recovery_code(tx: WriteTx, user_id: UUID, typed: str) -> str | None:
    plain = plain_recovery_code(typed)
    if plain is None or not await rows.use_code(tx, user_id, token_digest(plain)):
        return None
    tx.emit(UserRecoveryCodeUsed(user_id=user_id, left=await rows.count_codes(tx, user_id)))
    return "kba"


async def _passkey(
    tx: WriteTx, user_id: UUID, answer: dict[str, object], *, site: Site, nonce: str
) -> str | None:
    for factor in await rows.secrets_of(tx, user_id):
        if factor.kind != "webauthn" or factor.credential_ref != answer.get("id"):
            continue
        if factor.site_id != site.id or factor.public_key is None:
            return None
        try:
            used = verify_assertion(
                site,
                answer,
                challenge=from_base64url(nonce),
                public_key=factor.public_key,
                sign_count=factor.sign_count,
            )
        except PasskeyRefused:
            return None
        return "hwk" if await rows.take_count(tx, factor.id, used.sign_count) else None
    return None
