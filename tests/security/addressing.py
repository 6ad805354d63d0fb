"""Aims every route of the table at the rows of a tenant: paths, queries and bodies that name them.

A path parameter or a body field that is not known here is an error, so that a new route cannot
escape the isolation tests.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

import msgspec

from rustok.core.ids import new_id
from rustok.core.routing import RawBody, Route
from tests.seeding import PIXEL, Rows, Seeded

PATHS: Final[dict[tuple[str, ...], tuple[str, tuple[str, ...]]]] = {
    ("cart_id",): ("carts", ("id",)),
    ("cart_id", "line_id"): ("cart_lines", ("cart_id", "id")),
    ("collection_id",): ("collections", ("id",)),
    ("collection_id", "product_id"): ("collection_products", ("collection_id", "product_id")),
    ("comment_id",): ("comments", ("id",)),
    ("customer_id",): ("users", ("id",)),
    ("delivery_id",): ("webhook_deliveries", ("id",)),
    ("domain_id",): ("tenant_domains", ("id",)),
    ("endpoint_id",): ("webhook_endpoints", ("id",)),
    ("key_id",): ("api_keys", ("id",)),
    ("kind", "handle"): ("node_documents", ("kind", "handle")),
    ("event_id",): ("outbox", ("id",)),
    ("letter_id",): ("dead_letters", ("id",)),
    ("factor_id",): ("second_factors", ("id",)),
    ("handle",): ("product_documents", ("handle",)),
    ("kind_id",): ("node_kinds", ("id",)),
    ("location_id",): ("stock_locations", ("id",)),
    ("mail_id",): ("mails", ("id",)),
    ("media_id",): ("media", ("id",)),
    ("menu_id",): ("menus", ("id",)),
    ("node_id",): ("nodes", ("id",)),
    ("node_id", "locale"): ("node_translations", ("node_id", "locale")),
    ("node_id", "number"): ("node_revisions", ("node_id", "number")),
    ("order_id",): ("orders", ("id",)),
    ("payment_id",): ("payments", ("id",)),
    ("product_id",): ("products", ("id",)),
    ("product_id", "image_id"): ("product_images", ("product_id", "id")),
    ("product_id", "locale"): ("product_translations", ("product_id", "locale")),
    ("promotion_id",): ("promotions", ("id",)),
    ("promotion_id", "coupon_id"): ("coupons", ("promotion_id", "id")),
    ("return_id",): ("returns", ("id",)),
    ("run_id",): ("import_runs", ("id",)),
    ("session_id",): ("sessions", ("id",)),
    ("slug",): ("roles", ("slug",)),
    ("tag_id",): ("content_tags", ("id",)),
    ("thing_id",): ("orders", ("id",)),
    ("tenant_id",): ("tenants", ("id",)),
    ("user_id",): ("users", ("id",)),
    ("variant_id",): ("product_variants", ("id",)),
    ("variant_id", "currency"): ("prices", ("variant_id", "currency")),
}
"""Path parameters -> the table and the columns that hold their values."""

OWN_WORDS: Final[dict[tuple[str, ...], tuple[str, ...]]] = {
    ("locale",): ("de",),
    ("module",): ("comments",),
    ("provider",): ("stripe",),
    ("number",): ("1",),
}
"""Path parameters that name nothing of a tenant: every tenant has the same words."""

IDS: Final[dict[str, str]] = {
    "actor_id": "users",
    "author_id": "users",
    "cart_id": "carts",
    "aggregate_id": "products",
    "endpoint_id": "webhook_endpoints",
    "featured_media_id": "media",
    "image_id": "product_images",
    "image_ids": "product_images",
    "location_id": "stock_locations",
    "node_id": "nodes",
    "object_id": "products",
    "order_line_id": "order_lines",
    "order_id": "orders",
    "product_ids": "products",
    "return_line_id": "return_lines",
    "target_ids": "products",
    "tag_id": "content_tags",
    "tag_ids": "content_tags",
    "variant_id": "product_variants",
    "variant_ids": "product_variants",
}
"""Fields of bodies and queries -> the table whose ids they take."""

_OF_MODULE: Final[dict[tuple[str, str], str]] = {
    ("products", "category_id"): "catalog_categories",
    ("products", "category_ids"): "catalog_categories",
    ("products", "parent_id"): "catalog_categories",
    ("taxonomy", "category_id"): "content_categories",
    ("taxonomy", "parent_id"): "content_categories",
    ("nodes", "category_id"): "content_categories",
    ("nodes", "category_ids"): "content_categories",
    ("nodes", "parent_id"): "nodes",
    ("comments", "parent_id"): "comments",
}
_KINDS: Final = {"customer_id": "customer", "user_id": "staff"}
"""Path parameters that name users of one kind only."""
_MENU: Final[tuple[tuple[str, str, dict[str, object]], ...]] = (
    ("node_id", "nodes", {"kind": "node"}),
    ("category_id", "content_categories", {"kind": "category"}),
)
_NESTED: Final[dict[tuple[str, str], tuple[tuple[str, str, dict[str, object]], ...]]] = {
    ("ShipOrder", "lines"): (("order_line_id", "order_lines", {"quantity": 1}),),
    ("RequestReturn", "lines"): (("order_line_id", "order_lines", {"quantity": 1}),),
    ("ReceiveReturn", "restocked"): (("return_line_id", IDS["return_line_id"], {"quantity": 1}),),
    ("CreateMenu", "items"): _MENU,
    ("UpdateMenu", "items"): _MENU,
}
"""Lists of structs in bodies that name rows: the fields that do, of which table, and what else they need."""
_WORDS: Final[dict[tuple[str, str], tuple[str, str]]] = {
    ("CreateNode", "kind"): ("node_kinds", "slug"),
    ("CreateUser", "roles"): ("roles", "slug"),
    ("ChangeRoles", "roles"): ("roles", "slug"),
    ("CreateLoginProvider", "default_roles"): ("roles", "slug"),
    ("UpdateLoginProvider", "default_roles"): ("roles", "slug"),
    ("Login", "email"): ("users", "email"),
}
"""Fields that name a row by another word than its id."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One request.

    Attributes:
        sent: what of the aimed-at tenant the request itself tells.
        aims: whether it names anything of that tenant.
    """

    route: Route
    path: str
    query: dict[str, str] = msgspec.field(default_factory=dict)
    body: object = None
    sent: frozenset[str] = frozenset()
    aims: bool = True

    @property
    def name(self) -> str:
        return f"{self.route.method} {self.path} {self.query} {self.body!r:.300}"

    def request(self) -> dict[str, Any]:
        """Keyword arguments of httpx's `request`."""
        headers = {"Idempotency-Key": str(new_id())} if self.route.idempotency != "none" else {}
        if self.route.precondition != "none":
            headers["If-Match"] = "*"
        made: dict[str, Any] = {"method": self.route.method, "url": self.path, "headers": headers}
        if self.query:
            made["params"] = self.query
        if self.route.body is RawBody:
            made["content"] = PIXEL
            headers["content-type"] = "image/png"
        elif self.route.body is not None:
            made["json"] = self.body
        return made


