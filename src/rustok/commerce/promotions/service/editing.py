"""Promotions and coupons as the staff makes and changes them; every change carries its event."""

from __future__ import annotations

from uuid import UUID

import msgspec

from rustok.commerce.products import api as products
from rustok.commerce.promotions import repository
from rustok.commerce.promotions.errors import (
    CouponCodeTaken,
    PromotionInvalid,
    PromotionTargetUnknown,
)
from rustok.commerce.promotions.events import PromotionCreated, PromotionUpdated
from rustok.commerce.promotions.model import Coupon, Promotion, PromotionTerms, code_of
from rustok.core.audit.difference import difference, state_of
from rustok.core.audit.entry import AuditValue
from rustok.core.db import ReadTx, WriteTx
from rustok.core.ids import new_id
from rustok.core.pagination import Page, PageRequest
from rustok.core.routing import check_version


async def create(tx: WriteTx, terms: PromotionTerms) -> Promotion:
    """Make a promotion; coupons open it.

    Raises:
        PromotionInvalid, PromotionTargetUnknown.

    Emits: promotion.created
    """
    terms.check()
    await _check_targets(tx, terms)
    promotion = Promotion(
        **msgspec.structs.asdict(terms),
        id=new_id(),
        used_count=0,
        deleted_at=None,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    await repository.add(tx, promotion)
    tx.emit(
        PromotionCreated(promotion_id=promotion.id, kind=promotion.kind),
        after=state_of(promotion, *terms.__struct_fields__),
    )
    return promotion


async def _check_targets(tx: ReadTx, terms: PromotionTerms) -> None:
    if terms.scope == "cart":
        return
    known = await products.find_targets(tx, terms.scope, terms.target_ids)
    missing = [one for one in terms.target_ids if one not in known]
    if missing:
        raise PromotionTargetUnknown(missing)


async def update(
    tx: WriteTx, promotion_id: UUID, terms: PromotionTerms, *, expected_version: int | None
) -> Promotion:
    """Give a promotion other terms; carts follow at once, orders stay as they are. No change, no event.

    Raises:
        PromotionNotFound, PreconditionFailed, ConcurrentUpdate.
        PromotionInvalid: also when the limit is below what is used already.
        PromotionTargetUnknown.

    Emits: promotion.updated
    """
    terms.check()
    known = await repository.lock(tx, promotion_id)
    check_version(known.version, expected_version)
    wanted = msgspec.structs.asdict(terms)
    changed = {name: value for name, value in wanted.items() if value != getattr(known, name)}
    if not changed:
        return known
    if terms.usage_limit is not None and terms.usage_limit < known.used_count:
        raise PromotionInvalid([("usage_limit", f"It is used {known.used_count} times already.")])
    if "target_ids" in changed or "scope" in changed:
        await _check_targets(tx, terms)
    await repository.store(tx, known, **changed)
    told = difference(known, changed)
    tx.emit(
        PromotionUpdated(promotion_id=known.id, changed=tuple(sorted(changed))),
        before=told.before,
        after=told.after,
    )
    return msgspec.structs.replace(known, **changed, version=known.version + 1, updated_at=tx.now)


async def delete(tx: WriteTx, promotion_id: UUID, *, expected_version: int | None) -> None:
    """Take a promotion away; what orders got by it stays.

    Raises:
        PromotionNotFound, PreconditionFailed, ConcurrentUpdate.

    Emits: promotion.updated
    """
    known = await repository.lock(tx, promotion_id)
    check_version(known.version, expected_version)
    await repository.store(tx, known, deleted_at=tx.now, enabled=False)
    told = difference(known, {"deleted_at": tx.now, "enabled": False})
    tx.emit(
        PromotionUpdated(promotion_id=known.id, changed=("deleted_at", "enabled")),
        before=told.before,
        after=told.after,
    )


async def get(tx: ReadTx, promotion_id: UUID) -> Promotion:
    """Raises PromotionNotFound."""
    return await repository.get(tx, promotion_id)


async def list_promotions(tx: ReadTx, page: PageRequest) -> Page[Promotion]:
    """The tenant's promotions, newest first."""
    return await repository.list_promotions(tx, page)


async def add_coupon(
    tx: WriteTx, promotion_id: UUID, *, code: str, usage_limit: int | None
) -> Coupon:
    """Let a code open a promotion.

    Args:
        usage_limit: orders; None leaves it to the promotion's own limit.

    Raises:
        PromotionNotFound, CouponCodeTaken.

    Emits: promotion.updated
    """
    await repository.lock(tx, promotion_id)
    coupon = Coupon(
        id=new_id(),
        promotion_id=promotion_id,
        code=code_of(code),
        enabled=True,
        usage_limit=usage_limit,
        used_count=0,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    if not await repository.add_coupon(tx, coupon):
        raise CouponCodeTaken(coupon.code)
    tx.emit(
        PromotionUpdated(promotion_id=promotion_id, changed=("coupons",)),
        before={"coupon.code": None, "coupon.usage_limit": None},
        after={"coupon.code": coupon.code, "coupon.usage_limit": usage_limit},
    )
    return coupon


async def change_coupon(
    tx: WriteTx,
    promotion_id: UUID,
    coupon_id: UUID,
    *,
    enabled: bool | msgspec.UnsetType,
    usage_limit: int | msgspec.UnsetType | None,
    expected_version: int | None,
) -> Coupon:
    """Switch a coupon on or off, or change its limit; UNSET leaves a field. No change, no event.

    Raises:
        PromotionNotFound, CouponNotFound, PreconditionFailed, ConcurrentUpdate.
        PromotionInvalid: the limit is below what is used already.

    Emits: promotion.updated
    """
    await repository.lock(tx, promotion_id)
    known = await repository.lock_coupon(tx, promotion_id, coupon_id)
    check_version(known.version, expected_version)
    wanted = {"enabled": enabled, "usage_limit": usage_limit}
    changed = {
        name: value
        for name, value in wanted.items()
        if value is not msgspec.UNSET and value != getattr(known, name)
    }
    if not changed:
        return known
    if isinstance(usage_limit, int) and usage_limit < known.used_count:
        raise PromotionInvalid([("usage_limit", f"It is used {known.used_count} times already.")])
    await repository.store_coupon(tx, known, **changed)
    told = difference(known, changed)
    tx.emit(
        PromotionUpdated(promotion_id=promotion_id, changed=("coupons",)),
        before={"coupon.code": known.code, **_of_coupon(told.before)},
        after={"coupon.code": known.code, **_of_coupon(told.after)},
    )
    return msgspec.structs.replace(known, **changed, version=known.version + 1, updated_at=tx.now)


def _of_coupon(facts: dict[str, AuditValue]) -> dict[str, AuditValue]:
    return {f"coupon.{name}": value for name, value in facts.items()}


async def list_coupons(tx: ReadTx, promotion_id: UUID, page: PageRequest) -> Page[Coupon]:
    """The coupons of a promotion, newest first. Raises PromotionNotFound."""
    await repository.get(tx, promotion_id)
    return await repository.list_coupons(tx, promotion_id, page)
