"""Promotions over HTTP, for the staff. Customers enter coupons at their cart: see carts."""

from __future__ import annotations

from uuid import UUID

from rustok.commerce.promotions import service
from rustok.commerce.promotions.errors import (
    CouponCodeTaken,
    CouponNotFound,
    PromotionInvalid,
    PromotionNotFound,
    PromotionTargetUnknown,
)
from rustok.commerce.promotions.schemas import (
    AddCoupon,
    ChangeCoupon,
    CouponView,
    PromotionView,
    SetPromotion,
    coupon_view,
    promotion_view,
)
from rustok.core.errors import ConcurrentUpdate
from rustok.core.pagination import Page, PageRequest
from rustok.core.routing import ReadCall, Reply, Routes, WriteCall

admin = Routes("promotions", surface="admin", tag="Promotions")

_TERMS_ERRORS = (PromotionInvalid, PromotionTargetUnknown)
_EXAMPLE = SetPromotion(
    name="Spring sale",
    kind="percent",
    percent_basis_points=1_500,
    scope="products",
    target_ids=[UUID("0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f60")],
    usage_limit=100,
    usage_limit_per_customer=1,
)


@admin.get("/promotions", permission="promotions:list", summary="List promotions, newest first")
async def list_promotions(call: ReadCall, query: PageRequest) -> Page[PromotionView]:
    page = await service.list_promotions(call.tx, query)
    return Page(items=[promotion_view(one) for one in page.items], next_cursor=page.next_cursor)


@admin.post(
    "/promotions",
    permission="promotions:create",
    status=201,
    precondition="none",
    summary="Make a promotion",
    errors=_TERMS_ERRORS,
    example=_EXAMPLE,
)
async def create_promotion(call: WriteCall, data: SetPromotion) -> Reply[PromotionView]:
    """It counts for whoever enters one of its coupons."""
    made = await service.create(call.tx, data.terms())
    return Reply(body=promotion_view(made), location=f"/api/v1/admin/promotions/{made.id}")


@admin.get(
    "/promotions/{promotion_id}",
    permission="promotions:read",
    summary="Show a promotion",
    errors=[PromotionNotFound],
)
async def get_promotion(call: ReadCall, promotion_id: UUID) -> PromotionView:
    return promotion_view(await service.get(call.tx, promotion_id))


@admin.put(
    "/promotions/{promotion_id}",
    permission="promotions:update",
    summary="Give a promotion other terms",
    errors=[PromotionNotFound, ConcurrentUpdate, *_TERMS_ERRORS],
    example=_EXAMPLE,
)
async def update_promotion(
    call: WriteCall, promotion_id: UUID, data: SetPromotion
) -> PromotionView:
    """Carts follow at once; orders stay as they are."""
    changed = await service.update(
        call.tx, promotion_id, data.terms(), expected_version=call.expected_version
    )
    return promotion_view(changed)


@admin.delete(
    "/promotions/{promotion_id}",
    permission="promotions:delete",
    summary="Take a promotion away",
    errors=[PromotionNotFound, ConcurrentUpdate],
)
async def delete_promotion(call: WriteCall, promotion_id: UUID) -> None:
    await service.delete(call.tx, promotion_id, expected_version=call.expected_version)


@admin.get(
    "/promotions/{promotion_id}/coupons",
    permission="promotions:read",
    summary="List the coupons of a promotion, newest first",
    errors=[PromotionNotFound],
)
async def list_promotion_coupons(
    call: ReadCall, promotion_id: UUID, query: PageRequest
) -> Page[CouponView]:
    page = await service.list_coupons(call.tx, promotion_id, query)
    return Page(items=[coupon_view(one) for one in page.items], next_cursor=page.next_cursor)


@admin.post(
    "/promotions/{promotion_id}/coupons",
    permission="promotions:update",
    status=201,
    precondition="none",
    summary="Let a code open a promotion",
    errors=[PromotionNotFound, CouponCodeTaken],
    example=AddCoupon(code="SPRING15", usage_limit=50),
)
async def add_promotion_coupon(
    call: WriteCall, promotion_id: UUID, data: AddCoupon
) -> Reply[CouponView]:
    made = await service.add_coupon(
        call.tx, promotion_id, code=data.code, usage_limit=data.usage_limit
    )
    path = f"/api/v1/admin/promotions/{promotion_id}/coupons"
    return Reply(body=coupon_view(made), location=path)


@admin.patch(
    "/promotions/{promotion_id}/coupons/{coupon_id}",
    permission="promotions:update",
    precondition="optional",
    summary="Switch a coupon on or off, or change its limit",
    errors=[PromotionNotFound, CouponNotFound, PromotionInvalid, ConcurrentUpdate],
    example=ChangeCoupon(enabled=False),
)
async def change_promotion_coupon(
    call: WriteCall, promotion_id: UUID, coupon_id: UUID, data: ChangeCoupon
) -> CouponView:
    changed = await service.change_coupon(
        call.tx,
        promotion_id,
        coupon_id,
        enabled=data.enabled,
        usage_limit=data.usage_limit,
        expected_version=call.expected_version,
    )
    return coupon_view(changed)
