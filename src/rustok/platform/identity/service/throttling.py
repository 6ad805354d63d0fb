"""Slows guessing down without letting a guesser lock anybody out.

Attempts are counted before the password is looked at, so that many at once count as many. Three
counters, each with free attempts and then a wait that doubles: account and address together (5
free, up to 15 minutes: the guesser's own), the address (50 free, up to 15 minutes), the account from
anywhere (20 free, up to one minute). The last one does not hold for a device the user has signed in
from before. Whether an address has a user makes no difference to any of it.
Refuses: blocking an account. Source: OWASP Authentication Cheat Sheet; NIST SP 800-63B section 5.2.2.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

from rustok.core.db import WriteTx
from rustok.core.ids import NIL
from rustok.core.parts import Parts
from rustok.core.security.tokens import random_token, token_digest
from rustok.platform.identity.errors import TooManySignIns
from rustok.platform.identity.events import SignInThrottled
from rustok.platform.identity.model import email_digest, unknown_subject, waiting_seconds
from rustok.platform.identity.repository import attempts as rows
from rustok.telemetry.metrics import AUTH_FAILURES

FORGOTTEN_AFTER: Final = timedelta(hours=1)
DEVICE_LIFE: Final = timedelta(days=180)
DEVICE_PREFIX: Final = "kd_"
MAILS_AN_HOUR: Final = 3
_PURGE_BATCH: Final = 1_000


class Rule(NamedTuple):
    """How many attempts are free, and the longest wait after them."""

    free: int
    longest_seconds: int


RULES: Final[dict[rows.Scope, Rule]] = {
    "account": Rule(free=20, longest_seconds=60),
    "address": Rule(free=50, longest_seconds=900),
    "factor": Rule(free=10, longest_seconds=3_600),
    "pair": Rule(free=5, longest_seconds=900),
}


class Attempt(NamedTuple):
    """One attempt to sign in, as the counters know it: scope and subject, in the order of locking."""

    counters: tuple[tuple[rows.Scope, str], ...]


async def admit(
    tx: WriteTx, *, email_normal: str, user_id: UUID | None, address: str, device_token: str | None
) -> Attempt:
    """Count an attempt before it is looked at.

    Args:
        user_id: None for an unknown address; the same statements are run.
        device_token: from an earlier sign-in of this user on this device.

    Raises:
        TooManySignIns: it has to wait; it is not counted.

    Emits: sign_in.throttled, when the next one will have to wait
    """
    digest = email_digest(tx.ctx.tenant_id, email_normal)
    known = await rows.is_device_known(tx, user_id or NIL, token_digest(device_token or ""))
    counters: list[tuple[rows.Scope, str]] = [
        ("account", digest),
        ("address", _address_digest(tx, address)),
        ("pair", _pair_digest(digest, address)),
    ]
    subject = user_id or unknown_subject(tx.ctx.tenant_id, digest)
    await _count(tx, counters, subject=subject, spared="account" if known else None)
    return Attempt(tuple(counters))


async def admit_factor(tx: WriteTx, user_id: UUID) -> Attempt:
    """As `admit`, for a code or password of somebody who has done the first step already."""
    counters: list[tuple[rows.Scope, str]] = [("factor", user_id.hex)]
    await _count(tx, counters, subject=user_id, spared=None)
    return Attempt(tuple(counters))


async def _count(
    tx: WriteTx,
    counters: list[tuple[rows.Scope, str]],
    *,
    subject: UUID,
    spared: rows.Scope | None,
) -> None:
    counts = []
    for scope, key in counters:
        held = await rows.hold(tx, scope, key)
        since = tx.now - held.last_at
        count = 0 if since > FORGOTTEN_AFTER else held.count
        rule = RULES[scope]
        wait = waiting_seconds(
            count,
            free=rule.free,
            longest=rule.longest_seconds,
            since_seconds=since.total_seconds(),
        )
        if wait and scope != spared:
            AUTH_FAILURES.labels(method="throttle", reason=scope).inc()
            raise TooManySignIns(wait)
        counts.append((scope, key, count + 1, rule.free))
    for scope, key, count, free in counts:
        await rows.note(tx, scope, key, count=count)
        if count == free:
            tx.emit(SignInThrottled(subject_id=subject, scope=scope))


async def succeeded(tx: WriteTx, attempt: Attempt) -> None:
    """The attempt was the user's: forget what this place has counted, take back the rest."""
    for scope, key in attempt.counters:
        if scope in ("pair", "factor"):
            await rows.forget(tx, scope, key)
        else:
            await rows.give_back(tx, scope, key)


async def succeeded_at(tx: WriteTx, *, email_normal: str, address: str) -> None:
    """As `succeeded`, for a sign-in whose first step was another request."""
    digest = email_digest(tx.ctx.tenant_id, email_normal)
    counters: tuple[tuple[rows.Scope, str], ...] = (
        ("account", digest),
        ("address", _address_digest(tx, address)),
        ("pair", _pair_digest(digest, address)),
    )
    await succeeded(tx, Attempt(counters))


async def may_mail(tx: WriteTx, email_normal: str) -> bool:
    """Count a mail to an address; False when it got enough of them in the last hour."""
    digest = email_digest(tx.ctx.tenant_id, email_normal)
    held = await rows.hold(tx, "mail", digest)
    count = 0 if tx.now - held.last_at > FORGOTTEN_AFTER else held.count
    may = count < MAILS_AN_HOUR
    await rows.note(tx, "mail", digest, count=count + 1 if may else count)
    return may


async def remember_device(tx: WriteTx, user_id: UUID) -> str:
    """A token that tells later sign-ins that this user has signed in here before."""
    token = DEVICE_PREFIX + random_token()
    await rows.add_device(tx, user_id, token_digest(token), expires_at=tx.now + DEVICE_LIFE)
    return token


def _address_digest(tx: WriteTx, address: str) -> str:
    """Addresses are personal data; counters need only tell them apart."""
    return hashlib.blake2b(address.encode(), key=tx.ctx.tenant_id.bytes, digest_size=16).hexdigest()


def _pair_digest(digest: str, address: str) -> str:
    return hashlib.blake2b(f"{digest} {address}".encode(), digest_size=16).hexdigest()


async def purge_counters(parts: Parts) -> int:
    """Remove counters that say nothing any more; returns how many. The job."""
    removed = 0
    while True:
        async with parts.db.system("removal of old counters") as tx:
            count = await rows.purge(tx, before=tx.now - 2 * FORGOTTEN_AFTER, limit=_PURGE_BATCH)
        removed += count
        if count < _PURGE_BATCH:
            return removed
