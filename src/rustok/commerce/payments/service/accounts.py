"""A tenant's accounts at providers: which are offered, and their keys, sealed.

Refuses: showing a secret again.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from rustok.commerce.payments import repository
from rustok.commerce.payments.errors import (
    PaymentAccountNotFound,
    PaymentKeyMissing,
    PaymentProviderNotOffered,
)
from rustok.commerce.payments.model import (
    CaptureMode,
    Credentials,
    PaymentAccount,
    PaymentOptions,
    Provider,
    secret_place,
)
from rustok.core.audit.difference import state_of
from rustok.core.audit.entry import AuditValue
from rustok.core.db import ReadTx, WriteTx
from rustok.core.ids import new_id
from rustok.core.routing import check_version
from rustok.core.security.sealing import Sealer


def is_known(provider: str, options: PaymentOptions) -> bool:
    """Whether this deployment has a gate to `provider`."""
    return provider == "stripe" or (provider == "test" and options.test_provider)


async def list_accounts(tx: ReadTx) -> list[PaymentAccount]:
    """The tenant's accounts by provider."""
    return await repository.list_accounts(tx)


async def offered_account(tx: ReadTx, provider: str, options: PaymentOptions) -> PaymentAccount:
    """The account payments go through. Raises PaymentProviderNotOffered."""
    account = await repository.find_account(tx, provider)
    if account is None or not account.enabled or not is_known(provider, options):
        listed = [
            one.provider
            for one in await repository.list_accounts(tx)
            if one.enabled and is_known(one.provider, options)
        ]
        raise PaymentProviderNotOffered(provider, listed)
    return account


def open_account(sealer: Sealer, account: PaymentAccount) -> Credentials:
    """The keys of an account. Raises SealBroken."""

    def opened(name: str, sealed: str | None) -> str:
        if sealed is None:
            return ""
        return sealer.open(sealed, belongs_to=secret_place(account.id, name)).decode()

    return Credentials(
        secret_key=opened("secret_key", account.sealed_secret_key),
        webhook_secret=opened("webhook_secret", account.sealed_webhook_secret),
        capture=account.capture,
    )


async def set_account(
    tx: WriteTx,
    sealer: Sealer,
    options: PaymentOptions,
    provider: Provider,
    *,
    enabled: bool,
    capture: CaptureMode,
    public_key: str | None,
    secret_key: str | None,
    webhook_secret: str | None,
    expected_version: int | None = None,
) -> PaymentAccount:
    """Make or change the account at a provider; a secret that is None stays what it was.

    Raises:
        PaymentProviderNotOffered: this deployment has no gate to it.
        PaymentKeyMissing: it is to be used, and a secret is not set.
        PreconditionFailed, ConcurrentUpdate.
    """
    if not is_known(provider, options):
        raise PaymentProviderNotOffered(provider, ["stripe"])
    known = await repository.find_account(tx, provider)
    account_id = known.id if known is not None else new_id()
    if known is not None:
        check_version(known.version, expected_version)
    sealed = {
        "sealed_secret_key": _sealed(sealer, account_id, "secret_key", secret_key),
        "sealed_webhook_secret": _sealed(sealer, account_id, "webhook_secret", webhook_secret),
    }
    if known is not None:
        sealed = {name: text or getattr(known, name) for name, text in sealed.items()}
    missing = [name.removeprefix("sealed_") for name, text in sealed.items() if text is None]
    if enabled and missing:
        raise PaymentKeyMissing(missing)
    changed: dict[str, Any] = {
        "enabled": enabled,
        "capture": capture,
        "public_key": public_key,
        **sealed,
    }
    if known is None:
        account = PaymentAccount(
            id=account_id,
            provider=provider,
            version=1,
            created_at=tx.now,
            updated_at=tx.now,
            **changed,
        )
        await repository.add_account(tx, account)
        _record_change(tx, provider, None, account)
        return account
    await repository.store_account(tx, known, **changed)
    _record_change(tx, provider, known, msgspec.structs.replace(known, **changed))
    return msgspec.structs.replace(known, **changed, version=known.version + 1, updated_at=tx.now)


def _record_change(
    tx: WriteTx, provider: str, before: PaymentAccount | None, after: PaymentAccount | None
) -> None:
    """Who changed where the money goes; of keys only whether they are set."""
    tx.audit(
        "payment_account.removed" if after is None else "payment_account.set",
        object_type="payment_account",
        object_id=provider,
        before=_told(before),
        after=_told(after, since=before),
    )


def _told(
    account: PaymentAccount | None, *, since: PaymentAccount | None = None
) -> dict[str, AuditValue] | None:
    if account is None:
        return None
    facts: dict[str, AuditValue] = state_of(account, "enabled", "capture", "public_key")
    for name, sealed in (("signing", "sealed_webhook_secret"), ("calling", "sealed_secret_key")):
        text, old = getattr(account, sealed), getattr(since, sealed, None)
        is_new = since is not None and text is not None and text != old
        facts[f"{name}_key"] = "replaced" if is_new else "set" if text else "none"
    return facts


def _sealed(sealer: Sealer, account_id: UUID, name: str, secret: str | None) -> str | None:
    if secret is None:
        return None
    return sealer.seal(secret.encode(), belongs_to=secret_place(account_id, name))


async def remove_account(
    tx: WriteTx, provider: str, *, expected_version: int | None = None
) -> None:
    """Forget an account with its keys; payments under way can no longer be asked about.

    Raises:
        PaymentAccountNotFound, PreconditionFailed.
    """
    known = await repository.find_account(tx, provider)
    if known is None:
        raise PaymentAccountNotFound(provider)
    check_version(known.version, expected_version)
    await repository.remove_account(tx, known)
    _record_change(tx, provider, known, None)
