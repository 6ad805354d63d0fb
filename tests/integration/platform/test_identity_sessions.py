"""Signing in, refreshing, signing out: over the real services on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from rustok.core.errors import RustokError
from rustok.core.security import passwords as slow
from rustok.core.security.access_tokens import ExpiredToken, InvalidToken
from rustok.core.security.passwords import Verification
from rustok.core.tenancy import PLATFORM_TENANT_ID
from rustok.platform.identity import api as identity
from rustok.platform.identity.errors import (
    InvalidCredentials,
    InvalidRefreshToken,
    SessionNotFound,
    UserSessionNeeded,
)
from rustok.platform.identity.service import sessions, signing_in, users
from rustok.telemetry.metrics import REGISTRY
from tests.integration.platform import people


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The stored hashes that sign-ins were compared with, in order."""
    seen: list[str | None] = []
    real = slow.verify_password_async

    async def watched(stored: str | None, password: str) -> Verification:
        seen.append(stored)
        return await real(stored, password)

    monkeypatch.setattr(signing_in, "verify_password_async", watched)
    return seen


class MovedClock:
    """The database's clock, moved ahead."""

    def __init__(self, world: Any) -> None:
        self._now = world.db.now
        self.ahead = timedelta()
        world.db.now = lambda: self._now() + self.ahead


async def test_a_sign_in_gives_an_actor_with_the_permissions_of_its_roles(world: Any) -> None:
    tenant = await world.tenant()
    user, actor = await people.signed_in_actor(world, tenant, "editor")
    assert (actor.kind, actor.id, actor.roles) == ("staff", user.id, ("editor",))
    assert actor.may("nodes:publish")
    assert not actor.may("users:create")
    assert [e.type for e in await world.events(tenant)][-2:] == [
        "user.registered",
        "user.logged_in",
    ]


async def test_the_same_address_is_two_users_in_two_tenants(world: Any) -> None:
    one, other = await world.tenant(), await world.tenant()
    first = await people.staff(world, one, "admin", email="ada@example.com")
    second = await people.staff(world, other, "editor", email="Ada@Example.com")
    assert first.id != second.id
    actor = await people.actor_of(
        world, other, await people.sign_in(world, other, "ada@example.com")
    )
    assert actor.id == second.id


async def test_a_token_of_one_tenant_is_refused_in_another(world: Any) -> None:
    one, other = await world.tenant(), await world.tenant()
    user = await people.staff(world, one, "admin")
    signed_in = await people.sign_in(world, one, user.email)
    with pytest.raises(InvalidToken):
        await people.actor_of(world, other, signed_in)
    with pytest.raises(InvalidRefreshToken):
        await sessions.refresh(
            world.parts, people.anonymous(other), refresh_token=signed_in.refresh_token
        )


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer x.y.z", "Bearer rk_short", "rk_abc"]
)
async def test_a_credential_that_is_not_understood_is_refused(world: Any, header: str) -> None:
    tenant = await world.tenant()
    with pytest.raises((InvalidCredentials, InvalidToken)):
        await identity.authenticate(world.parts, tenant, authorization=header)


async def test_no_credential_is_anonymous_and_two_are_refused(world: Any) -> None:
    tenant = await world.tenant()
    assert (
        await identity.authenticate(world.parts, tenant, authorization=None)
    ).kind == "anonymous"
    with pytest.raises(InvalidCredentials):
        await identity.authenticate(world.parts, tenant, authorization="Bearer a", api_key="rk_b")


async def test_an_access_token_expires(world: Any) -> None:
    tenant = await world.tenant()
    user = await people.staff(world, tenant, "admin")
    signed_in = await people.sign_in(world, tenant, user.email)
    MovedClock(world).ahead = timedelta(seconds=signed_in.expires_in_seconds + 10)
    with pytest.raises(ExpiredToken):
        await people.actor_of(world, tenant, signed_in)


