"""Tenants: a suspended tenant cannot be suspended again, an active one not reactivated."""

from __future__ import annotations

from datetime import datetime

from rustok.platform.tenants.model import ActiveTenant, SuspendedTenant, Tenant


def illegal(active: ActiveTenant, suspended: SuspendedTenant, either: Tenant, at: datetime) -> None:
    active.reactivate()  # expect: attr-defined
    suspended.suspend(reason="again", at=at)  # expect: attr-defined
    either.reactivate()  # expect: union-attr
    active.suspended_at  # expect: attr-defined


def legal(active: ActiveTenant, at: datetime) -> ActiveTenant:
    suspended, _event = active.suspend(reason="unpaid", at=at)
    return suspended.reactivate()[0]
