"""Tables of identity. Secrets are kept as digests: argon2id of passwords, SHA-256 of random tokens."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Text, UniqueConstraint

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
    Column("email_verified_at", Timestamp()),
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
    Column("sealed_key", Text, nullable=False, info={"sealed": "signing_key/{kid}"}),
    Column("created_at", Timestamp(), nullable=False),
    Column("retired_at", Timestamp()),
    Column("verifies_until", Timestamp()),
)

second_factors: Final = tenant_table(
    "second_factors",
    Column("user_id", Id(), nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("sealed_secret", Text, info={"sealed": "second_factor/{id}"}),
    Column("site_id", Text),
    Column("credential_ref", Text),
    Column("public_key", Text),
    Column("sign_count", BigInteger, nullable=False),
    Column("last_step", BigInteger, nullable=False),
    Column("confirmed_at", Timestamp()),
    Column("created_at", Timestamp(), nullable=False),
    Column("last_used_at", Timestamp()),
    UniqueConstraint("tenant_id", "credential_ref", name="uq_second_factors_credential"),
    tenant_reference("user_id", "users", ondelete="CASCADE", name="fk_second_factors_user"),
    states_check("kind", ("totp", "webauthn")),
    Index("ix_second_factors_user", "tenant_id", "user_id"),
)

# no event: user.recovery_codes_made tells of all of them at once, user.recovery_code_used of one
recovery_codes: Final = tenant_table(
    "recovery_codes",
    Column("user_id", Id(), nullable=False),
    Column("digest", Text, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("used_at", Timestamp()),
    UniqueConstraint("tenant_id", "user_id", "digest", name="uq_recovery_codes_digest"),
    tenant_reference("user_id", "users", ondelete="CASCADE", name="fk_recovery_codes_user"),
)

# no event: lives for minutes between two steps; what comes of it is announced
sign_in_challenges: Final = tenant_table(
    "sign_in_challenges",
    Column("user_id", Id(), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("device_label", Text, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("expires_at", Timestamp(), nullable=False),
    Column("used_at", Timestamp()),
    UniqueConstraint("tenant_id", "digest", name="uq_sign_in_challenges_digest"),
    tenant_reference("user_id", "users", ondelete="CASCADE", name="fk_sign_in_challenges_user"),
    Index("ix_sign_in_challenges_expires", "expires_at"),
)

# no event: lives for minutes or hours until its link is used; what comes of it is announced
account_tokens: Final = tenant_table(
    "account_tokens",
    Column("user_id", Id(), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("email_normal", Text, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("expires_at", Timestamp(), nullable=False),
    Column("used_at", Timestamp()),
    UniqueConstraint("tenant_id", "digest", name="uq_account_tokens_digest"),
    tenant_reference("user_id", "users", ondelete="CASCADE", name="fk_account_tokens_user"),
    Index("ix_account_tokens_user", "tenant_id", "user_id"),
    Index("ix_account_tokens_expires", "expires_at"),
)

# no event: counters of attempts; user.login_failed tells of each, sign_in.throttled of the first refused
sign_in_attempts: Final = tenant_table(
    "sign_in_attempts",
    Column("scope", Text, nullable=False),
    Column("subject_digest", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("last_at", Timestamp(), nullable=False),
    with_id=False,
    primary_key=("scope", "subject_digest"),
)

# no event: a device is known from the sign-in that user.logged_in tells of
known_devices: Final = tenant_table(
    "known_devices",
    Column("user_id", Id(), nullable=False),
    Column("digest", Text, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("expires_at", Timestamp(), nullable=False),
    UniqueConstraint("tenant_id", "user_id", "digest", name="uq_known_devices_digest"),
    tenant_reference("user_id", "users", ondelete="CASCADE", name="fk_known_devices_user"),
    Index("ix_known_devices_expires", "expires_at"),
)

# no event: waits for seconds until the mail is made; user.password_reset_requested tells of it then
account_requests: Final = tenant_table(
    "account_requests",
    Column("purpose", Text, nullable=False),
    Column("email_normal", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Index("ix_account_requests_created", "created_at"),
)

login_providers: Final = tenant_table(
    "login_providers",
    Column("slug", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("sealed_secret", Text, info={"sealed": "login_provider/{id}"}),
    Column("kind", Text, nullable=False),
    Column("allowed_domains", Json(list[str]), nullable=False),
    Column("redirect_uris", Json(list[str]), nullable=False),
    Column("groups_claim", Text),
    Column("role_mapping", Json(dict[str, str]), nullable=False),
    Column("default_roles", Json(list[str]), nullable=False),
    Column("is_auto_provisioning", Boolean, nullable=False),
    Column("is_linking_accounts", Boolean, nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    UniqueConstraint("tenant_id", "slug", name="uq_login_providers_slug"),
    states_check("kind", ("staff", "customer")),
)

external_identities: Final = tenant_table(
    "external_identities",
    Column("user_id", Id(), nullable=False),
    Column("provider_id", Id(), nullable=False),
    Column("subject", Text, nullable=False),
    Column("is_provisioned", Boolean, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    UniqueConstraint("tenant_id", "provider_id", "subject", name="uq_external_identities_subject"),
    tenant_reference("user_id", "users", ondelete="CASCADE", name="fk_external_identities_user"),
    tenant_reference(
        "provider_id",
        "login_providers",
        ondelete="CASCADE",
        name="fk_external_identities_provider",
    ),
    Index("ix_external_identities_user", "tenant_id", "user_id"),
)

# no event: lives for minutes between the two halves of a sign-in
external_sign_ins: Final = tenant_table(
    "external_sign_ins",
    Column("provider_id", Id(), nullable=False),
    Column("digest", Text, nullable=False),
    Column("browser_digest", Text, nullable=False),
    Column("sealed_verifier", Text, nullable=False, info={"sealed": "external_sign_in/{id}"}),
    Column("nonce", Text, nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("expires_at", Timestamp(), nullable=False),
    UniqueConstraint("tenant_id", "digest", name="uq_external_sign_ins_digest"),
    tenant_reference(
        "provider_id", "login_providers", ondelete="CASCADE", name="fk_external_sign_ins_provider"
    ),
    Index("ix_external_sign_ins_expires", "expires_at"),
)
