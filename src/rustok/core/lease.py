"""Leases: which process runs the relay or a job right now; a dead holder's lease runs out by itself.

Refuses: being a fence. Two holders can overlap for moments after a pause; what they do is safe
to do twice (inbox, conditional updates).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import Column, Text, bindparam, or_, update

from rustok.core.db import Command, Database, Timestamp, platform_table

leases: Final = platform_table(
    "leases",
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("expires_at", Timestamp(), nullable=False),
)

_TAKE: Final = Command(
    update(leases)
    .where(
        leases.c.name == bindparam("lease", type_=Text()),
        or_(
            leases.c.holder == bindparam("me", type_=Text()),
            leases.c.expires_at <= bindparam("now", type_=Timestamp()),
        ),
    )
    .values(holder=bindparam("me", type_=Text()), expires_at=bindparam("until", type_=Timestamp())),
    system="leases belong to the platform",
)


async def acquire(db: Database, name: str, *, holder: str, seconds: float) -> bool:
    """Take or renew the lease `name` for `seconds`; False while another holder has it."""
    async with db.system(f"lease {name}") as tx:
        until = tx.now + timedelta(seconds=seconds)
        if await tx.insert_if_absent(leases, name=name, holder=holder, expires_at=until):
            return True
        return await tx.run(_TAKE, lease=name, me=holder, now=tx.now, until=until) == 1


async def release(db: Database, name: str, *, holder: str) -> None:
    """Give the lease back at a clean stop."""
    async with db.system(f"lease {name}") as tx:
        await tx.delete(leases, name=name, holder=holder)
