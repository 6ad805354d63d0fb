"""Second factors over HTTP: enrolled, asked for, used once, lost; and what an attacker makes of them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, Final

import httpx
import pytest

from rustok.core.security.totp import STEP_SECONDS, totp_at
from rustok.core.tenancy import TenantProfile
from rustok.platform.tenants import api as tenants
from tests.conftest import World
from tests.integration.platform import people
from tests.security.software_key import PRESENT, SoftwareKey

LOGIN: Final = "/api/v1/auth/login"
SECOND: Final = "/api/v1/auth/login/second-factor"
FACTORS: Final = "/api/v1/auth/second-factors"
STEP_UP: Final = "/api/v1/auth/step-up"

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


class Clock:
    """The world's clock, moved by hand and standing still between."""

    def __init__(self, world: World) -> None:
        self.at = world.db.now()
        world.db.now = lambda: self.at

    def next_step(self, steps: int = 1) -> None:
        self.at += timedelta(seconds=STEP_SECONDS * steps)


@pytest.fixture
async def tenant(world: World) -> TenantProfile:
    return await world.tenant()


@pytest.fixture
def clock(world: World) -> Clock:
    return Clock(world)


class Person:
    """Somebody who signs in with an authenticator app."""

    def __init__(self, world: World, tenant: TenantProfile, email: str) -> None:
        self.world, self.tenant, self.email = world, tenant, email
        self.secret = ""
        self.factor_id = ""
        self.recovery: list[str] = []

    async def token(self) -> str:
        """The access token of a sign-in without a second factor."""
        return (await people.sign_in(self.world, self.tenant, self.email)).access_token

    def code(self) -> str:
        return totp_at(self.secret, self.world.db.now())

    async def enrol(self) -> str:
        """Begin and confirm an app; gives the access token it was done with."""
        token = await self.token()
        async with self.world.client(self.tenant, token=token) as client:
            begun = await client.post(f"{FACTORS}/totp", json={"name": "Phone"})
            assert begun.status_code == 201, begun.text
            self.secret, self.factor_id = begun.json()["secret"], begun.json()["factor_id"]
            done = await client.post(
                f"{FACTORS}/{self.factor_id}/confirm", json={"code": self.code()}
            )
            assert done.status_code == 200, done.text
            self.recovery = done.json()["recovery_codes"]
        return token

    async def challenge(self, client: httpx.AsyncClient) -> str:
        answer = await client.post(LOGIN, json={"email": self.email, "password": people.PASSWORD})
        assert (answer.status_code, answer.json()["code"]) == (401, "second_factor_needed")
        assert answer.headers["cache-control"] == "no-store"
        return str(answer.json()["challenge"])


@pytest.fixture
async def ada(world: World, tenant: TenantProfile, clock: Clock) -> Person:
    user = await people.staff(world, tenant, "admin")
    person = Person(world, tenant, user.email)
    await person.enrol()
    return person


async def finish(client: httpx.AsyncClient, challenge: str, **proof: Any) -> httpx.Response:
    return await client.post(SECOND, json={"challenge": challenge, **proof})


async def test_a_password_alone_opens_nothing_once_a_factor_is_enrolled(
    world: World, tenant: TenantProfile, ada: Person, clock: Clock
) -> None:
    async with world.client(tenant) as client:
        challenge = await ada.challenge(client)
        client.headers["authorization"] = f"Bearer {challenge}"
        assert (await client.get("/api/v1/auth/me")).status_code == 401
        del client.headers["authorization"]
        clock.next_step()
        done = await finish(client, challenge, code=ada.code())
        assert done.status_code == 200, done.text
        client.headers["authorization"] = f"Bearer {done.json()['access_token']}"
        (session, *_) = (await client.get("/api/v1/auth/sessions")).json()
    assert session["methods"] == ["otp", "pwd"]


