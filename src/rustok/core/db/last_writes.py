"""Writes that nothing of their transaction reads: kept until its end, and sent together there.

On PostgreSQL each statement is a round trip, and what a round trip costs is more than what most of
them do; so those that wait travel as parts of one. A part sees the rows as they were before the
statement, so one that needs what an earlier one wrote begins the next statement.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from rustok.core.db.statement import Compiled

JOINED_ROWS: Final = 16
"""So many rows of a table travel in a joined statement; each number of rows is a text of its own."""
_PARAMETER: Final = re.compile(r"\$(\d+)")
_VALUES: Final = re.compile(r"^INSERT INTO \w+ \([^()]*\) VALUES ", re.DOTALL)


class LastWrite(NamedTuple):
    """A write of one or more rows that waits for the end of its transaction.

    Attributes:
        rows: the arguments of each row.
        expected: how many rows must change in all; None: however many.
        otherwise: makes the error when another number changed.
    """

    compiled: Compiled[Any]
    rows: list[list[Any]]
    expected: int | None
    otherwise: Callable[[], Exception] | None

    def joined_with(self, other: LastWrite) -> LastWrite | None:
        """Both as one; None when they are not alike."""
        alike = self.compiled is other.compiled and self.otherwise is other.otherwise
        if not alike or (self.expected is None) != (other.expected is None):
            return None
        expected = None if self.expected is None else self.expected + (other.expected or 0)
        return LastWrite(self.compiled, self.rows + other.rows, expected, self.otherwise)

    def check(self, changed: int) -> None:
        """Raises `otherwise()` unless `changed` is what was expected."""
        if self.expected is not None and self.otherwise is not None and changed != self.expected:
            raise self.otherwise()


def waves(writes: Sequence[LastWrite]) -> list[list[LastWrite]]:
    """The writes in their order, cut where one needs, or changes again, what an earlier one wrote.

    One that cannot travel with others is alone in its wave.
    """
    found: list[list[LastWrite]] = []
    written: set[str] = set()
    for write in writes:
        compiled = write.compiled
        appends = compiled.operation == "insert"
        # Rows beside rows are no matter, as long as the text names the table as its target alone.
        touched = compiled.tables - {compiled.table} if appends else compiled.tables
        alone = not may_join(write)
        if alone or not found or not written.isdisjoint(touched):
            found.append([])
            written = set()
        found[-1].append(write)
        written.add(compiled.table)
        if alone:
            written |= compiled.tables
            found.append([])
    return [wave for wave in found if wave]


@functools.lru_cache(maxsize=512)
def joined(parts: tuple[tuple[str, int, bool], ...]) -> str:
    """One PostgreSQL statement of many: (text, number of rows, whether to count) each.

    The arguments are those of the rows, one after the other. Its only row counts what each
    counted part changed.
    """
    texts: list[str] = []
    counts: list[str] = []
    taken = 0
    for number, (sql, rows, counted) in enumerate(parts):
        split = _split(sql) if rows > 1 else None
        head, group, tail = split or ("", sql, "")
        each: list[str] = []
        for _ in range(rows):
            each.append(_moved(group, taken))
            taken += _parameters(group)
        if split is not None:
            each = [f"{head}{', '.join(each)}{tail}"]
        names = [f"w{number}_{place}" for place in range(len(each))]
        counting = " RETURNING 1" if counted else ""
        texts += [f"{name} AS ({text}{counting})" for name, text in zip(names, each, strict=True)]
        if counted:
            counts.append(" + ".join(f"(SELECT count(*) FROM {name})" for name in names))
    return (
        f"WITH {', '.join(texts)} SELECT {', '.join(counts) or '1'}"  # constant sql: compiled parts
    )


def _moved(sql: str, by: int) -> str:
    return _PARAMETER.sub(lambda found: f"${int(found[1]) + by}", sql)


def _parameters(sql: str) -> int:
    return max((int(found) for found in _PARAMETER.findall(sql)), default=0)


@functools.lru_cache(maxsize=512)
def _split(sql: str) -> tuple[str, str, str] | None:
    """An INSERT before its row of values, the row, and after it; None: rows cannot be added to it."""
    start = _VALUES.match(sql)
    if start is None:
        return None
    depth = 0
    for place in range(start.end(), len(sql)):
        depth += {"(": 1, ")": -1}.get(sql[place], 0)
        if depth == 0:
            tail = sql[place + 1 :]
            if _PARAMETER.search(tail):
                return None
            return sql[: start.end()], sql[start.end() : place + 1], tail
    return None


def may_join(write: LastWrite) -> bool:
    """Whether its rows can travel as parts of another statement.

    A row changed twice by one statement is changed once, which counting finds.
    """
    if len(write.rows) == 1 or len(write.rows) > JOINED_ROWS:
        return len(write.rows) == 1
    if write.compiled.operation == "update":
        return write.expected is not None
    return _split(write.compiled.sql) is not None
