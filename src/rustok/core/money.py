"""Amounts of money and their exact arithmetic; refuses floats, unknown and mixed currencies.

An amount is an integer of minor units with its ISO 4217 code. Where a result is no integer, it is
rounded half to even, once, at the end; where a sum is divided, no unit is lost or made.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from rustok.core.currencies import EXPONENTS
from rustok.core.errors import Unprocessable
from rustok.core.invalid_value import InvalidValue
from rustok.core.locale import fallback_chain
from rustok.core.types import MAX_AMOUNT_MINOR, CurrencyCode, SignedAmountMinor

_MAX_DECIMAL_LENGTH: Final = 40
_MAX_PERCENT: Final = 1_000_000
_MAX_PERCENT_DECIMALS: Final = 12
_PLAIN_DECIMAL = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?")


class CurrencyMismatch(Unprocessable):
    """Two amounts of different currencies met where only one currency makes sense."""

    code = "currency_mismatch"
    title = "The amounts are in different currencies"
    mend = "Send all amounts in one currency."

    def __init__(self, *, left: str, right: str) -> None:
        self.left, self.right = left, right
        super().__init__(
            f"{left} and {right} cannot be combined; convert one of them first.",
            extensions={"currencies": [left, right]},
        )


# Both are ValueErrors too, so that msgspec reports them with the path of the struct it decodes.
class InvalidCurrency(InvalidValue, ValueError):
    code = "invalid_currency"
    title = "This is not a currency in use"


class InvalidAmount(InvalidValue, ValueError):
    code = "invalid_amount"
    title = "This is not an amount of money"


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """An amount of one currency, in its minor units."""

    amount_minor: SignedAmountMinor
    currency: CurrencyCode

    def __post_init__(self) -> None:
        """Holds for results of arithmetic as well as for amounts that come in.

        Raises:
            InvalidCurrency: the code is none that is in use.
            InvalidAmount: the amount is beyond 2**53 - 1 on either side of zero.
            TypeError: the amount is no int, for instance a float.
        """
        if type(self.amount_minor) is not int:
            kind = type(self.amount_minor).__name__
            raise TypeError(f"amount_minor is an int of minor units, not {kind}")
        if self.currency not in EXPONENTS:
            parse_currency(self.currency, pointer="/currency")
        if not -MAX_AMOUNT_MINOR <= self.amount_minor <= MAX_AMOUNT_MINOR:
            raise InvalidAmount(
                f"the amount leaves the range of -{MAX_AMOUNT_MINOR} to {MAX_AMOUNT_MINOR} "
                "minor units; use a smaller one.",
                pointer="/amount_minor",
                rule="range",
            )

    @classmethod
    def zero(cls, currency: str) -> Money:
        return cls(amount_minor=0, currency=currency)

    @property
    def is_zero(self) -> bool:
        return self.amount_minor == 0

    @property
    def is_negative(self) -> bool:
        return self.amount_minor < 0

    @property
    def is_positive(self) -> bool:
        return self.amount_minor > 0

    def add(self, other: Money) -> Money:
        """Raises CurrencyMismatch when the currencies differ."""
        return self._with(self.amount_minor + self._same_currency(other))

    def subtract(self, other: Money) -> Money:
        """Raises CurrencyMismatch when the currencies differ."""
        return self._with(self.amount_minor - self._same_currency(other))

    def multiply(self, factor: int) -> Money:
        """Raises TypeError when the factor is no int; for parts use `ratio` or `percentage`."""
        if type(factor) is not int:
            raise TypeError(f"money is multiplied by an int, not {type(factor).__name__}")
        return self._with(self.amount_minor * factor)

    def negate(self) -> Money:
        return self._with(-self.amount_minor)

    def compare(self, other: Money) -> int:
        """-1, 0 or 1 as this is less than, equal to or more than `other`.

        Raises:
            CurrencyMismatch: the currencies differ.
        """
        theirs = self._same_currency(other)
        return (self.amount_minor > theirs) - (self.amount_minor < theirs)

    def ratio(self, numerator: int, denominator: int) -> Money:
        """`numerator / denominator` of this amount, rounded half to even.

        Raises:
            ValueError: the denominator is not positive.
        """
        if type(numerator) is not int or type(denominator) is not int:
            raise TypeError("a ratio of money is made of two ints")
        if denominator <= 0:
            raise ValueError("the denominator must be positive")
        return self._with(_divide_half_even(self.amount_minor * numerator, denominator))

    def percentage(self, percent: Decimal | int) -> Money:
        """`percent` hundredths of this amount, rounded half to even.

        Args:
            percent: -1,000,000 to 1,000,000 with at most 12 decimals; 19 means 19 %.

        Raises:
            TypeError: a float; 0.1 is not exact, write Decimal("0.1").
            ValueError: not finite, out of range or too many decimals.
        """
        if isinstance(percent, bool) or not isinstance(percent, (int, Decimal)):
            raise TypeError(f"a percentage is an int or a Decimal, not {type(percent).__name__}")
        exact = Decimal(percent)
        if not exact.is_finite() or abs(exact) > _MAX_PERCENT:
            raise ValueError(f"a percentage is finite and within ±{_MAX_PERCENT}")
        # Checked before the ratio is built: 1e-999999 would make an integer of a million digits.
        if exact and -int(exact.as_tuple().exponent) > _MAX_PERCENT_DECIMALS:
            raise ValueError(f"a percentage has at most {_MAX_PERCENT_DECIMALS} decimals")
        numerator, denominator = exact.as_integer_ratio() if exact else (0, 1)
        return self.ratio(numerator, denominator * 100)

    def allocate(self, weights: Sequence[int]) -> tuple[Money, ...]:
        """Divide into shares in proportion to `weights`; the shares sum up to this amount exactly.

        Each share is the exact one rounded towards zero; the units left over go one each to the
        largest remainders, and among equal ones to the earlier share. A weight of 0 gets 0.
        Source: largest remainder method (Hamilton).

        Raises:
            ValueError: no weights, a negative one, or all are 0.
        """
        total = sum(weights)
        if not weights or min(weights) < 0 or total == 0:
            raise ValueError("weights must be 0 or more, and one of them more than 0")
        sign = -1 if self.amount_minor < 0 else 1
        parts = [divmod(abs(self.amount_minor) * weight, total) for weight in weights]
        shares = [quotient for quotient, _remainder in parts]
        left_over = abs(self.amount_minor) - sum(shares)
        by_remainder = sorted(range(len(parts)), key=lambda index: (-parts[index][1], index))
        for index in by_remainder[:left_over]:
            shares[index] += 1
        return tuple(self._with(sign * share) for share in shares)

    __add__ = add
    __sub__ = subtract
    __mul__ = multiply
    __neg__ = negate

    def __lt__(self, other: Money) -> bool:
        return self.compare(other) < 0

    def __le__(self, other: Money) -> bool:
        return self.compare(other) <= 0

    def __gt__(self, other: Money) -> bool:
        return self.compare(other) > 0

    def __ge__(self, other: Money) -> bool:
        return self.compare(other) >= 0

    def _with(self, amount_minor: int) -> Money:
        return Money(amount_minor=amount_minor, currency=self.currency)

    def _same_currency(self, other: Money) -> int:
        if self.currency != other.currency:
            raise CurrencyMismatch(left=self.currency, right=other.currency)
        return other.amount_minor


def total(amounts: Iterable[Money], *, currency: str) -> Money:
    """The sum of `amounts`; zero of `currency` when there are none.

    Raises:
        CurrencyMismatch: one of them is in another currency.
    """
    result = Money.zero(currency)
    for amount in amounts:
        result = result.add(amount)
    return result


def parse_currency(text: str, *, pointer: str) -> str:
    """Check a currency code; ISO 4217, in capitals, in use today.

    Raises:
        InvalidCurrency: anything else.
    """
    if text in EXPONENTS:
        return text
    raise InvalidCurrency(
        "a currency is an ISO 4217 code in capitals that is legal tender today, such as EUR.",
        pointer=pointer,
        rule="iso_4217",
    )


def exponent_of(currency: str) -> int:
    """How many decimals the minor unit of `currency` stands for: EUR 2, JPY 0, KWD 3.

    Raises:
        InvalidCurrency: the code is none that is in use.
    """
    return EXPONENTS[parse_currency(currency, pointer="/currency")]


def parse_decimal(text: str, currency: str, *, pointer: str = "/amount") -> Money:
    """Read a plain decimal amount in major units, as other shops export it: "12.3" is 12.30 EUR.

    Raises:
        InvalidAmount: thousands separators, a decimal comma, an exponent, spaces, a currency sign,
            more decimals than the currency has (unless they are zeros), or out of range.
        InvalidCurrency: the code is none that is in use.
    """
    exponent = exponent_of(currency)
    if len(text) > _MAX_DECIMAL_LENGTH:
        message = f"an amount has at most {_MAX_DECIMAL_LENGTH} characters; shorten it."
        raise InvalidAmount(message, pointer=pointer, rule="too_long")
    match = _PLAIN_DECIMAL.fullmatch(text)
    if match is None:
        rule, message = _why_not_decimal(text)
        raise InvalidAmount(message, pointer=pointer, rule=rule)
    sign, whole, decimals = match[1], match[2], match[3] or ""
    if decimals[exponent:].strip("0"):
        message = f"{currency} has {exponent} decimals; round the amount to {exponent}."
        raise InvalidAmount(message, pointer=pointer, rule="too_many_decimals")
    units = int(whole + decimals[:exponent].ljust(exponent, "0"))
    if units > MAX_AMOUNT_MINOR:
        message = f"an amount has at most {MAX_AMOUNT_MINOR} minor units; use a smaller one."
        raise InvalidAmount(message, pointer=pointer, rule="range")
    return Money(amount_minor=-units if sign else units, currency=currency)


def format_decimal(money: Money) -> str:
    """The amount in major units, all its decimals, no separators: "12.30", "-0.05", "500"."""
    exponent = EXPONENTS[money.currency]
    sign = "-" if money.amount_minor < 0 else ""
    digits = str(abs(money.amount_minor)).rjust(exponent + 1, "0")
    if exponent == 0:
        return sign + digits
    return f"{sign}{digits[:-exponent]}.{digits[-exponent:]}"


def format_localized(money: Money, locale: str) -> str:
    """The amount as people write it in `locale` ("12,30 €"); English where CLDR lacks the locale.

    Raises:
        InvalidLocale: `locale` is no BCP 47 tag.
    """
    # Looked up on first use: babel takes longer to load than all the rest of the core.
    identifiers: Callable[[], list[str]] = importlib.import_module(
        "babel.localedata"
    ).locale_identifiers
    format_currency: Callable[..., str] = importlib.import_module("babel.numbers").format_currency
    known = identifiers()
    cldr = next(
        name
        for tag in fallback_chain(locale, default="en")
        if (name := tag.replace("-", "_")) in known
    )
    return format_currency(Decimal(format_decimal(money)), money.currency, locale=cldr)


def _divide_half_even(numerator: int, denominator: int) -> int:
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    if twice > denominator or (twice == denominator and quotient % 2):
        return quotient + 1
    return quotient


def _why_not_decimal(text: str) -> tuple[str, str]:
    """The broken rule and how to mend it, for a text that is no plain decimal."""
    if not text.strip():
        return "empty", "the amount is empty; write a number such as 12.30."
    if not text.isascii() or not text.isprintable():
        return "characters", "an amount has the digits 0-9 only; no sign of a currency, no others."
    if text != text.strip():
        return "spaces", "remove the spaces around the amount."
    if "," in text and "." in text:
        return "thousands", "remove the thousands separators: write 1234.56."
    if re.fullmatch(r"-?[0-9]{1,3}(,[0-9]{3}){2,}", text):
        return "thousands", "remove the thousands separators: write 1234567."
    if "," in text:
        return "comma", "write a point before the decimals and no separators: 1234.56."
    if text.count(".") > 1:
        return "thousands", "an amount has one point, before the decimals: write 1234.56."
    if re.fullmatch(r"-?[0-9.]+[eE][+-]?[0-9]+", text):
        return "scientific", "write the amount without an exponent: 1200, not 1.2e3."
    return "decimal", "write the amount as digits, a point and decimals, such as 12.30 or -5."
