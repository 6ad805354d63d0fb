"""Fields nobody offers are refused on every write, and every field that takes an id refuses a foreign one.

Both lists come from the schemas themselves, nested ones included, so that a new field cannot escape.
Source: OWASP API3:2023 (broken object property level authorization), API1:2023.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

from rustok.core.routing import RawBody, Route
from rustok.server.modules import all_modules
from tests.security.addressing import attempts, bodies
from tests.security.live import Live
from tests.security.test_tenant_isolation import EMPTY

PRIVILEGED: Final[dict[str, object]] = {
    "id": str(uuid4()),
    "tenant_id": str(uuid4()),
    "tenant": "t-bbbmarker",
    "version": 99,
    "created_at": "2001-01-01T00:00:00Z",
    "updated_at": "2001-01-01T00:00:00Z",
    "status": "paid",
    "state": "paid",
    "kind": "platform",
    "roles": ["owner"],
    "role": "super_admin",
    "permissions": ["*:*"],
    "scopes": ["*:*"],
    "is_admin": True,
    "is_superuser": True,
    "email_verified": True,
    "owner_id": str(uuid4()),
    "customer_id": str(uuid4()),
    "user_id": str(uuid4()),
    "total_minor": 1,
    "price_minor": 1,
    "amount_minor": 1,
    "unit_amount_minor": 1,
    "currency": "XXX",
    "paid_at": "2001-01-01T00:00:00Z",
    "published_at": "2001-01-01T00:00:00Z",
    "deleted_at": None,
    "password_hash": "$argon2id$x",
    "__class__": "x",
    "__proto__": {"x": 1},
}

WRITES: Final = [
    route
    for route in all_modules().routes
    if route.body not in (None, RawBody) and route.example is not None
]


@pytest.fixture
def admin(live: Live) -> Iterator[httpx.Client]:
    with live.admin() as client:
        yield client


def structs_in(kind: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], type]]:
    """Every struct within a body's type, with where it stands: itself at ()."""
    yield from _walk(msgspec.inspect.type_info(kind), path, frozenset())


def _walk(
    info: Any, path: tuple[str, ...], seen: frozenset[type]
) -> Iterator[tuple[tuple[str, ...], type]]:
    if isinstance(info, msgspec.inspect.Metadata):
        yield from _walk(info.type, path, seen)
    elif isinstance(info, msgspec.inspect.UnionType):
        for one in info.types:
            yield from _walk(one, path, seen)
    elif isinstance(
        info,
        msgspec.inspect.ListType | msgspec.inspect.VarTupleType | msgspec.inspect.SetType,
    ):
        yield from _walk(info.item_type, (*path, "*"), seen)
    elif isinstance(info, msgspec.inspect.DictType):
        yield from _walk(info.value_type, (*path, "{}"), seen)
    elif isinstance(info, msgspec.inspect.StructType) and info.cls not in seen:
        yield path, info.cls
        for field in info.fields:
            yield from _walk(field.type, (*path, field.encode_name), seen | {info.cls})


def test_every_struct_of_every_write_forbids_fields_it_does_not_know() -> None:
    loose = {
        f"{route.operation_id} {'/'.join(path)}: {struct.__name__}"
        for route in all_modules().routes
        if route.body not in (None, RawBody)
        for path, struct in structs_in(route.body)
        if not struct.__struct_config__.forbid_unknown_fields  # type: ignore[attr-defined]
    }
    assert loose == set()


def test_no_field_of_privilege_is_taken_where_it_is_not_offered(
    live: Live, admin: httpx.Client
) -> None:
    """Sent one by one beside a valid body, to every write on its own row: 400 and nothing written."""
    own, asked, wrong = (live.rows, live.a), 0, []
    for route in WRITES:
        if route.surface == "platform":
            continue
        known = set(route.body.__struct_encode_fields__)
        request = next(attempts(route, path_of=own, foreign=own)).request()
        for name, value in list(PRIVILEGED.items())[:: 1 if asked < 200 else 5]:
            if name in known:
                continue
            body = {**request["json"], name: value}
            headers = {**request["headers"], "Idempotency-Key": uuid4().hex}
            answer = admin.request(request["method"], request["url"], json=body, headers=headers)
            asked += 1
            refused = answer.status_code == 400 or (
                # Limits, roles and steps of a lifecycle may be asked before the body is read.
                answer.status_code in (401, 403, 404, 409, 412, 422, 429)
            )
            if not refused or (answer.status_code == 400 and name not in answer.text):
                wrong.append(
                    f"{answer.status_code} {route.operation_id} {name}: {answer.text[:200]}"
                )
    assert asked > 300
    assert wrong == []


