"""Second factors of the acting user: enrolled with a confirmation, listed, removed; recovery codes.

Refuses: counting a factor nobody has shown to work, and showing a secret twice.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Final
from uuid import UUID

from rustok.core.db import ReadTx, WriteTx
from rustok.core.errors import Conflict
from rustok.core.ids import new_id
from rustok.core.parts import Parts
from rustok.core.security.passkeys import (
    CHALLENGE_BYTES,
    Site,
    authentication_options,
    from_base64url,
    registration_options,
    to_base64url,
    verify_registration,
)
from rustok.core.security.passkeys import PasskeyRefused as PasskeyRefused
from rustok.core.security.recovery_codes import new_recovery_codes, plain_recovery_code
from rustok.core.security.tokens import random_token, token_digest
from rustok.core.security.totp import new_totp_secret, totp_uri
from rustok.platform.identity.errors import (
    SecondFactorLimit,
    SecondFactorNotFound,
    UserSessionNeeded,
    WrongProof,
)
from rustok.platform.identity.events import (
    UserRecoveryCodesMade,
    UserSecondFactorEnrolled,
    UserSecondFactorRemoved,
)
from rustok.platform.identity.model import NewTotp, Pending, SecondFactor
from rustok.platform.identity.repository import challenges
from rustok.platform.identity.repository import factors as rows
from rustok.platform.identity.repository import sessions as session_rows
from rustok.platform.identity.repository import users as user_rows
from rustok.platform.identity.service.grants import require_covers
from rustok.platform.identity.service.proving import secret_place, takes_code
from rustok.platform.identity.service.sessions import acting_user
from rustok.platform.identity.service.standing import forget_session

MAX_FACTORS: Final = 10
CHALLENGE_LIFE: Final = timedelta(minutes=5)
CHALLENGE_PREFIX: Final = "ch_"


async def list_own(tx: ReadTx) -> list[SecondFactor]:
    """The acting user's confirmed factors. Raises UserSessionNeeded."""
    return await rows.list_confirmed(tx, acting_user(tx))


# no event: the factor counts, and is announced, once it is confirmed
async def begin_totp(parts: Parts, tx: WriteTx, *, name: str) -> NewTotp:
    """Make a TOTP secret; it counts once `confirm_totp` has seen a code of it.

    Raises:
        UserSessionNeeded, SecondFactorLimit.
    """
    user = await user_rows.get(tx, acting_user(tx))
    await _require_room(tx, user.id)
    factor_id, secret = new_id(), new_totp_secret()
    sealed = parts.sealer.seal(secret.encode(), belongs_to=secret_place(factor_id))
    await rows.add(
        tx, factor_id=factor_id, user_id=user.id, kind="totp", name=name, sealed_secret=sealed
    )
    uri = totp_uri(secret, account=user.email, issuer=tx.ctx.tenant.name or tx.ctx.tenant.slug)
    return NewTotp(factor_id=factor_id, secret=secret, uri=uri)


async def confirm_totp(parts: Parts, tx: WriteTx, factor_id: UUID, *, code: str) -> list[str]:
    """Count a TOTP factor from now on.

    Returns:
        Recovery codes, when the user had no second factor before; shown this once.

    Raises:
        UserSessionNeeded, SecondFactorNotFound.
        WrongProof: the code is not of this secret.

    Emits: user.second_factor_enrolled, user.recovery_codes_made
    """
    user_id = acting_user(tx)
    known = await rows.secrets_of(tx, user_id)
    factor = next((one for one in known if one.id == factor_id and one.kind == "totp"), None)
    if factor is None or factor.confirmed_at is not None:
        raise SecondFactorNotFound
    if not await takes_code(parts, tx, factor, code):
        raise WrongProof
    await rows.confirm(tx, factor_id)
    tx.emit(UserSecondFactorEnrolled(user_id=user_id, factor_id=factor_id, factor="totp"))
    await _note_proof(tx, "otp")
    return await _first_codes(tx, user_id, known)


async def begin_passkey(tx: WriteTx, site: Site) -> Pending:
    """What a browser is asked for to register a security key.

    Raises:
        UserSessionNeeded, SecondFactorLimit.
    """
    user = await user_rows.get(tx, acting_user(tx))
    await _require_room(tx, user.id)
    nonce = secrets.token_bytes(CHALLENGE_BYTES)
    challenge = await new_challenge(tx, user.id, purpose="enrol", nonce=nonce)
    options = registration_options(
        site,
        challenge=nonce,
        user_id=user.id.bytes,
        user_name=user.email,
        display_name=user.display_name,
        known=[
            one.credential_ref for one in await rows.secrets_of(tx, user.id) if one.credential_ref
        ],
    )
    return Pending(
        challenge=challenge,
        expires_in_seconds=int(CHALLENGE_LIFE.total_seconds()),
        options=options,
    )


