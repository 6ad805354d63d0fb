"""Typed reading of the cells of one row; every complaint names the row and the column.

Refuses to guess an amount that can be read two ways, such as "1,234".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Final, TypeVar
from urllib.parse import quote, urlsplit

from rustok.core.money import InvalidAmount, Money, parse_decimal
from rustok.core.types import MAX_QUANTITY
from rustok.importers.reading import CsvRow, clean_text, one_line
from rustok.importers.report import Issue, Severity

MAX_TITLE_CHARS: Final = 300
MAX_SKU_CHARS: Final = 100
MAX_URL_CHARS: Final = 2_048
MAX_PRICE_CHARS: Final = 40
_WORD = re.compile(r"[^\w]+")
_GROUPED_COMMA = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")
_GROUPED_POINT = re.compile(r"-?\d{1,3}(\.\d{3})+,\d+|-?\d{1,3}(\.\d{3}){2,}")
_GROUPED_SPACE = re.compile(r"-?\d{1,3}([ \u00a0\u202f'’]\d{3})+([.,]\d+)?")
_DECIMAL_COMMA = re.compile(r"-?\d*,(\d{1,2}|\d{4,})")
_AMBIGUOUS = re.compile(r"-?[1-9]\d{0,2},\d{3}")
_DATE = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?(Z|[+-]\d{2}:?\d{2})?"
)
_SCHEMES: Final = frozenset({"http", "https", "demo"})
_TRUE: Final = frozenset({"true", "1", "yes", "y", "on", "wahr", "vrai", "verdadero"})
_FALSE: Final = frozenset({"false", "0", "no", "n", "off", "falsch", "faux", "falso"})
_GRAMS_PER: Final[Mapping[str, Decimal]] = {
    "g": Decimal(1),
    "kg": Decimal(1000),
    "lb": Decimal("453.59237"),
    "oz": Decimal("28.349523125"),
}
_UNIT_NAMES: Final[Mapping[str, str]] = {
    "g": "g", "gram": "g", "grams": "g", "gr": "g",
    "kg": "kg", "kgs": "kg", "kilogram": "kg", "kilograms": "kg",
    "lb": "lb", "lbs": "lb", "pound": "lb", "pounds": "lb",
    "oz": "oz", "ounce": "oz", "ounces": "oz",
}  # fmt: skip


_T = TypeVar("_T")
_D = TypeVar("_D")


class CellUnreadable(ValueError):
    """A cell holds something else than its column says; `code` is stable, the text for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def normal_name(name: str) -> str:
    """A column name without case and punctuation: "Compare-at price" is "compare at price"."""
    return " ".join(_WORD.sub(" ", name.replace("_", " ")).casefold().split())


def read_price(text: str, currency: str) -> Money:
    """An amount of 0 or more, with a decimal point or comma and regular thousands separators.

    Raises:
        CellUnreadable: anything else, "1,234" (1234 or 1.234?) included.
    """
    plain = text.strip().removeprefix("'")
    if len(plain) > MAX_PRICE_CHARS:
        raise CellUnreadable("price_unreadable", "This is not an amount of money.")
    if _AMBIGUOUS.fullmatch(plain):
        raise CellUnreadable(
            "price_ambiguous", "The comma may mean thousands or decimals; write 1234.00 or 1.23."
        )
    if _GROUPED_SPACE.fullmatch(plain):
        plain = re.sub(r"[ \u00a0\u202f'’]", "", plain)
    if _GROUPED_COMMA.fullmatch(plain):
        plain = plain.replace(",", "")
    elif _GROUPED_POINT.fullmatch(plain):
        plain = plain.replace(".", "").replace(",", ".")
    elif _DECIMAL_COMMA.fullmatch(plain):
        plain = plain.replace(",", ".")
    if plain.startswith("."):
        plain = "0" + plain
    try:
        money = parse_decimal(plain.removesuffix("."), currency)
    except InvalidAmount as error:
        raise CellUnreadable("price_unreadable", _sentence(error)) from None
    if money.is_negative:
        raise CellUnreadable("price_negative", "A price is 0 or more.")
    return money