async def test_an_app_counts_only_after_a_right_code(
    world: World, tenant: TenantProfile, clock: Clock
) -> None:
    user = await people.staff(world, tenant, "admin")
    person = Person(world, tenant, user.email)
    async with world.client(tenant, token=await person.token()) as client:
        begun = (await client.post(f"{FACTORS}/totp", json={"name": "Phone"})).json()
        assert begun["uri"].startswith("otpauth://totp/")
        wrong = await client.post(
            f"{FACTORS}/{begun['factor_id']}/confirm", json={"code": "000000"}
        )
        assert wrong.json()["code"] == "wrong_proof"
        assert (await client.get(FACTORS)).json() == []
        again = await client.post(LOGIN, json={"email": user.email, "password": people.PASSWORD})
        assert again.status_code == 200
        right = totp_at(begun["secret"], clock.at)
        done = await client.post(f"{FACTORS}/{begun['factor_id']}/confirm", json={"code": right})
        assert len(done.json()["recovery_codes"]) == 10
        assert [one["name"] for one in (await client.get(FACTORS)).json()] == ["Phone"]


async def test_a_code_is_good_once_also_for_two_at_the_same_time(
    world: World, tenant: TenantProfile, ada: Person, clock: Clock
) -> None:
    async with world.client(tenant) as client:
        first, second, third = [await ada.challenge(client) for _ in range(3)]
        # The code that confirmed the app is used up as well.
        assert (await finish(client, first, code=ada.code())).status_code == 401
        clock.next_step()
        answers = await asyncio.gather(
            *(finish(client, one, code=ada.code()) for one in (first, second, third))
        )
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401]


async def test_a_code_of_an_earlier_step_is_refused_after_a_later_one(
    world: World, tenant: TenantProfile, ada: Person, clock: Clock
) -> None:
    async with world.client(tenant) as client:
        clock.next_step()
        older = ada.code()
        clock.next_step()
        assert (
            await finish(client, await ada.challenge(client), code=ada.code())
        ).status_code == 200
        assert (await finish(client, await ada.challenge(client), code=older)).status_code == 401


async def test_codes_of_a_minute_ago_and_ahead_are_refused(
    world: World, tenant: TenantProfile, ada: Person, clock: Clock
) -> None:
    async with world.client(tenant) as client:
        challenge = await ada.challenge(client)
        clock.next_step(3)
        for seconds in (-2 * STEP_SECONDS, 2 * STEP_SECONDS):
            code = totp_at(ada.secret, clock.at + timedelta(seconds=seconds))
            assert (await finish(client, challenge, code=code)).status_code == 401


async def test_a_challenge_takes_five_codes_and_no_more(
    world: World, tenant: TenantProfile, ada: Person, clock: Clock
) -> None:
    clock.next_step()
    wrong = "000000" if ada.code() != "000000" else "111111"
    async with world.client(tenant) as client:
        challenge = await ada.challenge(client)
        for _ in range(5):
            refused = await finish(client, challenge, code=wrong)
            assert refused.json()["code"] == "second_factor_refused"
        assert (await finish(client, challenge, code=ada.code())).status_code == 401


async def test_guessing_codes_with_a_known_password_is_slowed_down_across_challenges(
    world: World, tenant: TenantProfile, ada: Person, clock: Clock
) -> None:
    clock.next_step()
    wrong = "000000" if ada.code() != "000000" else "111111"
    looked_at = 0
    async with world.client(tenant) as client:
        for _ in range(8):
            answer = await client.post(
                LOGIN, json={"email": ada.email, "password": people.PASSWORD}
            )
            if answer.status_code == 429:
                break
            for _ in range(5):
                refused = await finish(client, answer.json()["challenge"], code=wrong)
                if refused.status_code == 429:
                    assert refused.json()["code"] == "too_many_sign_ins"
                    assert int(refused.headers["retry-after"]) >= 1
                    break
                looked_at += 1
    assert looked_at <= 10
    assert [e.type for e in await world.events(tenant, "sign_in.throttled")]


async def test_a_challenge_ends_after_five_minutes_and_after_its_use(
    world: World, tenant: TenantProfile, ada: Person, clock: Clock
) -> None:
    async with world.client(tenant) as client:
        late, used = await ada.challenge(client), await ada.challenge(client)
        clock.next_step(2)
        assert (await finish(client, used, code=ada.code())).status_code == 200
        clock.next_step()
        assert (await finish(client, used, code=ada.code())).status_code == 401
        clock.at += timedelta(minutes=5)
        assert (await finish(client, late, code=ada.code())).status_code == 401