async def test_an_unknown_address_costs_a_verification_and_an_event_like_a_wrong_password(
    world: Any, verified: list[str | None]
) -> None:
    tenant = await world.tenant()
    await identity.read_signing_keys(world.parts)
    user = await people.staff(world, tenant, "admin")
    refusals: list[RustokError] = []
    statements: list[int] = []
    for email in ("nobody@example.com", user.email):
        with world.counting() as count, pytest.raises(InvalidCredentials) as caught:
            await identity.login(
                world.parts, people.anonymous(tenant), email=email, password="wrong wrong wrong"
            )
        refusals.append(caught.value)
        statements.append(count.total)
    assert len(verified) == 2
    assert verified[0] is None
    assert refusals[0].detail == refusals[1].detail
    assert statements[0] == statements[1]
    unknown, known = await world.events(tenant, "user.login_failed")
    assert unknown.data != known.data
    assert known.aggregate_id == user.id
    for event in (unknown, known):
        assert b"example.com" not in bytes(event.data)


async def test_a_disabled_user_cannot_sign_in_refresh_or_go_on(world: Any) -> None:
    tenant = await world.tenant()
    user = await people.staff(world, tenant, "editor")
    signed_in = await people.sign_in(world, tenant, user.email)
    await people.actor_of(world, tenant, signed_in)
    async with world.write(tenant) as tx:
        await users.disable(tx, user.id, kind="staff")
    with pytest.raises(InvalidToken):
        await people.actor_of(world, tenant, signed_in)
    with pytest.raises(InvalidRefreshToken):
        await sessions.refresh(
            world.parts, people.anonymous(tenant), refresh_token=signed_in.refresh_token
        )
    with pytest.raises(InvalidCredentials):
        await people.sign_in(world, tenant, user.email)
    async with world.write(tenant) as tx:
        await users.enable(tx, user.id, kind="staff")
    await people.sign_in(world, tenant, user.email)
    with pytest.raises(InvalidToken):
        await people.actor_of(world, tenant, signed_in)


async def test_a_refresh_token_is_good_for_one_use_and_gives_the_next(world: Any) -> None:
    tenant = await world.tenant()
    user = await people.staff(world, tenant, "admin")
    first = await people.sign_in(world, tenant, user.email)
    second = await sessions.refresh(
        world.parts, people.anonymous(tenant), refresh_token=first.refresh_token
    )
    third = await sessions.refresh(
        world.parts, people.anonymous(tenant), refresh_token=second.refresh_token
    )
    assert first.session_id == second.session_id == third.session_id
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert (await people.actor_of(world, tenant, third)).id == user.id


async def test_a_used_refresh_token_that_comes_back_ends_the_whole_session(world: Any) -> None:
    tenant = await world.tenant()
    user = await people.staff(world, tenant, "admin")
    elsewhere = await people.sign_in(world, tenant, user.email)
    first = await people.sign_in(world, tenant, user.email)
    second = await sessions.refresh(
        world.parts, people.anonymous(tenant), refresh_token=first.refresh_token
    )
    await people.actor_of(world, tenant, second)
    with pytest.raises(InvalidRefreshToken):
        await sessions.refresh(
            world.parts, people.anonymous(tenant), refresh_token=first.refresh_token
        )
    with pytest.raises(InvalidRefreshToken):
        await sessions.refresh(
            world.parts, people.anonymous(tenant), refresh_token=second.refresh_token
        )
    with pytest.raises(InvalidToken):
        await people.actor_of(world, tenant, second)
    assert (await people.actor_of(world, tenant, elsewhere)).id == user.id
    (event,) = await world.events(tenant, "user.session_revoked")
    assert b"token_reuse" in bytes(event.data)


async def test_of_simultaneous_refreshes_with_one_token_exactly_one_wins(world: Any) -> None:
    tenant = await world.tenant()
    user = await people.staff(world, tenant, "admin")
    signed_in = await people.sign_in(world, tenant, user.email)
    answers = await asyncio.gather(
        *(
            sessions.refresh(
                world.parts, people.anonymous(tenant), refresh_token=signed_in.refresh_token
            )
            for _ in range(8)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, identity.SignedIn) for answer in answers) == 1
    assert sum(isinstance(answer, InvalidRefreshToken) for answer in answers) == 7


