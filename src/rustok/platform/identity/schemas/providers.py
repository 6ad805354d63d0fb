"""Wire shapes of sign-in providers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.platform.identity.model import BegunSignIn, LoginProvider
from rustok.platform.identity.schemas.accounts import (
    DeviceToken,
    DisplayName,
    RoleSlugs,
    RoleSlugText,
)

Url = Annotated[str, Meta(min_length=8, max_length=2_048, pattern=r"^https?://[^\s]+$(?!\n)")]
Urls = Annotated[list[Url], Meta(min_length=1, max_length=20)]
ClientId = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[ -~]+$(?!\n)")]
ClientSecret = Annotated[str, Meta(min_length=1, max_length=1_024, pattern=r"^[ -~]+$(?!\n)")]
Domains = Annotated[list[Annotated[str, Meta(min_length=1, max_length=253)]], Meta(max_length=50)]
ClaimName = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[!-~]+$(?!\n)")]
RoleMapping = Annotated[
    dict[Annotated[str, Meta(min_length=1, max_length=255)], Annotated[str, Meta(max_length=63)]],
    Meta(max_length=100, description="Value of the groups claim -> role."),
]
Opaque = Annotated[str, Meta(min_length=1, max_length=2_048, pattern=r"^[!-~]+$(?!\n)")]


class CreateLoginProvider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An OpenID provider. A client without a secret relies on PKCE alone."""

    slug: RoleSlugText
    name: DisplayName
    issuer: Url
    client_id: ClientId
    redirect_uris: Urls
    client_secret: ClientSecret | None = None
    kind: Literal["staff", "customer"] = "staff"
    allowed_domains: Domains = []
    groups_claim: ClaimName | None = None
    role_mapping: RoleMapping = {}
    default_roles: RoleSlugs = []
    is_auto_provisioning: bool = False
    is_linking_accounts: bool = False


class UpdateLoginProvider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes; absent fields stay as they are. The issuer is fixed: another one is another provider."""

    name: DisplayName | None = None
    client_id: ClientId | None = None
    client_secret: ClientSecret | None = None
    redirect_uris: Urls | None = None
    allowed_domains: Domains | None = None
    groups_claim: ClaimName | None = None
    role_mapping: RoleMapping | None = None
    default_roles: RoleSlugs | None = None
    is_auto_provisioning: bool | None = None
    is_linking_accounts: bool | None = None
    is_enabled: bool | None = None


class BeginSignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    redirect_uri: Url


class FinishSignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the provider sent back, with the token that was kept in the browser meanwhile."""

    code: Opaque
    state: Opaque
    browser_token: Opaque
    device_label: Annotated[str, Meta(max_length=100)] = ""
    device_token: DeviceToken | None = None


class LoginProviderView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    slug: str
    name: str
    issuer: str
    client_id: str
    kind: str
    allowed_domains: list[str]
    redirect_uris: list[str]
    groups_claim: str | None
    role_mapping: dict[str, str]
    default_roles: list[str]
    is_auto_provisioning: bool
    is_linking_accounts: bool
    is_enabled: bool
    version: int
    created_at: datetime
    updated_at: datetime


class ProviderChoiceView(msgspec.Struct, frozen=True, kw_only=True):
    """A way to sign in."""

    slug: str
    name: str


class BegunSignInView(msgspec.Struct, frozen=True, kw_only=True):
    """Send the browser to `authorization_url`; keep `browser_token` in it (sessionStorage)."""

    authorization_url: str
    browser_token: str
    expires_in: int


def login_provider_view(provider: LoginProvider) -> LoginProviderView:
    return LoginProviderView(
        **{name: getattr(provider, name) for name in LoginProviderView.__struct_fields__}
    )


def begun_view(begun: BegunSignIn) -> BegunSignInView:
    return BegunSignInView(
        authorization_url=begun.authorization_url,
        browser_token=begun.browser_token,
        expires_in=begun.expires_in_seconds,
    )