def _id_fields(route: Route) -> Iterator[str]:
    """Names of the fields anywhere in the body whose type is a UUID or a list of them."""
    for _, struct in structs_in(route.body):
        for field in msgspec.inspect.type_info(struct).fields:  # type: ignore[attr-defined]
            if _takes_ids(field.type):
                yield field.encode_name


def _takes_ids(info: Any) -> bool:
    if isinstance(info, msgspec.inspect.Metadata):
        return _takes_ids(info.type)
    if isinstance(info, msgspec.inspect.UnionType):
        return any(_takes_ids(one) for one in info.types)
    if isinstance(info, msgspec.inspect.ListType | msgspec.inspect.VarTupleType):
        return _takes_ids(info.item_type)
    return isinstance(info, msgspec.inspect.UUIDType)


def _names_in(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _names_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _names_in(inner)


def test_every_field_that_takes_an_id_is_aimed_at_the_other_tenant(live: Live) -> None:
    """The isolation tests make their bodies by name; here the schemas say whether any name is missing."""
    missing = []
    for route in all_modules().routes:
        if route.body in (None, RawBody) or route.surface == "platform":
            continue
        aimed = {
            name for body, sent in bodies(route, live.rows_b) if sent for name in _names_in(body)
        }
        missing += [
            f"{route.operation_id}.{name}" for name in set(_id_fields(route)) if name not in aimed
        ]
    assert missing == [], "tell tests/security/addressing.py"


def test_no_write_takes_an_id_of_another_tenant_anywhere_in_its_body(
    live: Live, admin: httpx.Client
) -> None:
    """A's own rows in the path, B's in the body: never stored, never told."""
    asked, wrong = 0, []
    for route in WRITES:
        if route.surface == "platform" or not set(_id_fields(route)):
            continue
        for one in attempts(route, path_of=(live.rows, live.a), foreign=(live.rows_b, live.b)):
            if not one.aims:
                continue
            answer = admin.request(**one.request())
            asked += 1
            sent = {word for word in one.sent if _is_id(word)}
            if answer.status_code < 300 and any(word in answer.text for word in sent):
                wrong.append(f"{answer.status_code} {one.name}: {answer.text[:200]}")
            if live.b.marker in answer.text and live.b.marker not in str(one.body):
                wrong.append(f"{one.name} tells B's text: {answer.text[:200]}")
    assert asked > 20
    assert wrong == []


def _is_id(word: str) -> bool:
    try:
        UUID(word)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    "value",
    [
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "not-an-id",
        "1",
        "1 OR 1=1",
        "../../etc/passwd",
        "{0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f60}",
        "urn:uuid:0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f60",
        "0190b5a47c1e7d3a9f105b2c3d4e5f60",
        "0190B5A4-7C1E-7D3A-9F10-5B2C3D4E5F6\u0660",
        "0190b5a4_7c1e_7d3a_9f10_5b2c3d4e5f60",
        "0190b5a4-7c1e-7d3a-9f10-5b2c3d_e5f60",
    ],
)
def test_an_id_that_is_none_finds_nothing_anywhere(
    live: Live, admin: httpx.Client, value: str
) -> None:
    for route in all_modules().routes:
        names = [name for name, kind in route.path_params.items() if kind is UUID]
        if route.method != "GET" or not names or route.surface == "platform":
            continue
        path = route.full_path
        for name in route.path_params:
            path = path.replace("{" + name + "}", value if name in names else "en")
        answer = admin.get(path)
        empty = route.operation_id in EMPTY and answer.content == b"[]"
        assert answer.status_code in (400, 404) or empty, (path, value)
