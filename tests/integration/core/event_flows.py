"""Real flows that end in events: requests of the API, by the type each of them is for.

`{name}` in a path is an id of `ids`; the tenant is one that `seed_everything` has filled.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec


class Flow(msgspec.Struct, frozen=True):
    """A request that makes an event of `event` happen; `keep` names the new thing's id for later."""

    event: str
    method: str
    path: str
    body: Any = None
    keep: str | None = None


def _admin(event: str, method: str, path: str, body: Any = None, keep: str | None = None) -> Flow:
    return Flow(event, method, f"/api/v1/admin/{path}", body, keep)


_WRONG_LOGIN: Final = {
    "email": "nobody@example.com",
    "password": "wrong horse battery staple",
}

FLOWS: Final[tuple[Flow, ...]] = (
    _admin("locale.enabled", "PUT", "tenant/locales/fr"),
    _admin("locale.disabled", "DELETE", "tenant/locales/fr"),
    _admin("module.disabled", "DELETE", "tenant/modules/imports"),
    _admin("module.enabled", "PUT", "tenant/modules/imports"),
    _admin("tenant.domain_removed", "DELETE", "tenant/domains/{domain}"),
    _admin("role.created", "POST", "roles", {"slug": "clerk", "name": "Clerk", "permissions": []}),
    _admin("role.updated", "PATCH", "roles/clerk", {"permissions": ["orders:read"]}),
    _admin("role.deleted", "DELETE", "roles/clerk"),
    _admin(
        "login_provider.created",
        "POST",
        "login-providers",
        {
            "slug": "other",
            "name": "Other",
            "issuer": "https://login.example.com",
            "client_id": "rustok",
            "redirect_uris": ["https://shop.example.com/signed-in"],
        },
    ),
    _admin("login_provider.updated", "PATCH", "login-providers/other", {"name": "Another"}),
    _admin("login_provider.deleted", "DELETE", "login-providers/other"),
    _admin("api_key.revoked", "DELETE", "api-keys/{api_key}"),
    _admin(
        "user.registered",
        "POST",
        "users",
        {
            "email": "grace@example.com",
            "password": "correct horse battery staple",
            "display_name": "Grace",
            "roles": ["editor"],
        },
        "user",
    ),
    _admin("user.updated", "PATCH", "users/{user}", {"display_name": "Grace Hopper"}),
    _admin("user.role_changed", "PUT", "users/{user}/roles", {"roles": ["support"]}),
    _admin("user.deleted", "DELETE", "users/{user}"),
    _admin("media.updated", "PATCH", "media/{media}", {"alt": {"en": "Boats"}}),
    _admin(
        "media.uploaded",
        "POST",
        "media/references",
        {"url": "https://cdn.example.com/unused.webp", "mime_type": "image/webp"},
        "unused_media",
    ),
    _admin("media.deleted", "DELETE", "media/{unused_media}"),
    _admin("menu.updated", "PATCH", "menus/{menu}", {"names": {"en": "Another"}}),
    _admin("menu.deleted", "DELETE", "menus/{menu}"),
    _admin(
        "category.created", "POST", "content-categories", {"texts": {"en": {"name": "A"}}}, "cat"
    ),
    _admin("category.updated", "PATCH", "content-categories/{cat}", {"handle": "another"}),
    _admin("category.deleted", "DELETE", "content-categories/{cat}"),
    _admin("tag.created", "POST", "tags", {"name": "Fleeting"}, "tag"),
    _admin("tag.updated", "PATCH", "tags/{tag}", {"name": "Lasting"}),
    _admin("tag.deleted", "DELETE", "tags/{tag}"),
    _admin(
        "node.created",
        "POST",
        "nodes",
        {"kind": "page", "translations": {"en": {"title": "Ferry", "handle": "ferry"}}},
        "page",
    ),
    _admin("node.published", "POST", "nodes/{page}/publish"),
    _admin("node.unpublished", "POST", "nodes/{page}/unpublish"),
    _admin("node.submitted_for_review", "POST", "nodes/{page}/submit"),
    _admin("node.review_rejected", "POST", "nodes/{page}/reject", {"reason": "Too short"}),
    _admin("node.published", "POST", "nodes/{page}/publish"),
    _admin("node.archived", "POST", "nodes/{page}/archive", {"reason": "Out of date"}),
    _admin("node.restored", "POST", "nodes/{page}/restore"),
    _admin("node.deleted", "DELETE", "nodes/{page}"),
    _admin("tag.detached", "PUT", "nodes/{post}/terms", {"category_ids": [], "tag_ids": []}),
    _admin("comment.reopened", "POST", "comments/{comment}/reopen"),
    _admin("comment.rejected", "POST", "comments/{comment}/discard"),
    _admin("comment.deleted", "DELETE", "comments/{comment}"),
    _admin("product.unpublished", "POST", "products/{product}/unpublish"),
    _admin("product.published", "POST", "products/{product}/publish"),
    _admin("variant.updated", "PATCH", "variants/{draft_variant}", {"weight_grams": 205}),
    _admin("inventory.adjusted", "PUT", "variants/{draft_variant}/stock", {"on_hand": 40}),
    _admin("inventory.low", "PUT", "variants/{draft_variant}/stock", {"on_hand": 1}),
    _admin("inventory.out_of_stock", "PUT", "variants/{draft_variant}/stock", {"on_hand": 0}),
    _admin("inventory.back_in_stock", "PUT", "variants/{draft_variant}/stock", {"on_hand": 5}),
    _admin("variant.deleted", "DELETE", "variants/{other_draft_variant}"),
    _admin("product.deleted", "DELETE", "products/{draft}"),
    _admin("collection.deleted", "DELETE", "collections/{collection}"),
    _admin("return.rejected", "POST", "returns/{asked_return}/reject", {"reason": "Worn"}),
    _admin("return.refunded", "POST", "returns/{received_return}/refund", {}),
    _admin("payment.voided", "POST", "payments/{promised_payment}/void"),
    _admin(
        "payment.refunded",
        "POST",
        "orders/{paid_order}/cancel-with-refund",
        {"reason": "Lost in the warehouse"},
    ),
    _admin("webhook.endpoint_updated", "PATCH", "webhooks/{hook}", {"is_ordered": True}),
    _admin("webhook.secret_rotated", "POST", "webhooks/{hook}/rotate-secret", {}),
    _admin("webhook.endpoint_disabled", "POST", "webhooks/{hook}/disable", {"reason": "It moves"}),
    _admin("webhook.endpoint_enabled", "POST", "webhooks/{hook}/enable"),
    _admin("webhook.endpoint_deleted", "DELETE", "webhooks/{hook}"),
    Flow(
        "user.login_failed",
        "POST",
        "/api/v1/auth/login",
        {"email": "nobody@example.com", "password": "wrong horse battery staple"},
    ),
    *[Flow("user.login_failed", "POST", "/api/v1/auth/login", _WRONG_LOGIN)] * 3,
    Flow("sign_in.throttled", "POST", "/api/v1/auth/login", _WRONG_LOGIN),
    Flow(
        "user.stepped_up",
        "POST",
        "/api/v1/auth/step-up",
        {"password": "correct horse battery staple"},
    ),
    Flow(
        "user.password_changed",
        "POST",
        "/api/v1/auth/password",
        {
            "current_password": "correct horse battery staple",
            "new_password": "seven purple lanterns",
        },
    ),
    Flow("user.session_revoked", "POST", "/api/v1/auth/logout"),
)

REFUSED: Final = frozenset({"user.login_failed", "sign_in.throttled"})
"""Flows whose answer is a refusal."""
