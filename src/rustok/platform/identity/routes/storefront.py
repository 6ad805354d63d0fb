"""Customers on the storefront: signing up, and their own account. They sign in on the auth surface."""

from __future__ import annotations

from typing import Final

from rustok.core.routing import PUBLIC, SIGNED_IN, OpenCall, ReadCall, Routes, WriteCall
from rustok.core.security.identifiers import InvalidEmail
from rustok.core.security.passwords import WeakPassword
from rustok.platform.identity.errors import UserSessionNeeded
from rustok.platform.identity.schemas.accounts import (
    RegisterCustomer,
    RegistrationView,
    UpdateProfile,
    UserView,
    user_view,
)
from rustok.platform.identity.service import customers, users

routes: Final = Routes("identity", surface="storefront", tag="Customer account")


@routes.post(
    "/customers/register",
    permission=PUBLIC,
    status=202,
    idempotency="none",
    precondition="none",
    summary="Sign up as a customer",
    rate="login",
    description="Answers alike whether the address was free or not; then sign in.",
    errors=[WeakPassword, InvalidEmail],
    example=RegisterCustomer(
        email="ada@example.com",
        password="correct horse battery staple",  # noqa: S106 - an example
        display_name="Ada Lovelace",
    ),
)
async def register_customer(call: OpenCall, data: RegisterCustomer) -> RegistrationView:
    await customers.register(
        call.parts,
        call.ctx,
        email=data.email,
        password=data.password,
        display_name=data.display_name,
        locale=data.locale,
    )
    return RegistrationView(status="accepted", next_step="Sign in with the address and password.")


@routes.get(
    "/customers/me",
    permission=SIGNED_IN,
    summary="Show the own customer account",
    errors=[UserSessionNeeded],
)
async def get_own_customer(call: ReadCall) -> UserView:
    return user_view(await users.get_own(call.tx, kind="customer"))


@routes.patch(
    "/customers/me",
    permission=SIGNED_IN,
    precondition="optional",
    summary="Change the own customer account",
    errors=[UserSessionNeeded],
    example=UpdateProfile(display_name="Ada Lovelace", locale="de"),
)
async def update_own_customer(call: WriteCall, data: UpdateProfile) -> UserView:
    user = await users.update_own(
        call.tx,
        expected_version=call.expected_version,
        display_name=data.display_name,
        locale=data.locale,
        kind="customer",
    )
    return user_view(user)


@routes.delete(
    "/customers/me",
    permission=SIGNED_IN,
    precondition="none",
    summary="Erase the own customer account",
    errors=[UserSessionNeeded],
)
async def delete_own_customer(call: WriteCall) -> None:
    await customers.delete_own(call.tx)