async def test_a_challenge_of_one_tenant_or_user_is_worth_nothing_for_another(
    world: World, tenant: TenantProfile, ada: Person, clock: Clock
) -> None:
    other = await world.tenant()
    user = await people.staff(world, tenant, "admin")
    bob = Person(world, tenant, user.email)
    await bob.enrol()
    clock.next_step()
    async with world.client(tenant) as client, world.client(other) as elsewhere:
        challenge = await ada.challenge(client)
        assert (await finish(elsewhere, challenge, code=ada.code())).status_code == 401
        assert (await finish(client, challenge, code=bob.code())).status_code == 401
        assert (await finish(client, challenge, recovery_code=bob.recovery[0])).status_code == 401


async def test_a_recovery_code_is_good_once_however_it_is_typed(
    world: World, tenant: TenantProfile, ada: Person
) -> None:
    typed = ada.recovery[0].upper().replace("-", "  ")
    async with world.client(tenant) as client:
        done = await finish(client, await ada.challenge(client), recovery_code=typed)
        assert done.status_code == 200, done.text
        again = await finish(client, await ada.challenge(client), recovery_code=ada.recovery[0])
        assert again.status_code == 401
    (used,) = await world.events(tenant, "user.recovery_code_used")
    assert b'"left":9' in bytes(used.data)


async def test_new_recovery_codes_end_the_old_ones(
    world: World, tenant: TenantProfile, ada: Person
) -> None:
    async with world.client(tenant) as client:
        signed_in = await finish(client, await ada.challenge(client), recovery_code=ada.recovery[0])
        headers = {"authorization": f"Bearer {signed_in.json()['access_token']}"}
        renewed = await client.post("/api/v1/auth/recovery-codes", headers=headers)
        assert len(set(renewed.json()["recovery_codes"]) - set(ada.recovery)) == 10
        old = await finish(client, await ada.challenge(client), recovery_code=ada.recovery[1])
        assert old.status_code == 401


async def test_two_proofs_at_once_and_none_are_refused(
    world: World, tenant: TenantProfile, ada: Person, clock: Clock
) -> None:
    clock.next_step()
    async with world.client(tenant) as client:
        challenge = await ada.challenge(client)
        both = await finish(client, challenge, code=ada.code(), recovery_code=ada.recovery[0])
        assert both.status_code == 401
        assert (await finish(client, challenge)).status_code == 401


async def test_a_password_is_no_step_up_for_somebody_with_a_factor_but_a_code_is(
    world: World, tenant: TenantProfile, ada: Person, clock: Clock
) -> None:
    async with world.client(tenant) as client:
        clock.next_step()
        signed_in = await finish(client, await ada.challenge(client), code=ada.code())
        client.headers["authorization"] = f"Bearer {signed_in.json()['access_token']}"
        refused = await client.post(STEP_UP, json={"password": people.PASSWORD})
        assert refused.json()["code"] == "wrong_proof"
        used = await client.post(STEP_UP, json={"code": ada.code()})
        assert used.json()["code"] == "wrong_proof"
        clock.next_step()
        assert (await client.post(STEP_UP, json={"code": ada.code()})).status_code == 200


async def test_removing_a_factor_needs_a_recent_proof(
    world: World, tenant: TenantProfile, ada: Person, clock: Clock
) -> None:
    async with world.client(tenant) as client:
        clock.next_step()
        signed_in = await finish(client, await ada.challenge(client), code=ada.code())
        clock.at += timedelta(seconds=world.parts.sign_in.step_up_seconds + 1)
        world.parts.access_tokens._leeway_seconds = 30
        client.headers["authorization"] = f"Bearer {signed_in.json()['access_token']}"
        refused = await client.delete(f"{FACTORS}/{ada.factor_id}")
        assert refused.json()["code"] == "step_up_required"
        stepped = await client.post(STEP_UP, json={"code": ada.code()})
        client.headers["authorization"] = f"Bearer {stepped.json()['access_token']}"
        assert (await client.delete(f"{FACTORS}/{ada.factor_id}")).status_code == 204
        again = await client.post(LOGIN, json={"email": ada.email, "password": people.PASSWORD})
        assert again.status_code == 200


