"""Copies the patterns of a shop into the rows of a tenant: the same rows for the same seed.

Stock adds up (levels, movements and reservations), orders are numbered, and the digests of the read
models are those the features would compute, so that a rebuild finds nothing to change.
"""

from __future__ import annotations

import hashlib
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec

from benchmarks.scale_patterns import PATTERN_TIME, TIME_TEXT, Moment, Pattern, RowPattern, Text
from benchmarks.scale_shop import PRODUCT_PATTERNS, Patterns, words_of
from rustok.core.db.schema import EPOCH, MICROSECOND
from rustok.index.shelves import entry_number
from rustok.index.storing import _digest

FIRST: Final = datetime(2026, 1, 2, tzinfo=UTC)
SPAN_SECONDS: Final = 290 * 86_400
LAST_NUMBER: Final = 1_000
"""Orders are numbered from the next one on."""
_MAKERS, _THINGS = (
    line.split() for line in Path(__file__).with_name("scale_words.txt").read_text().splitlines()
)
_READ_MODEL_FIRST: Final = ("subject_id", "locale", "handle", "title_key", "published_at")
_encode: Final = msgspec.json.Encoder().encode

Values = dict[str, str]
Rows = dict[str, list[tuple[Any, ...]]]


class Counts(msgspec.Struct, frozen=True):
    """How much one tenant gets."""

    products: int
    nodes: int
    orders: int


def shares(total: int, tenants: int) -> list[int]:
    """`total` over tenants by Zipf's law: the one of rank r gets 1/r as much as the first."""
    weights = [1 / rank for rank in range(1, tenants + 1)]
    whole = sum(weights)
    found = [int(total * weight / whole) for weight in weights]
    for number in range(total - sum(found)):
        found[number % tenants] += 1
    return found


class Copier:
    """Makes the rows of one tenant after the other.

    Args:
        sqlite: whether times are integers.
    """

    def __init__(self, patterns: Patterns, *, seed: int, sqlite: bool) -> None:
        self._patterns = patterns
        self._seed = seed
        self._sqlite = sqlite

    def slug(self, number: int) -> str:
        return f"scale{self._seed}-{number:05}"

    def tenant(self, number: int, counts: Counts, plan: str) -> Rows:
        """All rows of tenant `number`, by table.

        Args:
            plan: kept in the tenant's settings, so that another plan is not mixed in.
        """
        return _Tenant(
            self._patterns,
            random.Random(f"{self._seed}/{number}"),
            number=number,
            slug=self.slug(number),
            sqlite=self._sqlite,
        ).rows_for(counts, plan)


