"""The checkout form and the page of an order; the form sent twice places one order.

Refuses: payment; the shop confirms the order and says how to pay.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlencode
from uuid import UUID

import msgspec

from rustok.commerce.carts import api as carts
from rustok.commerce.checkout import api as checkout
from rustok.commerce.notices import api as notices
from rustok.commerce.orders import api as orders
from rustok.core import idempotency
from rustok.core.errors import FieldError, InvalidInput, RustokError
from rustok.core.ids import new_id
from rustok.core.money import Money
from rustok.core.postal import COUNTRIES, PostalAddress
from rustok.core.security.identifiers import parse_email
from rustok.server.message import Answer
from rustok.server.pages import cart
from rustok.server.pages.models import AmountRow, CartView, OrderLine, OrderView
from rustok.server.pages.rendering import cldr_locale
from rustok.server.pages.visit import NoSuchPage, Visit
from rustok.server.problems import validation_error

_OPERATION: Final = "pages.checkout"
_ADDRESS_FIELDS: Final = (
    "name",
    "company",
    "line1",
    "line2",
    "postal_code",
    "city",
    "region",
    "country",
    "phone",
)
_NEEDED: Final = ("name", "line1", "city", "country")


async def show(visit: Visit) -> Answer:
    """The form; without a cart that can be ordered, the cart instead."""
    found = await cart.find(visit)
    if found is None or not found.orderable:
        return visit.see_other("/cart")
    form = {"idempotency_key": str(new_id()), "country": _likely_country(visit)}
    return await _form(visit, found, form)


async def _form(
    visit: Visit,
    found: CartView,
    form: dict[str, str],
    *,
    problem: str = "",
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Answer:
    return await visit.page(
        "checkout.html",
        status=status,
        cart=found,
        form=form,
        idempotency_key=form.get("idempotency_key", ""),
        countries=_countries(visit.ctx.locale),
        problem=problem,
        errors=errors or {},
    )


async def place(visit: Visit) -> Answer:
    """Place the order and go to its page. The same form again goes to the same page."""
    form = await visit.form()
    if visit.cart_id is None:
        return visit.see_other("/cart")
    key = idempotency.check_key(form.get("idempotency_key"), required=True) or ""
    try:
        location = await _placed(visit, visit.cart_id, key, form)
    except (carts.CartNotFound, carts.CartAlreadyCompleted):
        visit.forget_cart()
        return visit.see_other("/cart")
    except InvalidInput as error:
        return await _again(visit, form, error)
    except RustokError as error:
        if error.status >= 500:
            raise
        return await _again(visit, form, error)
    visit.forget_cart()
    return visit.see_other(location)


async def _placed(visit: Visit, cart_id: UUID, key: str, form: dict[str, str]) -> str:
    """The address of the order this form placed, now or when it was sent before."""
    email, address = _checked(form)
    fingerprint = idempotency.fingerprint(_OPERATION, str(cart_id), b"")
    # A visit is the closest to an account an anonymous buyer has.
    actor = f"visit:{visit.visit}"
    async with visit.desk.parts.db.write(visit.ctx, brief=True) as tx:
        stored = await idempotency.claim(
            tx,
            visit.desk.parts.sealer,
            actor=actor,
            key=key,
            operation=_OPERATION,
            fingerprint=fingerprint,
        )
        if stored is not None:
            return stored.body
        placed = await checkout.place_order(
            tx,
            cart_id,
            email=email,
            shipping_address=address,
            expected_total_minor=_expected(form),
        )
        query = urlencode({"token": placed.access_token})
        location = f"/orders/{quote(str(placed.order.id))}?{query}"
        idempotency.store(
            tx,
            visit.desk.parts.sealer,
            actor=actor,
            key=key,
            status=303,
            headers={},
            body=location.encode(),  # sealed, for it holds the secret of the order
        )
    return location


def _expected(form: dict[str, str]) -> int | None:
    """The total the buyer saw, so that nobody pays a price they did not see."""
    text = form.get("expected_total", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 16 else None


def _checked(form: dict[str, str]) -> tuple[str, PostalAddress]:
    """The e-mail address and the postal address.

    Raises:
        InvalidInput: naming every field that is missing, the e-mail address among them when mail
            cannot get there; or the first that breaks another rule.
    """
    wrong = [
        FieldError(pointer=f"/{name}", rule="required", message="This field is needed.")
        for name in _NEEDED
        if not form.get(name)
    ]
    email = ""
    try:
        email = parse_email(form.get("email", ""), pointer="/email")
    except InvalidInput as error:
        wrong += error.fields
    if wrong:
        raise InvalidInput("Some fields of the form cannot be used as they are.", fields=wrong)
    fields = {name: form[name] for name in _ADDRESS_FIELDS if form.get(name)}
    try:
        return email, msgspec.convert(fields, PostalAddress)
    except msgspec.ValidationError as error:
        raise validation_error(error) from None


async def _again(visit: Visit, form: dict[str, str], error: RustokError) -> Answer:
    """The form with what was typed and what is wrong with it; nothing is lost."""
    found = await cart.find(visit)
    if found is None or not found.orderable:
        return await cart.show(visit, problem=visit.t.of_problem(error))
    errors = {one.pointer.rpartition("/")[2]: _wrong(visit, one) for one in error.fields}
    known = {name: text for name, text in errors.items() if name in (*_ADDRESS_FIELDS, "email")}
    if error.status == 409:
        # The cart is no longer what this key was made for.
        form = {**form, "idempotency_key": str(new_id())}
    return await _form(
        visit,
        found,
        form,
        problem=visit.t("error.form") if known else visit.t.of_problem(error),
        errors=known,
        status=error.status,
    )


def _wrong(visit: Visit, field: FieldError) -> str:
    name = field.pointer.rpartition("/")[2]
    if name == "email":
        return visit.t("problem.invalid_email")
    if field.rule == "required":
        return visit.t("problem.required")
    return visit.t("problem.invalid")


async def order(visit: Visit, order_id: str) -> Answer:
    """An order, for whoever has its token or came by a mail's link. Raises NoSuchPage for others."""
    try:
        wanted = UUID(order_id)
    except ValueError:
        raise NoSuchPage from None
    async with visit.desk.parts.db.read(visit.ctx) as tx:
        try:
            key = visit.parameter("link")
            sealer = visit.desk.parts.sealer
            if key and notices.link_opens(sealer, key, visit.ctx.tenant_id, wanted):
                found, lines = await orders.get(tx, wanted)
            else:
                found, lines = await orders.get_own(
                    tx, wanted, access_token=visit.parameter("token") or None
                )
        except orders.OrderNotFound:
            raise NoSuchPage from None
    answer = await visit.page(
        "order.html", order=_view(found, lines), status_text=visit.t(f"order.status.{found.state}")
    )
    answer.headers["cache-control"] = "private, no-store"
    return answer