def read_number(text: str) -> Decimal:
    """A finite decimal number, with a point or a comma before the decimals.

    Raises:
        CellUnreadable: no number, or one of more than 20 characters.
    """
    plain = text.strip().removeprefix("'").replace(",", ".")
    try:
        value = Decimal(plain) if len(plain) <= 20 else Decimal("nan")
    except InvalidOperation:
        value = Decimal("nan")
    # copy_abs and comparing are exact; abs() would overflow on 1e313313313.
    if not value.is_finite() or value.copy_abs() > Decimal(10) ** 12:
        raise CellUnreadable(
            "number_unreadable", "This is not a number; write digits such as 12.5."
        )
    return value


def read_quantity(text: str) -> int:
    """A whole number between ±(2**31 - 1); "3.0" is one too.

    Raises:
        CellUnreadable: anything else.
    """
    value = read_number(text)
    if value != value.to_integral_value() or abs(value) > MAX_QUANTITY:
        raise CellUnreadable("quantity_unreadable", "A quantity is a whole number.")
    return int(value)


def read_weight_grams(text: str, unit: str) -> int:
    """A weight in `unit` (g, kg, lb, oz and their names) as whole grams, rounded half to even.

    Raises:
        CellUnreadable: no number, negative, or an unknown unit.
    """
    name = _UNIT_NAMES.get(unit.strip().casefold().rstrip("."))
    if name is None:
        raise CellUnreadable(
            "weight_unit_unknown", f"The weight unit {unit!r} is none of g, kg, lb, oz."
        )
    value = read_number(text)
    grams = (value * _GRAMS_PER[name]).to_integral_value(rounding=ROUND_HALF_EVEN)
    if grams < 0 or grams > MAX_QUANTITY:
        raise CellUnreadable("weight_out_of_range", "A weight is 0 or more.")
    return int(grams)


def read_flag(text: str) -> bool:
    """true/false, 1/0, yes/no, on/off in any case.

    Raises:
        CellUnreadable: anything else.
    """
    word = text.strip().casefold()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise CellUnreadable("flag_unreadable", "Write true or false.")


def read_url(text: str) -> str:
    """An absolute http(s) address; a missing scheme (`//host/...`) becomes https.

    `demo://` names a file of the sample data that comes with the program; the server maps it.

    Raises:
        CellUnreadable: another scheme, no host, or longer than 2,048 characters.
    """
    address = text.strip()
    if address.startswith("//"):
        address = "https:" + address
    # Exports hold addresses as they were typed; what no address may hold is escaped: spaces,
    # letters beyond ASCII, and quotes, brackets and backslashes that could end an attribute.
    address = quote(address, safe="%/:=&?~#+!$,;@()*[]|{}^.-_")
    try:
        parts = urlsplit(address)
        valid = parts.scheme.lower() in _SCHEMES and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        valid = False
    if not valid:
        raise CellUnreadable("url_unreadable", "This is not an http or https address.")
    if len(address) > MAX_URL_CHARS:
        raise CellUnreadable("url_too_long", f"An address has at most {MAX_URL_CHARS} characters.")
    return address


def read_moment(text: str, zone: tzinfo, *, end_of_day: bool = False) -> datetime:
    """A date or date and time (ISO 8601, seconds optional) in `zone`, as UTC.

    Args:
        end_of_day: a date without a time means the midnight that ends it.

    Raises:
        CellUnreadable: anything else, or no such day.
    """
    match = _DATE.fullmatch(text.strip().removeprefix("'"))
    try:
        if match is None:
            raise ValueError("no date")
        year, month, day, hour, minute, second = (int(match[i] or 0) for i in range(1, 7))
        moment = datetime(year, month, day, hour, minute, second, tzinfo=zone)
        if match[7]:
            offset = match[7].replace("Z", "+00:00")
            moment = datetime.fromisoformat(moment.replace(tzinfo=None).isoformat() + offset)
        if end_of_day and match[4] is None:
            moment += timedelta(days=1)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise CellUnreadable(
            "date_unreadable", "This is not a date; write 2026-01-31 or 2026-01-31 18:00:00."
        ) from None


