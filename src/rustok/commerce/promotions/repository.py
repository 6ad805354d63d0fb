"""Every query on promotions, coupons and their redemptions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import Integer, Text, bindparam, func, or_, select, update

from rustok.commerce.promotions.errors import CouponNotFound, PromotionNotFound
from rustok.commerce.promotions.model import Coupon, Promotion, Redemption
from rustok.commerce.promotions.tables import coupon_redemptions, coupons, promotions
from rustok.core.db import (
    TENANT,
    Command,
    Id,
    Query,
    ReadTx,
    Timestamp,
    WriteTx,
    any_of,
    scalar,
)
from rustok.core.pagination import Page, PageRequest, cut_page, decode_cursor

_promotion = select(*[c for c in promotions.c if c.name != "tenant_id"]).where(
    promotions.c.tenant_id == TENANT
)
_alive = _promotion.where(
    promotions.c.id == bindparam("id", type_=Id()), promotions.c.deleted_at.is_(None)
)
_PROMOTION: Final = Query(_alive, Promotion)
_PROMOTION_LOCKED: Final = Query(_alive.with_for_update(), Promotion)
_PROMOTIONS: Final = Query(_promotion.where(any_of(promotions.c.id, "ids")), Promotion)


async def get(tx: ReadTx, promotion_id: UUID) -> Promotion:
    """Raises PromotionNotFound."""
    if (found := await tx.one(_PROMOTION, id=promotion_id)) is None:
        raise PromotionNotFound
    return found


async def lock(tx: WriteTx, promotion_id: UUID) -> Promotion:
    """As `get`, locked until the end of the transaction. Raises PromotionNotFound."""
    if (found := await tx.one(_PROMOTION_LOCKED, id=promotion_id)) is None:
        raise PromotionNotFound
    return found


async def list_by_ids(tx: ReadTx, ids: Sequence[UUID]) -> list[Promotion]:
    """Promotions with these ids, deleted ones too."""
    return await tx.all(_PROMOTIONS, ids=list(ids)) if ids else []


@cache
def _page(*, after: bool) -> Query[Promotion]:
    found = _promotion.where(promotions.c.deleted_at.is_(None))
    if after:
        found = found.where(promotions.c.id < bindparam("after", type_=Id()))
    return Query(
        found.order_by(promotions.c.id.desc()).limit(bindparam("limit", type_=Integer())),
        Promotion,
    )


async def list_promotions(tx: ReadTx, page: PageRequest) -> Page[Promotion]:
    """The tenant's promotions, newest first."""
    after = {} if page.cursor is None else {"after": _id_in(page.cursor)}
    rows = await tx.all(_page(after=bool(after)), limit=page.limit + 1, **after)
    return cut_page(rows, limit=page.limit, key_of=lambda row: (str(row.id),))


def _id_in(cursor: str) -> UUID:
    return UUID(str(decode_cursor(cursor, (str,))[0]))


async def add(tx: WriteTx, promotion: Promotion) -> None:
    await tx.insert(
        promotions, **{name: getattr(promotion, name) for name in promotion.__struct_fields__}
    )


async def store(tx: WriteTx, promotion: Promotion, **changed: object) -> None:
    """Write changed columns at the version. Raises ConcurrentUpdate, CheckViolation."""
    await tx.update_version(
        promotions,
        {"id": promotion.id},
        version=promotion.version,
        **changed,
        updated_at=tx.now,
    )


_coupon = select(*[c for c in coupons.c if c.name != "tenant_id"]).where(
    coupons.c.tenant_id == TENANT
)
_COUPON: Final = Query(
    _coupon.where(
        coupons.c.id == bindparam("id", type_=Id()),
        coupons.c.promotion_id == bindparam("promotion_id", type_=Id()),
    ).with_for_update(),
    Coupon,
)
_BY_CODE: Final = Query(_coupon.where(any_of(coupons.c.code, "codes")), Coupon)


@cache
def _coupon_page(*, after: bool) -> Query[Coupon]:
    found = _coupon.where(coupons.c.promotion_id == bindparam("promotion_id", type_=Id()))
    if after:
        found = found.where(coupons.c.id < bindparam("after", type_=Id()))
    return Query(
        found.order_by(coupons.c.id.desc()).limit(bindparam("limit", type_=Integer())), Coupon
    )


async def lock_coupon(tx: WriteTx, promotion_id: UUID, coupon_id: UUID) -> Coupon:
    """A coupon of a promotion, locked until the end of the transaction. Raises CouponNotFound."""
    if (found := await tx.one(_COUPON, id=coupon_id, promotion_id=promotion_id)) is None:
        raise CouponNotFound
    return found


async def list_by_codes(tx: ReadTx, codes: Sequence[str], *, limit: int) -> list[Coupon]:
    """Coupons with these codes; at most `limit` codes are looked up."""
    return await tx.all(_BY_CODE, codes=list(codes[:limit]))


