"""A table of tenants to read and write, with nothing to it: their domains."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import select

from rustok.core.db import TENANT, Query
from rustok.platform.tenants.tables import tenant_domains


class Row(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    host: str
    is_primary: bool


ALL: Final = Query(
    select(tenant_domains.c.id, tenant_domains.c.host, tenant_domains.c.is_primary)
    .where(tenant_domains.c.tenant_id == TENANT)
    .order_by(tenant_domains.c.host),
    Row,
)
