"""Puts the platform together from its settings: database, features, relay, jobs; starts and stops it.

The same object stands behind `rustok serve`, `rustok worker`, the command line and the tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Collection, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rustok.commerce.payments.api import PaymentOptions
from rustok.core import outbox
from rustok.core.audit.notes import AuditNotes
from rustok.core.audit.pending import AuditWriter
from rustok.core.bus.embedded import EmbeddedTransport
from rustok.core.bus.port import Transport
from rustok.core.cache.forgetting import Forgetting
from rustok.core.cache.invalidation import InProcessBus, InvalidationBus
from rustok.core.cache.register import Caches
from rustok.core.db import Database
from rustok.core.db.driver import Driver
from rustok.core.db.read_transaction import Observer
from rustok.core.db.transaction import WriteTx
from rustok.core.events.event import EncodedEvent
from rustok.core.modules import Modules, Service
from rustok.core.parts import Parts, SignInRules
from rustok.core.pressure import BacklogWatch
from rustok.core.relay import Relay
from rustok.core.resilience import breaker_metrics
from rustok.core.resilience.breaker_registry import BreakerRegistry
from rustok.core.security.access_tokens import AccessTokens
from rustok.core.security.sealing import Sealer, key_id
from rustok.core.security.ssrf import OutboundPolicy
from rustok.core.tenancy import RequestContext
from rustok.platform.identity import api as identity
from rustok.server import changes
from rustok.server.cdn import cdn_options
from rustok.server.housekeeping import housekeeping_jobs
from rustok.server.metering.exposing import Exposer, shared_folder
from rustok.server.metering.facts import count_events, count_transaction, observe_statement
from rustok.server.metering.sampling import Sampler
from rustok.server.modules import all_modules
from rustok.server.ready import ReadyAnswers
from rustok.server.resolution import Resolver
from rustok.server.scheduler import Scheduler
from rustok.server.settings import Settings
from rustok.server.storage import storage_for
from rustok.telemetry.logs import get_logger

if TYPE_CHECKING:  # the client library is for those who use it
    from rustok.core.redis.connection import RedisConnection
    from rustok.server.jetstream import JetStream

Duty = Literal["relay", "consumers", "jobs"]
"""What a process does beside answering requests; "consumers" is for JetStream only."""

log = get_logger("rustok.platform")


def driver_for(settings: Settings, breakers: BreakerRegistry | None = None) -> Driver:
    """The driver of `database.url`; the other database's library is not even imported.

    Args:
        breakers: where the breaker of the connect path stands; None: in no register.
    """
    database = settings.database
    path = database.url.sqlite_path
    if path is not None:
        from rustok.core.db.sqlite import SqliteDriver  # late: one of two

        return SqliteDriver(
            path,
            synchronous=database.sqlite_synchronous,
            cache_bytes=database.sqlite_cache_bytes,
            busy_timeout_ms=database.lock_timeout_ms,
            lock_timeout_seconds=database.lock_timeout_ms / 1000,
        )
    from rustok.core.db.postgres import BREAKER, PostgresDriver  # late: one of two

    registry = breakers or BreakerRegistry()
    return PostgresDriver(
        str(database.url),
        system_url=str(database.system_url or database.url),
        pool_min=database.pool_min,
        pool_max=database.pool_max,
        statement_timeout_ms=database.statement_timeout_ms,
        lock_timeout_ms=database.lock_timeout_ms,
        connect_timeout_seconds=database.connect_timeout_seconds,
        breaker=registry.breaker("database", BREAKER),
    )


def _sealer(settings: Settings, secret: str) -> Sealer:
    """Seals under the master key, else under the secret key; opens what the former ones sealed."""
    security = settings.security
    known = [key.reveal() for key in (security.master_key, security.previous_master_key) if key]
    active = known[0] if security.master_key else secret
    former = security.previous_master_key
    keys = {key_id(key): key for key in (secret, *known)}
    # Before keys had ids made from themselves, the only one was called "1".
    keys["1"] = secret if former is None or security.master_key else former.reveal()
    return Sealer(keys=keys, active_kid=key_id(active))


class Platform:
    """Args:
    settings: validated, with a secret key.
    modules: the features; all of them unless a test says otherwise.
    observer: called after every statement instead of the metrics (tests count with it).
    """

    def __init__(
        self,
        settings: Settings,
        *,
        modules: Modules | None = None,
        observer: Observer | None = observe_statement,
    ) -> None:
        self.settings = settings
        self.modules = modules or all_modules(settings.modules.extra)
        key = settings.security.secret_key
        secret = key.reveal() if key is not None else secrets.token_urlsafe(48)
        self.breakers = BreakerRegistry(enabled=settings.resilience.breakers)
        self._unwatch = breaker_metrics.watch(self.breakers)
        self.redis = self._redis()
        telemetry = settings.telemetry
        counts = telemetry.metrics_enabled or telemetry.otlp_endpoint is not None
        sealer = _sealer(settings, secret)
        self.db = Database(
            driver_for(settings, self.breakers),
            flush_events=outbox.flush_events,
            flush_audits=AuditWriter(sealer, address=settings.audit.address).flush,
            observer=observer if observer is not observe_statement or counts else None,
            stamp=changes.stamp_and_purge if settings.cdn.provider != "none" else changes.stamp,
            changed=self._changed,
            committed=self._committed,
            ended=count_transaction if counts else None,
        )
        self.forgetting = Forgetting(self._bus())
        self.caches = Caches()
        self._unwatch_caches = self.caches.watch()
        self.ready = ReadyAnswers(settings.http.storefront_cache_bytes)
        self.resolver = Resolver(self.db, forgotten=self.ready.forget)
        changes.connect(self.forgetting, self.resolver, self.ready)
        self.caches.add(self.ready.stats)
        self.caches.add(self.resolver.stats)
        self.parts = Parts(
            db=self.db,
            access_tokens=AccessTokens(issuer="rustok", leeway_seconds=5),
            profile_of=self.resolver.profile_of,
            forget_tenant=self.resolver.forget,
            modules=self.modules,
            access_token_ttl_seconds=settings.security.access_token_ttl_seconds,
            refresh_token_ttl_seconds=settings.security.refresh_token_ttl_seconds,
            sign_in=SignInRules(
                longest_session_seconds=settings.security.session_days * 86_400,
                step_up_seconds=settings.security.step_up_seconds,
                signing_key_seconds=settings.security.signing_key_days * 86_400,
                private_issuers=settings.security.private_issuers,
            ),
            public_url=settings.http.public_url
            or f"http://{settings.http.host}:{settings.http.port}",
            media_root=Path(settings.media.root),
            storage=storage_for(settings, self.breakers),
            sealer=sealer,
            outbound=OutboundPolicy(
                allow_http=settings.webhooks.allow_http,
                allow_private=settings.webhooks.allow_private,
            ),
            backlog=BacklogWatch(self.db, limit=settings.events.backlog_limit),
            breakers=self.breakers,
            redis=self.redis,
            mail=settings.mail.route(),
            feature_options=(
                PaymentOptions(
                    stripe_url=settings.payments.stripe_url,
                    timeout_seconds=settings.payments.timeout_seconds,
                    test_provider=settings.payments.test_provider,
                ),
                cdn_options(settings),
            ),
            audit=AuditNotes(self.db),
            audit_retention_days=settings.audit.retention_days,
            forgetting=self.forgetting,
            caches=self.caches,
        )
        self.jetstream = self._jetstream()
        self.transport: Transport = (
            self.jetstream.transport
            if self.jetstream is not None
            else EmbeddedTransport(
                self.db,
                self.modules.consumers,
                profile_of=self.resolver.profile_of,
                max_attempts=settings.events.max_attempts,
            )
        )
        self.relay = Relay(
            self.db,
            self.transport,
            batch=settings.events.relay_batch,
            poll_seconds=settings.events.relay_poll_seconds,
            lease_seconds=settings.events.lease_seconds,
        )
        jobs = (*self.modules.jobs, *housekeeping_jobs(settings))
        self.scheduler = Scheduler(self.parts, jobs)
        embedded = () if self.jetstream else [one.name for one in self.modules.consumers]
        self.exposer = Exposer(
            settings,
            Sampler(
                self.db,
                self.parts.backlog,
                embedded=embedded,
                waiting=self.jetstream.consuming.waiting if self.jetstream is not None else None,
            ),
            folder=shared_folder(),
        )
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.started_at = time.time()

    def _jetstream(self) -> JetStream | None:
        if self.settings.events.transport != "jetstream":
            return None
        from rustok.server.jetstream import JetStream  # late: the embedded start needs no broker

        return JetStream(
            self.settings,
            self.db,
            self.modules.consumers,
            breakers=self.breakers,
            profile_of=self.resolver.profile_of,
            wake=self._wake,
        )

    def _redis(self) -> RedisConnection | None:
        if self.settings.redis.url is None:
            return None
        from rustok.server.redis import redis_connection  # late: most starts need no Redis

        return redis_connection(self.settings.redis, self.breakers)

    def _committed(self, events: Sequence[tuple[EncodedEvent, RequestContext]]) -> None:
        count_events(events)
        self.relay.wake()

    def _bus(self) -> InvalidationBus:
        database = self.settings.database
        if self.redis is not None:
            from rustok.core.redis.invalidation import RedisBus  # late: as above

            return RedisBus(self.redis)
        if not database.url.is_sqlite:
            from rustok.core.db.notify import PostgresBus  # late: one of three

            return PostgresBus(str(database.system_url or database.url))
        return InProcessBus()

    def _wake(self) -> None:
        self.relay.wake()

    def _changed(self, tx: WriteTx) -> None:
        self.forgetting.committed(tx.forgotten, tx.stamps)

    async def open(self) -> None:
        """Connect to the database. Raises DatabaseUnavailable."""
        await self.db.open()

    def listen(self) -> None:
        """Hear from other processes what changes; for those that serve or work for long."""
        self.forgetting.listen(self.db)

    def start_background(self, duties: Collection[Duty] = ("relay", "jobs")) -> None:
        """Run `duties` in this process. With the embedded transport the relay is the consumers, too."""
        running: dict[Duty, Callable[[asyncio.Event], Coroutine[None, None, None]]] = {
            "relay": self.relay.run,
            "jobs": self.scheduler.run,
        }
        if self.jetstream is not None:
            self.jetstream.broker.open()
            running["consumers"] = self.jetstream.consuming.run
        for duty, run in running.items():
            if duty in duties:
                self._tasks.append(asyncio.create_task(run(self._stop), name=duty))
        if "jobs" in duties:
            for service in self.modules.services:
                running_service = self._serve(service)
                self._tasks.append(asyncio.create_task(running_service, name=service.name))

    def background(self) -> list[tuple[str, bool]]:
        """What this process does beside serving, by name, and whether it still does."""
        return [(task.get_name(), not task.done()) for task in self._tasks]

    async def _serve(self, service: Service) -> None:
        await service.run(self.parts, self._stop)

    async def close(self, *, grace_seconds: float = 20.0) -> None:
        """Let relay and jobs finish their step, then disconnect."""
        self._stop.set()
        self.relay.wake()
        if self._tasks:
            _, pending = await asyncio.wait(self._tasks, timeout=grace_seconds)
            for task in pending:
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*pending, return_exceptions=True)
            self._tasks.clear()
        if self.jetstream is not None:
            await self.jetstream.broker.close()
        await self.exposer.close()
        await identity.finish_notes()
        await self.forgetting.close()
        if self.redis is not None:
            await self.redis.close()
        await self.parts.audit.finish()
        await self.db.close()
        self._unwatch()
        self._unwatch_caches()
