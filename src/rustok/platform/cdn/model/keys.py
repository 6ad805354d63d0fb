"""The keys of copies at a CDN, from a tenant and the parts an answer shows; bounded by what providers take.

A key begins with a digest of its tenant, so no tenant's purge reaches another's copies and no
key tells an id of a tenant.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence, Set
from functools import lru_cache
from typing import Final
from uuid import UUID

from rustok.core.cache.showing import EVERYTHING, PART
from rustok.platform.cdn.model.options import CdnOptions

MAX_KEYS: Final = 100
"""In one answer: 100 of at most 82 characters are half of the 16 KB that both providers take."""
MAX_THINGS: Final = 100
"""Single things of a kind in one round; more are purged as the whole kind."""


@lru_cache(maxsize=4_096)
def tenant_key(tenant_id: UUID) -> str:
    """The key that every answer of a tenant carries."""
    return f"t-{hashlib.blake2b(tenant_id.bytes, digest_size=8).hexdigest()}"


def key_of(tenant_id: UUID, part: str) -> str:
    """The key of one part of a tenant.

    Raises:
        ValueError: `part` is none.
    """
    if part == EVERYTHING:
        return tenant_key(tenant_id)
    if PART.fullmatch(part) is None:
        raise ValueError("no part of what a tenant shows")
    return f"{tenant_key(tenant_id)}-{part.replace(':', '-')}"


def headers_of(options: CdnOptions, tenant_id: UUID, shows: Sequence[str]) -> dict[str, str]:
    """What an answer tells the CDN: its keys, and how long a copy may live.

    Nothing for an answer that shows too much to be named: its copies live as `Cache-Control` says.
    """
    if not options.is_on or len(shows) >= MAX_KEYS:
        return {}
    keys = [tenant_key(tenant_id), *(key_of(tenant_id, one) for one in dict.fromkeys(shows))]
    age = f"max-age={options.surrogate_seconds}"
    headers: dict[str, str] = {}
    if options.provider != "cloudflare":
        headers |= {"surrogate-key": " ".join(keys), "surrogate-control": age}
    if options.provider != "fastly":
        headers |= {"cache-tag": ",".join(keys), "cdn-cache-control": age}
    return headers


def fewest(keys: Iterable[str]) -> list[str]:
    """Keys without those another one covers, many things of one kind as the kind; in a fixed order."""
    wanted = set(keys)
    things: dict[str, set[str]] = {}
    kept: set[str] = set()
    for key in wanted:
        tenant, kind, single = _split(key)
        if kind and tenant in wanted:
            continue
        if single:
            things.setdefault(f"{tenant}-{kind}", set()).add(key)
        else:
            kept.add(key)
    for kind_key, singles in things.items():
        if kind_key in kept or len(singles) > MAX_THINGS:
            kept.add(kind_key)
        else:
            kept |= singles
    return sorted(kept)


def is_left(key: str, left: Set[str]) -> bool:
    """Whether `key`, or one that covers it, is among those not purged yet."""
    tenant, kind, _ = _split(key)
    return key in left or tenant in left or f"{tenant}-{kind}" in left


def _split(key: str) -> tuple[str, str, str]:
    """The tenant's key, the kind and the id of a single thing; what is not there is empty."""
    mark, tenant, kind, single = (*key.split("-", 3), "", "")[:4]
    return f"{mark}-{tenant}", kind, single
