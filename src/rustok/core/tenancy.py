"""Who asks, for which tenant: the context that every transaction, event and log line carries.

Refuses: storage (platform.tenants) and resolution of hosts and headers (server).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from rustok.core.ids import new_id
from rustok.core.permissions import MissingPermission, Permission

ActorKind = Literal["anonymous", "customer", "staff", "api_key", "platform", "system"]

PLATFORM_TENANT_ID: Final = UUID("00000000-0000-7000-8000-000000000001")
"""The reserved tenant (slug `platform`) whose users are the platform's own staff."""


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts. `id` is the user's, the API key's, or None for anonymous and system.

    Attributes:
        authenticated_at: when a user last proved who they are; None for everybody else.
        needs_second_factor: the tenant asks for one and the session was opened without: nothing
            but the own account is open.
    """

    kind: ActorKind
    id: UUID | None = None
    roles: tuple[str, ...] = ()
    permissions: frozenset[Permission] = frozenset()
    session_id: UUID | None = None
    authenticated_at: datetime | None = None
    needs_second_factor: bool = False

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def has_proved(self, *, now: datetime, within_seconds: int) -> bool:
        """Whether a user showed who they are that recently; never true of an API key."""
        proved_at = self.authenticated_at
        return proved_at is not None and (now - proved_at).total_seconds() <= within_seconds


ANONYMOUS: Final = Actor(kind="anonymous", roles=("anonymous",))
SYSTEM: Final = Actor(kind="system", roles=("super_admin",))


class TenantProfile(msgspec.Struct, frozen=True, kw_only=True):
    """What every request needs to know of its tenant; cached by the server.

    Attributes:
        locales: enabled BCP 47 tags; the default is among them.
        currencies: ISO 4217 codes on sale, the default first.
        modules: slugs of the modules that are switched on.
        settings: free settings of the tenant (`review_required`, `store_name`, ...).
    """

    id: UUID
    slug: str
    name: str
    status: Literal["active", "suspended"]
    default_locale: str = "en"
    locales: tuple[str, ...] = ("en",)
    default_currency: str = "EUR"
    currencies: tuple[str, ...] = ("EUR",)
    modules: frozenset[str] = frozenset()
    cors_origins: tuple[str, ...] = ()
    settings: dict[str, str | int | bool] = msgspec.field(default_factory=dict)
    version: int = 1


class RequestContext(msgspec.Struct, frozen=True, kw_only=True):
    """The context of one command or query.

    Attributes:
        locale: what the caller asked for, already negotiated among the tenant's locales.
        currency: the currency prices are shown in.
        correlation_id: the same for all that one request sets going.
        causation_id: the event that caused this, in a handler.
        traceparent: W3C trace context, if any.
        client: the caller's network address, proxies resolved; None where there is none.
    """

    tenant: TenantProfile
    actor: Actor
    locale: str
    currency: str
    correlation_id: UUID
    causation_id: UUID | None = None
    traceparent: str | None = None
    request_id: str | None = None
    client: str | None = None

    @property
    def tenant_id(self) -> UUID:
        return self.tenant.id

    def require(self, permission: Permission) -> None:
        """Raises MissingPermission unless the actor holds `permission`."""
        if not self.actor.may(permission):
            raise MissingPermission(permission)


_PLATFORM: Final = TenantProfile(
    id=PLATFORM_TENANT_ID, slug="platform", name="Platform", status="active", modules=frozenset()
)


def context_for(
    tenant: TenantProfile,
    *,
    actor: Actor = SYSTEM,
    locale: str | None = None,
    currency: str | None = None,
    correlation_id: UUID | None = None,
    causation_id: UUID | None = None,
    traceparent: str | None = None,
    request_id: str | None = None,
    client: str | None = None,
) -> RequestContext:
    """A context in `tenant`, with the tenant's own locale and currency where none is given."""
    return RequestContext(
        tenant=tenant,
        actor=actor,
        locale=locale or tenant.default_locale,
        currency=currency or tenant.default_currency,
        correlation_id=correlation_id or new_id(),
        causation_id=causation_id,
        traceparent=traceparent,
        request_id=request_id,
        client=client,
    )


def system_context(
    *, correlation_id: UUID | None = None, causation_id: UUID | None = None
) -> RequestContext:
    """The context of the platform itself: relay, scheduler, migrations, command line."""
    return context_for(_PLATFORM, correlation_id=correlation_id, causation_id=causation_id)