async def list_coupons(tx: ReadTx, promotion_id: UUID, page: PageRequest) -> Page[Coupon]:
    """The coupons of a promotion, newest first."""
    after = {} if page.cursor is None else {"after": _id_in(page.cursor)}
    rows = await tx.all(
        _coupon_page(after=bool(after)), promotion_id=promotion_id, limit=page.limit + 1, **after
    )
    return cut_page(rows, limit=page.limit, key_of=lambda row: (str(row.id),))


async def add_coupon(tx: WriteTx, coupon: Coupon) -> bool:
    """False when the code is taken."""
    return await tx.insert_if_absent(
        coupons, **{name: getattr(coupon, name) for name in coupon.__struct_fields__}
    )


async def store_coupon(tx: WriteTx, coupon: Coupon, **changed: object) -> None:
    """Write changed columns at the version. Raises ConcurrentUpdate, CheckViolation."""
    await tx.update_version(
        coupons, {"id": coupon.id}, version=coupon.version, **changed, updated_at=tx.now
    )


# Guarded: whoever comes when the limit is reached changes no row, and waits for none.
_USE_PROMOTION: Final = Command(
    update(promotions)
    .where(
        promotions.c.tenant_id == TENANT,
        promotions.c.id == bindparam("which", type_=Id()),
        promotions.c.enabled.is_(True),
        promotions.c.deleted_at.is_(None),
        or_(
            promotions.c.usage_limit.is_(None),
            promotions.c.used_count < promotions.c.usage_limit,
        ),
    )
    .values(used_count=promotions.c.used_count + 1)
)
_USE_COUPON: Final = Command(
    update(coupons)
    .where(
        coupons.c.tenant_id == TENANT,
        coupons.c.id == bindparam("which", type_=Id()),
        coupons.c.enabled.is_(True),
        or_(coupons.c.usage_limit.is_(None), coupons.c.used_count < coupons.c.usage_limit),
    )
    .values(used_count=coupons.c.used_count + 1)
)
_FREE_PROMOTION: Final = Command(
    update(promotions)
    .where(promotions.c.tenant_id == TENANT, promotions.c.id == bindparam("which", type_=Id()))
    .values(used_count=promotions.c.used_count - 1)
)
_FREE_COUPON: Final = Command(
    update(coupons)
    .where(coupons.c.tenant_id == TENANT, coupons.c.id == bindparam("which", type_=Id()))
    .values(used_count=coupons.c.used_count - 1)
)


async def use(tx: WriteTx, promotion_id: UUID, coupon_id: UUID) -> bool:
    """Count one use more of a promotion and its coupon; False when either is used up."""
    if await tx.run(_USE_PROMOTION, which=promotion_id) != 1:
        return False
    return await tx.run(_USE_COUPON, which=coupon_id) == 1


async def free(tx: WriteTx, promotion_id: UUID, coupon_id: UUID) -> None:
    """Count one use less."""
    await tx.run(_FREE_PROMOTION, which=promotion_id)
    await tx.run(_FREE_COUPON, which=coupon_id)


_HELD: Final = scalar(
    select(func.count())
    .select_from(coupon_redemptions)
    .where(
        coupon_redemptions.c.tenant_id == TENANT,
        coupon_redemptions.c.promotion_id == bindparam("promotion_id", type_=Id()),
        coupon_redemptions.c.customer_key == bindparam("customer_key", type_=Text()),
        coupon_redemptions.c.released_at.is_(None),
    ),
    int,
)
_OF_ORDER: Final = Query(
    select(*[c for c in coupon_redemptions.c if c.name != "tenant_id"])
    .where(
        coupon_redemptions.c.tenant_id == TENANT,
        coupon_redemptions.c.order_id == bindparam("order_id", type_=Id()),
        coupon_redemptions.c.released_at.is_(None),
    )
    .order_by(coupon_redemptions.c.promotion_id),
    Redemption,
)
_RELEASE: Final = Command(
    update(coupon_redemptions)
    .where(
        coupon_redemptions.c.tenant_id == TENANT,
        coupon_redemptions.c.order_id == bindparam("which", type_=Id()),
        coupon_redemptions.c.released_at.is_(None),
    )
    .values(released_at=bindparam("now", type_=Timestamp()))
)


async def count_held(tx: ReadTx, promotion_id: UUID, customer_key: str) -> int:
    """How many orders of a customer hold a promotion."""
    found = await tx.one(_HELD, promotion_id=promotion_id, customer_key=customer_key)
    return found or 0


async def add_redemptions(tx: WriteTx, redemptions: Sequence[Redemption]) -> None:
    await tx.insert_many(coupon_redemptions, [msgspec.structs.asdict(one) for one in redemptions])


async def list_held(tx: ReadTx, order_id: UUID) -> list[Redemption]:  # bounded: 3 coupons a cart
    """What an order holds, by promotion."""
    return await tx.all(_OF_ORDER, order_id=order_id)


async def release(tx: WriteTx, order_id: UUID) -> None:
    """An order holds nothing any more."""
    await tx.run(_RELEASE, which=order_id, now=tx.now)
