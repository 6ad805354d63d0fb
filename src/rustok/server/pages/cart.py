"""The cart's page and its forms: put in, change, take out; every form ends in a redirect.

Refuses: prices and stock of its own; it shows what the carts feature says.
"""

from __future__ import annotations

from uuid import UUID

from rustok.commerce.carts import api as carts
from rustok.commerce.products import api as products
from rustok.commerce.promotions import api as promotions
from rustok.core.db import ReadTx, WriteTx
from rustok.core.errors import InvalidInput, RustokError
from rustok.core.money import Money
from rustok.server.message import Answer
from rustok.server.pages.models import AmountRow, CartLine, CartView, CouponRow, Image
from rustok.server.pages.visit import NoSuchPage, Visit

_MAX_QUANTITY_DIGITS = 3
_MAX_CODE_CHARACTERS = 40


async def show(visit: Visit, *, problem: str = "") -> Answer:
    """The cart as it is now."""
    cart = await find(visit)
    done = visit.parameter("done")
    return await visit.page(
        "cart.html",
        status=409 if problem else 200,
        cart=cart,
        problem=problem,
        done=visit.t(f"cart.{done}") if done in ("added", "updated") else "",
    )


async def find(visit: Visit) -> CartView | None:
    """The visitor's cart; None when there is none or it became an order."""
    if visit.cart_id is None:
        return None
    async with visit.desk.parts.db.read(visit.ctx) as tx:
        try:
            priced = await carts.get(tx, visit.cart_id)
        except carts.CartNotFound:
            visit.forget_cart()
            return None
        if isinstance(priced.cart, carts.CompletedCart):
            visit.forget_cart()
            return None
        view = await view_of(tx, priced)
    if view.count != visit.cart_count:
        visit.keep_cart(priced.cart.id, view.count)
    return view


async def view_of(tx: ReadTx, priced: carts.PricedCart) -> CartView:
    """A priced cart as the page shows it."""
    cart = priced.cart
    variants = await products.sellable_variants(
        tx, [line.variant_id for line in priced.lines], locale=cart.locale
    )
    lines = tuple(
        _line(line, cart.currency, variants.get(line.variant_id)) for line in priced.lines
    )
    return CartView(
        lines=lines,
        count=sum(line.quantity for line in priced.lines),
        rows=_rows(priced, cart.currency),
        total=_money(priced.total_minor, cart.currency),
        orderable=priced.orderable,
        coupons=tuple(
            CouponRow(
                code=one.code,
                name=one.name,
                problem=f"problem.coupon.{one.problem}" if one.problem else None,
            )
            for one in priced.coupons
        ),
    )


def _rows(priced: carts.PricedCart, currency: str) -> tuple[AmountRow, ...]:
    subtotal = AmountRow(label="amount.subtotal", amount=_money(priced.subtotal_minor, currency))
    if not priced.discount_minor:
        return (subtotal,)
    off = _money(priced.discount_minor, currency).negate()
    return (subtotal, AmountRow(label="amount.discount", amount=off))


def _line(
    line: carts.PricedLine, currency: str, variant: products.SellableVariant | None
) -> CartLine:
    return CartLine(
        id=line.id,
        handle=variant.product_handle if variant else None,
        title=line.title,
        variant_title=line.variant_title or "",
        image=Image(url=line.image_url) if line.image_url else None,
        quantity=line.quantity,
        unit=_money(line.unit_amount_minor, currency)
        if line.unit_amount_minor is not None
        else None,
        total=_money(line.total_minor, currency) if line.total_minor is not None else None,
        problem=f"problem.{line.problem}" if line.problem else None,
    )


def _money(amount_minor: int, currency: str) -> Money:
    return Money(amount_minor=amount_minor, currency=currency)


async def add(visit: Visit) -> Answer:
    """Put a variant in; the first one makes the cart."""
    form = await visit.form()
    try:
        variant_id = UUID(form.get("variant", ""))
    except ValueError:
        return await show(visit, problem=visit.t("problem.choose"))
    quantity = _quantity(form.get("quantity", "1"))
    if quantity is None:
        return await show(visit, problem=visit.t("problem.quantity"))
    try:
        async with visit.desk.parts.db.write(visit.ctx, brief=True) as tx:
            cart_id = await _usable(tx, visit.cart_id)
            priced = await carts.add_line(tx, cart_id, variant_id=variant_id, quantity=quantity)
    except RustokError as error:
        return await _refused(visit, error)
    _keep(visit, priced)
    return visit.see_other("/cart?done=added")


