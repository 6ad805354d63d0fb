"""The process-wide parts a use case may need beyond its transaction; built once by the server or the CLI.

Refuses: being reached for globally. It is handed to routes as `call.parts` and to jobs as an argument.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar
from uuid import UUID

import msgspec

from rustok.core.audit.notes import AuditNotes
from rustok.core.bus.port import Consumer
from rustok.core.cache.forgetting import Forgetting
from rustok.core.cache.register import Caches
from rustok.core.db import Database
from rustok.core.mail_route import MailRoute
from rustok.core.pressure import BacklogWatch
from rustok.core.resilience.breaker_registry import BreakerRegistry
from rustok.core.security.access_tokens import AccessTokens
from rustok.core.security.sealing import Sealer
from rustok.core.security.ssrf import OutboundPolicy
from rustok.core.storage.port import Storage
from rustok.core.tenancy import TenantProfile

if TYPE_CHECKING:  # the client library is for those who use it
    from rustok.core.redis.connection import RedisConnection


class ModuleSwitch(Protocol):
    """Which modules there are and which depend on which; filled by `core.modules.Modules`."""

    @property
    def always_on(self) -> frozenset[str]: ...

    @property
    def consumers(self) -> list[Consumer]: ...

    @property
    def default_on(self) -> frozenset[str]: ...

    def switched_on(self, slug: str, current: frozenset[str]) -> frozenset[str]: ...

    def switched_off(self, slug: str, current: frozenset[str]) -> frozenset[str]: ...


class SignInRules(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator decides about signing in.

    Attributes:
        longest_session_seconds: a session ends then, however often it is refreshed.
        step_up_seconds: how recent a proof must be for a dangerous action.
        private_issuers: sign-in providers inside the own network, by address; others are public.
        signing_key_seconds: age at which the key that signs access tokens is replaced.
    """

    longest_session_seconds: int = 180 * 86_400
    step_up_seconds: int = 900
    signing_key_seconds: int = 30 * 86_400
    private_issuers: tuple[str, ...] = ()


Options = TypeVar("Options", bound=msgspec.Struct)


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """Attributes:
    db: the database.
    access_tokens: issues and verifies access tokens.
    profile_of: tenant profile by id, cached. Raises NotFound.
    forget_tenant: drops a tenant from this process' caches; the events of a change do it by themselves.
    modules: which features there are.
    access_token_ttl_seconds, refresh_token_ttl_seconds: lifetimes.
    sign_in: what the operator decides about signing in.
    public_url: how the outside reaches this deployment, without a trailing slash.
    media_root: folder of uploaded exports, until they are imported.
    storage: where media lie.
    sealer: keeps secrets that must be read again.
    outbound: which addresses chosen by others the platform may connect to.
    backlog: how full the outbox is; writes that can wait ask it for room.
    breakers: the circuit breakers of this process, one for each dependency.
    forgetting: where caches hear what they must forget, from this process and the others.
    caches: the caches of this process, for metrics and health.
    redis: the connection to Redis; None where `redis.url` is not set.
    mail: where mail leaves.
    feature_options: what the operator decided for single features; see `options`.
    audit: records what has no write transaction (refusals, reads of note).
    audit_retention_days: how long records of the audit log are kept.
    """

    db: Database
    access_tokens: AccessTokens
    profile_of: Callable[[UUID], Awaitable[TenantProfile]]
    forget_tenant: Callable[[UUID | None], None]
    modules: ModuleSwitch
    access_token_ttl_seconds: int
    refresh_token_ttl_seconds: int
    public_url: str
    media_root: Path
    storage: Storage
    sealer: Sealer
    outbound: OutboundPolicy
    backlog: BacklogWatch
    breakers: BreakerRegistry
    redis: RedisConnection | None
    forgetting: Forgetting
    caches: Caches
    mail: MailRoute
    audit: AuditNotes
    sign_in: SignInRules = SignInRules()
    audit_retention_days: int = 730
    feature_options: tuple[msgspec.Struct, ...] = ()

    def options(self, kind: type[Options]) -> Options:
        """What the operator decided for the feature that declares `kind`; its defaults otherwise."""
        return next((one for one in self.feature_options if isinstance(one, kind)), kind())
