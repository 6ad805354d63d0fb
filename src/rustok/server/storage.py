"""The place for files of a process, made from its settings."""

from __future__ import annotations

from rustok.core.resilience.breaker_registry import BreakerRegistry
from rustok.core.storage.folder import FolderStorage
from rustok.core.storage.port import BREAKER, Storage
from rustok.server.settings import Settings


def storage_for(settings: Settings, breakers: BreakerRegistry) -> Storage:
    """What `storage.kind` names; it asks nothing by itself."""
    storage = settings.storage
    breaker = breakers.breaker("storage", BREAKER)
    if storage.kind == "folder":
        return FolderStorage(settings.media.root, breaker, timeout_seconds=storage.timeout_seconds)
    from rustok.core.storage.object_store import Bucket, ObjectStorage  # late: one of two

    assert storage.bucket is not None
    key = storage.secret_access_key
    bucket = Bucket(
        name=storage.bucket,
        endpoint=storage.endpoint,
        region=storage.region,
        access_key_id=storage.access_key_id,
        secret_access_key=key.reveal() if key else None,
        prefix=storage.prefix,
        connect_timeout_seconds=storage.connect_timeout_seconds,
        timeout_seconds=storage.timeout_seconds,
        allow_http=storage.allow_http,
    )
    return ObjectStorage(bucket, breaker)