async def _usable(tx: WriteTx, cart_id: UUID | None) -> UUID:
    """The visitor's cart if things can be put in, else a new one."""
    if cart_id is not None:
        try:
            known = await carts.lock(tx, cart_id)
        except carts.CartNotFound:
            return (await carts.create(tx)).id
        match known:
            case carts.ActiveCart():
                return known.id
            case carts.AbandonedCart():
                return (await carts.resume(tx, cart_id)).cart.id
            case carts.CompletedCart():
                pass
    return (await carts.create(tx)).id


async def change(visit: Visit, line: str) -> Answer:
    """Set the quantity of a line."""
    form = await visit.form()
    cart_id, line_id = _addressed(visit, line)
    quantity = _quantity(form.get("quantity", ""))
    if quantity is None:
        return await show(visit, problem=visit.t("problem.quantity"))
    try:
        async with visit.desk.parts.db.write(visit.ctx, brief=True) as tx:
            priced = await carts.change_line(tx, cart_id, line_id, quantity=quantity)
    except RustokError as error:
        return await _refused(visit, error)
    _keep(visit, priced)
    return visit.see_other("/cart?done=updated")


async def remove(visit: Visit, line: str) -> Answer:
    """Take a line out."""
    await visit.form()
    cart_id, line_id = _addressed(visit, line)
    try:
        async with visit.desk.parts.db.write(visit.ctx, brief=True) as tx:
            priced = await carts.remove_line(tx, cart_id, line_id)
    except RustokError as error:
        return await _refused(visit, error)
    _keep(visit, priced)
    return visit.see_other("/cart?done=updated")


async def enter_coupon(visit: Visit) -> Answer:
    """Put a coupon in."""
    form = await visit.form()
    if visit.cart_id is None:
        raise NoSuchPage
    code = form.get("code", "")
    if not 0 < len(code) <= _MAX_CODE_CHARACTERS:
        return await show(visit, problem=visit.t("problem.coupon.unknown"))
    try:
        async with visit.desk.parts.db.write(visit.ctx, brief=True) as tx:
            priced = await carts.add_coupon(tx, visit.cart_id, code=code)
    except promotions.CouponNotApplicable as error:
        return await show(visit, problem=visit.t(f"problem.coupon.{error.reason}"))
    except RustokError as error:
        return await _refused(visit, error)
    _keep(visit, priced)
    return visit.see_other("/cart?done=updated")


async def remove_coupon(visit: Visit) -> Answer:
    """Take a coupon out."""
    form = await visit.form()
    if visit.cart_id is None:
        raise NoSuchPage
    try:
        async with visit.desk.parts.db.write(visit.ctx, brief=True) as tx:
            priced = await carts.remove_coupon(tx, visit.cart_id, code=form.get("code", ""))
    except RustokError as error:
        return await _refused(visit, error)
    _keep(visit, priced)
    return visit.see_other("/cart?done=updated")


async def _refused(visit: Visit, error: RustokError) -> Answer:
    """The cart with what went wrong; faults of ours are not dressed up."""
    if error.status >= 500 or isinstance(error, InvalidInput):
        raise error
    return await show(visit, problem=visit.t.of_problem(error))


def _keep(visit: Visit, priced: carts.PricedCart) -> None:
    visit.keep_cart(priced.cart.id, sum(line.quantity for line in priced.lines))


def _addressed(visit: Visit, line: str) -> tuple[UUID, UUID]:
    """Cart and line of the form's address. Raises NoSuchPage when there cannot be such a line."""
    try:
        line_id = UUID(line)
    except ValueError:
        raise NoSuchPage from None
    if visit.cart_id is None:
        raise NoSuchPage
    return visit.cart_id, line_id


def _quantity(text: str) -> int | None:
    """1 to 999, or None for anything else."""
    if not text.isascii() or not text.isdigit() or len(text) > _MAX_QUANTITY_DIGITS:
        return None
    return int(text) or None
