"""Permissions and built-in roles: deny by default, `resource:action` and nothing else.

Refuses: who holds a role (identity stores it) and object-level rules (the features check these).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rustok.core.errors import InvalidInput, PermissionDenied, Unauthenticated

RESOURCES: Final = frozenset(
    [
        "users",
        "tenants",
        "modules",
        "settings",
        "products",
        "categories",
        "collections",
        "orders",
        "customers",
        "inventory",
        "promotions",
        "prices",
        "nodes",
        "media",
        "comments",
        "analytics",
        "audit",
        "webhooks",
        "mails",
        "events",
    ]
)
ACTIONS: Final = frozenset(
    ["create", "read", "update", "delete", "list", "publish", "export", "import", "manage"]
)

Permission = str


class InvalidPermission(InvalidInput):
    code = "invalid_permission"
    title = "This is no permission"
    mend = "Use resource:action with a resource and an action of the documented lists."


class MissingPermission(PermissionDenied):
    """The actor lacks a permission.

    Args:
        required: the permission the route asks for.
    """

    code = "missing_permission"
    title = "A permission is missing"

    def __init__(self, required: str) -> None:
        self.required = required
        super().__init__(
            f"This needs the permission '{required}'.", extensions={"required": required}
        )


class StepUpRequired(Unauthenticated):
    """A dangerous action, and the last proof of who acts is too old; an API key never has one.

    Args:
        max_age_seconds: how recent the proof must be.

    Source: RFC 9470.
    """

    code = "step_up_required"
    title = "Prove again who you are"
    mend = "POST /api/v1/auth/step-up with a password or code; then send this with the new token."

    def __init__(self, max_age_seconds: int) -> None:
        self.max_age_seconds = max_age_seconds
        super().__init__(
            f"This needs a signed-in user who proved who they are in the last {max_age_seconds} seconds.",
            extensions={"max_age": max_age_seconds},
        )

    @property
    def challenge(self) -> str:
        return (
            'Bearer realm="rustok", error="insufficient_user_authentication", '
            f"max_age={self.max_age_seconds}"
        )


def parse_permission(text: str) -> Permission:
    """Check `resource:action`; `resource:*` and `*:*` are allowed in role definitions.

    Raises:
        InvalidPermission: an unknown resource or action.
    """
    resource, _, action = text.partition(":")
    if (resource in RESOURCES and (action in ACTIONS or action == "*")) or text == "*:*":
        return text
    raise InvalidPermission(f"'{text[:80]}' is not a permission of the form resource:action.")


def expand(permissions: Iterable[str]) -> frozenset[Permission]:
    """Replace wildcards and `manage` (every action of the resource) by the permissions they stand for."""
    full: set[str] = set()
    for permission in permissions:
        resource, _, action = permission.partition(":")
        resources = RESOURCES if resource == "*" else (resource,)
        actions = ACTIONS if action in ("*", "manage") else (action,)
        full.update(f"{one}:{other}" for one in resources for other in actions)
    return frozenset(full)


def _all(resources: str, actions: str) -> set[str]:
    return {f"{resource}:{action}" for resource in resources.split() for action in actions.split()}


_CATALOGUE = "products categories collections inventory promotions prices"
_CONTENT = "nodes media comments"
_WRITE = "create read update delete list publish export import"

BUILT_IN_ROLES: Final[dict[str, frozenset[Permission]]] = {
    "super_admin": expand(["*:*"]),
    "admin": expand(["*:*"]) - expand(["tenants:*"]) | {"tenants:read", "tenants:update"},
    "manager": frozenset(
        _all(f"{_CATALOGUE} {_CONTENT} orders customers", _WRITE)
        | _all("users settings analytics modules tenants", "read list")
        | _all("events webhooks mails", "read list")
    ),
    "editor": frozenset(
        _all(_CONTENT, _WRITE) | _all("categories", _WRITE) | _all("products", "read list")
    ),
    "author": frozenset({"nodes:create", "nodes:read", "nodes:update", "nodes:list"})
    | frozenset(_all("media", "create read list") | _all("categories", "read list")),
    "support": frozenset(
        _all("orders customers", "read list update")
        | _all("products inventory prices categories collections nodes", "read list")
        | _all("comments", "read list update")
        | _all("mails", "read list")
    ),
    "customer": frozenset(),
    "anonymous": frozenset(),
}
"""`author` reaches own nodes only: the content service checks authorship when the actor lacks nodes:publish."""
