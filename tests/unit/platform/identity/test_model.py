"""The rule that turns roles into permissions, without any storage."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustok.core.ids import new_id
from rustok.core.permissions import BUILT_IN_ROLES, expand
from rustok.core.tenancy import PLATFORM_TENANT_ID
from rustok.platform.identity.model import (
    PLATFORM_ONLY,
    STAFF_ROLES,
    anonymous_email,
    email_digest,
    permissions_held,
    scopes_held,
    signed_in_kind,
    unknown_subject,
)

TENANT = new_id()
ALL = sorted(expand(["*:*"]))


def test_a_role_nobody_knows_gives_nothing() -> None:
    assert permissions_held(TENANT, "staff", ["ghost"], {}) == frozenset()


@pytest.mark.parametrize("role", STAFF_ROLES)
def test_a_built_in_role_gives_what_is_documented(role: str) -> None:
    held = permissions_held(TENANT, "staff", [role], {})
    assert held == BUILT_IN_ROLES[role] - PLATFORM_ONLY


def test_super_admin_gives_nothing_outside_the_platform_tenant() -> None:
    assert permissions_held(TENANT, "staff", ["super_admin"], {}) == frozenset()
    held = permissions_held(PLATFORM_TENANT_ID, "staff", ["super_admin"], {})
    assert held == expand(["*:*"])


def test_admin_gives_nothing_inside_the_platform_tenant() -> None:
    assert permissions_held(PLATFORM_TENANT_ID, "staff", ["admin"], {}) == frozenset()


def test_a_customer_holds_nothing_whatever_roles_are_stored() -> None:
    assert permissions_held(TENANT, "customer", ["admin"], {}) == frozenset()
    assert permissions_held(PLATFORM_TENANT_ID, "customer", ["super_admin"], {}) == frozenset()


@given(st.lists(st.sampled_from(ALL)), st.lists(st.sampled_from([*STAFF_ROLES, "own"])))
def test_no_roles_of_a_tenant_reach_what_belongs_to_the_platform(
    permissions: list[str], roles: list[str]
) -> None:
    held = permissions_held(TENANT, "staff", roles, {"own": frozenset(permissions)})
    assert not held & PLATFORM_ONLY
    assert not scopes_held(TENANT, permissions, None) & PLATFORM_ONLY


@given(st.lists(st.sampled_from(ALL)), st.frozensets(st.sampled_from(ALL)))
def test_a_key_never_holds_more_than_its_scopes_or_its_owner(
    scopes: list[str], owner: frozenset[str]
) -> None:
    held = scopes_held(TENANT, scopes, owner)
    assert held <= expand(scopes)
    assert held <= owner


def test_only_the_staff_of_the_platform_tenant_are_platform_actors() -> None:
    assert signed_in_kind(PLATFORM_TENANT_ID, "staff") == "platform"
    assert signed_in_kind(PLATFORM_TENANT_ID, "customer") == "customer"
    assert signed_in_kind(TENANT, "staff") == "staff"


def test_a_digest_of_an_address_differs_between_tenants_and_hides_it() -> None:
    one, other = email_digest(TENANT, "ada@example.com"), email_digest(new_id(), "ada@example.com")
    assert one != other
    assert len(one) == 64
    assert "ada" not in one


def test_unknown_addresses_share_at_most_256_aggregates_of_a_tenant() -> None:
    subjects: set[UUID] = {
        unknown_subject(TENANT, email_digest(TENANT, f"u{number}@example.com"))
        for number in range(5_000)
    }
    assert 200 < len(subjects) <= 256


def test_a_deleted_address_can_receive_no_mail() -> None:
    assert anonymous_email(TENANT).endswith(".invalid")
