"""Second factors, step-up, and mailed codes: for staff, customers and the platform's staff alike."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from rustok.core.routing import PUBLIC, SIGNED_IN, OpenCall, ReadCall, Reply, Routes, WriteCall
from rustok.core.security.identifiers import InvalidEmail
from rustok.core.security.passkeys import PasskeyRefused, Site
from rustok.core.security.passwords import WeakPassword
from rustok.platform.identity.errors import (
    InvalidLink,
    SecondFactorLimit,
    SecondFactorNotFound,
    SecondFactorRefused,
    TooManySignIns,
    UnknownSite,
    UserSessionNeeded,
    WrongProof,
)
from rustok.platform.identity.model import Proof
from rustok.platform.identity.routes.auth import NO_STORE, user_agent_of
from rustok.platform.identity.schemas.accounts import SignedInView, signed_in_view
from rustok.platform.identity.schemas.proving import (
    AcceptedView,
    BeginTotp,
    ChallengeRef,
    ConfirmEmail,
    ConfirmTotp,
    FinishPasskey,
    FinishReset,
    NewTotpView,
    PasskeyOptionsView,
    RecoveryCodesView,
    RequestReset,
    SecondFactorProof,
    SecondFactorView,
    SteppedUpView,
    StepUp,
    new_totp_view,
    options_view,
    proof_of,
    second_factor_view,
    stepped_up_view,
)
from rustok.platform.identity.service import account_mails, second_factors, signing_in
from rustok.platform.identity.service import step_up as stepping_up

routes: Final = Routes("identity", surface="auth", tag="Second factors", essential=True)
mails: Final = Routes("identity", surface="auth", tag="Sign-in", essential=True)

_EXAMPLE_CHALLENGE: Final = "ch_example-only-4f1c0a52"
_ACCEPTED: Final = AcceptedView(
    status="accepted", next_step="If the address has an account, a mail with a code is on its way."
)


def _site(call: OpenCall) -> Site:
    """Where the browser is. Raises UnknownSite: none of the tenant's places."""
    public = urlsplit(call.parts.public_url)
    own = f"{public.scheme}://{public.netloc}"
    origin = call.headers.get("origin")
    if origin is None or origin == own:
        return Site(origin=own)
    if origin in call.ctx.tenant.cors_origins:
        return Site(origin=origin)
    # Without X-Tenant the host found the tenant, so it is the tenant's; a page there has it as origin.
    named = "x-tenant" in call.headers
    if not named and origin == f"https://{call.headers.get('host', '')}":
        return Site(origin=origin)
    raise UnknownSite


def _site_for(call: OpenCall, passkey: dict[str, object] | None) -> Site | None:
    return None if passkey is None else _site(call)


@routes.post(
    "/login/second-factor",
    permission=PUBLIC,
    idempotency="none",
    precondition="none",
    summary="Finish a sign-in with a second factor",
    errors=[SecondFactorRefused, TooManySignIns, UnknownSite],
    example=SecondFactorProof(challenge=_EXAMPLE_CHALLENGE, code="492039"),
)
async def finish_login(call: OpenCall, data: SecondFactorProof) -> Reply[SignedInView]:
    signed_in = await signing_in.finish_login(
        call.parts,
        call.ctx,
        challenge=data.challenge,
        proof=proof_of(data) or Proof(),
        site=_site_for(call, data.passkey),
        user_agent=user_agent_of(call),
        address=call.client,
        device_token=data.device_token,
    )
    return Reply(body=signed_in_view(signed_in), headers=NO_STORE)


@routes.post(
    "/login/second-factor/options",
    permission=PUBLIC,
    idempotency="none",
    precondition="none",
    summary="Ask what a security key is to sign, for a sign-in",
    errors=[SecondFactorRefused, UnknownSite],
    example=ChallengeRef(challenge=_EXAMPLE_CHALLENGE),
)
async def get_login_options(call: OpenCall, data: ChallengeRef) -> Reply[PasskeyOptionsView]:
    pending = await signing_in.second_factor_options(
        call.parts, call.ctx, challenge=data.challenge, site=_site(call)
    )
    return Reply(body=options_view(pending), headers=NO_STORE)


@routes.post(
    "/step-up",
    permission=SIGNED_IN,
    idempotency="none",
    precondition="none",
    summary="Prove again who you are, for a dangerous action",
    errors=[WrongProof, TooManySignIns, UserSessionNeeded, UnknownSite],
    example=StepUp(password="correct horse battery staple"),  # noqa: S106 - an example
)
async def step_up(call: OpenCall, data: StepUp) -> Reply[SteppedUpView]:
    stepped_up = await stepping_up.step_up(
        call.parts,
        call.ctx,
        password=data.password,
        proof=proof_of(data),
        challenge=data.challenge,
        site=_site_for(call, data.passkey),
    )
    return Reply(body=stepped_up_view(stepped_up), headers=NO_STORE)


@routes.post(
    "/step-up/options",
    permission=SIGNED_IN,
    idempotency="none",
    precondition="none",
    summary="Ask what a security key is to sign, for a step-up",
    errors=[SecondFactorNotFound, UserSessionNeeded, UnknownSite],
)
async def get_step_up_options(call: OpenCall) -> Reply[PasskeyOptionsView]:
    pending = await stepping_up.options(call.parts, call.ctx, site=_site(call))
    return Reply(body=options_view(pending), headers=NO_STORE)


@routes.get(
    "/second-factors",
    permission=SIGNED_IN,
    summary="List the own second factors",
    errors=[UserSessionNeeded],
)
async def list_second_factors(call: ReadCall) -> list[SecondFactorView]:
    return [second_factor_view(one) for one in await second_factors.list_own(call.tx)]


