"""What holds for all amounts of money."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from rustok.core.currencies import EXPONENTS
from rustok.core.money import Money, format_decimal, parse_decimal, total

AMOUNTS = st.integers(-(10**12), 10**12)
CURRENCIES = st.sampled_from(sorted(EXPONENTS))
MONEY = st.builds(Money, amount_minor=AMOUNTS, currency=CURRENCIES)
EUROS = st.builds(Money, amount_minor=AMOUNTS, currency=st.just("EUR"))
WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=30).filter(any)


@given(EUROS, EUROS)
def test_addition_does_not_mind_the_order(left: Money, right: Money) -> None:
    assert left + right == right + left


@given(EUROS, EUROS)
def test_subtraction_undoes_addition(left: Money, right: Money) -> None:
    assert left + right - right == left


@given(EUROS, EUROS)
def test_comparison_agrees_with_the_sign_of_the_difference(left: Money, right: Money) -> None:
    difference = (left - right).amount_minor
    assert left.compare(right) == (difference > 0) - (difference < 0)
    assert left.compare(right) == -right.compare(left)


@given(EUROS, st.integers(0, 20))
def test_multiplication_is_repeated_addition(amount: Money, factor: int) -> None:
    assert amount * factor == total([amount] * factor, currency="EUR")


@given(MONEY, WEIGHTS)
def test_shares_sum_up_to_the_amount(amount: Money, weights: list[int]) -> None:
    assert total(amount.allocate(weights), currency=amount.currency) == amount


@given(MONEY, WEIGHTS)
def test_each_share_is_within_one_unit_of_the_exact_one(amount: Money, weights: list[int]) -> None:
    whole = sum(weights)
    for share, weight in zip(amount.allocate(weights), weights, strict=True):
        assert abs(share.amount_minor * whole - amount.amount_minor * weight) < whole


@given(MONEY, WEIGHTS)
def test_a_weight_of_zero_gets_nothing(amount: Money, weights: list[int]) -> None:
    shares = amount.allocate(weights)
    assert all(share.is_zero for share, weight in zip(shares, weights, strict=True) if weight == 0)


@given(MONEY, WEIGHTS)
def test_shares_of_the_negated_amount_are_the_negated_shares(
    amount: Money, weights: list[int]
) -> None:
    assert (-amount).allocate(weights) == tuple(-share for share in amount.allocate(weights))


@given(
    EUROS,
    st.decimals(-1_000, 1_000, places=4, allow_nan=False, allow_infinity=False),
)
def test_a_percentage_is_the_exact_one_rounded_half_to_even(
    amount: Money, percent: Decimal
) -> None:
    with localcontext(prec=60):
        exact = Decimal(amount.amount_minor) * percent / 100
        expected = int(exact.to_integral_value(rounding=ROUND_HALF_EVEN))
    assert amount.percentage(percent).amount_minor == expected


@given(MONEY)
def test_an_amount_written_as_a_decimal_is_read_back_the_same(amount: Money) -> None:
    assert parse_decimal(format_decimal(amount), amount.currency) == amount


@given(MONEY, st.integers(0, 5))
def test_zeros_after_the_last_decimal_change_nothing(amount: Money, zeros: int) -> None:
    text = format_decimal(amount)
    longer = (text if "." in text else text + ".0") + "0" * zeros
    assert parse_decimal(longer, amount.currency) == amount
