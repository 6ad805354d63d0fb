"""Records of note tell what was before and what is now; people and secrets only that they changed."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import msgspec

from rustok.commerce.checkout import api as checkout
from rustok.commerce.inventory import api as inventory
from rustok.commerce.pricing import api as pricing
from rustok.core.tenancy import TenantProfile
from rustok.platform.audit import api as audit
from tests.conftest import World
from tests.integration.commerce.shop import add_variant, buy

ADMIN = "/api/v1/admin"
Told = tuple[dict[str, Any], dict[str, Any]]


async def told(world: World, tenant: TenantProfile, action: str) -> list[Told]:
    """Before and after of the tenant's records of `action`, oldest first."""
    await world.seal_audit()
    async with world.read(tenant) as tx:
        page = msgspec.convert({"limit": 100}, audit.PageRequest)
        wanted = audit.RecordFilter(action=action)
        found = (await audit.list_records(tx, wanted, page)).items[::-1]
    return [
        (msgspec.json.decode(one.before_json or "{}"), msgspec.json.decode(one.after_json or "{}"))
        for one in found
    ]


def part(one: Told, *names: str) -> list[tuple[Any, Any]]:
    """Before and after under each of `names`; None is a value, a missing name an error."""
    return [(one[0][name], one[1][name]) for name in names]


async def test_a_change_of_permissions_and_of_who_gets_in_tells_old_and_new(world: World) -> None:
    tenant = await world.tenant()
    staff = world.client(tenant, token=await world.token(tenant))

    async def ask(method: str, path: str, **body: Any) -> dict[str, Any]:
        answer = await staff.request(
            method,
            f"{ADMIN}/{path}",
            json=body,
            headers={"If-Match": "*", "Idempotency-Key": uuid4().hex},
        )
        assert answer.is_success, answer.text
        made: dict[str, Any] = answer.json() if answer.content else {}
        return made

    await ask("POST", "roles", slug="picker", name="Picker", permissions=["orders:read"])
    await ask("PATCH", "roles/picker", permissions=["orders:read", "orders:list"])
    (changed,) = await told(world, tenant, "role.updated")
    assert part(changed, "permissions") == [(["orders:read"], ["orders:list", "orders:read"])]

    email = f"u{uuid4().hex[:8]}@example.com"
    password = "correct horse battery staple"
    user = await ask(
        "POST", "users", email=email, display_name="Ada", password=password, roles=["picker"]
    )
    await ask("PUT", f"users/{user['id']}/roles", roles=["support"])
    (changed,) = await told(world, tenant, "user.role_changed")
    assert part(changed, "roles") == [(["picker"], ["support"])]
    await ask("PATCH", f"users/{user['id']}", display_name="Grace")
    (changed,) = await told(world, tenant, "user.updated")
    assert part(changed, "display_name") == [("[personal]", "[personal]")]


async def test_a_change_of_configuration_tells_old_and_new_and_no_key(world: World) -> None:
    tenant = await world.tenant()
    staff = world.client(tenant, token=await world.token(tenant))
    headers = {"If-Match": "*"}
    answer = await staff.patch(
        f"{ADMIN}/tenant",
        json={"name": "New", "settings": {"order_number_prefix": "N-"}},
        headers=headers,
    )
    assert answer.status_code == 200, answer.text
    (changed,) = await told(world, tenant, "tenant.updated")
    assert part(changed, "name", "settings.order_number_prefix") == [
        (tenant.name, "New"),
        (None, "N-"),
    ]
    account = f"{ADMIN}/payment-accounts/stripe"
    keys = {"secret_key": "sk_live_first_key", "webhook_secret": "whsec_first_secret"}
    assert (await staff.put(account, json={"capture": "automatic", **keys})).status_code == 200
    other = {"capture": "manual", "secret_key": "sk_live_second_key"}
    assert (await staff.put(account, json=other, headers=headers)).status_code == 200
    assert (await staff.delete(account, headers=headers)).status_code == 204
    first, second = await told(world, tenant, "payment_account.set")
    assert first[0] == {}
    assert part(second, "capture", "calling_key", "signing_key") == [
        ("automatic", "manual"),
        ("set", "replaced"),
        ("set", "set"),
    ]
    (gone,) = await told(world, tenant, "payment_account.removed")
    assert gone[0]["capture"] == "manual"
    assert "sk_live" not in repr([first, second, gone])
    hook = await staff.post(
        f"{ADMIN}/webhooks", json={"url": "https://a.example/secret-path", "event_filters": ["*"]}
    )
    assert hook.status_code == 201, hook.text
    changed_hook = await staff.patch(
        f"{ADMIN}/webhooks/{hook.json()['endpoint']['id']}",
        json={"url": "https://b.example/other-path"},
        headers=headers,
    )
    assert changed_hook.status_code == 200, changed_hook.text
    (moved,) = await told(world, tenant, "webhook.endpoint_updated")
    assert part(moved, "url") == [("a.example", "b.example")]


async def test_a_change_of_price_stock_and_promotion_tells_old_and_new(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        variant_id = await add_variant(tx, on_hand=5, amount_minor=900)
        await pricing.set_price(tx, variant_id, "EUR", amount_minor=800, compare_at_minor=900)
        await inventory.adjust(tx, variant_id, delta=-2, reason="damaged", reference="x")
    set_first, lowered = await told(world, tenant, "price.updated")
    assert part(set_first, "amount_minor") == [(None, 900)]
    assert part(lowered, "amount_minor", "compare_at_minor") == [(900, 800), (None, 900)]
    assert part((await told(world, tenant, "inventory.adjusted"))[-1], "on_hand") == [(5, 3)]

    staff = world.client(tenant, token=await world.token(tenant))
    terms = {"name": "Spring", "kind": "percent", "percent_basis_points": 1_000}
    made = (await staff.post(f"{ADMIN}/promotions", json=terms)).json()
    path = f"{ADMIN}/promotions/{made['id']}"
    coupon = (await staff.post(f"{path}/coupons", json={"code": "SPRING"})).json()
    headers = {"If-Match": "*"}
    await staff.put(path, json={**terms, "percent_basis_points": 2_000}, headers=headers)
    await staff.patch(f"{path}/coupons/{coupon['id']}", json={"enabled": False}, headers=headers)
    added, raised, disabled = await told(world, tenant, "promotion.updated")
    assert part(added, "coupon.code") == [(None, "SPRING")]
    assert part(raised, "percent_basis_points") == [(1_000, 2_000)]
    assert part(disabled, "coupon.enabled") == [(True, False)]


async def test_a_step_of_an_order_and_its_payment_tells_both_states(world: World) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        placed = await buy(tx, {await add_variant(tx, on_hand=5): 2})
    order_id: UUID = placed.order.id
    async with world.write(tenant) as tx:
        await checkout.pay(tx, order_id, method="cash")
        await checkout.cancel_with_refund(tx, order_id, reason="no", refund_minor=500)
    (paid,) = await told(world, tenant, "order.paid")
    assert part(paid, "state", "payment_status") == [
        ("confirmed", "paid"),
        ("not_paid", "captured"),
    ]
    (cancelled,) = await told(world, tenant, "order.cancelled")
    assert part(cancelled, "state") == [("paid", "cancelled")]
    (captured,) = await told(world, tenant, "payment.captured")
    assert part(captured, "state", "captured_minor") == [("authorized", "captured"), (0, 2_000)]
    (refunded,) = await told(world, tenant, "payment.refunded")
    assert part(refunded, "state", "refunded_minor") == [
        ("captured", "partially_refunded"),
        (0, 500),
    ]
