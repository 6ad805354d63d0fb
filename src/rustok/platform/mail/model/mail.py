"""A mail as types, one per state, and the attempts to send it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Final, Literal
from uuid import UUID

import msgspec

MailState = Literal["queued", "sent", "failed", "held"]
MAX_LOGGED: Final = 50
"""Attempts kept with a mail; the oldest go first."""
EXPIRED: Final = "expired"


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt: what the relay said, and how long it took.

    Attributes:
        error: a class of failure (`timeout`, `smtp_550`); None for a success.
        reply: the relay's words, at most 500 characters.
    """

    number: int
    attempted_at: datetime
    error: str | None
    reply: str | None
    latency_ms: int


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What one attempt met with.

    Attributes:
        code: the relay's SMTP reply code; None when it gave none.
        is_final: no other time changes it.
        speaks_against_relay: whether the circuit breaker counts it.
    """

    latency_ms: int
    error: str | None = None
    code: int | None = None
    reply: str | None = None
    is_final: bool = False
    speaks_against_relay: bool = False


class MailData(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one person.

    Attributes:
        template: the name of a registered template.
        attempt_count: all attempts ever made.
        run_count: those since it was queued or asked for again; the retry schedule counts them.
        expires_at: after this it is not sent any more; None: never too late.
    """

    state: ClassVar[MailState]

    id: UUID
    template: str
    locale: str
    recipient: str
    attempt_count: int
    run_count: int
    attempts: list[Attempt]
    last_error: str | None
    expires_at: datetime | None
    correlation_id: UUID
    version: int
    created_at: datetime
    updated_at: datetime


def _fields(mail: MailData) -> dict[str, object]:
    return {name: getattr(mail, name) for name in MailData.__struct_fields__}


class QueuedMail(MailData, frozen=True, kw_only=True):
    """Waits until `next_attempt_at`."""

    state: ClassVar[MailState] = "queued"

    next_attempt_at: datetime

    def tried(self, answer: Answer, *, at: datetime) -> QueuedMail:
        """One attempt more, whatever comes of it."""
        number = self.attempt_count + 1
        attempt = Attempt(
            number=number,
            attempted_at=at,
            error=answer.error,
            reply=answer.reply,
            latency_ms=answer.latency_ms,
        )
        return msgspec.structs.replace(
            self,
            attempt_count=number,
            run_count=self.run_count + 1,
            attempts=[*self.attempts[1 - MAX_LOGGED :], attempt],
            last_error=answer.error,
        )

    def wait(self, *, after_seconds: float, now: datetime) -> QueuedMail:
        """Wait for the next attempt."""
        return msgspec.structs.replace(self, next_attempt_at=now + timedelta(seconds=after_seconds))

    def send(self, *, at: datetime) -> SentMail:
        """The relay has taken it."""
        return SentMail(**_fields(self), sent_at=at)  # type: ignore[arg-type]  # same fields

    def fail(self, *, error: str | None) -> FailedMail:
        """Give up."""
        fields = {**_fields(self), "last_error": error}
        return FailedMail(**fields)  # type: ignore[arg-type]  # same fields

    def hold(self) -> HeldMail:
        """Mail is off: keep it until somebody asks for it."""
        return HeldMail(**_fields(self))  # type: ignore[arg-type]  # same fields

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now


class _Resting(MailData, frozen=True, kw_only=True):
    def retry(self, *, now: datetime) -> QueuedMail:
        """Send it after all, with the whole retry schedule ahead."""
        fields = {**_fields(self), "run_count": 0}
        return QueuedMail(**fields, next_attempt_at=now)  # type: ignore[arg-type]  # same fields


class FailedMail(_Resting, frozen=True, kw_only=True):
    state: ClassVar[MailState] = "failed"


class HeldMail(_Resting, frozen=True, kw_only=True):
    state: ClassVar[MailState] = "held"


class SentMail(MailData, frozen=True, kw_only=True):
    state: ClassVar[MailState] = "sent"

    sent_at: datetime


Mail = QueuedMail | SentMail | FailedMail | HeldMail


def secret_place(mail_id: UUID) -> str:
    """What sealed parameters belong to."""
    return f"mail/{mail_id}"