async def finish_passkey(
    tx: WriteTx, site: Site, *, challenge: str, name: str, answer: dict[str, object]
) -> list[str]:
    """Register a security key; it has proved itself by answering.

    Returns:
        Recovery codes, when the user had no second factor before; shown this once.

    Raises:
        UserSessionNeeded, SecondFactorLimit.
        PasskeyRefused: another challenge, site or user, or an answer that does not verify.

    Emits: user.second_factor_enrolled, user.recovery_codes_made
    """
    user_id = acting_user(tx)
    held = await challenges.lock(tx, token_digest(challenge), purpose="enrol")
    if (
        held is None
        or held.user_id != user_id
        or held.used_at is not None
        or held.expires_at <= tx.now
    ):
        raise PasskeyRefused
    known = await _require_room(tx, user_id)
    made = verify_registration(site, answer, challenge=from_base64url(held.nonce))
    await challenges.use(tx, held)
    factor_id = new_id()
    if not await rows.add(
        tx,
        factor_id=factor_id,
        user_id=user_id,
        kind="webauthn",
        name=name,
        site_id=site.id,
        credential_ref=made.credential_id,
        public_key=made.public_key,
        sign_count=made.sign_count,
        confirmed_at=tx.now,
    ):
        raise Conflict("This security key is registered already.")
    tx.emit(UserSecondFactorEnrolled(user_id=user_id, factor_id=factor_id, factor="webauthn"))
    await _note_proof(tx, "hwk")
    return await _first_codes(tx, user_id, known)


async def remove_own(tx: WriteTx, factor_id: UUID) -> None:
    """Remove a factor; with the last one the recovery codes go, too.

    Raises:
        UserSessionNeeded, SecondFactorNotFound.

    Emits: user.second_factor_removed
    """
    user_id = acting_user(tx)
    known = {one.id: one for one in await rows.secrets_of(tx, user_id)}
    factor = known.pop(factor_id, None)
    if factor is None or not await rows.remove(tx, factor_id, user_id=user_id):
        raise SecondFactorNotFound
    if not any(one.confirmed_at for one in known.values()):
        await rows.replace_codes(tx, user_id, [])
    tx.emit(
        UserSecondFactorRemoved(
            user_id=user_id, factor_id=factor_id, factor=factor.kind, by_staff=False
        )
    )


async def remove_all_of(tx: WriteTx, user_id: UUID) -> None:
    """Take all factors from a staff member who has lost theirs.

    Raises:
        UserNotFound.
        PrivilegeEscalation: the user holds something the actor does not.

    Emits: user.second_factor_removed, for each
    """
    user = await user_rows.lock(tx, user_id, kind="staff")
    await require_covers(tx, user)
    for factor in await rows.secrets_of(tx, user.id):
        tx.emit(
            UserSecondFactorRemoved(
                user_id=user.id, factor_id=factor.id, factor=factor.kind, by_staff=True
            )
        )
    await rows.remove_all_of(tx, user.id)


async def renew_codes(tx: WriteTx) -> list[str]:
    """New recovery codes instead of all old ones.

    Raises:
        UserSessionNeeded.
        SecondFactorNotFound: there is no factor they could stand in for.

    Emits: user.recovery_codes_made
    """
    user_id = acting_user(tx)
    if not await rows.list_confirmed(tx, user_id):
        raise SecondFactorNotFound
    return await _new_codes(tx, user_id)


async def passkey_options(
    tx: WriteTx, user_id: UUID, *, nonce: bytes, site: Site
) -> dict[str, object] | None:
    """What a browser is asked for to prove a security key of this site; None when the user has none."""
    known = [
        one.credential_ref
        for one in await rows.secrets_of(tx, user_id)
        if one.credential_ref and one.site_id == site.id
    ]
    return authentication_options(site.id, challenge=nonce, known=known) if known else None


async def new_challenge(
    tx: WriteTx,
    user_id: UUID,
    *,
    purpose: challenges.Purpose,
    nonce: bytes | None = None,
    device_label: str = "",
) -> str:
    """A secret for the second step, good for five minutes and one use."""
    secret = CHALLENGE_PREFIX + random_token()
    await challenges.add(
        tx,
        user_id=user_id,
        purpose=purpose,
        digest=token_digest(secret),
        nonce=to_base64url(nonce or secrets.token_bytes(CHALLENGE_BYTES)),
        expires_at=tx.now + CHALLENGE_LIFE,
        device_label=device_label,
    )
    return secret


# no event: a factor that was never confirmed had no effect
async def _require_room(tx: WriteTx, user_id: UUID) -> list[rows.FactorSecret]:
    known = []
    for factor in await rows.secrets_of(tx, user_id):
        if factor.confirmed_at is None:
            await rows.remove(tx, factor.id, user_id=user_id)  # begun and never confirmed
        else:
            known.append(factor)
    if len(known) >= MAX_FACTORS:
        raise SecondFactorLimit(MAX_FACTORS)
    return known


async def _first_codes(tx: WriteTx, user_id: UUID, before: list[rows.FactorSecret]) -> list[str]:
    if any(one.confirmed_at is not None for one in before):
        return []
    return await _new_codes(tx, user_id)


async def _new_codes(tx: WriteTx, user_id: UUID) -> list[str]:
    codes = new_recovery_codes()
    plain = [plain_recovery_code(one) or "" for one in codes]
    await rows.replace_codes(tx, user_id, [token_digest(one) for one in plain])
    tx.emit(UserRecoveryCodesMade(user_id=user_id, count=len(codes)))
    return codes


async def _note_proof(tx: WriteTx, method: str) -> None:
    """The session has shown the factor just now."""
    session_id = tx.ctx.actor.session_id
    if session_id is None:
        raise UserSessionNeeded
    standing = await session_rows.find_standing(tx, session_id)
    methods = sorted({*(standing.methods if standing else []), method})
    await session_rows.store_proof(tx, session_id, methods=methods)
    forget_session(tx, session_id)
