"""Placing orders, for the storefront, and their steps, for the staff."""

from __future__ import annotations

from uuid import UUID

from rustok.commerce.carts.api import CartAlreadyCompleted, CartNotFound
from rustok.commerce.checkout import service
from rustok.commerce.checkout.errors import (
    CartEmpty,
    CheckoutIncomplete,
    LinesNotForSale,
    OrderTotalTooLarge,
    PriceChanged,
)
from rustok.commerce.checkout.schemas import (
    CancelOrder,
    CancelOrderWithRefund,
    CapturePayment,
    DeliverOrder,
    NoticeReceived,
    OrderPaymentView,
    OrderStepView,
    PayOrder,
    PlacedOrderView,
    PlaceOrder,
    RefundedReturnView,
    RefundPayment,
    RefundReturn,
    ShipOrder,
    StartPayment,
    paying_view,
    placed_view,
    refunded_return_view,
    step_view,
)
from rustok.commerce.inventory.api import StockInsufficient
from rustok.commerce.orders.api import (
    OrderLineNotFound,
    OrderNotFound,
    OrderPartlyShipped,
    RefundOutOfRange,
    ShipmentTooLarge,
)
from rustok.commerce.payments.api import (
    CaptureOutOfRange,
    NoticeNotTrusted,
    PaymentInProgress,
    PaymentNotFound,
    PaymentProviderNotOffered,
    PaymentProviderUnavailable,
    PaymentRefused,
    RefundTooLarge,
)
from rustok.commerce.promotions.api import CouponNotApplicable
from rustok.commerce.returns.api import ReturnNotFound, ReturnRefundTooLarge
from rustok.core import idempotency
from rustok.core.errors import ConcurrentUpdate, IllegalTransition
from rustok.core.postal import PostalAddress
from rustok.core.routing import PUBLIC, OpenCall, RawBody, Reply, Routes, WriteCall

storefront = Routes("checkout", surface="storefront", tag="Checkout", essential=True)
admin = Routes("checkout", surface="admin", tag="Orders", essential=True)

returns_admin = Routes("checkout", surface="admin", tag="Returns", essential=True)
payments_admin = Routes("checkout", surface="admin", tag="Payments", essential=True)

_PROVIDER_ERRORS = (
    PaymentNotFound,
    IllegalTransition,
    PaymentInProgress,
    PaymentProviderUnavailable,
    PaymentRefused,
)
MAX_NOTICE_BYTES = 256 * 1024
_STEP_ERRORS = (OrderNotFound, IllegalTransition, ConcurrentUpdate)


@storefront.post(
    "/checkout",
    permission=PUBLIC,
    status=201,
    idempotency="required",
    precondition="none",
    summary="Place an order from a cart",
    errors=[
        CartNotFound,
        CartAlreadyCompleted,
        CartEmpty,
        CheckoutIncomplete,
        LinesNotForSale,
        PriceChanged,
        StockInsufficient,
        CouponNotApplicable,
        OrderTotalTooLarge,
        IllegalTransition,
    ],
    rate="checkout",
    example=PlaceOrder(
        cart_id=UUID("6f1c7f8e-5d2b-4c1a-9f3e-2b7d9a4c8e10"),
        email="ada@example.com",
        shipping_address=PostalAddress(
            name="Ada Lovelace",
            line1="Lindenallee 5",
            postal_code="20095",
            city="Hamburg",
            country="DE",
        ),
        expected_total_minor=4_980,
    ),
)
async def place_order(call: WriteCall, data: PlaceOrder) -> Reply[PlacedOrderView]:
    """Prices are today's, stock is reserved, the cart is completed: all of it or nothing."""
    placed = await service.place_order(
        call.tx,
        data.cart_id,
        email=data.email,
        shipping_address=data.shipping_address,
        billing_address=data.billing_address,
        expected_total_minor=data.expected_total_minor,
    )
    return Reply(body=placed_view(placed), location=f"/api/v1/storefront/orders/{placed.order.id}")


@admin.post(
    "/orders/{order_id}/confirm",
    permission="orders:update",
    idempotency="required",
    summary="Reserve the stock of a pending order",
    errors=[*_STEP_ERRORS, StockInsufficient],
)
async def confirm_order(call: WriteCall, order_id: UUID) -> OrderStepView:
    return step_view(
        await service.confirm(call.tx, order_id, expected_version=call.expected_version)
    )


@admin.post(
    "/orders/{order_id}/pay",
    permission="orders:update",
    idempotency="required",
    summary="Record the payment of an order",
    errors=[*_STEP_ERRORS, CaptureOutOfRange],
    example=PayOrder(method="bank_transfer", reference="statement 12/2026, line 4"),
)
async def pay_order(call: WriteCall, order_id: UUID, data: PayOrder) -> OrderStepView:
    paid = await service.pay(
        call.tx,
        order_id,
        method=data.method,
        reference=data.reference,
        amount_minor=data.amount_minor,
        expected_version=call.expected_version,
    )
    return step_view(paid)


@admin.post(
    "/orders/{order_id}/ship",
    permission="orders:update",
    idempotency="required",
    summary="Ship a paid order, or a part of it",
    errors=[*_STEP_ERRORS, OrderLineNotFound, ShipmentTooLarge, StockInsufficient],
    example=ShipOrder(carrier="DHL", tracking_number="00340434161094"),
)
async def ship_order(call: WriteCall, order_id: UUID, data: ShipOrder) -> OrderStepView:
    shipped = await service.ship(
        call.tx,
        order_id,
        carrier=data.carrier,
        tracking_number=data.tracking_number,
        quantities=data.quantities(),
        expected_version=call.expected_version,
    )
    return step_view(shipped)


