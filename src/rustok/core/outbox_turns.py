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

_WAITING: Final = """
WITH RECURSIVE waiting(tenant_id) AS (
  SELECT (SELECT o.tenant_id FROM outbox o WHERE o.published_at IS NULL
          ORDER BY o.tenant_id LIMIT 1)
  UNION ALL
  SELECT (SELECT o.tenant_id FROM outbox o
          WHERE o.published_at IS NULL AND o.tenant_id > w.tenant_id
          ORDER BY o.tenant_id LIMIT 1)
  FROM waiting w WHERE w.tenant_id IS NOT NULL
)"""

TENANTS_WAITING: Final = f"{_WAITING} SELECT count(tenant_id) AS tenants FROM waiting"
"""How many tenants have pending events."""

_DUE: Final = """o.published_at IS NULL AND o.available_at <= :now AND NOT EXISTS (
  SELECT 1 FROM outbox e
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
          (SELECT o.position FROM outbox o WHERE o.tenant_id = w.tenant_id AND {due}
           ORDER BY o.position LIMIT 1 OFFSET {share} - 1), 9223372036854775807) AS last
        FROM waiting w WHERE w.tenant_id IS NOT NULL) edge
  CROSS JOIN outbox o
  WHERE o.tenant_id = edge.tenant_id AND o.position <= edge.last AND {due}"""

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


def turns(columns: Sequence[str], *, share: int) -> dict[str, str]:
    """The statement by database; it takes `:now` and `:limit` and orders by turn, then by position.

    Within a tenant that is the order of the log, and what is cut off is the end of it.
    """
    selected = ", ".join(f"o.{name}" for name in columns)
    return {
        dialect: _TAKE.format(
            waiting=_WAITING, heads=heads.format(due=_DUE, share=share), columns=selected
        )
        for dialect, heads in (("postgres", _HEADS_POSTGRES), ("sqlite", _HEADS_SQLITE))
    }
