"""Files in an S3-compatible store (AWS, MinIO, Ceph, R2, ...), over obstore.

The library is imported only where `storage.kind` is s3. Refuses: its own long retries; whoever asks
comes back after Retry-After.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, TypeVar

import msgspec
import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from rustok.core.db.transaction import forbid_in_transaction
from rustok.core.resilience.circuit_breaker import CircuitBreaker
from rustok.core.resilience.deadline import TimedOut, within
from rustok.core.storage.port import (
    Operation,
    StorageUnavailable,
    StoredFileMissing,
    storage_span,
)

T = TypeVar("T")
_PORTION: Final = 500


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """Where the files are.

    Attributes:
        endpoint: None: AWS.
        access_key_id, secret_access_key: None: what the machine has (environment, role).
        prefix: before every key, so that a bucket can be shared.
        timeout_seconds: of a whole call, the transfer included.
        allow_http: for a store on a closed network.
    """

    name: str
    endpoint: str | None = None
    region: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = None
    prefix: str = ""
    connect_timeout_seconds: float = 2.0
    timeout_seconds: float = 10.0
    allow_http: bool = False


class ObjectStorage:
    """Args:
    bucket: where.
    breaker: around every call.
    """

    def __init__(self, bucket: Bucket, breaker: CircuitBreaker) -> None:
        self._bucket = bucket
        self._breaker = breaker
        given = {
            "endpoint": bucket.endpoint,
            "region": bucket.region or "us-east-1",
            "access_key_id": bucket.access_key_id,
            "secret_access_key": bucket.secret_access_key,
        }
        self._store = S3Store(
            bucket.name,
            prefix=bucket.prefix or None,
            virtual_hosted_style_request=False,
            client_options={
                "connect_timeout": timedelta(seconds=bucket.connect_timeout_seconds),
                "timeout": timedelta(seconds=bucket.timeout_seconds),
                "allow_http": bucket.allow_http,
            },
            retry_config={
                "max_retries": 1,
                "retry_timeout": timedelta(seconds=bucket.timeout_seconds),
            },
            **{name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]  # typed by keyword there
        )

    async def put(self, key: str, content: bytes) -> None:
        async def send() -> None:
            await obstore.put_async(self._store, key, content, use_multipart=False)

        await self._call("put", send)

    async def get(self, key: str) -> bytes:
        async def fetch() -> bytes:
            found = await obstore.get_async(self._store, key)
            return bytes(await found.bytes_async())

        return await self._call("get", fetch)

    async def delete(self, key: str) -> None:
        async def remove() -> None:
            try:
                await obstore.delete_async(self._store, key)
            except (NotFoundError, FileNotFoundError):
                return

        await self._call("delete", remove)

    async def list_old(self, before: datetime) -> AsyncIterator[list[str]]:
        portions = obstore.list(self._store, chunk_size=_PORTION).__aiter__()
        while True:

            async def next_portion() -> list[str] | None:
                try:
                    found = await anext(portions)
                except StopAsyncIteration:
                    return None
                return [one["path"] for one in found if one["last_modified"] < before]

            portion = await self._call("list", next_portion)
            if portion is None:
                return
            yield portion

    async def check(self) -> str:
        """See `Storage.check`."""

        async def look() -> None:
            await obstore.put_async(self._store, ".rustok-check", b"ok", use_multipart=False)
            await obstore.delete_async(self._store, ".rustok-check")

        await self._bounded(look)
        return self._place

    def describe(self) -> str:
        return f"{self._place}, circuit {self._breaker.state}"

    @property
    def _place(self) -> str:
        bucket = self._bucket
        return f"bucket {bucket.name} at {bucket.endpoint or 'AWS'}"

    async def _call(self, operation: Operation, work: Callable[[], Awaitable[T]]) -> T:
        forbid_in_transaction("storing or fetching a file")
        with storage_span("s3", operation):
            return await self._breaker.call(self._bounded, work)

    async def _bounded(self, work: Callable[[], Awaitable[T]]) -> T:
        try:
            return await within(self._bucket.timeout_seconds, work())
        except (NotFoundError, FileNotFoundError) as error:
            if "NoSuchBucket" in str(error):
                raise StorageUnavailable("there is no such bucket") from error
            raise StoredFileMissing from None
        except TimedOut as error:
            raise StorageUnavailable("no answer in time") from error
        except (BaseError, OSError) as error:
            raise StorageUnavailable(type(error).__name__) from error
