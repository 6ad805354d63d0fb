"""Filling a cart: lines, addresses, owner; refuses what is not for sale."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from rustok.commerce.carts import repository
from rustok.commerce.carts.errors import (
    CartFull,
    CartLineNotFound,
    CartNotFound,
    CurrencyNotOffered,
    LineQuantityTooLarge,
    VariantNotForSale,
)
from rustok.commerce.carts.events import CartCreated, CartUpdated
from rustok.commerce.carts.model import (
    MAX_LINE_QUANTITY,
    MAX_LINES,
    ActiveCart,
    CartLine,
    PricedCart,
)
from rustok.commerce.carts.service.access import customer_of, lock, require_active
from rustok.commerce.carts.service.quoting import Offers, offers_for, price
from rustok.core.db import WriteTx
from rustok.core.ids import new_id
from rustok.core.postal import PostalAddress
from rustok.core.routing import check_version
from rustok.core.security.identifiers import parse_email


async def create(
    tx: WriteTx, *, currency: str | None = None, locale: str | None = None, email: str | None = None
) -> ActiveCart:
    """Open a cart; a signed-in customer's is theirs.

    Args:
        currency, locale: None takes the request's.

    Raises:
        CurrencyNotOffered: not among the tenant's currencies.
        InvalidEmail.

    Emits: cart.created
    """
    offered = tx.ctx.tenant.currencies
    chosen = currency or tx.ctx.currency
    if chosen not in offered:
        raise CurrencyNotOffered(chosen, offered)
    cart = ActiveCart(
        # Random, not of its time: the id is the key to an anonymous cart.
        id=UUID(bytes=secrets.token_bytes(16), version=4),
        currency=chosen,
        locale=locale if locale in tx.ctx.tenant.locales else tx.ctx.locale,
        email=None if email is None else parse_email(email, pointer="/email"),
        customer_id=customer_of(tx),
        shipping_address=None,
        billing_address=None,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    repository.add(tx, cart)
    tx.emit(
        CartCreated(
            cart_id=cart.id,
            currency=cart.currency,
            locale=cart.locale,
            customer_id=cart.customer_id,
        )
    )
    return cart


async def _locked_active(
    tx: WriteTx, cart_id: UUID, action: str, expected_version: int | None
) -> ActiveCart:
    cart = require_active(await lock(tx, cart_id), action)
    check_version(cart.version, expected_version)
    return cart


async def _touched(
    tx: WriteTx,
    cart: ActiveCart,
    *changed: str,
    lines: Sequence[CartLine] | None = None,
    offers: Offers | None = None,
    columns: Mapping[str, object] | None = None,
) -> PricedCart:
    columns = columns or {}
    repository.store(tx, cart, **columns)
    tx.emit(CartUpdated(cart_id=cart.id, changed=changed or tuple(sorted(columns))))
    # The row is locked and the values are known: no need to read it back.
    after = msgspec.structs.replace(
        cart,
        **columns,
        version=cart.version + 1,
        updated_at=tx.now,
    )
    return await price(tx, after, lines=lines, offers=offers)


async def update(
    tx: WriteTx,
    cart_id: UUID,
    *,
    email: str | msgspec.UnsetType | None = msgspec.UNSET,
    shipping_address: PostalAddress | msgspec.UnsetType | None = msgspec.UNSET,
    billing_address: PostalAddress | msgspec.UnsetType | None = msgspec.UNSET,
    expected_version: int | None = None,
) -> PricedCart:
    """Change who gets the order and where; UNSET leaves a field as it is. No change, no event.

    Raises:
        CartNotFound, CartAlreadyCompleted, IllegalTransition, PreconditionFailed, InvalidEmail.

    Emits: cart.updated
    """
    cart = await _locked_active(tx, cart_id, "update", expected_version)
    if isinstance(email, str):
        email = parse_email(email, pointer="/email")
    wanted = {
        "email": email,
        "shipping_address": shipping_address,
        "billing_address": billing_address,
    }
    changed = {
        name: value
        for name, value in wanted.items()
        if value is not msgspec.UNSET and value != getattr(cart, name)
    }
    if not changed:
        return await price(tx, cart)
    return await _touched(tx, cart, columns=changed)


async def claim(tx: WriteTx, cart_id: UUID) -> PricedCart:
    """Make an anonymous cart the signed-in customer's own, after signing in.

    Raises:
        CartNotFound: none, somebody else's, or the actor is no customer.
        CartAlreadyCompleted, IllegalTransition.

    Emits: cart.updated
    """
    customer_id = customer_of(tx)
    if customer_id is None:
        raise CartNotFound
    cart = await _locked_active(tx, cart_id, "claim", None)
    if cart.customer_id == customer_id:
        return await price(tx, cart)
    return await _touched(tx, cart, columns={"customer_id": customer_id})


async def add_line(
    tx: WriteTx,
    cart_id: UUID,
    *,
    variant_id: UUID,
    quantity: int,
    expected_version: int | None = None,
) -> PricedCart:
    """Put pieces of a variant in; more of one that is in already raises its line's quantity.

    Raises:
        CartNotFound, CartAlreadyCompleted, IllegalTransition, PreconditionFailed.
        VariantNotForSale: not published, or without a price in the cart's currency.
        CartFull: 100 lines are in.
        LineQuantityTooLarge: more than 999 pieces in one line.

    Emits: cart.updated
    """
    cart = await _locked_active(tx, cart_id, "add_line", expected_version)
    lines = await repository.list_lines(tx, cart_id)
    offers = await offers_for(tx, cart, [*(line.variant_id for line in lines), variant_id])
    if variant_id not in offers.variants or variant_id not in offers.prices:
        raise VariantNotForSale(variant_id)
    amount = offers.prices[variant_id].amount_minor
    known = next((line for line in lines if line.variant_id == variant_id), None)
    total = quantity + (known.quantity if known else 0)
    if total > MAX_LINE_QUANTITY:
        raise LineQuantityTooLarge(wanted=total, limit=MAX_LINE_QUANTITY)
    if known is not None:
        repository.store_line(tx, cart_id, known.id, quantity=total, unit_amount_minor=amount)
        raised = msgspec.structs.replace(known, quantity=total, unit_amount_minor=amount)
        lines = [raised if line is known else line for line in lines]
    elif len(lines) >= MAX_LINES:
        raise CartFull(MAX_LINES)
    else:
        line = CartLine(
            id=new_id(),
            variant_id=variant_id,
            quantity=quantity,
            unit_amount_minor=amount,
            created_at=tx.now,
        )
        repository.add_line(tx, cart_id, line)
        lines = [*lines, line]
    return await _touched(tx, cart, "lines", lines=lines, offers=offers)


async def change_line(
    tx: WriteTx,
    cart_id: UUID,
    line_id: UUID,
    *,
    quantity: int,
    expected_version: int | None = None,
) -> PricedCart:
    """Set the quantity of a line. The same again is no change.

    Raises:
        CartNotFound, CartLineNotFound, CartAlreadyCompleted, IllegalTransition, PreconditionFailed.

    Emits: cart.updated
    """
    cart = await _locked_active(tx, cart_id, "change_line", expected_version)
    lines = await repository.list_lines(tx, cart_id)
    known = next((line for line in lines if line.id == line_id), None)
    if known is None:
        raise CartLineNotFound
    if known.quantity == quantity:
        return await price(tx, cart)
    repository.store_line(tx, cart_id, line_id, quantity=quantity)
    after = msgspec.structs.replace(known, quantity=quantity)
    lines = [after if line is known else line for line in lines]
    return await _touched(tx, cart, "lines", lines=lines)


async def remove_line(
    tx: WriteTx, cart_id: UUID, line_id: UUID, *, expected_version: int | None = None
) -> PricedCart:
    """Take a line out.

    Raises:
        CartNotFound, CartLineNotFound, CartAlreadyCompleted, IllegalTransition, PreconditionFailed.

    Emits: cart.updated
    """
    cart = await _locked_active(tx, cart_id, "remove_line", expected_version)
    await repository.remove_line(tx, cart_id, line_id)
    return await _touched(tx, cart, "lines")
