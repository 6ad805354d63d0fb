"""Guessing passwords, finding out who exists, forgotten passwords: over HTTP, as an attacker would."""

from __future__ import annotations

import asyncio
import re
import statistics
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final

import httpx
import msgspec
import pytest

from rustok.core.tenancy import TenantProfile
from rustok.platform.identity.service import account_mails
from rustok.platform.identity.service.throttling import RULES
from rustok.platform.mail.model.mail import secret_place
from tests.conftest import World
from tests.integration.platform import people
from tests.security.test_authentication_second_factor import Clock, Person
from tests.seeding import dump

LOGIN: Final = "/api/v1/auth/login"
RESET: Final = "/api/v1/auth/password-reset"
VERIFY: Final = "/api/v1/auth/email-verification"
REGISTER: Final = "/api/v1/storefront/customers/register"
NEW_PASSWORD: Final = "seven purple lanterns"
only_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
async def tenant(world: World) -> TenantProfile:
    return await world.tenant()


@pytest.fixture
async def client(world: World, tenant: TenantProfile) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client(tenant) as made:
        yield made


def come_from(world: World, address: str) -> None:
    """Let requests of the test come from `address`, as behind a trusted proxy."""
    world._application._proxies.apply = lambda request: setattr(request, "client", address)


async def guess(
    client: httpx.AsyncClient, email: str, password: str = "wrong wrong wrong", **more: str
) -> httpx.Response:
    return await client.post(LOGIN, json={"email": email, "password": password, **more})


async def mailed(world: World, tenant: TenantProfile) -> list[dict[str, Any]]:
    """What the mails of the tenant say, the oldest first: recipient, template, values."""
    await account_mails.answer_requests(world.parts)
    found = []
    for row in sorted((await dump(world, tenant.id))["mails"], key=lambda row: str(row["id"])):
        opened = world.parts.sealer.open(row["sealed_secret"], belongs_to=secret_place(row["id"]))
        said = msgspec.json.decode(opened)
        found.append({"to": row["recipient"], "template": row["template"], "said": str(said)})
    return found


def code_in(mail: dict[str, Any]) -> str:
    found = re.search(r"(pr|ev)_[A-Za-z0-9_-]{43}", mail["said"])
    assert found, mail["template"]
    return found[0]


async def test_after_five_wrong_passwords_the_next_has_to_wait_and_waiting_doubles(
    world: World, tenant: TenantProfile, client: httpx.AsyncClient
) -> None:
    clock = Clock(world)
    user = await people.staff(world, tenant, "admin")
    for _ in range(RULES["pair"].free):
        assert (await guess(client, user.email)).status_code == 401
    waits = []
    for _ in range(4):
        refused = await guess(client, user.email, people.PASSWORD)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_sign_ins")
        waits.append(int(refused.headers["retry-after"]))
        clock.at += timedelta(seconds=waits[-1])
        assert (await guess(client, user.email)).status_code == 401
    assert waits == [1, 2, 4, 8]
    assert len(await world.events(tenant, "sign_in.throttled")) == 1


async def test_the_right_password_after_the_wait_lets_in_and_forgets_the_failures(
    world: World, tenant: TenantProfile, client: httpx.AsyncClient
) -> None:
    clock = Clock(world)
    user = await people.staff(world, tenant, "admin")
    for _ in range(RULES["pair"].free):
        await guess(client, user.email)
    clock.at += timedelta(seconds=1)
    assert (await guess(client, user.email, people.PASSWORD)).status_code == 200
    for _ in range(RULES["pair"].free):
        assert (await guess(client, user.email)).status_code == 401


async def test_an_attacker_elsewhere_does_not_lock_the_owner_out(
    world: World, tenant: TenantProfile, client: httpx.AsyncClient
) -> None:
    Clock(world)
    user = await people.staff(world, tenant, "admin")
    come_from(world, "198.51.100.7")
    for _ in range(12):
        await guess(client, user.email)
    assert (await guess(client, user.email)).status_code == 429
    come_from(world, "203.0.113.9")
    assert (await guess(client, user.email, people.PASSWORD)).status_code == 200


