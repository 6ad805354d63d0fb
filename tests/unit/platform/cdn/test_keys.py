"""Keys of copies: whose they are, how many an answer has, and which of many are enough."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustok.core.cache import showing
from rustok.platform.cdn.model.keys import (
    MAX_KEYS,
    MAX_THINGS,
    fewest,
    headers_of,
    is_left,
    key_of,
    tenant_key,
)
from rustok.platform.cdn.model.options import CdnOptions

TENANT = UUID("01900000-0000-7000-8000-000000000001")
OTHER = UUID("01900000-0000-7000-8000-000000000002")
THING = UUID("01900000-0000-7000-8000-0000000000aa")
FASTLY = CdnOptions(provider="fastly", place="S1", token="secret-token")
CLOUDFLARE = CdnOptions(provider="cloudflare", place="Z1", token="secret-token")
WEBHOOK = CdnOptions(provider="webhook", place="https://in.example", token="secret-token")

ids = st.uuids()
parts = st.one_of(
    st.just(showing.EVERYTHING),
    st.sampled_from(["products", "product", "nodes", "menus"]),
    st.builds(showing.thing, st.sampled_from(["product", "node"]), ids),
)


def test_a_key_holds_no_id_of_its_tenant() -> None:
    assert TENANT.hex not in key_of(TENANT, "products").replace("-", "")
    assert key_of(TENANT, "products") == f"{tenant_key(TENANT)}-products"
    assert key_of(TENANT, showing.EVERYTHING) == tenant_key(TENANT)


@given(ids, ids, parts, parts)
def test_two_tenants_never_have_a_key_in_common(
    one: UUID, other: UUID, part: str, another: str
) -> None:
    if one != other:
        assert key_of(one, part) != key_of(other, another)
        assert not key_of(one, part).startswith(tenant_key(other))


@pytest.mark.parametrize("part", ["Products", "a b", "a,b", "product:1", "product:" + "g" * 32])
def test_what_is_no_part_makes_no_key(part: str) -> None:
    with pytest.raises(ValueError, match="no part"):
        key_of(TENANT, part)


def test_each_provider_gets_the_headers_it_reads_and_no_others() -> None:
    shows = ("products", showing.thing("product", THING))
    first, second, third = (key_of(TENANT, one) for one in ("", *shows))
    assert headers_of(FASTLY, TENANT, shows) == {
        "surrogate-key": f"{first} {second} {third}",
        "surrogate-control": "max-age=86400",
    }
    assert headers_of(CLOUDFLARE, TENANT, shows) == {
        "cache-tag": f"{first},{second},{third}",
        "cdn-cache-control": "max-age=86400",
    }
    assert len(headers_of(WEBHOOK, TENANT, shows)) == 4
    assert headers_of(CdnOptions(), TENANT, shows) == {}


def test_the_most_keys_an_answer_may_have_fit_into_what_providers_take() -> None:
    kind = "k" * 30
    shows = [showing.thing(kind, UUID(int=number)) for number in range(MAX_KEYS - 1)]
    made = headers_of(WEBHOOK, TENANT, shows)
    assert max(len(made["surrogate-key"]), len(made["cache-tag"])) < 16 * 1024
    assert max(len(one) for one in made["cache-tag"].split(",")) < 1024


def test_an_answer_that_shows_too_much_is_not_kept_longer_than_it_says() -> None:
    shows = [showing.thing("product", UUID(int=number)) for number in range(MAX_KEYS)]
    assert headers_of(WEBHOOK, TENANT, shows) == {}


def test_a_tenant_as_a_whole_covers_its_parts_and_nobody_elses() -> None:
    keys = [key_of(TENANT, "products"), tenant_key(TENANT), key_of(OTHER, "products")]
    assert fewest(keys) == sorted([tenant_key(TENANT), key_of(OTHER, "products")])


def test_many_things_of_a_kind_are_purged_as_the_kind() -> None:
    things = [showing.thing("product", UUID(int=number)) for number in range(MAX_THINGS + 1)]
    keys = [key_of(TENANT, one) for one in things]
    assert fewest(keys) == [key_of(TENANT, "product")]
    assert fewest(keys[:-1]) == sorted(keys[:-1])


@given(st.lists(st.tuples(st.sampled_from([TENANT, OTHER]), parts), max_size=300))
def test_what_is_left_out_is_always_covered(named: list[tuple[UUID, str]]) -> None:
    keys = [key_of(*one) for one in named]
    kept = fewest(keys)
    assert all(is_left(key, set(kept)) for key in keys)
    assert len(kept) <= len(set(keys))


def test_options_do_not_show_the_token() -> None:
    assert "secret-token" not in repr(FASTLY)
