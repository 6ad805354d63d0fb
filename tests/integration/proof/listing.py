"""Asks every list of the route table in every way it can be asked, and notes the statements.

Refuses: judging them; see `test_query_plans`.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, Literal, get_args, get_origin

import httpx
import msgspec

from rustok.core.routing import Route
from tests.conftest import World
from tests.security.addressing import path_values
from tests.seeding import Rows, Seeded, dump

ENDLESS: Final = {"admin_stream_events"}
NOT_LISTS: Final = {"platform_list_tenants"}
"""It reads `tenants` through the door of the platform, which belongs to no tenant."""
_WORDS: Final = {"q": "thing", "action": "order.placed", "object_type": "order", "type": "order.placed",
                 "aggregate_type": "order", "kind": "post", "locale": "en", "template": "x",
                 "number": "1001", "object_id": "1", "format": "jsonl"}  # fmt: skip


async def statements_of_lists(world: World, seeded: Seeded) -> dict[str, str]:
    """SQL of every GET of the storefront and the administration -> a request that runs it."""
    rows = await dump(world, seeded.profile.id)
    found: dict[str, str] = {}
    tokens = {"admin": seeded.admin_token, "storefront": seeded.customer_token}
    async with contextlib.AsyncExitStack() as stack:
        clients = {
            surface: await stack.enter_async_context(world.client(seeded.profile, token=token))
            for surface, token in tokens.items()
        }
        for route in world.platform.modules.routes:
            if route.method != "GET" or route.surface not in clients:
                continue
            if route.operation_id in ENDLESS | NOT_LISTS:
                continue
            path = route.full_path
            values = path_values(route, rows, seeded)[-1]
            for name, value in zip(route.path_params, values, strict=True):
                path = path.replace("{" + name + "}", value)
            for query in questions(route, rows, seeded):
                await _ask(world, clients[route.surface], path, query, found)
    return found


async def _ask(
    world: World,
    client: httpx.AsyncClient,
    path: str,
    query: dict[str, str],
    found: dict[str, str],
) -> None:
    with world.counting() as count:
        answer = await client.get(path, params=query)
        assert answer.status_code in (200, 404), f"{path} {query}: {answer.text}"
        cursor = _cursor(answer)
        if cursor is not None:
            answer = await client.get(path, params={**query, "cursor": cursor})
            assert answer.status_code == 200, f"{path} {query}: {answer.text}"
    for sql in count.sql:
        if sql.lstrip().upper().startswith(("SELECT", "WITH")):
            found.setdefault(sql, f"GET {path} {query}")


def _cursor(answer: httpx.Response) -> str | None:
    if answer.headers.get("content-type", "").partition(";")[0] != "application/json":
        return None
    body = answer.json()
    cursor = body.get("next_cursor") if isinstance(body, dict) else None
    return str(cursor) if cursor else None


def questions(route: Route, rows: Rows, seeded: Seeded) -> Iterator[dict[str, str]]:
    """No filter, each filter alone, each order, and words with each order."""
    fields = msgspec.structs.fields(route.query) if route.query is not None else ()
    names = {field.encode_name for field in fields}
    always = {"q": "thing"} if "q" in {f.encode_name for f in fields if f.required} else {}
    if "limit" in names:
        always["limit"] = "1"
    yield always
    for field in fields:
        name = field.encode_name
        if name in ("limit", "cursor", "issues"):
            continue
        for value in _values(name, field.type, rows, seeded):
            yield {**always, name: value}
            if name == "sort" and "q" in names:
                yield {**always, name: value, "q": "thing"}


def _values(name: str, kind: Any, rows: Rows, seeded: Seeded) -> list[str]:
    text = str(kind)
    if "Literal[" in text:
        return [str(one) for one in _literals(kind)][: None if name == "sort" else 1]
    if "UUID" in text:
        return ["0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f60"]
    if "datetime" in text:
        return [datetime(2026, 1, 1, tzinfo=UTC).isoformat()]
    if "bool" in text:
        return ["true"]
    if "email" in name:
        return [f"buyer-{seeded.marker}@example.com"]
    if name == "token":
        return [seeded.order_token]
    if name in _WORDS:
        return [_WORDS[name]]
    if re.search(r"\bint\b", text):
        return ["100"]
    return ["size:s" if name == "option" else "thing"]


def _literals(kind: Any) -> Iterator[object]:
    if get_origin(kind) is Literal:
        yield from get_args(kind)
        return
    for one in get_args(kind):
        yield from _literals(one)