@only_sqlite
async def test_a_known_device_gets_in_while_a_thousand_addresses_guess(
    world: World, tenant: TenantProfile, client: httpx.AsyncClient
) -> None:
    Clock(world)
    user = await people.staff(world, tenant, "admin")
    first = await guess(client, user.email, people.PASSWORD)
    device = first.json()["device_token"]
    assert device.startswith("kd_")
    for number in range(RULES["account"].free + 1):
        come_from(world, f"198.51.100.{number}")
        await guess(client, user.email)
    come_from(world, "203.0.113.9")
    stranger = await guess(client, user.email, people.PASSWORD)
    assert stranger.status_code == 429
    assert int(stranger.headers["retry-after"]) <= RULES["account"].longest_seconds
    known = await guess(client, user.email, people.PASSWORD, device_token=device)
    assert known.status_code == 200
    assert known.json()["device_token"] is None, "one is enough"


@only_sqlite
async def test_a_device_token_is_good_for_its_own_user_alone_and_is_no_password(
    world: World, tenant: TenantProfile, client: httpx.AsyncClient
) -> None:
    Clock(world)
    user, other = [await people.staff(world, tenant, "admin") for _ in range(2)]
    device = (await guess(client, other.email, people.PASSWORD)).json()["device_token"]
    for number in range(RULES["account"].free + 1):
        come_from(world, f"198.51.100.{number}")
        await guess(client, user.email)
    come_from(world, "203.0.113.9")
    refused = await guess(client, user.email, people.PASSWORD, device_token=device)
    assert refused.status_code == 429
    assert (await guess(client, other.email, device_token=device)).status_code == 401


@only_sqlite
async def test_one_address_that_tries_many_accounts_is_slowed_down(
    world: World, tenant: TenantProfile, client: httpx.AsyncClient
) -> None:
    Clock(world)
    free = RULES["address"].free
    answers = [(await guess(client, f"u{n}@example.com")).status_code for n in range(free + 3)]
    assert answers == [401] * free + [429] * 3


async def test_many_guesses_at_once_count_as_many(
    world: World, tenant: TenantProfile, client: httpx.AsyncClient
) -> None:
    Clock(world)
    user = await people.staff(world, tenant, "admin")
    answers = await asyncio.gather(*(guess(client, user.email) for _ in range(24)))
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(401) == RULES["pair"].free
    assert statuses.count(429) == 24 - RULES["pair"].free


@only_sqlite
async def test_an_unknown_address_is_slowed_down_just_like_a_known_one(
    world: World, tenant: TenantProfile, client: httpx.AsyncClient
) -> None:
    Clock(world)
    user = await people.staff(world, tenant, "admin")
    told = []
    for email in (user.email, "nobody@example.com"):
        answers = [await guess(client, email) for _ in range(8)]
        bodies = [{k: v for k, v in a.json().items() if k != "trace_id"} for a in answers]
        told.append([(a.status_code, b) for a, b in zip(answers, bodies, strict=True)])
    assert told[0] == told[1]


@only_sqlite
async def test_signing_in_tells_nothing_of_an_address_by_text_status_statements_or_time(
    world: World, tenant: TenantProfile, client: httpx.AsyncClient
) -> None:
    clock = Clock(world)
    user = await people.staff(world, tenant, "admin")
    await guess(client, user.email)
    seconds: dict[bool, list[float]] = {True: [], False: []}
    statements: dict[bool, set[int]] = {True: set(), False: set()}
    for number in range(24):
        exists = number % 2 == 0
        email = user.email if exists else "nobody@example.com"
        clock.at += timedelta(hours=2)  # counters forget
        started = time.perf_counter()
        with world.counting() as count:
            answer = await guess(client, email)
        seconds[exists].append(time.perf_counter() - started)
        statements[exists].add(count.total)
        assert answer.json()["code"] == "invalid_credentials"
    known, unknown = (statistics.median(seconds[one]) for one in (True, False))
    assert max(known, unknown) < 2 * min(known, unknown), "the same hash is computed for both"
    assert len(statements[True] | statements[False]) == 1, statements