@admin.post(
    "/orders/{order_id}/deliver",
    permission="orders:update",
    summary="Record the delivery of a shipped order",
    errors=_STEP_ERRORS,
    example=DeliverOrder(signature="A. Lovelace"),
)
async def deliver_order(call: WriteCall, order_id: UUID, data: DeliverOrder) -> OrderStepView:
    delivered = await service.deliver(
        call.tx, order_id, signature=data.signature, expected_version=call.expected_version
    )
    return step_view(delivered)


@admin.post(
    "/orders/{order_id}/cancel",
    permission="orders:update",
    idempotency="required",
    summary="Cancel an order that is not paid",
    errors=_STEP_ERRORS,
    example=CancelOrder(reason="The customer changed their mind"),
)
async def cancel_order(call: WriteCall, order_id: UUID, data: CancelOrder) -> OrderStepView:
    cancelled = await service.cancel(
        call.tx, order_id, reason=data.reason, expected_version=call.expected_version
    )
    return step_view(cancelled)


@admin.post(
    "/orders/{order_id}/cancel-with-refund",
    permission="orders:update",
    idempotency="required",
    summary="Cancel a paid order of which nothing is shipped",
    errors=[*_STEP_ERRORS, OrderPartlyShipped, RefundOutOfRange],
    example=CancelOrderWithRefund(reason="Lost in the warehouse"),
)
async def cancel_order_with_refund(
    call: WriteCall, order_id: UUID, data: CancelOrderWithRefund
) -> OrderStepView:
    cancelled = await service.cancel_with_refund(
        call.tx,
        order_id,
        reason=data.reason,
        refund_minor=data.refund_minor,
        expected_version=call.expected_version,
    )
    return step_view(cancelled)


@storefront.post(
    "/orders/{order_id}/payment",
    permission=PUBLIC,
    idempotency="none",
    precondition="none",
    summary="Pay one's own order through a provider",
    errors=[
        OrderNotFound,
        IllegalTransition,
        PaymentProviderNotOffered,
        PaymentInProgress,
        PaymentProviderUnavailable,
        PaymentRefused,
    ],
    example=StartPayment(provider="stripe", means="pm_card_visa"),
)
async def start_order_payment(
    call: OpenCall, order_id: UUID, data: StartPayment
) -> OrderPaymentView:
    """Send it again at any time: it goes on where the payment stands, and nothing is taken twice."""
    paying = await service.start_payment(
        call.parts,
        call.ctx,
        order_id,
        access_token=call.headers.get("x-order-token"),
        provider=data.provider,
        means=data.means,
    )
    return paying_view(paying)


@storefront.post(
    "/payments/{provider}/notices",
    permission=PUBLIC,
    idempotency="none",
    precondition="none",
    summary="Take a notice of a payment provider",
    max_body_bytes=MAX_NOTICE_BYTES,
    errors=[NoticeNotTrusted],
)
async def receive_payment_notice(call: OpenCall, provider: str, data: RawBody) -> NoticeReceived:
    """Signed by the provider with the account's webhook secret. The same notice again is harmless."""
    is_known = await service.receive_notice(
        call.parts, call.ctx, provider, call.headers, data.content
    )
    return NoticeReceived(is_known=is_known)


@payments_admin.post(
    "/payments/{payment_id}/capture",
    permission="orders:update",
    idempotency="none",
    precondition="none",
    summary="Take the money a payer promised",
    errors=[*_PROVIDER_ERRORS, CaptureOutOfRange],
    example=CapturePayment(),
)
async def capture_payment(
    call: OpenCall, payment_id: UUID, data: CapturePayment
) -> OrderPaymentView:
    """Once per payment: a second capture is refused."""
    return paying_view(
        await service.capture_payment(
            call.parts, call.ctx, payment_id, amount_minor=data.amount_minor
        )
    )


@payments_admin.post(
    "/payments/{payment_id}/void",
    permission="orders:update",
    idempotency="none",
    precondition="none",
    summary="Give back what a payer promised",
    errors=_PROVIDER_ERRORS,
)
async def void_payment(call: OpenCall, payment_id: UUID) -> OrderPaymentView:
    return paying_view(await service.void_payment(call.parts, call.ctx, payment_id))


@payments_admin.post(
    "/payments/{payment_id}/refund",
    permission="orders:update",
    idempotency="required",
    precondition="none",
    summary="Pay back what was captured, or a part of it",
    errors=[*_PROVIDER_ERRORS, RefundTooLarge, idempotency.IdempotencyKeyReused],
    example=RefundPayment(amount_minor=500),
)
async def refund_payment(call: OpenCall, payment_id: UUID, data: RefundPayment) -> OrderPaymentView:
    """The same Idempotency-Key again is the same refund, whatever became of the first answer."""
    key = idempotency.check_key(call.headers.get("idempotency-key"), required=True) or ""
    return paying_view(
        await service.refund_payment(
            call.parts, call.ctx, payment_id, amount_minor=data.amount_minor, key=key
        )
    )


@returns_admin.post(
    "/returns/{return_id}/refund",
    permission="orders:update",
    idempotency="none",
    summary="Pay a return back whose pieces are here",
    errors=[
        ReturnNotFound,
        IllegalTransition,
        ReturnRefundTooLarge,
        RefundTooLarge,
        PaymentNotFound,
        PaymentProviderUnavailable,
        PaymentRefused,
    ],
    example=RefundReturn(),
)
async def refund_return(call: OpenCall, return_id: UUID, data: RefundReturn) -> RefundedReturnView:
    """By the way the order was paid. Once per return: a refund under way goes on."""
    found, _ = await service.refund_return(
        call.parts,
        call.ctx,
        return_id,
        amount_minor=data.amount_minor,
        expected_version=call.expected_version,
    )
    return refunded_return_view(found)