def _names(route: Route) -> tuple[str, ...]:
    return tuple(route.path_params)


def path_values(route: Route, rows: Rows, seeded: Seeded) -> list[tuple[str, ...]]:
    """Values for the route's parameters: the newest row of each state.

    Raises:
        AssertionError: the parameters are not known here.
    """
    names = _names(route)
    if not names:
        return [()]
    if names in OWN_WORDS:
        return [OWN_WORDS[names]]
    table, columns = PATHS.get(names, ("", ()))
    if names == ("category_id",):
        table, columns = _OF_MODULE[route.module, "category_id"], ("id",)
    if (route.module, names) == ("menus", ("handle",)):
        table, columns = "menus", ("handle",)
    if names == ("slug",) and "/providers/" in f"{route.path}/".replace(
        "login-providers", "providers"
    ):
        table = "login_providers"
    assert table, f"{route.operation_id}: tell tests/security/addressing.py of {names}"
    if table == "tenants":
        return [(str(seeded.profile.id),)]
    kind = _KINDS.get(names[0])
    found = [row for row in rows[table] if kind is None or row["kind"] == kind]
    assert found, f"tests/seeding.py leaves {table} empty"
    if "created_at" in found[0]:
        found = sorted(found, key=lambda row: row["created_at"])
    chosen = {row.get("status") or "": row for row in found}
    return [tuple(str(row[column]) for column in columns) for _, row in sorted(chosen.items())]