def split_list(text: str, separator: str = ",") -> tuple[str, ...]:
    """The items of a list, trimmed, without empty ones and without the same one twice."""
    items = (one_line(item) for item in text.split(separator))
    return tuple(dict.fromkeys(item for item in items if item))


class Columns:
    """Which cell holds which field, from a table of accepted names (see `normal_name`).

    When two columns mean the same field, the first one in the file is read.
    """

    def __init__(self, header: tuple[str, ...], names: Mapping[str, str]) -> None:
        self.header = header
        self.index: dict[str, int] = {}
        self.unknown: list[tuple[str, int]] = []
        for position, name in enumerate(header):
            key = names.get(normal_name(name))
            if key is None:
                if name:
                    self.unknown.append((name, position))
            else:
                self.index.setdefault(key, position)

    def __contains__(self, key: str) -> bool:
        return key in self.index


class Cells:
    """The cells of one row by field, with the issues met while reading them."""

    def __init__(self, row: CsvRow, columns: Columns, issues: list[Issue]) -> None:
        self.line = row.line
        self._cells = row.cells or ()
        self._columns, self._issues = columns, issues

    def at(self, position: int) -> str:
        """The cleaned text of the cell at a position of the header."""
        return clean_text(self._cells[position])

    def text(self, key: str) -> str:
        """The cleaned text; "" when the column is missing."""
        position = self._columns.index.get(key)
        return "" if position is None else self.at(position)

    def words(self, key: str, *, max_chars: int | None = None) -> str:
        """The text on one line; longer than `max_chars` it is cut and a warning noted."""
        words = one_line(self.text(key))
        if max_chars is not None and len(words) > max_chars:
            self.note(
                key,
                "text_cut",
                f"The text has {len(words)} characters and was cut to {max_chars}.",
                "warning",
            )
            return words[:max_chars].rstrip()
        return words

    def note(self, key: str | None, code: str, message: str, severity: Severity) -> None:
        """Add an issue at this row, and at the column of `key`."""
        position = self._columns.index.get(key) if key is not None else None
        self._issues.append(
            Issue(
                code=code,
                message=message,
                severity=severity,
                row=self.line,
                column=key if position is None else self._columns.header[position],
            )
        )

    def note_at(self, position: int, code: str, message: str, severity: Severity) -> None:
        """Add an issue at this row and the column at a position of the header."""
        self._issues.append(
            Issue(
                code=code,
                message=message,
                severity=severity,
                row=self.line,
                column=self._columns.header[position],
            )
        )

    def value(
        self, key: str, read: Callable[[str], _T], default: _D, *, severity: Severity = "warning"
    ) -> _T | _D:
        """The cell read by `read`; `default` when it is empty or, with an issue, unreadable."""
        text = self.text(key)
        if not text:
            return default
        try:
            return read(text)
        except CellUnreadable as error:
            self.note(key, error.code, str(error), severity)
            return default

    def flag(self, key: str, *, default: bool) -> bool:
        """The cell as true or false (see `read_flag`); `default` when empty or unreadable."""
        return self.value(key, read_flag, default)

    def sku(self, key: str) -> str | None:
        """A stock keeping unit on one line; a spreadsheet's leading apostrophe is dropped."""
        return self.words(key, max_chars=MAX_SKU_CHARS).removeprefix("'").strip() or None


def _sentence(error: InvalidAmount) -> str:
    message = error.fields[0].message if error.fields else str(error)
    return message[:1].upper() + message[1:]
