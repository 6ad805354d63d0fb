"""Which tenants use the deployment most: the heaviest by name, all others together as `other`.

It keeps the number of series bounded, whatever tenants come: a tenant that outgrows the least of
those shown takes its place, and what the other had counted goes to `other`, so sums stay whole. The
idea is that of space-saving (Metwally, Agrawal, El Abbadi 2005, "Efficient computation of frequent
and top-k elements in data streams"). It refuses to be on by itself: names of tenants are data of
the operator's customers (`telemetry.top_tenants`).
"""

from __future__ import annotations

from typing import Final

from rustok.telemetry import metrics

_WAITING_FACTOR: Final = 8


class _Row:
    __slots__ = ("failed", "recent", "requests", "seconds")

    def __init__(self, recent: float = 0.0) -> None:
        self.requests = 0
        self.seconds = 0.0
        self.failed = 0
        self.recent = recent


class TopTenants:
    """Args:
    capacity: tenants shown by name; 0 counts nothing.
    """

    def __init__(self, capacity: int = 0) -> None:
        self.capacity = capacity
        self._rows: dict[str, _Row] = {}
        self._rest = _Row()
        self._waiting: dict[str, int] = {}
        self._gone: list[str] = []

    def count(self, tenant: str, seconds: float, *, failed: bool) -> None:
        """One request of `tenant` was answered in `seconds`; `failed`: with 5xx."""
        if self.capacity == 0:
            return
        row = self._rows.get(tenant)
        if row is None:
            row = self._admit(tenant)
        row.requests += 1
        row.recent += 1
        row.seconds += seconds
        row.failed += failed

    def _admit(self, tenant: str) -> _Row:
        if len(self._rows) < self.capacity:
            return self._rows.setdefault(tenant, _Row())
        waited = self._waiting.get(tenant, 0) + 1
        least = min(self._rows, key=lambda name: self._rows[name].recent)
        if waited > self._rows[least].recent:
            self._waiting.pop(tenant, None)
            self._part(least)
            return self._rows.setdefault(tenant, _Row(recent=waited))
        if len(self._waiting) >= self.capacity * _WAITING_FACTOR and tenant not in self._waiting:
            self._waiting.clear()
        self._waiting[tenant] = waited
        return self._rest

    def _part(self, tenant: str) -> None:
        row = self._rows.pop(tenant)
        self._rest.requests += row.requests
        self._rest.seconds += row.seconds
        self._rest.failed += row.failed
        self._gone.append(tenant)

    def hand_in(self) -> None:
        """Bring the instruments up to date; what was long ago weighs less from now on."""
        if self.capacity == 0:
            return
        families = (metrics.TENANT_REQUESTS, metrics.TENANT_SECONDS, metrics.TENANT_ERRORS)
        while self._gone:
            name = self._gone.pop()
            if name not in self._rows:
                for family in families:
                    family.forget(tenant=name)
        for name, row in [*self._rows.items(), (metrics.OTHER, self._rest)]:
            for family, value in zip(
                families, (row.requests, row.seconds, row.failed), strict=True
            ):
                family.labels(tenant=name).value = value
            row.recent *= 0.9


TOP: Final = TopTenants()
"""Those of this process."""


def follow(capacity: int) -> None:
    """Show the `capacity` heaviest tenants of this process from now on; 0: none."""
    TOP.capacity = capacity


metrics.before_collect(TOP.hand_in)
