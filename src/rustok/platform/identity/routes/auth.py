"""Signing in and out, sessions, the own account: for staff, customers and the platform's staff alike."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from rustok.core.routing import PUBLIC, SIGNED_IN, OpenCall, ReadCall, Reply, Routes, WriteCall
from rustok.core.security.passwords import WeakPassword
from rustok.platform.identity.errors import (
    InvalidCredentials,
    InvalidRefreshToken,
    SecondFactorNeeded,
    SessionNotFound,
    TooManySignIns,
    UserSessionNeeded,
    WrongPassword,
)
from rustok.platform.identity.schemas.accounts import (
    ChangePassword,
    Login,
    OwnPermissionsView,
    PasswordChangedView,
    Refresh,
    SessionView,
    SignedInView,
    UpdateProfile,
    UserView,
    own_permissions_view,
    session_view,
    signed_in_view,
    user_view,
)
from rustok.platform.identity.service import passwords, sessions, signing_in, users

routes: Final = Routes("identity", surface="auth", tag="Sign-in", essential=True)

_MAX_USER_AGENT: Final = 300
NO_STORE: Final = {"cache-control": "no-store"}
FORGET: Final = {"clear-site-data": '"cache", "cookies", "storage"'}


def user_agent_of(call: OpenCall) -> str:
    text = call.headers.get("user-agent", "")[:_MAX_USER_AGENT]
    return "".join(character for character in text if character.isprintable())


# Idempotency is none where secrets go out: a stored response would keep them in clear.
@routes.post(
    "/login",
    permission=PUBLIC,
    idempotency="none",
    precondition="none",
    summary="Sign in with e-mail and password",
    description=(
        "Of a user with a second factor the answer is 401 `second_factor_needed` with a `challenge` "
        "for `/auth/login/second-factor`."
    ),
    errors=[InvalidCredentials, SecondFactorNeeded, TooManySignIns],
    example=Login(email="ada@example.com", password="correct horse battery staple"),  # noqa: S106 - an example
)
async def login(call: OpenCall, data: Login) -> Reply[SignedInView]:
    signed_in = await signing_in.login(
        call.parts,
        call.ctx,
        email=data.email,
        password=data.password,
        device_label=data.device_label,
        user_agent=user_agent_of(call),
        address=call.client,
        device_token=data.device_token,
    )
    return Reply(body=signed_in_view(signed_in), headers=NO_STORE)


@routes.post(
    "/refresh",
    permission=PUBLIC,
    idempotency="none",
    precondition="none",
    summary="Exchange a refresh token for new tokens",
    description="A refresh token is good for one use; using one twice ends its session.",
    errors=[InvalidRefreshToken],
    example=Refresh(refresh_token="rt_4f1c0a52-example-only"),  # noqa: S106 - an example
)
async def refresh(call: OpenCall, data: Refresh) -> Reply[SignedInView]:
    signed_in = await sessions.refresh(
        call.parts, call.ctx, refresh_token=data.refresh_token, address=call.client
    )
    return Reply(body=signed_in_view(signed_in), headers=NO_STORE)


@routes.post(
    "/logout",
    permission=SIGNED_IN,
    status=204,
    idempotency="none",
    precondition="none",
    summary="End this session",
    errors=[UserSessionNeeded],
)
async def logout(call: WriteCall) -> Reply[None]:
    """A browser is told to forget what this address kept in it."""
    await sessions.logout(call.tx)
    return Reply(body=None, headers=FORGET)


@routes.get(
    "/sessions",
    permission=SIGNED_IN,
    summary="List the own sessions",
    errors=[UserSessionNeeded],
)
async def list_sessions(call: ReadCall) -> list[SessionView]:
    return [session_view(one, call.ctx.actor) for one in await sessions.list_own(call.tx)]


@routes.delete(
    "/sessions",
    permission=SIGNED_IN,
    precondition="none",
    step_up=True,
    summary="End all own sessions but this one",
    errors=[UserSessionNeeded],
)
async def revoke_other_sessions(call: WriteCall) -> None:
    await sessions.revoke_others(call.tx)


@routes.delete(
    "/sessions/{session_id}",
    permission=SIGNED_IN,
    precondition="none",
    step_up=True,
    summary="End one of the own sessions",
    errors=[SessionNotFound, UserSessionNeeded],
)
async def revoke_session(call: WriteCall, session_id: UUID) -> None:
    await sessions.revoke_own(call.tx, session_id)


@routes.post(
    "/password",
    permission=SIGNED_IN,
    idempotency="none",
    precondition="none",
    summary="Change the own password and end the other sessions",
    errors=[WrongPassword, WeakPassword, UserSessionNeeded],
    example=ChangePassword(
        current_password="correct horse battery staple",  # noqa: S106 - an example
        new_password="seven purple lanterns",  # noqa: S106 - an example
    ),
)
async def change_password(call: OpenCall, data: ChangePassword) -> PasswordChangedView:
    ended = await passwords.change_own(
        call.parts,
        call.ctx,
        current_password=data.current_password,
        new_password=data.new_password,
    )
    return PasswordChangedView(sessions_ended=ended)


@routes.get("/me", permission=SIGNED_IN, summary="Show oneself", errors=[UserSessionNeeded])
async def get_me(call: ReadCall) -> UserView:
    return user_view(await users.get_own(call.tx))


@routes.patch(
    "/me",
    permission=SIGNED_IN,
    precondition="optional",
    summary="Change the own name or locale",
    errors=[UserSessionNeeded],
    example=UpdateProfile(display_name="Ada Lovelace", locale="de"),
)
async def update_me(call: WriteCall, data: UpdateProfile) -> UserView:
    user = await users.update_own(
        call.tx,
        expected_version=call.expected_version,
        display_name=data.display_name,
        locale=data.locale,
    )
    return user_view(user)


@routes.get(
    "/me/permissions", permission=SIGNED_IN, summary="Show what the caller may do; API keys too"
)
async def get_my_permissions(call: ReadCall) -> OwnPermissionsView:
    return own_permissions_view(call.ctx.actor)