@only_sqlite
async def test_asking_for_a_reset_tells_nothing_by_text_status_or_statements(
    world: World, tenant: TenantProfile, client: httpx.AsyncClient
) -> None:
    Clock(world)
    user = await people.staff(world, tenant, "admin")
    await client.post(RESET, json={"email": "warm@example.com"})
    told = []
    for email in (user.email, "nobody@example.com"):
        for _ in range(5):  # the fourth and fifth are over the limit, for both alike
            with world.counting() as count:
                answer = await client.post(RESET, json={"email": email})
            told.append((email, answer.status_code, answer.content, count.total))
    half = len(told) // 2
    assert [one[1:] for one in told[:half]] == [one[1:] for one in told[half:]]
    mails = await mailed(world, tenant)
    assert [mail["to"] for mail in mails] == [user.email] * 3


@only_sqlite
async def test_signing_up_tells_nothing_of_a_taken_address(
    world: World, tenant: TenantProfile, client: httpx.AsyncClient
) -> None:
    body = {"email": "ada@example.com", "password": people.PASSWORD, "display_name": "Ada"}
    await client.post(REGISTER, json={**body, "email": "warm@example.com"})
    told = []
    for _ in range(2):
        with world.counting() as count:
            answer = await client.post(REGISTER, json=body)
        told.append((answer.status_code, answer.content, count.total))
    assert told[0] == told[1]
    assert [mail["template"] for mail in await mailed(world, tenant)] == [
        "identity.verify_email",
        "identity.verify_email",
        "identity.already_registered",
    ]


async def test_a_reset_sets_a_new_password_once_ends_all_sessions_and_verifies_the_address(
    world: World, tenant: TenantProfile, client: httpx.AsyncClient
) -> None:
    user = await people.staff(world, tenant, "admin")
    old = (await guess(client, user.email, people.PASSWORD)).json()
    assert (await client.post(RESET, json={"email": user.email.upper()})).status_code == 202
    (mail,) = await mailed(world, tenant)
    assert (mail["to"], mail["template"]) == (user.email, "identity.reset_password")
    body = {"code": code_in(mail), "new_password": NEW_PASSWORD}
    weak = await client.post(f"{RESET}/confirm", json={**body, "new_password": "password123"})
    assert weak.json()["code"] == "weak_password"
    assert (await client.post(f"{RESET}/confirm", json=body)).status_code == 204
    again = await client.post(f"{RESET}/confirm", json=body)
    assert (again.status_code, again.json()["code"]) == (422, "invalid_link")
    headers = {"authorization": f"Bearer {old['access_token']}"}
    assert (await client.get("/api/v1/auth/me", headers=headers)).status_code == 401
    refreshed = await client.post(
        "/api/v1/auth/refresh", json={"refresh_token": old["refresh_token"]}
    )
    assert refreshed.status_code == 401
    assert (await guess(client, user.email, people.PASSWORD)).status_code == 401
    signed_in = await guess(client, user.email, NEW_PASSWORD)
    headers = {"authorization": f"Bearer {signed_in.json()['access_token']}"}
    me = (await client.get("/api/v1/auth/me", headers=headers)).json()
    assert me["email_verified_at"] is not None


async def test_of_two_uses_of_a_reset_code_at_once_one_counts(
    world: World, tenant: TenantProfile, client: httpx.AsyncClient
) -> None:
    user = await people.staff(world, tenant, "admin")
    await client.post(RESET, json={"email": user.email})
    (mail,) = await mailed(world, tenant)
    answers = await asyncio.gather(
        *(
            client.post(
                f"{RESET}/confirm",
                json={"code": code_in(mail), "new_password": f"{NEW_PASSWORD} {number}"},
            )
            for number in range(4)
        )
    )
    assert sorted(a.status_code for a in answers) == [204, 422, 422, 422]


@only_sqlite
async def test_a_reset_code_is_worth_nothing_when_old_replaced_elsewhere_or_of_an_address_that_changed(
    world: World, tenant: TenantProfile, client: httpx.AsyncClient
) -> None:
    clock = Clock(world)
    user = await people.staff(world, tenant, "editor")
    other = await world.tenant()

    async def fresh() -> str:
        clock.at += timedelta(hours=2)
        await client.post(RESET, json={"email": user.email})
        return code_in((await mailed(world, tenant))[-1])

    async def status(code: str, at: httpx.AsyncClient = client) -> int:
        body = {"code": code, "new_password": NEW_PASSWORD}
        return (await at.post(f"{RESET}/confirm", json=body)).status_code

    replaced, code = await fresh(), await fresh()
    assert await status(replaced) == 422
    async with world.client(other) as elsewhere:
        assert await status(code, elsewhere) == 422
    assert await status("ev" + code[2:]) == 422
    clock.at += account_mails.RESET_LIFE + timedelta(seconds=1)
    assert await status(code) == 422
    code = await fresh()
    async with world.client(tenant, token=await world.token(tenant)) as admin:
        changed = await admin.patch(
            f"/api/v1/admin/users/{user.id}",
            json={"email": "new@example.com"},
            headers={"If-Match": "*"},
        )
        assert changed.status_code == 200, changed.text
    assert await status(code) == 422


