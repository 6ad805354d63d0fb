"""What a request asks for, in whose name, in which language and currency: read from its head.

Refuses: currencies the tenant does not sell in. Nothing is looked up here.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from rustok.core.errors import FieldError, InvalidInput
from rustok.core.ids import id_text, new_id_text
from rustok.core.locale import negotiate, parse_locale
from rustok.core.security.rate_limit import Decision
from rustok.core.tenancy import ANONYMOUS, Actor, RequestContext, TenantProfile
from rustok.server.message import Request
from rustok.server.ready import Question

CREDENTIALS: Final = frozenset({"authorization", "x-api-key"})
"""Headers that say who asks; without any it is nobody."""


class CurrencyNotOffered(InvalidInput):
    code = "currency_not_offered"
    title = "The tenant does not sell in this currency"
    mend = "Use one of the currencies in `offered`."

    def __init__(self, offered: tuple[str, ...]) -> None:
        message = f"Offered here: {', '.join(offered)}."
        super().__init__(
            message,
            fields=[FieldError(pointer="currency", rule="offered", message=message)],
            extensions={"offered": list(offered)},
        )


class Seen:
    """What is known of a request so far, for the log line and the headers of a failure."""

    __slots__ = (
        "actor",
        "correlation_id",
        "decision",
        "epoch_at",
        "is_sign_in",
        "keep_seconds",
        "question",
        "route",
        "tenant",
        "traceparent",
    )

    def __init__(self, correlation_id: UUID, traceparent: str) -> None:
        self.correlation_id = correlation_id
        self.traceparent = traceparent
        self.route = "unmatched"
        self.tenant: TenantProfile | None = None
        self.question: Question | None = None
        self.keep_seconds: float | None = None
        self.epoch_at = 0
        self.actor: Actor = ANONYMOUS
        self.is_sign_in = False
        self.decision: Decision | None = None


def request_id_of(header: str | None, correlation_id: UUID | None = None) -> str:
    """The caller's X-Request-ID where it can be one, else the correlation's, else a new one."""
    if header is not None and 8 <= len(header) <= 128 and header.isascii() and header.isprintable():
        return header
    return new_id_text() if correlation_id is None else id_text(correlation_id)


def context_of(
    request: Request,
    tenant: TenantProfile,
    actor: Actor,
    query: dict[str, list[str]],
    seen: Seen,
    request_id: str,
) -> RequestContext:
    """Locale and currency by `?locale=` and `?currency=`, else by header, else the tenant's own."""
    locale_texts = query.pop("locale", None)
    if locale_texts is not None:
        locale = negotiate(
            parse_locale(locale_texts[-1], pointer="locale"), tenant.locales, tenant.default_locale
        )
    else:
        locale = negotiate(
            request.headers.get("accept-language"), tenant.locales, tenant.default_locale
        )
    currency_texts = query.pop("currency", None)
    currency = currency_texts[-1] if currency_texts else request.headers.get("x-currency")
    if currency is None:
        currency = tenant.default_currency
    elif currency not in tenant.currencies:
        raise CurrencyNotOffered(tenant.currencies)
    return RequestContext(
        tenant=tenant,
        actor=actor,
        locale=locale,
        currency=currency,
        correlation_id=seen.correlation_id,
        traceparent=seen.traceparent,
        request_id=request_id,
        client=request.client,
    )