def _view(found: orders.Order, lines: list[orders.OrderLine]) -> OrderView:
    def money(amount_minor: int) -> Money:
        return Money(amount_minor=amount_minor, currency=found.currency)

    rows = [AmountRow(label="amount.subtotal", amount=money(found.subtotal_minor))]
    if found.discount_minor:
        rows.append(AmountRow(label="amount.discount", amount=money(-found.discount_minor)))
    for label, amount_minor in (
        ("amount.shipping", found.shipping_minor),
        ("amount.tax", found.tax_minor),
    ):
        if amount_minor:
            rows.append(AmountRow(label=label, amount=money(amount_minor)))
    return OrderView(
        id=found.id,
        number=found.number,
        email=found.email,
        placed_at=found.created_at,
        lines=tuple(
            OrderLine(
                title=line.title,
                variant_title=line.variant_title,
                quantity=line.quantity,
                total=money(line.total_minor),
            )
            for line in lines
        ),
        rows=tuple(rows),
        total=money(found.total_minor),
        address=_written(found.shipping_address, found.locale),
    )


def _written(address: PostalAddress, locale: str) -> tuple[str, ...]:
    country = cldr_locale(locale).territories.get(address.country, address.country)
    town = f"{address.postal_code} {address.city}".strip()
    lines = (
        address.name,
        address.company,
        address.line1,
        address.line2,
        town,
        address.region,
        country,
    )
    return tuple(line for line in lines if line)


@lru_cache(maxsize=256)
def _countries(locale: str) -> tuple[tuple[str, str], ...]:
    """Codes with names in the reader's language, in its order as far as letters go."""
    names = cldr_locale(locale).territories
    found = [(code, str(names.get(code, code))) for code in COUNTRIES]
    return tuple(sorted(found, key=lambda one: _folded(one[1])))


def _folded(name: str) -> str:
    return name.translate(str.maketrans("ÄÖÜÅÉÇäöüåéç", "AOUAECaouaec")).lower()


def _likely_country(visit: Visit) -> str:
    """Of the tenant, or of the visitor's language where that names one."""
    set_by_tenant = str(visit.ctx.tenant.settings.get("country", ""))
    if set_by_tenant in COUNTRIES:
        return set_by_tenant
    region = visit.ctx.locale.rpartition("-")[2]
    return region if region in COUNTRIES else visit.ctx.locale.split("-")[0].upper()