@only_sqlite
async def test_a_reset_does_not_get_around_the_second_factor(
    world: World, tenant: TenantProfile, client: httpx.AsyncClient
) -> None:
    Clock(world)
    user = await people.staff(world, tenant, "admin")
    await Person(world, tenant, user.email).enrol()
    await client.post(RESET, json={"email": user.email})
    (mail,) = await mailed(world, tenant)
    body = {"code": code_in(mail), "new_password": NEW_PASSWORD}
    assert (await client.post(f"{RESET}/confirm", json=body)).status_code == 204
    again = await guess(client, user.email, NEW_PASSWORD)
    assert again.json()["code"] == "second_factor_needed"


@only_sqlite
async def test_a_disabled_user_gets_no_mail_and_no_session(
    world: World, tenant: TenantProfile, client: httpx.AsyncClient
) -> None:
    user = await people.staff(world, tenant, "editor")
    async with world.client(tenant, token=await world.token(tenant)) as admin:
        path = f"/api/v1/admin/users/{user.id}/disable"
        assert (await admin.post(path)).status_code == 200
    assert (await client.post(RESET, json={"email": user.email})).status_code == 202
    assert await mailed(world, tenant) == []
    assert (await guess(client, user.email, people.PASSWORD)).json()[
        "code"
    ] == "invalid_credentials"


@only_sqlite
async def test_an_address_is_verified_by_the_code_of_its_mail_once(
    world: World, tenant: TenantProfile, client: httpx.AsyncClient
) -> None:
    body = {"email": "ada@example.com", "password": people.PASSWORD, "display_name": "Ada"}
    assert (await client.post(REGISTER, json=body)).status_code == 202
    (mail,) = await mailed(world, tenant)
    assert mail["template"] == "identity.verify_email"
    assert (
        await client.post(f"{VERIFY}/confirm", json={"code": "ev_" + "x" * 43})
    ).status_code == 422
    code = {"code": code_in(mail)}
    assert (await client.post(f"{VERIFY}/confirm", json=code)).status_code == 204
    assert (await client.post(f"{VERIFY}/confirm", json=code)).status_code == 422
    signed_in = await guess(client, "ada@example.com", people.PASSWORD)
    client.headers["authorization"] = f"Bearer {signed_in.json()['access_token']}"
    me = (await client.get("/api/v1/storefront/customers/me")).json()
    assert me["email_verified_at"] is not None
    assert (await client.post(VERIFY)).status_code == 202
    assert len(await mailed(world, tenant)) == 1, "verified already"


@only_sqlite
async def test_no_code_or_device_token_is_stored_in_clear(
    world: World, tenant: TenantProfile, client: httpx.AsyncClient
) -> None:
    user = await people.staff(world, tenant, "admin")
    device = (await guess(client, user.email, people.PASSWORD)).json()["device_token"]
    await client.post(RESET, json={"email": user.email})
    (mail,) = await mailed(world, tenant)
    stored = str(await dump(world, tenant.id))
    assert code_in(mail) not in stored
    assert device not in stored


@only_sqlite
async def test_the_mail_links_to_the_tenants_own_page_where_it_names_one(
    world: World,
) -> None:
    page = "https://shop.example.com/reset?code={code}"
    tenant = await world.tenant(settings={"password_reset_url": page})
    user = await people.staff(world, tenant, "admin")
    async with world.client(tenant) as client:
        await client.post(RESET, json={"email": user.email})
    (mail,) = await mailed(world, tenant)
    assert f"https://shop.example.com/reset?code={code_in(mail)}" in mail["said"]
