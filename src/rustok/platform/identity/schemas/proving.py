"""Wire shapes of second factors, step-up, and mailed codes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.core.types import TITLE_PATTERN, EmailText
from rustok.platform.identity.model import NewTotp, Pending, Proof, SecondFactor, SteppedUp
from rustok.platform.identity.schemas.accounts import DeviceToken, PasswordText

FactorLabel = Annotated[
    str, Meta(min_length=1, max_length=100, pattern=TITLE_PATTERN, examples=["Phone"])
]
Code = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{6}$(?!\n)",
        description="Six digits of an authenticator app; each is good once.",
        examples=["492039"],
    ),
]
RecoveryCode = Annotated[str, Meta(min_length=1, max_length=64, examples=["abcd-efgh-jkmn-pqrs"])]
Secret = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[!-~]+$(?!\n)")]
Passkey = Annotated[
    dict[str, object],
    Meta(max_length=20, description="What the browser answered, in WebAuthn's JSON form."),
]


class SecondFactorProof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The second step of a sign-in: the challenge, and one of the three proofs."""

    challenge: Secret
    code: Code | None = None
    recovery_code: RecoveryCode | None = None
    passkey: Passkey | None = None
    device_token: DeviceToken | None = None


class ChallengeRef(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    challenge: Secret


class StepUp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A proof of who acts: the password or, of a user with a second factor, one of the others."""

    password: PasswordText | None = None
    code: Code | None = None
    recovery_code: RecoveryCode | None = None
    passkey: Passkey | None = None
    challenge: Secret | None = None


class BeginTotp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: FactorLabel


class ConfirmTotp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    code: Code


class FinishPasskey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    challenge: Secret
    name: FactorLabel
    passkey: Passkey


class RequestReset(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    email: EmailText


class FinishReset(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    code: Secret
    new_password: PasswordText


class ConfirmEmail(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    code: Secret


class SteppedUpView(msgspec.Struct, frozen=True, kw_only=True):
    """A token for dangerous actions during `step_up_expires_in` seconds; the refresh token stays."""

    access_token: str
    token_type: str
    expires_in: int
    step_up_expires_in: int


class SecondFactorView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    kind: str
    name: str
    created_at: datetime
    last_used_at: datetime | None


class NewTotpView(msgspec.Struct, frozen=True, kw_only=True):
    """A secret, shown this once. `uri` is what an authenticator app reads from a QR code."""

    factor_id: UUID
    secret: str
    uri: str


class PasskeyOptionsView(msgspec.Struct, frozen=True, kw_only=True):
    """`options` go to `navigator.credentials`; the answer comes back with the challenge."""

    challenge: str
    expires_in: int
    options: dict[str, object]


class RecoveryCodesView(msgspec.Struct, frozen=True, kw_only=True):
    """Codes for when the second factor is lost, shown this once; empty when there were some already."""

    recovery_codes: list[str]


class AcceptedView(msgspec.Struct, frozen=True, kw_only=True):
    """The same answer whether the address has a user or not."""

    status: str
    next_step: str


def proof_of(data: SecondFactorProof | StepUp) -> Proof | None:
    """The one proof that was sent; None for none and for several."""
    given = [one for one in (data.code, data.recovery_code, data.passkey) if one is not None]
    if len(given) != 1:
        return None
    return Proof(code=data.code, recovery_code=data.recovery_code, passkey=data.passkey)


def stepped_up_view(stepped_up: SteppedUp) -> SteppedUpView:
    return SteppedUpView(
        access_token=stepped_up.access_token,
        token_type="Bearer",  # noqa: S106 - the type's name (RFC 6750), not a secret
        expires_in=stepped_up.expires_in_seconds,
        step_up_expires_in=stepped_up.step_up_expires_in_seconds,
    )


def second_factor_view(factor: SecondFactor) -> SecondFactorView:
    return SecondFactorView(
        id=factor.id,
        kind=factor.kind,
        name=factor.name,
        created_at=factor.created_at,
        last_used_at=factor.last_used_at,
    )


def new_totp_view(made: NewTotp) -> NewTotpView:
    return NewTotpView(factor_id=made.factor_id, secret=made.secret, uri=made.uri)


def options_view(pending: Pending) -> PasskeyOptionsView:
    return PasskeyOptionsView(
        challenge=pending.challenge,
        expires_in=pending.expires_in_seconds,
        options=pending.options or {},
    )
