"""Whose turn it is: SQL that takes due events from the outbox tenant by tenant, not by age alone.

Refuses: deciding when turns are needed (the outbox does), and running anything.

The tenants that have something are found by jumping from one to the next through the index
`ix_outbox_pending_tenant`, and each gives its oldest few: the cost grows with the number of tenants
and never with what one of them has piled up. Measured with 200,000 pending events of one tenant and
three of each of 99 others: 1.5 ms on PostgreSQL, 1.8 ms on SQLite for 200 events of 100 tenants.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

DEPTH: Final = 4
"""Each tenant is asked for so many times its even share, since others may have less than theirs."""

# SQLite chooses by statistics that are of another hour, and then walks the whole log of a tenant.
_USING: Final = {
    "postgres": {"pending": "", "by_tenant": "", "failed": ""},
    "sqlite": {
        "pending": "INDEXED BY ix_outbox_pending",
        "by_tenant": "INDEXED BY ix_outbox_pending_tenant",
        "failed": "INDEXED BY ix_outbox_failed",
    },
}

_WAITING: Final = """
WITH RECURSIVE waiting(tenant_id) AS (
  SELECT (SELECT o.tenant_id FROM outbox o {by_tenant} WHERE o.published_at IS NULL
          ORDER BY o.tenant_id LIMIT 1)
  UNION ALL
  SELECT (SELECT o.tenant_id FROM outbox o {by_tenant}
          WHERE o.published_at IS NULL AND o.tenant_id > w.tenant_id
          ORDER BY o.tenant_id LIMIT 1)
  FROM waiting w WHERE w.tenant_id IS NOT NULL
)"""

_DUE: Final = """o.published_at IS NULL AND o.available_at <= :now AND NOT EXISTS (
  SELECT 1 FROM outbox e {failed}
  WHERE e.tenant_id = o.tenant_id AND e.aggregate_type = o.aggregate_type
    AND e.aggregate_id = o.aggregate_id AND e.position < o.position
    AND e.published_at IS NULL AND e.last_error IS NOT NULL AND e.available_at > :now)"""

# A LIMIT that is a parameter hides from PostgreSQL how little is asked for, and it sorts everything.
_HEADS_POSTGRES: Final = """
  SELECT d.position, row_number() OVER (PARTITION BY w.tenant_id ORDER BY d.position) AS turn
  FROM waiting w CROSS JOIN LATERAL (
    SELECT o.position FROM outbox o WHERE o.tenant_id = w.tenant_id AND {due}
    ORDER BY o.position LIMIT {share}) d"""

# SQLite has no LATERAL: the position where a tenant's share ends is looked up first.
_HEADS_SQLITE: Final = """
  SELECT o.position, row_number() OVER (PARTITION BY o.tenant_id ORDER BY o.position) AS turn
  FROM (SELECT w.tenant_id, coalesce(
          (SELECT o.position FROM outbox o {by_tenant}
           WHERE o.tenant_id = w.tenant_id AND {due}
           ORDER BY o.position LIMIT 1 OFFSET {share} - 1), 9223372036854775807) AS last
        FROM waiting w WHERE w.tenant_id IS NOT NULL) edge
  CROSS JOIN outbox o {by_tenant}
  WHERE o.tenant_id = edge.tenant_id AND o.position <= edge.last AND {due}"""

_OLDEST: Final = """
SELECT {columns} FROM outbox o {pending} WHERE {due} ORDER BY o.position LIMIT :limit"""

_TAKE: Final = """{waiting},
heads AS MATERIALIZED ({heads})
SELECT {columns}
FROM (SELECT position, turn FROM heads ORDER BY turn, position LIMIT :limit) h
CROSS JOIN outbox o WHERE o.position = h.position
ORDER BY h.turn, h.position"""


def share_of(limit: int, tenants: int) -> int:
    """How many events a tenant is asked for at most; a power of two, so that statements are few."""
    wanted = -(-limit * DEPTH // max(1, tenants))
    return 1 << max(0, min(limit, wanted) - 1).bit_length()


def tenants_waiting() -> dict[str, str]:
    """How many tenants have pending events: the statement by database."""
    return {
        dialect: f"{_WAITING.format(**using)} SELECT count(tenant_id) AS tenants FROM waiting"
        for dialect, using in _USING.items()
    }


def turns(columns: Sequence[str], *, share: int) -> dict[str, str]:
    """The statement by database; it takes `:now` and `:limit` and orders by turn, then by position.

    Within a tenant that is the order of the log, and what is cut off is the end of it.
    """
    heads = {"postgres": _HEADS_POSTGRES, "sqlite": _HEADS_SQLITE}
    return {
        dialect: _TAKE.format(
            waiting=_WAITING.format(**using),
            heads=heads[dialect].format(due=_DUE.format(**using), share=share, **using),
            columns=_selected(columns),
        )
        for dialect, using in _USING.items()
    }


def oldest(columns: Sequence[str]) -> dict[str, str]:
    """As `turns`, in the order of the log alone."""
    return {
        dialect: _OLDEST.format(columns=_selected(columns), due=_DUE.format(**using), **using)
        for dialect, using in _USING.items()
    }


def _selected(columns: Sequence[str]) -> str:
    return ", ".join(f"o.{name}" for name in columns)
