"""What identity promises to the edge: its routes, events and errors."""

from __future__ import annotations

import re

import pytest

from rustok.core.errors import Unauthenticated
from rustok.core.events.event import InvalidEvent, encode_event, event_types
from rustok.core.ids import new_id
from rustok.core.routing import PUBLIC, Route
from rustok.platform.identity.errors import InvalidCredentials, InvalidRefreshToken
from rustok.platform.identity.events import UserLoginFailed, UserRoleChanged, UserUpdated
from rustok.platform.identity.module import MODULE

ROUTES = [route for routes in MODULE.routes for route in routes.routes]


def test_only_what_leads_to_a_session_is_public() -> None:
    public = {(route.surface, route.path) for route in ROUTES if route.permission == PUBLIC}
    assert public == {
        ("auth", "/login"),
        ("auth", "/login/second-factor"),
        ("auth", "/login/second-factor/options"),
        ("auth", "/providers"),
        ("auth", "/providers/{slug}/begin"),
        ("auth", "/providers/{slug}/finish"),
        ("auth", "/password-reset"),
        ("auth", "/password-reset/confirm"),
        ("auth", "/email-verification/confirm"),
        ("auth", "/refresh"),
        ("storefront", "/customers/register"),
    }


def test_operation_ids_are_unique() -> None:
    ids = [route.operation_id for route in ROUTES]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    "route",
    [route for route in ROUTES if route.path in ("/login", "/refresh", "/password", "/api-keys")],
    ids=lambda route: f"{route.method} {route.path}",
)
def test_answers_with_secrets_are_never_stored_for_replay(route: Route) -> None:
    assert route.idempotency == "none"


@pytest.mark.parametrize("name", MODULE.event_types)
def test_no_event_has_a_field_for_personal_data_or_secrets(name: str) -> None:
    fields = set(event_types()[name].__struct_fields__)
    assert not {f for f in fields if re.search(r"email$|name$|password|secret|token", f)}


def test_a_refused_credential_is_a_401() -> None:
    for error in (InvalidCredentials(), InvalidRefreshToken()):
        assert isinstance(error, Unauthenticated)
        assert error.status == 401


def test_an_update_without_a_change_is_no_event() -> None:
    with pytest.raises(InvalidEvent):
        encode_event(UserUpdated(user_id=new_id(), changed=()), tenant_id=new_id())


def test_a_role_change_without_a_change_is_no_event() -> None:
    event = UserRoleChanged(user_id=new_id(), old_roles=("a", "b"), new_roles=("b", "a"))
    with pytest.raises(InvalidEvent):
        encode_event(event, tenant_id=new_id())


def test_a_failed_sign_in_cannot_carry_an_address() -> None:
    event = UserLoginFailed(
        subject_id=new_id(), user_id=None, email_digest="ada@example.com", reason="unknown_user"
    )
    with pytest.raises(InvalidEvent):
        encode_event(event, tenant_id=new_id())
