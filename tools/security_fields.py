"""Which surfaces and permissions answer with fields of people or secrets, read from the route table.

Refuses: a field that anybody is answered with and that nobody has given a reason for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

import msgspec

from rustok.core.audit.entry import masked_kind
from rustok.core.routing import PUBLIC, SIGNED_IN
from rustok.server.modules import all_modules

MADE: Final = "<!-- Made by tools/generate_security_docs.py from the route table; do not edit. -->"
NOT_OF_NOTE: Final = frozenset(
    {"BegunSignInView.authorization_url", "ImportRunView.file_digest", "PaymentAccountView.has_secret_key",
     "PaymentAccountView.has_webhook_secret", "SignedInView.token_type", "SteppedUpView.token_type",
     "CheckpointView.hash", "RecordView.hash", "UserView.email_verified_at"}
)  # fmt: skip
"""Names that only look like a secret or like people."""
PUBLIC_REASONS: Final = {
    "BegunSignInView": "given to who begins to sign in, once",
    "CartView": "to who knows the id of the cart, and of a customer's cart to that customer",
    "NodeCard": "the byline of what is published",
    "NodeDocument": "the byline of what is published",
    "OrderPaymentView": "to the customer, or to the holder of the order's token",
    "OrderView": "to the customer, or to the holder of the order's token",
    "PlacedOrderView": "given to who places the order, once",
    "PostalAddress": "part of a cart or an order, as these",
    "SignedInView": "given to who signs in, once",
    "ThreadView": "the name under a published comment",
}
"""Why a thing with such a field is on a public route."""


def _fields(kind: msgspec.inspect.Type, path: tuple[type, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(kind, msgspec.inspect.StructType):
        if kind.cls in path:
            return
        for field in kind.fields:
            what = masked_kind(field.name)
            name = f"{kind.cls.__name__}.{field.name}"
            if what is not None and name not in NOT_OF_NOTE:
                yield name, what
            yield from _fields(field.type, (*path, kind.cls))
    for one in ("item_type", "value_type"):
        inner = getattr(kind, one, None)
        if isinstance(inner, msgspec.inspect.Type):
            yield from _fields(inner, path)
    for many in ("types", "item_types"):
        for inner in getattr(kind, many, ()):
            yield from _fields(inner, path)


def fields_page() -> str:
    """The page `docs/security/fields.md`.

    Raises:
        LookupError: a public field has no reason in `PUBLIC_REASONS`.
    """
    seen: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for route in all_modules().routes:
        if route.response is None:
            continue
        for field in _fields(msgspec.inspect.type_info(route.response), ()):
            seen[field].add(_who(route.permission))
    lines = [
        MADE,
        "# Who sees which field",
        "",
        "Each surface has views of its own; a field that a view does not have is answered to nobody. Here are all",
        "fields of answers that hold something of people or a secret, by the permission that opens a route with",
        "them. No answer has a password, its hash, or a stored key. What may be written is the body type of the",
        "route: it names its fields, and a field it does not name is an error at every depth.",
        "",
        "| Field | Holds | Answered to |",
        "|---|---|---|",
    ]
    for (name, what), who in sorted(seen.items()):
        told = ", ".join(sorted(who - {"anybody"}))
        if "anybody" in who:
            reason = PUBLIC_REASONS.get(name.partition(".")[0])
            if reason is None:
                raise LookupError(f"{name} is answered to anybody: why? (tools/security_fields.py)")
            told = f"{reason}; {told}" if told else reason
        lines.append(f"| `{name}` | {what} | {told} |")
    return "\n".join([*lines, ""])


def _who(permission: str) -> str:
    if permission == PUBLIC:
        return "anybody"
    return "whose it is, signed in" if permission == SIGNED_IN else f"`{permission}`"
