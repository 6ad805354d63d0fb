"""Passwords and registration: policy, renewal, and no work inside a transaction."""

from __future__ import annotations

from typing import Any

import pytest

from rustok.core.db.transaction import forbid_in_transaction
from rustok.core.security import passwords as slow
from rustok.core.security.access_tokens import InvalidToken
from rustok.core.security.passwords import Verification, WeakPassword
from rustok.core.tenancy import context_for
from rustok.platform.identity.errors import (
    InvalidCredentials,
    WrongPassword,
)
from rustok.platform.identity.service import customers, passwords, signing_in
from tests.integration.platform import people


async def test_a_new_password_ends_the_other_sessions(world: Any) -> None:
    tenant = await world.tenant()
    user = await people.staff(world, tenant, "admin")
    kept = await people.sign_in(world, tenant, user.email)
    other = await people.sign_in(world, tenant, user.email)
    actor = await people.actor_of(world, tenant, kept)
    await people.actor_of(world, tenant, other)
    ctx = context_for(tenant, actor=actor)
    with pytest.raises(WrongPassword):
        await passwords.change_own(
            world.parts, ctx, current_password="not this one", new_password="seven purple lanterns"
        )
    with pytest.raises(WeakPassword):
        await passwords.change_own(
            world.parts, ctx, current_password=people.PASSWORD, new_password="1234567890"
        )
    ended = await passwords.change_own(
        world.parts, ctx, current_password=people.PASSWORD, new_password="seven purple lanterns"
    )
    assert ended == 1
    assert (await people.actor_of(world, tenant, kept)).id == user.id
    with pytest.raises(InvalidToken):
        await people.actor_of(world, tenant, other)
    with pytest.raises(InvalidCredentials):
        await people.sign_in(world, tenant, user.email)


async def test_registering_a_taken_address_answers_alike_and_changes_nothing(world: Any) -> None:
    tenant = await world.tenant()
    await people.customer(world, tenant, "cus@example.com")
    before = await people.actor_of(
        world, tenant, await people.sign_in(world, tenant, "cus@example.com")
    )
    await customers.register(
        world.parts,
        people.anonymous(tenant),
        email="CUS@example.com",
        password="another long password",
        display_name="Thief",
    )
    after = await people.actor_of(
        world, tenant, await people.sign_in(world, tenant, "cus@example.com")
    )
    assert (before.id, before.kind, before.permissions) == (after.id, "customer", frozenset())
    assert len(await world.events(tenant, "user.registered")) == 1


async def test_a_weak_password_is_refused_at_registration(world: Any) -> None:
    tenant = await world.tenant()
    with pytest.raises(WeakPassword):
        await customers.register(
            world.parts,
            people.anonymous(tenant),
            email="cus@example.com",
            password="password123",
            display_name="Cus",
        )


async def test_a_hash_of_yesterday_is_renewed_at_sign_in(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = await world.tenant()
    user = await people.staff(world, tenant, "admin")
    real = slow.verify_password_async
    seen: list[str | None] = []

    async def outdated(stored: str | None, password: str) -> Verification:
        seen.append(stored)
        return Verification(ok=(await real(stored, password)).ok, needs_rehash=True)

    monkeypatch.setattr(signing_in, "verify_password_async", outdated)
    await people.sign_in(world, tenant, user.email)
    await people.sign_in(world, tenant, user.email)
    assert len(set(seen)) == 2


async def test_a_password_changed_while_a_sign_in_verifies_the_old_one_wins(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = await world.tenant()
    user = await people.staff(world, tenant, "editor")
    real = slow.verify_password_async

    async def overtaken(stored: str | None, password: str) -> Verification:
        verified = await real(stored, password)
        await passwords.reset(
            world.parts, world.ctx(tenant), user.id, new_password="seven purple lanterns"
        )
        return verified

    monkeypatch.setattr(signing_in, "verify_password_async", overtaken)
    with pytest.raises(InvalidCredentials):
        await people.sign_in(world, tenant, user.email)
    assert await world.events(tenant, "user.logged_in") == []


async def test_no_password_is_hashed_or_verified_inside_a_transaction(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = await world.tenant()
    seen: list[str] = []

    def watched(name: str, real: Any) -> Any:
        async def run(*arguments: Any) -> Any:
            forbid_in_transaction(name)
            seen.append(name)
            return await real(*arguments)

        return run

    for module in (signing_in, passwords):
        for name in ("verify_password_async", "hash_password_async"):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, watched(name, getattr(slow, name)))
    user, actor = await people.signed_in_actor(world, tenant, "editor")
    await people.customer(world, tenant, "cus@example.com")
    await passwords.change_own(
        world.parts,
        context_for(tenant, actor=actor),
        current_password=people.PASSWORD,
        new_password="seven purple lanterns",
    )
    await passwords.reset(world.parts, world.ctx(tenant), user.id, new_password="one more password")
    assert len(seen) == 6
