"""What a price comes to at a moment, and which prices contradict themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from rustok.commerce.pricing.errors import PriceInvalid
from rustok.commerce.pricing.events import PriceUpdated
from rustok.commerce.pricing.model import PriceEntry, Sale, check_amounts
from rustok.core.events.event import InvalidEvent, encode_event
from rustok.core.ids import new_id

START = datetime(2026, 6, 1, tzinfo=UTC)
END = datetime(2026, 7, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
ENTRY = PriceEntry(
    id=new_id(),
    variant_id=new_id(),
    currency="EUR",
    amount_minor=5000,
    compare_at_minor=None,
    sale=Sale(amount_minor=4000, starts_at=START, ends_at=END),
    version=1,
    created_at=START,
    updated_at=START,
)


@pytest.mark.parametrize(
    ("moment", "amount", "crossed_out"),
    [
        (START - TICK, 5000, None),
        (START, 4000, 5000),
        (END - TICK, 4000, 5000),
        (END, 5000, None),
    ],
)
def test_the_sale_price_holds_from_its_start_until_just_before_its_end(
    moment: datetime, amount: int, crossed_out: int | None
) -> None:
    price = ENTRY.at(moment)
    assert (price.amount_minor, price.compare_at_minor) == (amount, crossed_out)
    assert price.on_sale is (amount == 4000)


def test_a_sale_with_open_ends_always_holds() -> None:
    entry = msgspec.structs.replace(ENTRY, sale=Sale(amount_minor=1))
    assert entry.at(START - timedelta(days=9_000)).amount_minor == 1


def test_during_a_sale_the_highest_earlier_price_is_crossed_out() -> None:
    entry = msgspec.structs.replace(ENTRY, compare_at_minor=6000)
    assert entry.at(START).compare_at_minor == 6000


def test_a_price_of_nothing_is_a_price() -> None:
    check_amounts(0, None, None)


@pytest.mark.parametrize(
    ("amount", "compare_at", "sale", "pointer"),
    [
        (-1, None, None, "/amount_minor"),
        (100, 100, None, "/compare_at_minor"),
        (100, None, Sale(amount_minor=100), "/sale/amount_minor"),
        (100, None, Sale(amount_minor=-1), "/sale/amount_minor"),
        (100, None, Sale(amount_minor=1, starts_at=END, ends_at=START), "/sale/ends_at"),
        (100, None, Sale(amount_minor=1, starts_at=START, ends_at=START), "/sale/ends_at"),
        (
            100,
            None,
            Sale(amount_minor=1, starts_at=START.replace(tzinfo=None)),
            "/sale/starts_at",
        ),
    ],
)
def test_a_price_that_contradicts_itself_is_refused_where_it_does(
    amount: int, compare_at: int | None, sale: Sale | None, pointer: str
) -> None:
    with pytest.raises(PriceInvalid) as refusal:
        check_amounts(amount, compare_at, sale)
    assert refusal.value.pointer == pointer


def test_a_price_event_that_says_nothing_changed_is_refused() -> None:
    same = PriceUpdated(
        variant_id=new_id(),
        currency="EUR",
        changed=("amount",),
        old_amount_minor=5,
        new_amount_minor=5,
    )
    with pytest.raises(InvalidEvent, match="must differ"):
        encode_event(same, tenant_id=new_id())
