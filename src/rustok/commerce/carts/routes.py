"""Carts over HTTP, for the storefront."""

from __future__ import annotations

from uuid import UUID

from rustok.commerce.carts import service
from rustok.commerce.carts.errors import (
    CartAlreadyCompleted,
    CartFull,
    CartLineNotFound,
    CartNotFound,
    CurrencyNotOffered,
    LineQuantityTooLarge,
    VariantNotForSale,
)
from rustok.commerce.carts.model import PricedCart
from rustok.commerce.carts.schemas import (
    AddCartCoupon,
    AddCartLine,
    CartCouponQuery,
    CartView,
    ChangeCartLine,
    CreateCart,
    UpdateCart,
    cart_view,
)
from rustok.commerce.promotions.api import CouponNotApplicable
from rustok.core.errors import IllegalTransition
from rustok.core.postal import PostalAddress
from rustok.core.routing import PUBLIC, SIGNED_IN, ReadCall, Reply, Routes, WriteCall

storefront = Routes("carts", surface="storefront", tag="Carts", essential=True)


@storefront.post(
    "/carts",
    permission=PUBLIC,
    status=201,
    precondition="none",
    summary="Create a cart",
    errors=[CurrencyNotOffered],
    example=CreateCart(currency="EUR"),
)
async def create_cart(call: WriteCall, data: CreateCart) -> Reply[CartView]:
    """The id of an anonymous cart is the key to it: keep it as secret as a session."""
    cart = await service.create(
        call.tx, currency=data.currency, locale=data.locale, email=data.email
    )
    view = cart_view(PricedCart(cart=cart, lines=[], subtotal_minor=0, total_minor=0))
    return Reply(body=view, location=f"/api/v1/storefront/carts/{cart.id}")


@storefront.get(
    "/carts/{cart_id}",
    permission=PUBLIC,
    summary="Show a cart at live prices",
    errors=[CartNotFound],
)
async def get_cart(call: ReadCall, cart_id: UUID) -> CartView:
    return cart_view(await service.get(call.tx, cart_id))


@storefront.patch(
    "/carts/{cart_id}",
    permission=PUBLIC,
    precondition="optional",
    summary="Set the e-mail address and the addresses of a cart",
    errors=[CartNotFound, CartAlreadyCompleted, IllegalTransition],
    example=UpdateCart(
        email="ada@example.com",
        shipping_address=PostalAddress(
            name="Ada Lovelace",
            line1="Lindenallee 5",
            postal_code="20095",
            city="Hamburg",
            country="DE",
        ),
    ),
)
async def update_cart(call: WriteCall, cart_id: UUID, data: UpdateCart) -> CartView:
    priced = await service.update(
        call.tx,
        cart_id,
        email=data.email,
        shipping_address=data.shipping_address,
        billing_address=data.billing_address,
        expected_version=call.expected_version,
    )
    return cart_view(priced)


@storefront.post(
    "/carts/{cart_id}/claim",
    permission=SIGNED_IN,
    precondition="none",
    summary="Make an anonymous cart one's own after signing in",
    errors=[CartNotFound, CartAlreadyCompleted, IllegalTransition],
)
async def claim_cart(call: WriteCall, cart_id: UUID) -> CartView:
    return cart_view(await service.claim(call.tx, cart_id))


@storefront.post(
    "/carts/{cart_id}/resume",
    permission=PUBLIC,
    precondition="none",
    summary="Use an abandoned cart again",
    errors=[CartNotFound, CartAlreadyCompleted, IllegalTransition],
)
async def resume_cart(call: WriteCall, cart_id: UUID) -> CartView:
    return cart_view(await service.resume(call.tx, cart_id))


@storefront.post(
    "/carts/{cart_id}/lines",
    permission=PUBLIC,
    status=201,
    summary="Put something in a cart",
    errors=[
        CartNotFound,
        CartAlreadyCompleted,
        IllegalTransition,
        VariantNotForSale,
        CartFull,
        LineQuantityTooLarge,
    ],
    example=AddCartLine(variant_id=UUID("0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f60"), quantity=2),
)
async def add_cart_line(call: WriteCall, cart_id: UUID, data: AddCartLine) -> CartView:
    """More of a variant that is in already raises the quantity of its line."""
    priced = await service.add_line(
        call.tx,
        cart_id,
        variant_id=data.variant_id,
        quantity=data.quantity,
        expected_version=call.expected_version,
    )
    return cart_view(priced)


@storefront.patch(
    "/carts/{cart_id}/lines/{line_id}",
    permission=PUBLIC,
    precondition="optional",
    summary="Change the quantity of a line",
    errors=[CartNotFound, CartLineNotFound, CartAlreadyCompleted, IllegalTransition],
    example=ChangeCartLine(quantity=3),
)
async def change_cart_line(
    call: WriteCall, cart_id: UUID, line_id: UUID, data: ChangeCartLine
) -> CartView:
    priced = await service.change_line(
        call.tx, cart_id, line_id, quantity=data.quantity, expected_version=call.expected_version
    )
    return cart_view(priced)


@storefront.route(
    "DELETE",
    "/carts/{cart_id}/lines/{line_id}",
    permission=PUBLIC,
    precondition="optional",
    summary="Take a line out of a cart",
    errors=[CartNotFound, CartLineNotFound, CartAlreadyCompleted, IllegalTransition],
)
async def remove_cart_line(call: WriteCall, cart_id: UUID, line_id: UUID) -> CartView:
    """Answers with the cart, so that a shop shows the new totals without asking again."""
    priced = await service.remove_line(
        call.tx, cart_id, line_id, expected_version=call.expected_version
    )
    return cart_view(priced)


@storefront.post(
    "/carts/{cart_id}/coupon",
    permission=PUBLIC,
    summary="Enter a coupon",
    errors=[CartNotFound, CartAlreadyCompleted, IllegalTransition, CouponNotApplicable],
    example=AddCartCoupon(code="SPRING15"),
)
async def add_cart_coupon(call: WriteCall, cart_id: UUID, data: AddCartCoupon) -> CartView:
    """Nothing is taken for good: a coupon is free until an order holds it."""
    priced = await service.add_coupon(
        call.tx, cart_id, code=data.code, expected_version=call.expected_version
    )
    return cart_view(priced)


@storefront.route(
    "DELETE",
    "/carts/{cart_id}/coupon",
    permission=PUBLIC,
    precondition="optional",
    summary="Take a coupon out, or all of them",
    errors=[CartNotFound, CartAlreadyCompleted, IllegalTransition],
)
async def remove_cart_coupon(call: WriteCall, cart_id: UUID, query: CartCouponQuery) -> CartView:
    """Answers with the cart, so that a shop shows the new totals without asking again."""
    priced = await service.remove_coupon(
        call.tx, cart_id, code=query.code, expected_version=call.expected_version
    )
    return cart_view(priced)
