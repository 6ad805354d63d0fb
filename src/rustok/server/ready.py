"""Answers ready to be sent again: the short way of public storefront reads, before everything else.

The first answer to a question goes the whole way and is kept as it was sent: status, headers, body,
compressed. The same question (address, host, tenant, language, currency, encoding, origin) is then
answered from here, If-None-Match first, until something of the tenant changes or the time is up.

Refuses: requests that say who asks (a token, an API key), routes without `cache_seconds`, and being
the truth: whoever changes what shoppers see forgets the tenant (`forget`); the life of an answer
bounds what a lost message can do.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final
from uuid import UUID

from rustok.core.cache import showing
from rustok.core.cache.stats import CacheStats
from rustok.core.db import WriteTx
from rustok.server.message import Answer, Scope
from rustok.telemetry import metrics
from rustok.telemetry.instruments import Counter
from rustok.telemetry.tracing import SERVER, Shape

NAME: Final = "storefront.answers"
"""In metrics, and on the invalidation bus with a tenant's id as the key."""
PREFIX: Final = "/api/v1/storefront/"
LONGEST_SECONDS: Final = 30.0
STALE_SECONDS: Final = 600.0
"""How long past its time an answer may be sent while the database is away."""
LARGEST_SHARE: Final = 32
"""An answer larger than this part of the capacity is not kept."""
_OVERHEAD_BYTES: Final = 1_500

QUIET: Final = frozenset(
    {
        "api_key", "cart", "comment", "fulfilment", "import", "inventory_item", "order", "payment",
        "role", "sign_in", "user", "webhook_endpoint",
    }
)  # fmt: skip
"""Kinds of aggregates whose events change nothing shoppers see by themselves; where they do in the
end (the last piece is sold), the read models change and say so."""

_PARTS: Final = {
    b"host": 2,
    b"x-tenant": 3,
    b"accept-language": 4,
    b"x-currency": 5,
    b"accept-encoding": 6,
    b"origin": 7,
}
_REFUSED: Final = frozenset({b"authorization", b"x-api-key", b"range", b"cookie"})
_PASSED: Final = {b"if-none-match": 0, b"x-request-id": 1, b"traceparent": 2}

Key = tuple[object, ...]
Epoch = list[int]
"""One number per tenant; an answer of an earlier number is not sent any more."""


class Ready:
    """One answer as it goes out, but for what belongs to a single request."""

    __slots__ = (
        "body",
        "epoch",
        "epoch_at",
        "etag",
        "expires_at",
        "headers",
        "headers_304",
        "observe",
        "observe_sent",
        "ok",
        "ok_304",
        "route",
        "shape",
        "shape_304",
        "size_bytes",
        "slug",
        "tenant",
        "used",
    )

    def __init__(
        self,
        answer: Answer,
        *,
        route: str,
        tenant: UUID,
        slug: str,
        epoch: Epoch,
        epoch_at: int,
    ) -> None:
        self.body = answer.body
        self.route = route
        self.tenant, self.slug = str(tenant), slug
        self.epoch, self.epoch_at = epoch, epoch_at
        self.expires_at = 0.0
        self.used = False
        lines = [
            (name.encode("latin-1"), value.encode("latin-1", "replace"))
            for name, value in answer.headers.items()
        ]
        self.headers = [*lines, (b"content-length", str(len(answer.body)).encode())]
        gone = (b"content-type", b"content-encoding")
        self.headers_304 = [line for line in lines if line[0] not in gone]
        self.etag = answer.headers.get("etag", "").removeprefix("W/").encode("latin-1")
        self.size_bytes = len(answer.body) + _OVERHEAD_BYTES
        self.ok: Counter = metrics.HTTP_REQUESTS.labels(method="GET", route=route, status="200")
        self.ok_304: Counter = metrics.HTTP_REQUESTS.labels(method="GET", route=route, status="304")
        self.observe = metrics.HTTP_DURATION.labels(method="GET", route=route).observe
        self.observe_sent = metrics.HTTP_RESPONSE_SIZE.labels(method="GET", route=route).observe
        self.shape, self.shape_304 = self._shape(200), self._shape(304)

    def _shape(self, status: int) -> Shape:
        return Shape(
            f"GET {self.route}",
            SERVER,
            {
                "http.request.method": "GET",
                "http.route": self.route,
                "http.response.status_code": status,
                "rustok.tenant": self.tenant,
                "rustok.answer": "ready",
            },
        )

    def matches(self, if_none_match: bytes) -> bool:
        """Weak comparison (RFC 9110 section 8.8.3.2)."""
        etag = self.etag
        if not etag:
            return False
        if if_none_match == etag:
            return True
        if b"," not in if_none_match:
            return if_none_match.removeprefix(b"W/") == etag or if_none_match.strip() == b"*"
        return any(
            one.strip().removeprefix(b"W/") in (etag, b"*") for one in if_none_match.split(b",")
        )


class Question:
    """What a request asks for, as far as an answer depends on it."""

    __slots__ = ("if_none_match", "key", "request_id", "traceparent")

    def __init__(
        self,
        key: Key,
        if_none_match: bytes | None,
        request_id: bytes | None,
        traceparent: bytes | None,
    ) -> None:
        self.key = key
        self.if_none_match = if_none_match
        self.request_id = request_id
        self.traceparent = traceparent


