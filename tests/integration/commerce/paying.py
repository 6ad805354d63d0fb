"""A shop whose orders can be paid through the provider "test", and how to ask it over HTTP."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

import httpx
import msgspec

from rustok.commerce.payments.model import ProviderState
from rustok.commerce.payments.service.signatures import signed_header
from rustok.core.tenancy import TenantProfile
from tests.conftest import World
from tests.integration.commerce.shop import add_variant, buy

SHOP: Final = "/api/v1/storefront"
ADMIN: Final = "/api/v1/admin"
WEBHOOK_SECRET: Final = "whsec_only_for_tests"


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant with an account at a provider."""

    world: World
    tenant: TenantProfile
    provider: str
    staff: httpx.AsyncClient
    payer: httpx.AsyncClient

    async def order(self, *, amount_minor: int = 2_000) -> tuple[str, str]:
        """A confirmed order: its id and its token."""
        async with self.world.write(self.tenant) as tx:
            variant_id = await add_variant(tx, on_hand=5, amount_minor=amount_minor)
            placed = await buy(tx, {variant_id: 1})
        return str(placed.order.id), placed.access_token

    async def pay(self, order: tuple[str, str], means: str | None = None) -> httpx.Response:
        body: dict[str, Any] = {"provider": self.provider}
        if means is not None:
            body["means"] = means
        return await self.payer.post(
            f"{SHOP}/orders/{order[0]}/payment", json=body, headers={"X-Order-Token": order[1]}
        )

    async def paid(self, *, amount_minor: int = 2_000, means: str = "ok") -> dict[str, Any]:
        """A paid order; the answer to the payment."""
        answer = await self.pay(await self.order(amount_minor=amount_minor), means)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def refund(
        self, payment_id: str, amount_minor: int | None = None, *, key: str | None = None
    ) -> httpx.Response:
        body = {} if amount_minor is None else {"amount_minor": amount_minor}
        return await self.staff.post(
            f"{ADMIN}/payments/{payment_id}/refund",
            json=body,
            headers={"Idempotency-Key": key or uuid4().hex},
        )

    async def step(self, order_id: str, action: str, **body: Any) -> httpx.Response:
        return await self.staff.post(
            f"{ADMIN}/orders/{order_id}/{action}",
            json=body,
            headers={"Idempotency-Key": uuid4().hex},
        )

    async def see(self, path: str) -> Any:
        answer = await self.staff.get(f"{ADMIN}/{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def types(self, *types: str) -> list[str]:
        """The types of the tenant's events, oldest first."""
        return [one.type for one in await self.world.events(self.tenant, *types)]

    def notice(self, state: ProviderState) -> tuple[bytes, dict[str, str]]:
        """What the provider "test" would send of a payment, signed."""
        body = msgspec.json.encode(state)
        header = signed_header(body, WEBHOOK_SECRET, at=self.world.db.now())
        return body, {"Test-Signature": header, "Content-Type": "application/json"}

    async def told(self, state: ProviderState) -> httpx.Response:
        body, headers = self.notice(state)
        return await self.payer.post(
            f"{SHOP}/payments/{self.provider}/notices", content=body, headers=headers
        )


async def open_shop(world: World, *, provider: str = "test", capture: str = "automatic") -> Shop:
    """A tenant whose account at `provider` is set over HTTP."""
    tenant = await world.tenant()
    staff = world.client(tenant, token=await world.token(tenant))
    answer = await staff.put(
        f"{ADMIN}/payment-accounts/{provider}",
        json={
            "capture": capture,
            "secret_key": "sk_test_12345",
            "webhook_secret": WEBHOOK_SECRET,
        },
    )
    assert answer.status_code == 200, answer.text
    assert "sk_test" not in answer.text
    return Shop(
        world=world, tenant=tenant, provider=provider, staff=staff, payer=world.client(tenant)
    )
