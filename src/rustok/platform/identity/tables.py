"""Tables of identity. Secrets are kept as digests: argon2id of passwords, SHA-256 of random tokens."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Index, Integer, Text, UniqueConstraint

from rustok.core.db import (
    Id,
    Json,
    Timestamp,
    platform_table,
    tenant_reference,
    tenant_table,
)
from rustok.core.db.schema import states_check

users: Final = tenant_table(
    "users",
    Column("email", Text, nullable=False),
    Column("email_normal", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("roles", Json(list[str]), nullable=False),
    Column("password_hash", Text),
    Column("is_disabled", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    Column("deleted_at", Timestamp()),
    UniqueConstraint("tenant_id", "email_normal", name="uq_users_email"),
    states_check("kind", ("staff", "customer")),
    Index("ix_users_kind", "tenant_id", "kind", "id"),
)

# no event: user.logged_in and user.session_revoked tell what matters; the rest is upkeep
sessions: Final = tenant_table(
    "sessions",
    Column("user_id", Id(), nullable=False),
    Column("device_label", Text, nullable=False),
    Column("user_agent", Text, nullable=False),
    Column("address", Text, nullable=False, server_default=""),
    Column("methods", Json(list[str]), nullable=False, server_default="[]"),
    Column("authenticated_at", Timestamp()),
    Column("created_at", Timestamp(), nullable=False),
    Column("last_used_at", Timestamp(), nullable=False),
    Column("expires_at", Timestamp(), nullable=False),
    Column("revoked_at", Timestamp()),
    Column("revoked_reason", Text),
    tenant_reference("user_id", "users", ondelete="CASCADE", name="fk_sessions_user"),
    Index("ix_sessions_user", "tenant_id", "user_id", "id"),
    Index("ix_sessions_expires", "expires_at"),
)

# no event: a rotated token concerns its session only
refresh_tokens: Final = tenant_table(
    "refresh_tokens",
    Column("session_id", Id(), nullable=False),
    Column("digest", Text, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("expires_at", Timestamp(), nullable=False),
    Column("rotated_at", Timestamp()),
    UniqueConstraint("tenant_id", "digest", name="uq_refresh_tokens_digest"),
    tenant_reference(
        "session_id", "sessions", ondelete="CASCADE", name="fk_refresh_tokens_session"
    ),
    Index("ix_refresh_tokens_session", "tenant_id", "session_id"),
    Index("ix_refresh_tokens_expires", "expires_at"),
)

roles: Final = tenant_table(
    "roles",
    Column("slug", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("permissions", Json(list[str]), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    UniqueConstraint("tenant_id", "slug", name="uq_roles_slug"),
)

api_keys: Final = tenant_table(
    "api_keys",
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("scopes", Json(list[str]), nullable=False),
    Column("owner_id", Id()),
    Column("expires_at", Timestamp()),
    Column("last_used_at", Timestamp()),
    Column("revoked_at", Timestamp()),
    Column("created_at", Timestamp(), nullable=False),
    UniqueConstraint("tenant_id", "digest", name="uq_api_keys_digest"),
    tenant_reference("owner_id", "users", name="fk_api_keys_owner"),
    Index("ix_api_keys_owner", "tenant_id", "owner_id"),
)

# no event: the keys belong to the platform, which has no stream of its own; the log tells of them
signing_keys: Final = platform_table(
    "signing_keys",
    Column("kid", Text, primary_key=True),
    Column("sealed_key", Text, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("retired_at", Timestamp()),
    Column("verifies_until", Timestamp()),
)