class _Tenant:
    def __init__(
        self, patterns: Patterns, rng: random.Random, *, number: int, slug: str, sqlite: bool
    ) -> None:
        self._patterns = patterns
        self._rng = rng
        self._number = number
        self._slug = slug
        self._sqlite = sqlite
        self._rows: Rows = {}
        self._shared: Values = {}
        self._stock: dict[str, list[int]] = {}
        self._levels: dict[str, tuple[Any, ...]] = {}
        self._last_order = LAST_NUMBER

    def rows_for(self, counts: Counts, plan: str) -> Rows:
        patterns = self._patterns
        self._shared = self._copy(
            patterns.tenant,
            FIRST,
            {"770000099": f"{self._number:05}"},
            tenants={"slug": self._slug, "settings": f'{{"scale_plan":"{plan}"}}'},
        )
        made: list[list[Values]] = [[] for _ in range(PRODUCT_PATTERNS)]
        for number, at in enumerate(self._times(counts.products)):
            pattern = number % PRODUCT_PATTERNS
            more = self._named("product", pattern, number)
            made[pattern].append(self._copy(patterns.products[pattern], at, more))
        for number, at in enumerate(self._times(counts.nodes)):
            pattern = number % len(patterns.nodes)
            self._copy(patterns.nodes[pattern], at, self._named("node", pattern, number))
        if made[1]:
            for number, at in enumerate(self._times(counts.orders)):
                lines = {**self._rng.choice(made[0]), **self._rng.choice(made[1])}
                self._copy(patterns.orders[number % len(patterns.orders)], at, lines)
        self._put_stock()
        return self._rows

    def _times(self, count: int) -> list[datetime]:
        """Moments in order; each has microseconds, so that all are written alike."""
        step = SPAN_SECONDS / max(count, 1)
        return [
            FIRST
            + timedelta(seconds=int(number * step), microseconds=self._rng.randrange(1, 10**6))
            for number in range(count)
        ]

    def _named(self, kind: str, pattern: int, number: int) -> Values:
        first, second, digits = words_of(kind, pattern)
        maker, thing = self._rng.choice(_MAKERS), self._rng.choice(_THINGS)
        return {
            first: maker,
            first.lower(): maker.lower(),
            second: thing,
            second.lower(): thing.lower(),
            digits: f"{10_000_000 + number}",
        }

    def _id(self, at: datetime) -> str:
        """A UUIDv7 of the copy's own time."""
        millis = (at - EPOCH) // timedelta(milliseconds=1)
        bits = self._rng.getrandbits(74)
        value = (millis << 80) | (7 << 76) | ((bits >> 62) << 64) | (2 << 62) | (bits & (2**62 - 1))
        return str(UUID(int=value))

    def _copy(
        self, pattern: Pattern, at: datetime, more: Values, **fixed: dict[str, str]
    ) -> Values:
        """Put the rows of a copy; returns what its symbols stand for."""
        own = {symbol: self._id(at) for symbol in pattern.own}
        values = {**self._shared, **more, **own}
        values[TIME_TEXT] = f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"
        is_order = False
        for row in pattern.rows:
            name = row.table.name
            filled = self._filled(row, at, values)
            if name in fixed:
                filled |= fixed[name]
            if name == "stock_levels":
                self._levels[filled["variant_id"]] = tuple(filled.values())
                continue
            if name == "stock_movements":
                self._move(filled)
            elif name == "stock_reservations":
                left = filled["quantity"] - filled["consumed"] - filled["released"]
                self._stock.setdefault(filled["variant_id"], [0, 0])[1] += left
            elif name == "orders":
                is_order = True
                filled["number"] = str(self._last_order + 1)
                filled["access_token_digest"] = hashlib.sha256(self._rng.randbytes(16)).hexdigest()
            elif name == "order_counters":
                continue
            elif name.endswith("_documents"):
                filled["etag"] = self._etag(row, filled, values)
            elif name.endswith("_entries"):
                self._seal(filled, pattern, values)
            self._rows.setdefault(name, []).append(tuple(filled.values()))
        self._last_order += is_order
        return {**more, **own}

    def _filled(self, row: RowPattern, at: datetime, values: Values) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for column, value in row.columns:
            if isinstance(value, Text):
                found[column] = value.filled(values)
            elif isinstance(value, Moment):
                moment = at + value.after_micros * MICROSECOND
                found[column] = (moment - EPOCH) // MICROSECOND if self._sqlite else moment
            else:
                found[column] = value
        return found

    def _move(self, filled: dict[str, Any]) -> None:
        stock = self._stock.setdefault(filled["variant_id"], [0, 0])
        filled["on_hand_before"] = stock[0]
        stock[0] += filled["quantity_delta"]
        filled["on_hand_after"] = stock[0]

    def _put_stock(self) -> None:
        names = [name for name, _ in _row_of(self._patterns.products[0], "stock_levels").columns]
        for variant, level in self._levels.items():
            row = dict(zip(names, level, strict=True))
            row["on_hand"], row["reserved"] = self._stock[variant]
            self._rows.setdefault("stock_levels", []).append(tuple(row.values()))
        if self._last_order > LAST_NUMBER:
            for order in self._patterns.orders:
                for counter in order.rows:
                    if counter.table.name == "order_counters":
                        filled = self._filled(counter, PATTERN_TIME, self._shared)
                        filled["last"] = self._last_order
                        self._rows["order_counters"] = [tuple(filled.values())]

    def _etag(self, row: RowPattern, filled: dict[str, Any], values: Values) -> str:
        """As `storing` computes it: over the row without what every row has."""
        inner: dict[str, Any] = {name: filled[name] for name in _READ_MODEL_FIRST}
        inner["published_at"] = values[TIME_TEXT]
        outer = ("tenant_id", "etag", "projected_at", "currency", "card", "document")
        for name, value in filled.items():
            if name not in inner and name not in outer:
                inner[name] = value
        inner |= {"card": filled["card"], "document": filled["document"]}
        if "currency" in filled:
            inner["currency"] = filled["currency"]
        return _digest(_encode(inner))

    def _seal(self, filled: dict[str, Any], pattern: Pattern, values: Values) -> None:
        tenant_id, subject_id = UUID(filled["tenant_id"]), UUID(filled["subject_id"])
        filled["entry"] = entry_number(tenant_id, subject_id, filled["locale"])
        filled["scope"] = f"t{tenant_id.hex}len"
        inner = {
            name: filled[name]
            for name in (
                "subject_id", "locale", "entry", "scope", "configuration", "title", "keywords", "body",
            )
        }  # fmt: skip
        (facets,) = pattern.facets.values()
        text = facets.filled(values) if isinstance(facets, Text) else facets
        filled["digest"] = _digest(_encode(inner), text.encode())


def _row_of(pattern: Pattern, table: str) -> RowPattern:
    return next(row for row in pattern.rows if row.table.name == table)