def _table_of(route: Route, field: str) -> str | None:
    parts = field.split("_")
    if field == "client_id":  # an OpenID provider's word for us
        return None
    if parts[-1] not in ("id", "ids"):
        return None
    table = IDS.get(field) or _OF_MODULE.get((route.module, field))
    assert table, f"{route.operation_id}: tell tests/security/addressing.py of field {field!r}"
    return table


def bodies(route: Route, rows: Rows) -> Iterator[tuple[object, frozenset[str]]]:
    """The example, and for each field that can name a row the example with such a row's name."""
    if route.body is None or route.body is RawBody:
        yield None, frozenset()
        return
    example: dict[str, Any] = msgspec.to_builtins(route.example)
    plain = {name: value for name, value in example.items() if not _references(route, name)}
    yield {**plain, **{n: v for n, v in example.items() if n not in plain}}, frozenset()
    every: dict[str, Any] = {}
    told: set[str] = set()
    for field in msgspec.structs.fields(route.body):
        named = _reference(route, field.encode_name, rows)
        if named is None:
            continue
        value, sent = named
        every[field.encode_name] = value
        told |= sent
        yield {**example, field.encode_name: value}, sent
    if len(every) > 1:
        yield {**example, **every}, frozenset(told)


def _references(route: Route, name: str) -> bool:
    key = (route.body.__name__, name)
    return key in _NESTED or key in _WORDS or _table_of(route, name) is not None


def _reference(route: Route, name: str, rows: Rows) -> tuple[object, frozenset[str]] | None:
    key = (route.body.__name__, name)
    if key in _NESTED:
        found: list[dict[str, object]] = []
        told: set[str] = set()
        for inner, table, more in _NESTED[key]:
            ids = [str(row["id"]) for row in rows[table]][:5]
            found += [{inner: one, **more} for one in ids]
            told |= set(ids)
        return found, frozenset(told)
    if key in _WORDS:
        table, column = _WORDS[key]
        word = str(rows[table][0][column])
        return ([word] if name.endswith("roles") else word), frozenset({word})
    table_name = _table_of(route, name)
    if table_name is None:
        return None
    rows_of = rows[table_name]
    if name == "cart_id":
        rows_of = [row for row in rows_of if row["status"] == "active"]
    ids = sorted({str(row["id"]) for row in rows_of})
    if name.endswith("_ids"):
        return ids[:3], frozenset(ids[:3])
    return ids[0], frozenset(ids[:1])


def queries(
    route: Route, rows: Rows, seeded: Seeded
) -> Iterator[tuple[dict[str, str], frozenset[str]]]:
    """No query, and one per field that names a row or a text of the tenant."""
    yield {}, frozenset()
    if route.query is None:
        return
    words: Mapping[str, str] = {
        "q": seeded.marker,
        "email": f"buyer-{seeded.marker}@example.com",
        "token": seeded.order_token,
        "code": f"code0-{seeded.marker}",
        "tag": f"tag {seeded.marker}",
        "vendor": f"Vendor {seeded.marker}",
        "category": f"cat-{seeded.marker}",
        "collection": f"col-{seeded.marker}",
    }
    for field in msgspec.structs.fields(route.query):
        name = field.encode_name
        table = _table_of(route, name)
        if table is not None:
            value = str(rows[table][0]["id"])
        elif name in words:
            value = words[name]
        else:
            continue
        yield {name: value}, frozenset({value})


def attempts(
    route: Route, *, path_of: tuple[Rows, Seeded], foreign: tuple[Rows, Seeded]
) -> Iterator[Attempt]:
    """Every way to name something of `foreign` in a request to `route`.

    Args:
        path_of: whose rows the path names; `foreign` itself, or one's own.
    """
    is_own_path = path_of[1] is not foreign[1]
    for values in path_values(route, *path_of):
        path = route.full_path
        for name, value in zip(_names(route), values, strict=True):
            path = path.replace("{" + name + "}", value)
        in_path = frozenset() if is_own_path or _names(route) in OWN_WORDS else frozenset(values)
        for (query, in_query), (body, in_body) in itertools.product(
            queries(route, *foreign), bodies(route, foreign[0])
        ):
            sent = in_path | in_query | in_body
            yield Attempt(
                route=route, path=path, query=query, body=body, sent=sent, aims=bool(sent)
            )


def ids_in(rows: Rows) -> frozenset[str]:
    """Every UUID of a dump but those that all tenants share."""
    found = {
        str(value)
        for table in rows.values()
        for row in table
        for value in row.values()
        if isinstance(value, UUID)
    }
    return frozenset(found)