@routes.post(
    "/second-factors/totp",
    permission=SIGNED_IN,
    status=201,
    idempotency="none",
    precondition="none",
    step_up=True,
    summary="Begin with an authenticator app; its secret is shown this once",
    errors=[SecondFactorLimit, UserSessionNeeded],
    example=BeginTotp(name="Phone"),
)
async def begin_totp(call: WriteCall, data: BeginTotp) -> Reply[NewTotpView]:
    made = await second_factors.begin_totp(call.parts, call.tx, name=data.name)
    return Reply(body=new_totp_view(made), headers=NO_STORE)


@routes.post(
    "/second-factors/{factor_id}/confirm",
    permission=SIGNED_IN,
    idempotency="none",
    precondition="none",
    summary="Confirm an authenticator app by a code; gives recovery codes the first time",
    errors=[SecondFactorNotFound, WrongProof, UserSessionNeeded],
    example=ConfirmTotp(code="492039"),
)
async def confirm_totp(
    call: WriteCall, factor_id: UUID, data: ConfirmTotp
) -> Reply[RecoveryCodesView]:
    codes = await second_factors.confirm_totp(call.parts, call.tx, factor_id, code=data.code)
    return Reply(body=RecoveryCodesView(recovery_codes=codes), headers=NO_STORE)


@routes.post(
    "/second-factors/passkey/options",
    permission=SIGNED_IN,
    idempotency="none",
    precondition="none",
    step_up=True,
    summary="Ask what a browser needs to register a security key",
    errors=[SecondFactorLimit, UserSessionNeeded, UnknownSite],
)
async def begin_passkey(call: WriteCall) -> Reply[PasskeyOptionsView]:
    pending = await second_factors.begin_passkey(call.tx, _site(call))
    return Reply(body=options_view(pending), headers=NO_STORE)


@routes.post(
    "/second-factors/passkey",
    permission=SIGNED_IN,
    idempotency="none",
    precondition="none",
    summary="Register a security key; gives recovery codes the first time",
    errors=[PasskeyRefused, SecondFactorLimit, UserSessionNeeded, UnknownSite],
    example=FinishPasskey(
        challenge=_EXAMPLE_CHALLENGE, name="Key on my ring", passkey={"id": "AAAA"}
    ),
)
async def finish_passkey(call: WriteCall, data: FinishPasskey) -> Reply[RecoveryCodesView]:
    codes = await second_factors.finish_passkey(
        call.tx, _site(call), challenge=data.challenge, name=data.name, answer=data.passkey
    )
    return Reply(body=RecoveryCodesView(recovery_codes=codes), headers=NO_STORE)


@routes.delete(
    "/second-factors/{factor_id}",
    permission=SIGNED_IN,
    precondition="none",
    step_up=True,
    summary="Remove one of the own second factors",
    errors=[SecondFactorNotFound, UserSessionNeeded],
)
async def remove_second_factor(call: WriteCall, factor_id: UUID) -> None:
    await second_factors.remove_own(call.tx, factor_id)


@routes.post(
    "/recovery-codes",
    permission=SIGNED_IN,
    idempotency="none",
    precondition="none",
    step_up=True,
    summary="Make new recovery codes; the old ones end",
    errors=[SecondFactorNotFound, UserSessionNeeded],
)
async def renew_recovery_codes(call: WriteCall) -> Reply[RecoveryCodesView]:
    codes = await second_factors.renew_codes(call.tx)
    return Reply(body=RecoveryCodesView(recovery_codes=codes), headers=NO_STORE)


@mails.post(
    "/password-reset",
    permission=PUBLIC,
    status=202,
    idempotency="none",
    precondition="none",
    summary="Ask for a mail with a code to set a new password",
    description="Answers alike, and as fast, whether the address has an account or not.",
    errors=[InvalidEmail],
    example=RequestReset(email="ada@example.com"),
)
async def request_password_reset(call: WriteCall, data: RequestReset) -> AcceptedView:
    await account_mails.request_reset(call.tx, email=data.email)
    return _ACCEPTED


@mails.post(
    "/password-reset/confirm",
    permission=PUBLIC,
    status=204,
    idempotency="none",
    precondition="none",
    summary="Set a new password by a mailed code; ends all sessions",
    errors=[InvalidLink, WeakPassword],
    example=FinishReset(
        code="pr_example-only-4f1c0a52",
        new_password="seven purple lanterns",  # noqa: S106 - an example
    ),
)
async def finish_password_reset(call: OpenCall, data: FinishReset) -> None:
    await account_mails.reset_password(
        call.parts, call.ctx, code=data.code, new_password=data.new_password
    )


@mails.post(
    "/email-verification",
    permission=SIGNED_IN,
    status=202,
    idempotency="none",
    precondition="none",
    summary="Ask for a mail with a code to confirm the own address",
    errors=[UserSessionNeeded],
)
async def request_email_verification(call: WriteCall) -> AcceptedView:
    await account_mails.request_verification(call.tx)
    return _ACCEPTED


@mails.post(
    "/email-verification/confirm",
    permission=PUBLIC,
    status=204,
    idempotency="none",
    precondition="none",
    summary="Confirm an address by a mailed code",
    errors=[InvalidLink],
    example=ConfirmEmail(code="ev_example-only-4f1c0a52"),
)
async def confirm_email(call: WriteCall, data: ConfirmEmail) -> None:
    await account_mails.verify_email(call.tx, code=data.code)
