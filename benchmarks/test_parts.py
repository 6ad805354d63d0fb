"""What the pure parts on the hot paths cost per call; nothing here does I/O but reading a file.

Each benchmark is a name, a function and its arguments; the answer is checked once, outside the clock.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from rustok.commerce.orders import repository as order_rows
from rustok.commerce.orders.model import OrderLine, PendingOrder
from rustok.commerce.orders.model.lines import OrderTotals, shipment
from rustok.commerce.orders.states import ORDER_LIFECYCLE
from rustok.commerce.promotions.model.discounting import prorate
from rustok.content.nodes.model.bodies import Body, HtmlBody, MarkdownBody, read_body, render
from rustok.content.nodes.model.html import check_nesting, plain_text, sanitise
from rustok.core.errors import IllegalTransition
from rustok.core.events.envelope import Envelope
from rustok.core.events.event import decode_event, encode_event, event_types
from rustok.core.ids import new_id
from rustok.core.machine import step_announced_by
from rustok.core.money import Money, format_decimal, format_localized, parse_decimal, total
from rustok.core.pagination import PageRequest, cut_page, decode_cursor, encode_cursor
from rustok.core.postal import PostalAddress
from rustok.core.security.identifiers import (
    handle_from_title,
    parse_email,
    parse_handle,
    parse_host,
    parse_slug,
)
from rustok.importers.cells import read_flag, read_moment, read_price, read_weight_grams, split_list
from rustok.importers.handles import handle_for
from rustok.importers.reading import CsvFile
from rustok.importers.shopify import ShopifyOptions, parse_shopify
from rustok.importers.woocommerce.lists import split_categories
from rustok.importers.wordpress.blocks import parse_blocks
from rustok.importers.wordpress.paragraphs import add_paragraphs
from rustok.server.json_shape import check_shape
from rustok.server.message import Answer
from rustok.server.modules import all_modules
from rustok.server.problems import headers_of, problem_of, validation_error
from rustok.server.ready import ReadyAnswers, question_of
from rustok.server.router import Router
from tests.payments_made import pending_payment

AT = datetime(2026, 5, 1, tzinfo=UTC)
TENANT, THING, OTHER = new_id(), new_id(), new_id()
MODULES = all_modules()
ADDRESS = PostalAddress(
    name="Ada Lovelace", line1="Lindenallee 5", postal_code="20095", city="Hamburg", country="DE"
)
Case = tuple[str, Callable[..., Any], tuple[Any, ...]]


def cases(*all_of_them: Case) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        ("function", "arguments"),
        [one[1:] for one in all_of_them],
        ids=[one[0] for one in all_of_them],
    )


def measure(
    benchmark: BenchmarkFixture,
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    times: int,
) -> None:
    benchmark.params = None  # the name says enough, and JSON has no place for what is in them
    benchmark.pedantic(function, args=arguments, rounds=30, iterations=times, warmup_rounds=1)


# --- lifecycles ---------------------------------------------------------------------------------
PENDING = PendingOrder(
    id=THING,
    number="1001",
    cart_id=OTHER,
    currency="EUR",
    locale="en",
    email="ada@example.com",
    customer_id=None,
    shipping_address=ADDRESS,
    billing_address=ADDRESS,
    subtotal_minor=900,
    shipping_minor=100,
    tax_minor=0,
    total_minor=1_000,
    payment_status="not_paid",
    fulfilment_status="unfulfilled",
    access_token_digest="d",  # noqa: S106 - no password
    version=1,
    created_at=AT,
    updated_at=AT,
)
PAYMENT = pending_payment(AT)


def whole_life() -> str:
    confirmed, _ = PENDING.confirm(at=AT)
    paid, _ = confirmed.pay(payment_id=OTHER, method="cash", at=AT)
    shipped, _ = paid.ship(fulfilment_id=OTHER, carrier="DHL", tracking_number=None, at=AT)
    return shipped.deliver(at=AT, signature=None)[0].state


def payment_and_refund() -> str:
    authorized, _ = PAYMENT.authorize(method="card", reference=None, at=AT)
    captured, _ = authorized.capture(1_000, at=AT)
    return captured.refund(400, at=AT)[0].state


@cases(
    ("one step of an order", lambda: PENDING.confirm(at=AT), ()),
    ("an order from placed to delivered", whole_life, ()),
    ("a payment, its capture and a refund", payment_and_refund, ()),
    ("the allowed actions", ORDER_LIFECYCLE.allowed, ("paid",)),
    ("a refusal with what is possible instead", ORDER_LIFECYCLE.refusal, ("paid", "cancel")),
    ("the step an event announces", step_announced_by, ("order.paid",)),
    ("the diagram", ORDER_LIFECYCLE.mermaid, ()),
)
def test_lifecycles(
    benchmark: BenchmarkFixture, function: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    measure(benchmark, function, arguments, 200)


# --- events -------------------------------------------------------------------------------------
PAID = PENDING.confirm(at=AT)[0].pay(payment_id=OTHER, method="cash", at=AT)[1]
PAID_DATA = encode_event(PAID, tenant_id=TENANT).data
ENVELOPE = Envelope(
    id=new_id(),
    type=PAID.type,
    schema_version=1,
    tenant_id=TENANT,
    aggregate_type="order",
    aggregate_id=THING,
    sequence=1,
    occurred_at=AT,
    correlation_id=OTHER,
    data=msgspec.Raw(PAID_DATA),
)
ENVELOPE_JSON = msgspec.json.encode(ENVELOPE)
READ_ENVELOPE = msgspec.json.Decoder(Envelope).decode


@cases(
    ("check and encode", lambda: encode_event(PAID, tenant_id=TENANT), ()),
    ("decode and check", decode_event, (PAID.type, 1, PAID_DATA)),
    ("encode an envelope", msgspec.json.encode, (ENVELOPE,)),
    ("decode an envelope", READ_ENVELOPE, (ENVELOPE_JSON,)),
    ("decode an envelope and its event", lambda: READ_ENVELOPE(ENVELOPE_JSON).event(), ()),
    ("all types of events", event_types, ()),
    ("a new id", new_id, ()),
)
def test_events(
    benchmark: BenchmarkFixture, function: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    measure(benchmark, function, arguments, 200)


# --- content ------------------------------------------------------------------------------------
MARKDOWN = "# Title\n\nSome *text* with a [link](https://example.com/a).\n\n- one\n- two\n\n" * 20
HTML = '<h2>Title</h2><p onclick="x()">Some <b>text</b> <script>bad()</script></p>' * 20
BODY = msgspec.json.Decoder(Body).decode  # type: ignore[arg-type]
BODY_JSON = msgspec.json.encode(MarkdownBody(text=MARKDOWN))
BLOCKS = "<!-- wp:paragraph --><p>Text</p><!-- /wp:paragraph -->\n" * 20


@cases(
    ("render markdown", render, (MarkdownBody(text=MARKDOWN),)),
    ("render html", render, (HtmlBody(text=HTML),)),
    ("sanitise html", sanitise, (HTML,)),
    ("check how deep html nests", lambda: check_nesting(HTML, pointer="/body"), ()),
    ("plain text of html", plain_text, (sanitise(HTML),)),
    ("check a body from JSON", BODY, (BODY_JSON,)),
    ("read a stored body", read_body, ("markdown", MARKDOWN)),
    ("a handle from a title", handle_from_title, ("Ä Größe: Über alles, 2026!",)),
)
def test_content(
    benchmark: BenchmarkFixture, function: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    measure(benchmark, function, arguments, 20)


# --- orders and money ---------------------------------------------------------------------------
LINES = [
    OrderLine(
        id=new_id(),
        order_id=THING,
        position=position,
        product_id=OTHER,
        variant_id=OTHER,
        sku="SHIRT",
        title="Shirt",
        variant_title="M",
        image_url=None,
        quantity=3,
        shipped_quantity=0,
        unit_amount_minor=1_999,
        total_minor=5_997,
        requires_shipping=True,
        taxable=True,
        track_inventory=True,
    )
    for position in range(1, 21)
]
AMOUNTS = {line.id: line.total_minor for line in LINES}
MONEY = [Money(amount_minor=line.total_minor, currency="EUR") for line in LINES]
TOTALS = OrderTotals(subtotal_minor=119_940, shipping_minor=490, tax_minor=0, discount_minor=500)


@cases(
    ("add up twenty lines", lambda: total(MONEY, currency="EUR"), ()),
    ("the total of an order", lambda: TOTALS.total_minor, ()),
    ("divide a discount among twenty lines", prorate, (999, AMOUNTS, "EUR")),
    ("shares of an amount", MONEY[0].allocate, ([1, 2, 3, 4, 5],)),
    ("a percentage", MONEY[0].percentage, (Decimal("19"),)),
    ("plan a parcel of all pieces", shipment, (LINES, None)),
    ("plan a parcel of one line", shipment, (LINES, {LINES[0].id: 2})),
    ("read a decimal amount", parse_decimal, ("1234.56", "EUR")),
    ("write a decimal amount", format_decimal, (MONEY[0],)),
    ("write an amount for people", format_localized, (MONEY[0], "de")),
)
def test_orders(
    benchmark: BenchmarkFixture, function: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    measure(benchmark, function, arguments, 50)


# --- HTTP ---------------------------------------------------------------------------------------
ROUTER = Router(MODULES.routes)
PATH = next(iter(sorted(one.full_path for one in MODULES.routes if "{" not in one.full_path)))
DEEP_PATH = f"/api/v1/admin/orders/{THING}"
REFUSAL = ORDER_LIFECYCLE.refusal("paid", "cancel")
SCOPE: dict[str, Any] = {
    "type": "http",
    "method": "GET",
    "path": "/api/v1/storefront/products",
    "query_string": b"limit=20",
    "headers": [(b"host", b"shop.example"), (b"accept-language", b"de")],
}
ADDRESS_JSON = msgspec.json.encode(ADDRESS)
READ_ADDRESS = msgspec.json.Decoder(PostalAddress).decode


def broken_body() -> object:
    try:
        return msgspec.json.decode(b'{"name": 5}', type=PostalAddress)
    except msgspec.ValidationError as error:
        return validation_error(error)


QUESTION = question_of(SCOPE)
assert QUESTION is not None
ANSWERS = ReadyAnswers(2**24)
READY = ANSWERS.keep(
    QUESTION,
    Answer(status=200, headers={"etag": '"abc"'}, body=b"x" * 2_000),
    route="/api/v1/products",
    tenant=TENANT,
    epoch_at=ANSWERS.epoch(TENANT)[0],
    seconds=60,
)


@cases(
    ("find a route", ROUTER.find, (PATH,)),
    ("find a route with an id", ROUTER.find, (DEEP_PATH,)),
    ("find no route", ROUTER.find, ("/api/v1/nothing/here",)),
    ("read a query", lambda: msgspec.convert({"limit": "20"}, PageRequest, strict=False), ()),
    ("check the shape of a body", check_shape, (ADDRESS_JSON,)),
    ("read a body", READ_ADDRESS, (ADDRESS_JSON,)),
    ("a broken body as a problem", broken_body, ()),
    (
        "a problem as JSON",
        lambda: msgspec.json.encode(problem_of(REFUSAL, instance="/api/v1/orders", trace_id="t")),
        (),
    ),
    ("the headers of a problem", headers_of, (REFUSAL,)),
    ("match one ETag", READY.matches, (b'"abc"',)),
    ("match a list of ETags", READY.matches, (b'"x", W/"y", "abc"',)),
    ("the question of a request", question_of, (SCOPE,)),
    ("find a ready answer", ANSWERS.find, (QUESTION, 0.0)),
)
def test_http(
    benchmark: BenchmarkFixture, function: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    assert isinstance(REFUSAL, IllegalTransition)
    measure(benchmark, function, arguments, 200)


# --- database -----------------------------------------------------------------------------------
LINES_QUERY = order_rows._LINES
SQLITE, POSTGRES = LINES_QUERY.compiled("sqlite"), LINES_QUERY.compiled("postgres")
PARAMETERS = {"tenant_id": TENANT, "tenant": TENANT, "order_id": THING}
CURSOR = encode_cursor(("2026-05-01", 17, str(THING)))


@cases(
    ("bind a statement for SQLite", SQLITE.bind, (PARAMETERS,)),
    ("bind a statement for PostgreSQL", POSTGRES.bind, (PARAMETERS,)),
    ("compile a statement", lambda: type(SQLITE)(LINES_QUERY.statements["sqlite"], "sqlite"), ()),
    ("build a row", lambda: OrderLine(**msgspec.structs.asdict(LINES[0])), ()),
    ("encode a cursor", encode_cursor, (("2026-05-01", 17, str(THING)),)),
    ("decode a cursor", decode_cursor, (CURSOR, (str, int, str))),
    ("cut a page", lambda: cut_page(LINES, limit=10, key_of=lambda line: (line.position,)), ()),
)
def test_database(
    benchmark: BenchmarkFixture, function: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    measure(benchmark, function, arguments, 20)


# --- imports and identifiers --------------------------------------------------------------------
@cases(
    ("a price", read_price, ("1.234,56", "EUR")),
    ("a weight", read_weight_grams, ("1.5", "kg")),
    ("a flag", read_flag, ("TRUE",)),
    ("a moment", read_moment, ("2026-05-01 12:00:00", UTC)),
    ("a list", split_list, ("red, green, blue",)),
    ("categories", split_categories, ("Clothes > Shirts, Sale",)),
    ("a handle", lambda: handle_for("Linen shirt, blue", fallback="thing"), ()),
    ("blocks of WordPress", parse_blocks, (BLOCKS,)),
    ("paragraphs of WordPress", add_paragraphs, ("One.\n\nTwo.\nThree.\n\n" * 20,)),
)
def test_import_cells(
    benchmark: BenchmarkFixture, function: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    measure(benchmark, function, arguments, 50)


def test_reading_a_thousand_rows(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a,b,c\n" + "1,two,three\n" * 1_000)
    found = benchmark.pedantic(lambda: sum(1 for _ in CsvFile(path).rows()), rounds=5)
    assert found == 1_000


def test_parsing_two_hundred_products_of_shopify(
    benchmark: BenchmarkFixture, tmp_path: Path
) -> None:
    path = tmp_path / "products.csv"
    rows = [f"shirt-{n},Shirt {n},Size,M,SKU-{n},12.50,active" for n in range(200)]
    head = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Status"
    path.write_text("\n".join([head, *rows]) + "\n")
    options = ShopifyOptions(currency="EUR")
    found = benchmark.pedantic(lambda: len(list(parse_shopify(path, options))), rounds=5)
    assert found >= 200


@cases(
    ("a slug", lambda: parse_slug("acme-2", pointer="/slug"), ()),
    ("a host", parse_host, ("Shop.Example.com:443",)),
    ("a host with umlauts", parse_host, ("bücher.example",)),
    ("an address of mail", lambda: parse_email("ada@example.com", pointer="/email"), ()),
    ("a handle", lambda: parse_handle("linen-shirt", pointer="/handle"), ()),
)
def test_identifiers(
    benchmark: BenchmarkFixture, function: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    measure(benchmark, function, arguments, 50)