def question_of(scope: Scope) -> Question | None:
    """The question of a request; None when its answer is nobody else's."""
    path: str = scope["path"]
    if scope["method"] != "GET" or not path.startswith(PREFIX):
        return None
    parts: list[object] = [path, scope["query_string"], b"", b"", b"", b"", b"", b""]
    passed: list[bytes | None] = [None, None, None]
    for name, value in scope["headers"]:
        at = _PARTS.get(name)
        if at is not None:
            parts[at] = value
        elif name in _PASSED:
            passed[_PASSED[name]] = value
        elif name in _REFUSED:
            return None
    return Question(tuple(parts), *passed)


class ReadyAnswers:
    """The answers kept in this process, the ones unused for longest leaving first.

    Args:
        capacity_bytes: what bodies and headers may hold together; 0 keeps nothing.
        clock: monotonic seconds.
    """

    def __init__(
        self, capacity_bytes: int, *, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._capacity_bytes = capacity_bytes
        self._clock = clock
        self._answers: dict[Key, Ready] = {}
        self._epochs: dict[UUID, Epoch] = {}
        self._bytes = 0
        self._hits = self._misses = self._kept = self._evictions = 0
        self._stale_served = 0

    @property
    def keeps(self) -> bool:
        """False: nothing is ever kept."""
        return self._capacity_bytes > 0

    def find(self, question: Question, now: float) -> Ready | None:
        """The answer to `question` that may still be sent."""
        ready = self._answers.get(question.key)
        if ready is None:
            self._misses += 1
            return None
        if ready.epoch_at != ready.epoch[0] or now >= ready.expires_at + STALE_SECONDS:
            self._drop(question.key)
            self._misses += 1
            return None
        if now >= ready.expires_at:
            self._misses += 1
            return None
        ready.used = True
        self._hits += 1
        return ready

    def epoch(self, tenant: UUID) -> Epoch:
        """The tenant's number; read it before the question is answered, hand it to `keep`."""
        found = self._epochs.get(tenant)
        if found is None:
            found = self._epochs[tenant] = [0]
        return found

    def keep(
        self,
        question: Question,
        answer: Answer,
        *,
        route: str,
        tenant: UUID,
        slug: str = "",
        epoch_at: int,
        seconds: float,
    ) -> Ready:
        """Keep `answer`, unless the tenant has changed since `epoch_at`; what to send either way.

        Args:
            seconds: how long the route lets others keep it.
        """
        epoch = self.epoch(tenant)
        ready = Ready(answer, route=route, tenant=tenant, slug=slug, epoch=epoch, epoch_at=epoch_at)
        is_small = ready.size_bytes * LARGEST_SHARE <= self._capacity_bytes
        if epoch[0] == epoch_at and is_small:
            self._drop(question.key)
            self._make_room(ready.size_bytes)
            ready.expires_at = self._clock() + min(seconds, LONGEST_SECONDS)
            self._answers[question.key] = ready
            self._bytes += ready.size_bytes
            self._kept += 1
        return ready

    def find_stale(self, question: Question) -> Ready | None:
        """The last answer to `question`, for when a new one cannot be had; unchanged as far as known."""
        ready = self._answers.get(question.key)
        if ready is None or ready.epoch_at != ready.epoch[0]:
            return None
        if self._clock() >= ready.expires_at + STALE_SECONDS:
            return None
        self._stale_served += 1
        return ready

    def forget(self, tenant: UUID | None) -> None:
        """Something of the tenant has changed: nothing kept of it is sent any more.

        Args:
            tenant: None: perhaps something of any tenant. Then answers have had their time, but may
                still be sent where no new one can be had.
        """
        if tenant is not None:
            found = self._epochs.get(tenant)
            if found is not None:
                found[0] += 1
            return
        now = self._clock()
        current = [one for one in self._answers.values() if one.epoch_at == one.epoch[0]]
        for epoch in self._epochs.values():
            epoch[0] += 1  # what is being answered now is not kept
        for ready in current:
            ready.epoch_at = ready.epoch[0]
            ready.expires_at = min(ready.expires_at, now)

    def stats(self) -> CacheStats:
        """The counts now."""
        return CacheStats(
            name=NAME,
            hits=self._hits,
            negative_hits=0,
            stale_served=self._stale_served,
            misses=self._misses,
            loads=self._kept,
            load_failures=0,
            evictions=self._evictions,
            entries=len(self._answers),
            loading=0,
        )

    def _drop(self, key: Key) -> None:
        gone = self._answers.pop(key, None)
        if gone is not None:
            self._bytes -= gone.size_bytes

    def _make_room(self, size_bytes: int) -> None:
        """Second chance: the oldest goes, unless it was used since it was looked at last."""
        while self._answers and self._bytes + size_bytes > self._capacity_bytes:
            key = next(iter(self._answers))
            ready = self._answers.pop(key)
            if ready.used and ready.epoch_at == ready.epoch[0]:
                ready.used = False
                self._answers[key] = ready
            else:
                self._bytes -= ready.size_bytes
                self._evictions += 1


def tenants_changed(tx: WriteTx) -> set[UUID]:
    """Whose shop windows a committed transaction has changed."""
    changed = {event.tenant_id for event, _ in tx.events if event.aggregate_type not in QUIET}
    changed |= {
        one.tenant_id for one in tx.forgotten if one.cache == showing.NAME and one.tenant_id
    }
    if tx.touched:
        changed.add(tx.ctx.tenant_id)
    return changed
