"""The audit log has every command of staff, every fact with what was before, every look at people's data."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

import rustok
from rustok.core.audit.entry import masked_kind
from rustok.core.events.event import event_types
from rustok.core.routing import Route
from rustok.server.audit.code_reading import EMITS, Module, read_modules
from rustok.server.modules import all_modules

ROUTES: Final = all_modules().routes
NOT_OF_PEOPLE: Final[dict[str, str]] = {
    "admin_get_node": "the byline of what is published",
    "admin_get_node_revision": "the byline of what is published",
    "admin_list_nodes": "the byline of what is published",
}
"""Queries whose answers have fields that only look personal, with the reason."""
UNAUDITED: Final = frozenset(
    {
        "cart.abandoned",
        "cart.completed",
        "cart.created",
        "cart.updated",
        "index.updated",
        "inventory.back_in_stock",
        "inventory.low",
        "inventory.out_of_stock",
        "inventory.released",
        "inventory.reserved",
        "order.status_changed",
        "webhook.delivery_failed",
    }
)
"""Events the log leaves out; each says why where it is declared. Add one only after review."""


def _fields(kind: msgspec.inspect.Type, seen: set[type]) -> Iterator[str]:
    """Names of all fields of text that an answer of this type has, at any depth."""
    if isinstance(kind, msgspec.inspect.StructType):
        if kind.cls in seen:
            return
        seen.add(kind.cls)
        for field in kind.fields:
            yield field.name
            yield from _fields(field.type, seen)
    for inner in ("item_type", "value_type", "type"):
        found = getattr(kind, inner, None)
        if isinstance(found, msgspec.inspect.Type):
            yield from _fields(found, seen)
    for many in ("types", "item_types"):
        for one in getattr(kind, many, ()):
            yield from _fields(one, seen)


def _personal(response: Any) -> set[str]:
    if response is None:
        return set()
    names = set(_fields(msgspec.inspect.type_info(response), set()))
    return {name for name in names if masked_kind(name) == "personal"}


@pytest.mark.parametrize(
    "route",
    [one for one in ROUTES if one.method == "GET" and one.surface in ("admin", "platform")],
    ids=lambda route: route.operation_id,
)
def test_a_query_of_staff_that_shows_people_is_recorded(route: Route) -> None:
    found = _personal(route.response)
    if route.operation_id in NOT_OF_PEOPLE:
        assert not route.personal
    else:
        assert route.personal == bool(found), f"personal={bool(found)}: {sorted(found)}"


def test_the_events_that_are_not_recorded_are_the_reviewed_ones() -> None:
    all_modules()
    assert {name for name, cls in event_types().items() if cls.unaudited} == UNAUDITED


MODULES: Final = {module.name: module for module in read_modules(Path(rustok.__file__).parent)}
OF_NOTE: Final = (
    "rustok.platform.identity.",
    "rustok.platform.tenants.",
    "rustok.platform.webhooks.",
    "rustok.commerce.fulfilments.",
    "rustok.commerce.inventory.",
    "rustok.commerce.orders.",
    "rustok.commerce.payments.",
    "rustok.commerce.pricing.",
    "rustok.commerce.promotions.",
    "rustok.commerce.returns.",
)
"""Features whose changes are of permissions, configuration, prices, stock, orders or payments."""
NOTHING_BEFORE: Final = frozenset(
    {
        # Something begins.
        "ApiKeyCreated",
        "CouponRedeemed",
        "LoginProviderCreated",
        "OrderPlaced",
        "PromotionCreated",
        "RoleCreated",
        "TenantCreated",
        "TenantDomainAdded",
        "UserIdentityLinked",
        "UserLoggedIn",
        "UserRegistered",
        "UserSecondFactorEnrolled",
        "WebhookEndpointCreated",
        # It tells all there was: a session that ends, a factor that goes.
        "UserSecondFactorRemoved",
        "UserSessionRevoked",
        # Something is tried or shown; nothing has another value afterwards.
        "SignInThrottled",
        "UserLoginFailed",
        "UserPasswordResetRequested",
        "UserRegistrationRepeated",
        "UserSteppedUp",
        "UserTokenReuseDetected",
        # What changed is a secret: neither its old nor its new value may be written down.
        "UserPasswordChanged",
        "UserRecoveryCodeUsed",
        "UserRecoveryCodesMade",
        "WebhookSecretRotated",
        # The event is the change: from unverified to verified, once.
        "UserEmailVerified",
        # Not recorded (UNAUDITED).
        "InventoryReleased",
        "InventoryReserved",
        "OrderStatusChanged",
    }
)
"""Events of these features that are recorded without `before=`. Add one only after review."""
BEGINNINGS: Final = {
    "rustok.commerce.fulfilments.service": {"_created(fulfilment, quantities)", "_created(shipped, quantities)"},
    "rustok.commerce.inventory.service.stock": {"fact"},  # inventory.low and its like: unaudited
    "rustok.commerce.orders.service": {"pending.placed(lines)"},
    "rustok.commerce.returns.service": {"wanted.requested(lines)"},
    "rustok.platform.webhooks.service.deliveries": {"given_up"},  # unaudited
}  # fmt: skip
"""The same for events that are made elsewhere, as the code names them."""


def _silent_emits(module: Module) -> Iterator[str]:
    """Events emitted without `before=` that are on neither list."""
    for node in ast.walk(module.tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr not in EMITS or not node.args:
            continue
        event = node.args[-1]
        made = event.func.id if isinstance(event, ast.Call) and isinstance(event.func, ast.Name) else ""  # fmt: skip
        is_told = any(one.arg == "before" for one in node.keywords)
        known = ast.unparse(event) in BEGINNINGS.get(module.name, set())
        if not is_told and made not in NOTHING_BEFORE and not known:
            yield f"{module.path}:{node.lineno}: {ast.unparse(event):.80}"


def test_every_change_of_note_is_recorded_with_what_was_before() -> None:
    silent = [
        line
        for name, module in MODULES.items()
        if name.startswith(OF_NOTE)
        for line in _silent_emits(module)
    ]
    assert silent == [], "emit them with before= (core/audit/difference.py)"


def test_a_change_that_does_not_say_what_was_before_is_found() -> None:
    source = (
        "async def f(tx):\n    tx.emit(RoleUpdated(role_id=1))\n    tx.emit(RoleCreated(x=1))\n"
    )
    module = Module(
        name="rustok.platform.identity.x",
        path="x.py",
        tree=ast.parse(source),
        lines=[],
        names={},
        assigned={},
    )
    assert list(_silent_emits(module)) == ["x.py:2: RoleUpdated(role_id=1)"]
