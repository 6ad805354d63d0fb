"""Which worker reads which lanes: leases in the database, shared out evenly among the living.

Refuses: being what keeps the order; two holders for a moment are safe (see `jetstream_lane`), they
only do work twice. A worker that dies loses its lanes when its leases run out.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Final

import msgspec
from sqlalchemy import Text, bindparam, or_, select, update

from rustok.core.db import Command, Database, Query, Timestamp, any_of
from rustok.core.lease import leases


class _Lease(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    holder: str


_LIVE: Final = Query(
    select(leases.c.name, leases.c.holder)
    .where(
        leases.c.name.startswith(bindparam("prefix", type_=Text()), autoescape=False),
        leases.c.expires_at > bindparam("now", type_=Timestamp()),
    )
    .order_by(leases.c.name),
    _Lease,
    system="leases belong to the platform",
)
_TAKE: Final = Command(
    update(leases)
    .where(
        any_of(leases.c.name, "names"),
        or_(
            leases.c.holder == bindparam("me", type_=Text()),
            leases.c.expires_at <= bindparam("now", type_=Timestamp()),
        ),
    )
    .values(holder=bindparam("me", type_=Text()), expires_at=bindparam("until", type_=Timestamp())),
    system="leases belong to the platform",
)
_GIVE: Final = Command(
    leases.delete().where(
        any_of(leases.c.name, "names"), leases.c.holder == bindparam("me", type_=Text())
    ),
    system="leases belong to the platform",
)


class Partitions:
    """Args:
    db: where the leases are.
    stream: the lanes' stream.
    count: how many lanes there are.
    holder: this worker.
    seconds: how long a lease lasts.
    """

    def __init__(
        self, db: Database, *, stream: str, count: int, holder: str, seconds: float
    ) -> None:
        self._db = db
        self._prefix = f"lane:{stream}:"
        self._workers = f"worker:{stream}:"
        self._count = count
        self._holder = holder
        self._seconds = seconds
        self.held: set[int] = set()

    def _name(self, lane: int) -> str:
        return f"{self._prefix}{lane}"

    async def renew(self) -> set[int]:
        """Say that this worker lives, keep or take its share of the lanes; returns those it should read.

        Lanes above its share are left out of the answer; they stay leased until `give_back`.

        Raises:
            DatabaseUnavailable.
        """
        async with self._db.system("lanes of the event stream") as tx:
            now, until = tx.now, tx.now + timedelta(seconds=self._seconds)
            me = f"{self._workers}{self._holder}"
            if not await tx.insert_if_absent(
                leases, name=me, holder=self._holder, expires_at=until
            ):
                await tx.run(_TAKE, names=[me], me=self._holder, now=now, until=until)
            workers = len(await tx.all(_LIVE, prefix=self._workers, now=now))
            live = {
                one.name: one.holder for one in await tx.all(_LIVE, prefix=self._prefix, now=now)
            }
            mine = [n for n in range(self._count) if live.get(self._name(n)) == self._holder]
            free = [n for n in range(self._count) if self._name(n) not in live]
            share = math.ceil(self._count / max(1, workers))
            keep = mine[:share]
            wanted = free[: max(0, share - len(mine))]
            for lane in wanted:
                if await tx.insert_if_absent(
                    leases, name=self._name(lane), holder=self._holder, expires_at=until
                ) or await tx.run(
                    _TAKE, names=[self._name(lane)], me=self._holder, now=now, until=until
                ):
                    keep.append(lane)
            if mine:
                names = [self._name(lane) for lane in mine]
                await tx.run(_TAKE, names=names, me=self._holder, now=now, until=until)
        self.held = set(mine) | set(keep)
        return set(keep)

    async def give_back(self, lanes: set[int], *, leaving: bool = False) -> None:
        """Let others have `lanes` at once.

        Args:
            leaving: this worker is no longer to be counted.
        """
        names = [self._name(lane) for lane in lanes]
        if leaving:
            names.append(f"{self._workers}{self._holder}")
        if names:
            async with self._db.system("lanes of the event stream") as tx:
                await tx.run(_GIVE, names=names, me=self._holder)
        self.held -= lanes
