"""Sign-in providers: set up by administrators, used by whoever signs in."""

from __future__ import annotations

from typing import Final

from rustok.core.routing import PUBLIC, OpenCall, ReadCall, Reply, Routes, WriteCall
from rustok.core.security.openid import IdTokenRefused
from rustok.core.security.ssrf import UnsafeUrl
from rustok.platform.identity.errors import (
    PrivilegeEscalation,
    ProviderNotFound,
    ProviderSignInRefused,
    ProviderSlugTaken,
    RedirectNotAllowed,
    RoleNotAllowedHere,
    SecondFactorNeeded,
    UnknownRole,
)
from rustok.platform.identity.routes.auth import NO_STORE, user_agent_of
from rustok.platform.identity.schemas.accounts import SignedInView, signed_in_view
from rustok.platform.identity.schemas.providers import (
    BeginSignIn,
    BegunSignInView,
    CreateLoginProvider,
    FinishSignIn,
    LoginProviderView,
    ProviderChoiceView,
    UpdateLoginProvider,
    begun_view,
    login_provider_view,
)
from rustok.platform.identity.service import federation, providers
from rustok.platform.identity.service.sessions import Device

routes: Final = Routes("identity", surface="admin", tag="Sign-in providers")
sign_in: Final = Routes("identity", surface="auth", tag="Sign-in providers", essential=True)

_COME_BACK: Final = "https://shop.example.com/signed-in"


@routes.get("/login-providers", permission="users:manage", summary="List sign-in providers")
async def list_login_providers(call: ReadCall) -> list[LoginProviderView]:
    return [login_provider_view(one) for one in await providers.list_providers(call.tx)]


@routes.post(
    "/login-providers",
    permission="users:manage",
    status=201,
    idempotency="none",
    precondition="none",
    step_up=True,
    summary="Set up an OpenID provider to sign in with",
    errors=[ProviderSlugTaken, PrivilegeEscalation, UnsafeUrl, UnknownRole, RoleNotAllowedHere],
    example=CreateLoginProvider(
        slug="acme",
        name="Acme",
        issuer="https://login.example.com",
        client_id="rustok",
        redirect_uris=[_COME_BACK],
    ),
)
async def create_login_provider(
    call: WriteCall, data: CreateLoginProvider
) -> Reply[LoginProviderView]:
    made = await providers.create(
        call.parts,
        call.tx,
        slug=data.slug,
        name=data.name,
        issuer=data.issuer,
        client_id=data.client_id,
        client_secret=data.client_secret,
        kind=data.kind,
        allowed_domains=data.allowed_domains,
        redirect_uris=data.redirect_uris,
        groups_claim=data.groups_claim,
        role_mapping=data.role_mapping,
        default_roles=data.default_roles,
        is_auto_provisioning=data.is_auto_provisioning,
        is_linking_accounts=data.is_linking_accounts,
    )
    return Reply(
        body=login_provider_view(made), location=f"/api/v1/admin/login-providers/{made.slug}"
    )


@routes.get(
    "/login-providers/{slug}",
    permission="users:manage",
    summary="Show a sign-in provider",
    errors=[ProviderNotFound],
)
async def get_login_provider(call: ReadCall, slug: str) -> LoginProviderView:
    return login_provider_view(await providers.get(call.tx, slug))


@routes.patch(
    "/login-providers/{slug}",
    permission="users:manage",
    idempotency="none",
    step_up=True,
    summary="Change a sign-in provider",
    errors=[ProviderNotFound, PrivilegeEscalation, UnknownRole, RoleNotAllowedHere],
    example=UpdateLoginProvider(is_enabled=False),
)
async def update_login_provider(
    call: WriteCall, slug: str, data: UpdateLoginProvider
) -> LoginProviderView:
    changed = await providers.update(
        call.parts,
        call.tx,
        slug,
        expected_version=call.expected_version,
        name=data.name,
        client_id=data.client_id,
        client_secret=data.client_secret,
        redirect_uris=data.redirect_uris,
        allowed_domains=data.allowed_domains,
        groups_claim=data.groups_claim,
        role_mapping=data.role_mapping,
        default_roles=data.default_roles,
        is_auto_provisioning=data.is_auto_provisioning,
        is_linking_accounts=data.is_linking_accounts,
        is_enabled=data.is_enabled,
    )
    return login_provider_view(changed)


@routes.delete(
    "/login-providers/{slug}",
    permission="users:manage",
    step_up=True,
    summary="Remove a sign-in provider",
    errors=[ProviderNotFound, PrivilegeEscalation],
)
async def delete_login_provider(call: WriteCall, slug: str) -> None:
    await providers.delete(call.tx, slug, expected_version=call.expected_version)


@sign_in.get("/providers", permission=PUBLIC, summary="List the providers one can sign in with")
async def list_provider_choices(call: ReadCall) -> list[ProviderChoiceView]:
    return [
        ProviderChoiceView(slug=one.slug, name=one.name)
        for one in await providers.list_enabled(call.tx)
    ]


@sign_in.post(
    "/providers/{slug}/begin",
    permission=PUBLIC,
    idempotency="none",
    precondition="none",
    summary="Begin a sign-in with a provider",
    errors=[ProviderNotFound, RedirectNotAllowed, ProviderSignInRefused],
    example=BeginSignIn(redirect_uri=_COME_BACK),
)
async def begin_provider_sign_in(
    call: OpenCall, slug: str, data: BeginSignIn
) -> Reply[BegunSignInView]:
    begun = await federation.begin(call.parts, call.ctx, slug, redirect_uri=data.redirect_uri)
    return Reply(body=begun_view(begun), headers=NO_STORE)


@sign_in.post(
    "/providers/{slug}/finish",
    permission=PUBLIC,
    idempotency="none",
    precondition="none",
    summary="Finish a sign-in with what the provider sent back",
    errors=[ProviderNotFound, ProviderSignInRefused, IdTokenRefused, SecondFactorNeeded],
    example=FinishSignIn(code="example", state="example", browser_token="example"),  # noqa: S106 - an example
)
async def finish_provider_sign_in(
    call: OpenCall, slug: str, data: FinishSignIn
) -> Reply[SignedInView]:
    signed_in = await federation.finish(
        call.parts,
        call.ctx,
        slug,
        code=data.code,
        state=data.state,
        browser_token=data.browser_token,
        device=Device(
            label=data.device_label,
            user_agent=user_agent_of(call),
            address=call.client,
            token=data.device_token,
        ),
    )
    return Reply(body=signed_in_view(signed_in), headers=NO_STORE)
