"""Judges the route table: who may call what, how recently proved, how often, and whether twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from rustok.core.permissions import InvalidPermission, parse_permission
from rustok.core.routing import PUBLIC, SIGNED_IN, Route
from rustok.server.audit.findings import Excuse
from rustok.server.audit.security_rules import Weakness, weakness

_GRANTS: Final = frozenset({"POST", "PUT", "PATCH"})
_MONEY: Final = ("/payment", "/capture", "/refund", "/checkout", "/place", "/void")
_REPEATABLE: Final = {
    "storefront_receive_payment_notice": "a signed notice is applied once, by its provider's id",
    "storefront_start_order_payment": "an order's payment under way is given back, not begun anew",
    "admin_capture_payment": "once per payment: a second capture is refused",
    "admin_void_payment": "once per payment: what was given back cannot be given back again",
    "admin_refund_return": "once per return: a refund under way goes on",
    "admin_set_payment_account": "it replaces the whole account",
}
"""Commands near money that may come twice, with the reason."""


def audit_routes(routes: Iterable[Route]) -> tuple[list[Weakness], list[Excuse], int]:
    """Weaknesses, reasons, and how many routes there were."""
    known = list(routes)
    found = [one for route in known for one in _judge(route)]
    excuses = [
        Excuse(place=route.operation_id, reason=_REPEATABLE[route.operation_id])
        for route in known
        if route.operation_id in _REPEATABLE
    ]
    return found, excuses, len(known)


def _judge(route: Route) -> Iterator[Weakness]:
    place = f"{route.method} {route.full_path}"
    if route.permission == PUBLIC:
        if route.surface in ("admin", "platform"):
            yield weakness("routes.public_staff", place, "Anybody may call it.")
    elif route.permission != SIGNED_IN and not _is_permission(route.permission):
        yield weakness("routes.permission", place, f"{route.permission!r} is no permission.")
    is_command = route.method != "GET"
    if route.permission == "users:manage" and route.method in _GRANTS and not route.step_up:
        yield weakness("routes.step_up", place, "It changes what users may do.")
    signs_in = route.surface == "auth" and route.permission == PUBLIC
    if is_command and signs_in and route.rate != "login":
        yield weakness("routes.login_rate", place, f"It is counted as {route.rate}.")
    moves_money = is_command and any(word in route.full_path for word in _MONEY)
    is_safe = route.idempotency != "none" or route.precondition == "required"
    is_safe = is_safe or route.method == "DELETE" or route.operation_id in _REPEATABLE
    if moves_money and not is_safe:
        yield weakness("routes.repeatable", place, "It has no key and no version.")


def _is_permission(text: str) -> bool:
    try:
        return parse_permission(text) == text and "*" not in text
    except InvalidPermission:
        return False