async def test_somebody_elses_factor_cannot_be_confirmed_or_removed(
    world: World, tenant: TenantProfile, ada: Person, clock: Clock
) -> None:
    clock.next_step()
    async with world.client(tenant, token=await world.token(tenant)) as client:
        path = f"{FACTORS}/{ada.factor_id}"
        assert (await client.delete(path)).json()["code"] == "second_factor_not_found"
        confirmed = await client.post(f"{path}/confirm", json={"code": ada.code()})
        assert confirmed.json()["code"] == "second_factor_not_found"


async def test_an_admin_takes_the_factors_of_somebody_who_lost_them_but_not_of_a_superior(
    world: World, tenant: TenantProfile, ada: Person
) -> None:
    async with world.read(tenant) as tx:
        from rustok.core.pagination import PageRequest
        from rustok.platform.identity import api as identity

        listed = await identity.list_users(tx, PageRequest(), kind="staff")
    (user,) = [one for one in listed.items if one.email == ada.email]
    path = f"/api/v1/admin/users/{user.id}/second-factors"
    async with world.client(tenant, token=await world.token(tenant, "manager")) as client:
        assert (await client.delete(path)).status_code == 403
    async with world.client(tenant, token=await world.token(tenant)) as client:
        assert (await client.delete(path)).status_code == 204
        again = await client.post(LOGIN, json={"email": ada.email, "password": people.PASSWORD})
        assert again.status_code == 200


async def require(world: World, tenant: TenantProfile, who: str) -> TenantProfile:
    async with world.write(tenant) as tx:
        changed = await tenants.update(
            tx, expected_version=None, settings={"second_factor_required": who}
        )
    world.platform.resolver.forget(tenant.id)
    return changed.profile()


async def test_where_the_tenant_asks_for_a_factor_a_session_without_one_opens_only_the_own_account(
    world: World, clock: Clock
) -> None:
    tenant = await require(world, await world.tenant(), "staff")
    user = await people.staff(world, tenant, "admin")
    person = Person(world, tenant, user.email)
    async with world.client(tenant, token=await person.token()) as client:
        refused = await client.get("/api/v1/admin/products")
        assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_required")
        assert (await client.get("/api/v1/auth/me")).status_code == 200
        allowed = (await client.get("/api/v1/auth/me/permissions")).json()
        assert allowed["permissions"] == []
    token = await person.enrol()  # the very session that enrols has proved it
    async with world.client(tenant, token=token) as client:
        assert (await client.get("/api/v1/admin/products")).status_code == 200
    async with world.client(tenant) as client:
        clock.next_step()
        signed_in = await finish(client, await person.challenge(client), code=person.code())
        client.headers["authorization"] = f"Bearer {signed_in.json()['access_token']}"
        assert (await client.get("/api/v1/admin/products")).status_code == 200


async def test_a_tenant_can_ask_some_roles_only_and_never_customers(
    world: World, clock: Clock
) -> None:
    tenant = await require(world, await world.tenant(), "admin, manager")
    for role, status in (("admin", 403), ("manager", 403), ("editor", 200)):
        async with world.client(tenant, token=await world.token(tenant, role)) as client:
            assert (await client.get("/api/v1/admin/nodes")).status_code == status, role
    async with world.client(tenant, token=await world.token(tenant, "customer")) as client:
        assert (await client.get("/api/v1/storefront/customers/me")).status_code == 200
    assert clock.at.tzinfo is not None


async def test_a_security_key_is_registered_and_signs_in(
    world: World, tenant: TenantProfile
) -> None:
    user = await people.staff(world, tenant, "admin")
    person = Person(world, tenant, user.email)
    key = SoftwareKey(world.parts.public_url)
    async with world.client(tenant, token=await person.token()) as client:
        begun = (await client.post(f"{FACTORS}/passkey/options")).json()
        made = await client.post(
            f"{FACTORS}/passkey",
            json={
                "challenge": begun["challenge"],
                "name": "Ring",
                "passkey": key.create(begun["options"]),
            },
        )
        assert made.status_code == 200, made.text
        assert len(made.json()["recovery_codes"]) == 10
        again = await client.post(
            f"{FACTORS}/passkey",
            json={
                "challenge": begun["challenge"],
                "name": "Ring",
                "passkey": key.create(begun["options"]),
            },
        )
        assert again.json()["code"] == "passkey_refused", "a challenge is good once"
    async with world.client(tenant) as client:
        challenge = await person.challenge(client)
        asked = (await client.post(f"{SECOND}/options", json={"challenge": challenge})).json()
        done = await finish(client, challenge, passkey=key.get(asked["options"]))
        assert done.status_code == 200, done.text
        client.headers["authorization"] = f"Bearer {done.json()['access_token']}"
        stepping = (await client.post(f"{STEP_UP}/options")).json()
        proof = {"challenge": stepping["challenge"], "passkey": key.get(stepping["options"])}
        assert (await client.post(STEP_UP, json=proof)).status_code == 200
        replayed = await client.post(STEP_UP, json=proof)
        assert replayed.json()["code"] == "wrong_proof"