async def test_a_refresh_token_expires(world: Any) -> None:
    tenant = await world.tenant()
    user = await people.staff(world, tenant, "admin")
    signed_in = await people.sign_in(world, tenant, user.email)
    clock = MovedClock(world)
    clock.ahead = timedelta(seconds=world.parts.refresh_token_ttl_seconds + 1)
    with pytest.raises(InvalidRefreshToken):
        await sessions.refresh(
            world.parts, people.anonymous(tenant), refresh_token=signed_in.refresh_token
        )
    clock.ahead += sessions.KEPT_AFTER_END
    assert await sessions.purge_ended(world.parts) == 2
    assert await sessions.purge_ended(world.parts) == 0


async def test_a_session_ends_after_its_longest_time_however_often_it_is_refreshed(
    world: Any,
) -> None:
    tenant = await world.tenant()
    user = await people.staff(world, tenant, "admin")
    signed_in = await people.sign_in(world, tenant, user.email)
    clock = MovedClock(world)
    step = timedelta(seconds=world.parts.refresh_token_ttl_seconds) * 0.9
    longest = timedelta(seconds=world.parts.sign_in.longest_session_seconds)
    while clock.ahead + step < longest:
        clock.ahead += step
        signed_in = await sessions.refresh(
            world.parts, people.anonymous(tenant), refresh_token=signed_in.refresh_token
        )
    assert signed_in.refresh_expires_at - world.db.now() < step
    clock.ahead += step
    with pytest.raises(InvalidRefreshToken):
        await sessions.refresh(
            world.parts, people.anonymous(tenant), refresh_token=signed_in.refresh_token
        )


async def test_signing_out_works_at_once(world: Any) -> None:
    tenant = await world.tenant()
    user = await people.staff(world, tenant, "admin")
    signed_in = await people.sign_in(world, tenant, user.email)
    actor = await people.actor_of(world, tenant, signed_in)
    async with world.write(tenant, actor=actor) as tx:
        await sessions.logout(tx)
    with pytest.raises(InvalidToken):
        await people.actor_of(world, tenant, signed_in)
    with pytest.raises(InvalidRefreshToken):
        await sessions.refresh(
            world.parts, people.anonymous(tenant), refresh_token=signed_in.refresh_token
        )


async def test_a_user_sees_and_ends_own_sessions_only(world: Any) -> None:
    tenant = await world.tenant()
    user = await people.staff(world, tenant, "admin")
    other = await people.staff(world, tenant, "admin")
    first = await people.sign_in(world, tenant, user.email)
    second = await people.sign_in(world, tenant, user.email)
    foreign = await people.sign_in(world, tenant, other.email)
    actor = await people.actor_of(world, tenant, first)
    async with world.read(tenant, actor=actor) as tx:
        listed = await sessions.list_own(tx)
    assert [one.id for one in listed] == [second.session_id, first.session_id]
    async with world.write(tenant, actor=actor) as tx:
        await sessions.revoke_own(tx, second.session_id)
    with pytest.raises(InvalidToken):
        await people.actor_of(world, tenant, second)
    for session_id in (foreign.session_id, second.session_id):
        async with world.write(tenant, actor=actor) as tx:
            with pytest.raises(SessionNotFound):
                await sessions.revoke_own(tx, session_id)


async def test_the_platform_tenant_has_staff_of_its_own_and_no_customers(world: Any) -> None:
    platform = await world.parts.profile_of(PLATFORM_TENANT_ID)
    user = await people.staff(world, platform, "super_admin")
    actor = await people.actor_of(
        world, platform, await people.sign_in(world, platform, user.email)
    )
    assert actor.kind == "platform"
    assert actor.may("tenants:create")
    with pytest.raises(UserSessionNeeded):
        await people.customer(world, platform, "cus@example.com")


async def test_refusals_are_counted_by_method_and_reason(world: Any) -> None:
    def count(method: str, reason: str) -> float:
        found = REGISTRY.get_sample_value(
            "rustok_auth_failures_total", {"method": method, "reason": reason}
        )
        return found or 0.0

    tenant = await world.tenant()
    before = (count("password", "unknown_user"), count("access_token", "invalid_token"))
    with pytest.raises(InvalidCredentials):
        await people.sign_in(world, tenant, "nobody@example.com")
    with pytest.raises(InvalidToken):
        await identity.authenticate(world.parts, tenant, authorization="Bearer x.y.z")
    after = (count("password", "unknown_user"), count("access_token", "invalid_token"))
    assert after == (before[0] + 1, before[1] + 1)
