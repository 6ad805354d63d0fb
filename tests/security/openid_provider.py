"""A real OpenID provider on this machine, and how a browser signs in with it."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec

from rustok.core.tenancy import TenantProfile
from tests.conftest import World

BACK: Final = "https://shop.example.com/signed-in"
ADMIN: Final = "/api/v1/admin/login-providers"
AUTH: Final = "/api/v1/auth/providers/acme"
CLIENT: Final = "rustok-test"


@contextlib.contextmanager
def running_provider() -> Iterator[str]:
    """Give its issuer; it knows ada and bob, and eve, whose address nobody verified."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import oidc_provider_mock  # type: ignore[import-untyped]  # it has none

        people_there = [
            oidc_provider_mock.User(
                sub=name,
                claims={"email": f"{name}@acme.example", "email_verified": verified, **more},
            )
            for name, verified, more in (
                ("ada", True, {"name": "Ada Lovelace", "groups": ["writers", "unmapped"]}),
                ("eve", False, {"name": "Eve"}),
                ("bob", True, {"name": "Bob", "groups": ["bosses"]}),
            )
        ]
        with oidc_provider_mock.run_server_in_thread(user_claims=people_there) as server:
            yield f"http://localhost:{server.server_port}"


def trust(world: World, issuer: str) -> None:
    """Allow the issuer, as the operator does with security.private_issuers."""
    rules = msgspec.structs.replace(world.parts.sign_in, private_issuers=(issuer,))
    msgspec.structs.force_setattr(world.parts, "sign_in", rules)


async def set_up(world: World, tenant: TenantProfile, issuer: str, **more: Any) -> httpx.Response:
    trust(world, issuer)
    async with world.client(tenant, token=await world.token(tenant)) as admin:
        return await admin.post(
            ADMIN,
            json={
                "slug": "acme",
                "name": "Acme",
                "issuer": issuer,
                "client_id": CLIENT,
                "client_secret": "hush",
                "redirect_uris": [BACK],
                "groups_claim": "groups",
                "role_mapping": {"writers": "editor", "bosses": "admin"},
                **more,
            },
        )


async def begin(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.post(f"{AUTH}/begin", json={"redirect_uri": BACK})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def approve(begun: dict[str, Any], sub: str) -> dict[str, str]:
    """What a browser does at the provider; gives what comes back in the address."""
    async with httpx.AsyncClient() as browser:
        answer = await browser.post(begun["authorization_url"], data={"sub": sub})
    assert answer.status_code == 302, answer.text
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    return {"code": query["code"][0], "state": query["state"][0]}


async def finish(client: httpx.AsyncClient, begun: dict[str, Any], **came: str) -> httpx.Response:
    body = {"browser_token": begun["browser_token"], **came}
    return await client.post(f"{AUTH}/finish", json=body)


async def sign_in(client: httpx.AsyncClient, sub: str) -> httpx.Response:
    begun = await begin(client)
    return await finish(client, begun, **await approve(begun, sub))