async def test_a_security_key_that_lies_about_anything_is_refused(
    world: World, tenant: TenantProfile
) -> None:
    user = await people.staff(world, tenant, "admin")
    person = Person(world, tenant, user.email)
    key = SoftwareKey(world.parts.public_url)
    async with world.client(tenant, token=await person.token()) as client:
        begun = (await client.post(f"{FACTORS}/passkey/options")).json()
        body = {"challenge": begun["challenge"], "name": "Ring"}
        for changed in (
            {"origin": "https://evil.example.com"},
            {"challenge": "AAAA"},
            {"type": "webauthn.get"},
        ):
            lie = key.create(begun["options"], **changed)
            answer = await client.post(f"{FACTORS}/passkey", json={**body, "passkey": lie})
            assert answer.json()["code"] == "passkey_refused", changed
        for broken in (
            {},
            {"id": 1},
            {"id": "AAAA", "response": []},
            key.get({"rpId": "x", "challenge": "AA"}),
        ):
            answer = await client.post(f"{FACTORS}/passkey", json={**body, "passkey": broken})
            assert answer.status_code == 422, broken
        good = key.create(begun["options"])
        assert (
            await client.post(f"{FACTORS}/passkey", json={**body, "passkey": good})
        ).status_code == 200
    async with world.client(tenant) as client:
        challenge = await person.challenge(client)
        asked = (await client.post(f"{SECOND}/options", json={"challenge": challenge})).json()
        stranger = SoftwareKey(world.parts.public_url)
        stranger.credential_id = key.credential_id
        for lie in (
            key.get(asked["options"], origin="https://evil.example.com"),
            key.get({**asked["options"], "challenge": "AAAA"}),
            key.get(asked["options"], flags=PRESENT & 0),
            stranger.get(asked["options"]),
        ):
            assert (await finish(client, challenge, passkey=lie)).status_code == 401


async def test_a_cloned_security_key_is_noticed_by_its_counter(
    world: World, tenant: TenantProfile
) -> None:
    user = await people.staff(world, tenant, "admin")
    person = Person(world, tenant, user.email)
    key = SoftwareKey(world.parts.public_url)
    async with world.client(tenant, token=await person.token()) as client:
        begun = (await client.post(f"{FACTORS}/passkey/options")).json()
        passkey = key.create(begun["options"])
        await client.post(
            f"{FACTORS}/passkey",
            json={"challenge": begun["challenge"], "name": "Ring", "passkey": passkey},
        )
    async with world.client(tenant) as client:
        key.count = 7
        statuses = []
        for count in (7, 6, 3, 9):
            key.count = count
            challenge = await person.challenge(client)
            asked = (await client.post(f"{SECOND}/options", json={"challenge": challenge})).json()
            done = await finish(client, challenge, passkey=key.get(asked["options"]))
            statuses.append(done.status_code)
    assert statuses == [200, 401, 401, 200]


async def test_a_security_key_is_asked_for_at_the_tenants_own_places_only(
    world: World, tenant: TenantProfile
) -> None:
    user = await people.staff(world, tenant, "admin")
    token = await Person(world, tenant, user.email).token()
    async with world.client(tenant, token=token, Origin="https://evil.example.com") as client:
        answer = await client.post(f"{FACTORS}/passkey/options")
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_site")


async def test_nothing_of_a_factor_is_stored_in_clear(
    world: World, tenant: TenantProfile, ada: Person
) -> None:
    from tests.seeding import dump

    stored = str(await dump(world, tenant.id))
    assert ada.secret not in stored
    for code in ada.recovery:
        assert code not in stored
        assert code.replace("-", "") not in stored
