"""Tables of tenants."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Integer, Text, UniqueConstraint

from rustok.core.db import Id, Json, Timestamp, platform_table, tenant_table
from rustok.core.db.schema import states_check
from rustok.platform.tenants.states import TENANT_LIFECYCLE

tenants: Final = platform_table(
    "tenants",
    Column("id", Id(), primary_key=True),
    Column("slug", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("default_locale", Text, nullable=False),
    Column("locales", Json(list[str]), nullable=False),
    Column("currencies", Json(list[str]), nullable=False),
    Column("modules", Json(list[str]), nullable=False),
    Column("cors_origins", Json(list[str]), nullable=False),
    Column("settings", Json(dict[str, str | int | bool]), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    Column("suspended_at", Timestamp()),
    Column("suspended_reason", Text),
    UniqueConstraint("slug", name="uq_tenants_slug"),
    states_check("status", TENANT_LIFECYCLE.states),
    tenant_column="id",
)

tenant_domains: Final = tenant_table(
    "tenant_domains",
    Column("host", Text, nullable=False),
    Column("is_primary", Boolean, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    UniqueConstraint("host", name="uq_tenant_domains_host"),
)
