"""Generated requests over the OpenAPI document of a seeded tenant: never a 5xx, always as documented.

schemathesis makes the requests, fitting the document and breaking it, as an admin and as nobody;
then every example of the document is sent about rows that are there. The document's `default`
answers are taken out first, so that a status nobody wrote down is found. In process, on SQLite.
"""

from __future__ import annotations

import copy
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.python import asgi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from rustok.core.routing import RawBody, Route
from rustok.server.asgi import application
from rustok.server.platform import Platform
from rustok.server.settings import RateLimitSettings
from tests.conftest import World, settings_for
from tests.security.addressing import PATHS, attempts, path_values
from tests.seeding import Rows, Seeded, dump, seed_everything

CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXCLUDED: Final = {
    "auth_logout": "ends the session with which all others are asked",
    "admin_stream_events": "goes on until the token expires; test_event_stream.py reads it",
    "admin_disable_module": "switches features off, after which everything of theirs is 404",
}
EXAMPLES: Final = {
    "admin": int(os.environ.get("RUSTOK_SCHEMATHESIS_EXAMPLES", "4")),
    "anonymous": int(os.environ.get("RUSTOK_SCHEMATHESIS_EXAMPLES", "2")),
}
"""Cases per caller for each operation and each kind of data, fitting and not; at least 2,000 in all."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


class Live:
    """The application, opened and seeded in the event loop that asks it."""

    def __init__(self, template: Path, folder: Path) -> None:
        path = folder / "rustok.sqlite3"
        shutil.copyfile(template, path)
        # The caller sends more than anybody may; what the limits do, test_rate_limits.py asks.
        self._settings = msgspec.structs.replace(
            settings_for(f"sqlite:///{path}", folder), rate_limits=RateLimitSettings(enabled=False)
        )
        self._application: Any = None
        self.seeded: Seeded
        self.rows: Rows
        self.routes: dict[str, Route] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await self._application(scope, receive, send)

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        platform = Platform(self._settings, observer=None)
        await platform.open()
        world = World(platform, [])
        tenant = await world.tenant(locales=["en", "de"], currencies=["EUR", "USD"])
        self.seeded = await seed_everything(world, tenant, "markers")
        self.rows = await dump(world, tenant.id)
        self.routes = {route.operation_id: route for route in platform.modules.routes}
        self._application = application(platform)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await platform.close()
        await send({"type": "lifespan.shutdown.complete"})


@pytest.fixture
def live(sqlite_template: Path, tmp_path: Path) -> Iterator[Live]:
    app = Live(sqlite_template, tmp_path)
    with asgi.get_client(app):
        yield app
    asgi.shutdown_lifespans()


def _schema(live: Live) -> Any:
    served = schemathesis.openapi.from_asgi("/openapi.json", live)
    strict = copy.deepcopy(served.raw_schema)
    for path in strict["paths"].values():
        for operation in path.values():
            operation["responses"].pop("default")
    schema = schemathesis.openapi.from_dict(strict)
    schema.app = live
    return schema


def _operations(schema: Any) -> list[Any]:
    found = [result.ok() for result in schema.get_all_operations()]
    kept = [one for one in found if one.definition.raw["operationId"] not in EXCLUDED]
    return sorted(kept, key=lambda one: (one.method == "delete", one.path, one.method))


def _headers(live: Live, token: str | None) -> dict[str, str]:
    headers = {"X-Tenant": live.seeded.profile.slug}
    return headers if token is None else {**headers, "Authorization": f"Bearer {token}"}


class Tally:
    """Cases asked, what they were answered, and what was wrong, each fault once."""

    def __init__(self) -> None:
        self.cases = 0
        self.statuses: Counter[int] = Counter()
        self.failures: dict[str, str] = {}

    def ask(self, case: Any, headers: dict[str, str], operation_id: str) -> None:
        self.cases += 1
        response = case.call(headers=headers)
        self.statuses[response.status_code] += 1
        try:
            case.validate_response(response, checks=CHECKS, headers=headers)
        except FailureGroup as group:
            for failure in group.exceptions:
                key = f"{operation_id} {response.status_code} {failure.title}"
                self.failures.setdefault(key, f"{failure}\n{case!r:.600}\n{response.text:.600}")


def _generated(
    live: Live, operation: Any, mode: Any, tally: Tally, headers: dict[str, str], examples: int
) -> Callable[[], None]:
    operation_id = operation.definition.raw["operationId"]
    route = live.routes[operation_id]
    real = _real_paths(live, route)

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        if real and tally.cases % 2 and mode.is_positive:
            case.path_parameters = real[tally.cases // 2 % len(real)]
            if route.precondition != "none":
                case.headers["If-Match"] = "*"
        tally.ask(case, headers, operation_id)

    return run


def _real_paths(live: Live, route: Route) -> list[dict[str, str]]:
    names = tuple(route.path_params)
    if names not in PATHS or names in (("session_id",), ("tenant_id",)):
        return []
    return [
        dict(zip(names, values, strict=True))
        for values in path_values(route, live.rows, live.seeded)
    ]


def _report(tally: Tally, record_property: Callable[[str, object], None]) -> None:
    record_property("schemathesis_cases", tally.cases)
    record_property("schemathesis_failures", len(tally.failures))
    told = "\n\n".join(f"== {key}\n{text}" for key, text in sorted(tally.failures.items()))
    assert not tally.failures, f"{len(tally.failures)} faults in {tally.cases} cases\n{told}"


@pytest.mark.parametrize("caller", ["admin", "anonymous"])
def test_generated_requests_are_answered_as_documented(
    live: Live, caller: str, record_property: Callable[[str, object], None]
) -> None:
    token = live.seeded.admin_token if caller == "admin" else None
    headers, tally = _headers(live, token), Tally()
    operations = _operations(_schema(live))
    unbreakable: set[str] = set()  # takes any text, or nothing at all
    for operation in operations:
        for mode in schemathesis.GenerationMode:
            try:
                _generated(live, operation, mode, tally, headers, EXAMPLES[caller])()
            except Unsatisfiable:
                if mode.is_positive:
                    raise
                unbreakable.add(operation.definition.raw["operationId"])
    assert len(unbreakable) <= 5, f"nothing can be wrong about {sorted(unbreakable)}?"
    _report(tally, record_property)
    assert tally.cases >= EXAMPLES[caller] * 2 * len(operations) * 0.95, "some made no cases"
    assert sum(EXAMPLES.values()) * 2 * len(operations) >= 2_000
    if caller == "admin":
        with asgi.get_client(live) as client:
            asked = client.get("/api/v1/admin/tenant", headers=headers)
        assert asked.status_code == 200, "the admin stopped being one while asking"
        assert sum(n for code, n in tally.statuses.items() if code < 300) >= 100, tally.statuses


def test_the_documents_examples_about_rows_that_are_there_are_answered_as_documented(
    live: Live,
) -> None:
    headers, tally = _headers(live, live.seeded.admin_token), Tally()
    own = (live.rows, live.seeded)
    for operation in _operations(_schema(live)):
        operation_id = operation.definition.raw["operationId"]
        route = live.routes[operation_id]
        if route.surface == "platform" or operation_id == "auth_revoke_session":
            continue
        for one in attempts(route, path_of=own, foreign=own):
            request = one.request()
            case = operation.Case(
                path_parameters=_parameters(route, one.path),
                query=one.query,
                headers=request["headers"],
                **_body(route, request),
            )
            tally.ask(case, headers, operation_id)
    _report(tally, lambda *_: None)
    good = sum(n for code, n in tally.statuses.items() if code < 300)
    assert good >= 200, tally.statuses


def _parameters(route: Route, path: str) -> dict[str, str]:
    given_parts = zip(route.full_path.split("/"), path.split("/"), strict=True)
    return {name[1:-1]: value for name, value in given_parts if name.startswith("{")}


def _body(route: Route, request: dict[str, Any]) -> dict[str, Any]:
    if route.body is None:
        return {}
    if route.body is RawBody:
        return {"body": request["content"], "media_type": "application/octet-stream"}
    return {"body": request["json"], "media_type": "application/json"}
