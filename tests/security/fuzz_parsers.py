"""Feeds every parser of outside text with broken input: no crash, no hang; figures per parser.

    python -m tests.security.fuzz_parsers --inputs 1000000

Inputs are seeds of the parser's own language, mutated: cut, doubled, spliced, bytes flipped, pieces
of a dictionary of troublemakers put in. A parser may refuse an input with an error of ours; any
other exception is a crash, and the input is printed. Deterministic for a `--seed`.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import math
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from rustok.commerce.payments.service.signatures import check_signature, signed_header
from rustok.content.media.model.media import check_url
from rustok.content.media.model.sniffing import sniff
from rustok.content.nodes.model.bodies import BlocksBody, Body, HtmlBody, MarkdownBody, render
from rustok.core.errors import RustokError
from rustok.core.locale import negotiate, parse_locale
from rustok.core.money import parse_currency, parse_decimal
from rustok.core.pagination import decode_cursor, encode_cursor
from rustok.core.routing import RawBody
from rustok.core.security.identifiers import (
    handle_from_title,
    parse_email,
    parse_handle,
    parse_host,
    parse_slug,
    parse_tenant_ref,
)
from rustok.core.security.rate_limit import parse_rate
from rustok.core.security.ssrf import OutboundPolicy, parse_url
from rustok.importers.cells import CellUnreadable, read_number, read_price
from rustok.importers.shopify import ShopifyOptions, parse_shopify
from rustok.importers.woocommerce import WooCommerceOptions, parse_woocommerce
from rustok.importers.wordpress import WordPressOptions, parse_wordpress
from rustok.importers.wordpress.blocks import parse_blocks
from rustok.server.json_shape import check_shape
from rustok.server.message import Request
from rustok.server.modules import all_modules
from rustok.server.pages.cookies import read_cookies
from rustok.server.problems import MalformedJson, validation_error

Parse = Callable[[bytes], object]

NASTY: Final = (
    b"\x00", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\r\n", b"\n",
    "\u202e".encode(), "\u200b".encode(), "\u0130".encode(), "\u00df".encode(), "\ufb00".encode(),
    "а".encode(), "①".encode(), "\U0001f600".encode(), "e\u0301".encode() * 3, b"--", b"..", b"//",
    b"%00", b"%ff", b"%2e", b"&#0;", b"&lt;", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<!DOCTYPE x>",
    b"<!ENTITY a 'b'>", b"&a;", b'"', b'""', b"'", b"\\", b"\\u0000", b"\\ud800", b"{", b"}", b"[", b"]",
    b"9" * 40, b"-1", b"1e999", b"NaN", b"0x7f", b"::1", b"@", b":", b";", b",", b"=", b"xn--", b"A" * 300,
    b"[" * 70, b"<b>" * 70, b"<p>" * 200, b"> " * 80, b"- " * 80, b"*" * 90, b"`" * 60, b"](" * 60, b"|-" * 40,
)  # fmt: skip


class Parser(msgspec.Struct, frozen=True, kw_only=True):
    """Attributes:
    share: inputs of it for each input of a parser with 1.
    refuses: the exceptions that are a refusal; others are crashes.
    schemas: in place of `parse` and `seeds`, parsers of JSON documents and an example for each; half
        of their inputs are still JSON.
    """

    name: str
    parse: Parse
    seeds: tuple[bytes, ...]
    share: float = 1.0
    refuses: tuple[type[Exception], ...] = (RustokError,)
    schemas: tuple[tuple[Parse, bytes], ...] = ()

    def draw(self, draw: random.Random) -> tuple[Parse, bytes]:
        """One input, and what parses it."""
        if not self.schemas:
            return self.parse, mutated(draw, self.seeds)
        parse, example = draw.choice(self.schemas)
        if draw.random() < 0.5:
            return parse, wounded(draw, example)
        return parse, mutated(draw, (example,))


class Figures(msgspec.Struct, kw_only=True):
    """What came of one parser; times in seconds."""

    inputs: int = 0
    refused: int = 0
    crashes: list[str] = msgspec.field(default_factory=list)
    slowest: float = 0.0
    slowest_input: bytes = b""
    total: float = 0.0


def _text(parse: Callable[[str], object]) -> Parse:
    return lambda content: parse(content.decode("utf-8", "replace"))


_FILE: Final = Path(tempfile.gettempdir()) / f"rustok-fuzz-{os.getpid()}"


def _file(parse: Callable[[Path], Iterator[object]]) -> Parse:
    def run(content: bytes) -> None:
        _FILE.write_bytes(content)
        for _ in parse(_FILE):
            pass

    return run


def _query(content: bytes) -> object:
    scope = {"method": "GET", "path": "/", "query_string": content, "headers": []}
    return Request(scope, _never).query()


async def _never() -> dict[str, Any]:
    raise AssertionError("nothing is received")


_BODIES: Final = [
    (
        route.operation_id,
        msgspec.json.Decoder(route.body).decode,
        msgspec.json.encode(route.example),
    )
    for route in all_modules().routes
    if route.body is not None and route.body is not RawBody and route.example is not None
]
WRONG: Final[tuple[object, ...]] = (
    None, True, False, 0, -1, 1, 2**31, 2**53, -(2**63), 2**64, 1e308, 1e-308, 0.1, "", " ", "\x00",
    "a" * 5_000, "\u202e", "\u0430", "../../etc/passwd", "2024-02-30T00:00:00Z", "0001-01-01T00:00:00Z",
    "not-a-uuid", "00000000-0000-0000-0000-000000000000", "EUR ", "1e9", "NaN", [], {}, [[]], [None],
    {"": ""}, {"a": {"b": {"c": []}}}, ["x"] * 300, {"$ne": None},
)  # fmt: skip
"""Values put in the place of a field's own."""


def _json_body(decode: Callable[[bytes], object]) -> Parse:
    """As the edge does it with one schema."""

    def run(content: bytes) -> None:
        check_shape(content)
        try:
            decode(content)
        except msgspec.ValidationError as error:
            raise validation_error(error) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise MalformedJson(str(error)) from None

    return run


def wounded(draw: random.Random, example: bytes) -> bytes:
    """A JSON document that is still one, with one to three of its values wrong, gone or doubled."""
    document = msgspec.json.decode(example)
    for _ in range(draw.randrange(1, 4)):
        place: Any = document
        while isinstance(place, dict | list) and place:
            key: Any = (
                draw.choice(list(place)) if isinstance(place, dict) else draw.randrange(len(place))
            )
            inner = place[key]
            if isinstance(inner, dict | list) and inner and draw.random() < 0.7:
                place = inner
                continue
            match draw.randrange(4):
                case 0:
                    del place[key]
                case 1:
                    if isinstance(place, dict):
                        place[draw.choice(("id", "tenant_id", "version", "x", ""))] = inner
                    else:
                        place.append(inner)
                case _:
                    place[key] = copy.deepcopy(draw.choice(WRONG))
            break
    return msgspec.json.encode(document)


_blocks: Final = msgspec.json.Decoder(Body).decode
_BLOCKS: Final = (
    b'{"format":"blocks","blocks":[{"name":"core/paragraph","attrs":{"a":1},"inner_html":"<p>x</p>",'
    b'"inner_content":["<p>x</p>",null],"inner_blocks":[]}]}'
)


def _body_blocks(content: bytes) -> None:
    try:
        body = _blocks(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedJson(str(error)) from None
    if isinstance(body, BlocksBody):
        render(body)


_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
_CURSORS: Final = [encode_cursor(key).encode() for key in (("a",), ("a", 5), ("x" * 40, "y"))]
_POLICY: Final = OutboundPolicy()
_SHOPIFY: Final = (
    b"Handle,Title,Body (HTML),Vendor,Tags,Option1 Name,Option1 Value,Variant SKU,Variant Price,"
    b"Image Src\ncup,Cup,<p>x</p>,V,a,Size,S,SKU,9.90,https://x.example/a.png\ncup,,,,,,M,SKU2,9.9,\n"
)
_WOO: Final = (
    b"ID,Type,SKU,Name,Published,Regular price,Sale price,Categories,Images,Parent\n"
    b'1,variable,A,Cup,1,,,"A > B",https://x.example/a.png,\n2,variation,A-1,Cup,1,"9,90",5,,,A\n'
)
_WXR: Final = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" '
    b'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    b'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:wp="http://wordpress.org/export/1.2/">'
    b"<channel><title>S</title><wp:wxr_version>1.2</wp:wxr_version><item><title>T</title>"
    b"<dc:creator>a</dc:creator><content:encoded><![CDATA[<p>x</p>]]></content:encoded>"
    b"<wp:post_id>1</wp:post_id><wp:post_name>t</wp:post_name><wp:status>publish</wp:status>"
    b"<wp:post_type>post</wp:post_type><wp:post_date>2024-01-01 10:00:00</wp:post_date></item>"
    b"</channel></rss>"
)

PARSERS: Final = (
    Parser(
        name="slug",
        parse=_text(lambda t: parse_slug(t, pointer="s")),
        seeds=(b"acme", b"north-shop-2", b"xn--a"),
    ),
    Parser(
        name="tenant",
        parse=_text(parse_tenant_ref),
        seeds=(b"acme", b"0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f60"),
    ),
    Parser(
        name="host",
        parse=_text(parse_host),
        seeds=(
            b"shop.example.com:80",
            "bücher.example".encode(),
            b"xn--bcher-kva.example.",
            b"[::1]",
            b"127.0.0.1",
        ),
    ),
    Parser(
        name="handle",
        parse=_text(lambda t: parse_handle(t, pointer="h")),
        seeds=(b"linen-shirt-2",),
    ),
    Parser(
        name="title",
        parse=_text(handle_from_title),
        seeds=("Ein schönes Hemd, 北京".encode(), b"a b c"),
    ),
    Parser(
        name="e-mail",
        parse=_text(lambda t: parse_email(t, pointer="e")),
        seeds=(b"ada@example.com", b'"a b"@x.example', "jörg@bücher.example".encode()),
        share=0.5,
    ),
    Parser(
        name="locale",
        parse=_text(lambda t: parse_locale(t, pointer="l")),
        seeds=(b"en", b"de-AT", b"zh-Hant-TW", b"sr-Latn"),
    ),
    Parser(
        name="accept-language",
        parse=_text(lambda t: negotiate(t, ("en", "de"), "en")),
        seeds=(b"de-AT,de;q=0.8,*;q=0.1", b"en;q=1.0001,x"),
    ),
    Parser(
        name="cursor", parse=_text(lambda t: decode_cursor(t, (str, int))), seeds=tuple(_CURSORS)
    ),
    Parser(
        name="currency",
        parse=_text(lambda t: parse_currency(t, pointer="c")),
        seeds=(b"EUR", b"JPY"),
    ),
    Parser(
        name="money",
        parse=_text(lambda t: parse_decimal(t, "EUR")),
        seeds=(b"9.90", b"-0.01", b"1e2", b"12345678901234.5"),
    ),
    Parser(
        name="price cell",
        parse=_text(lambda t: read_price(t, "EUR")),
        seeds=(b"9,90", b"1.234,50 \xe2\x82\xac", b"$1,234.5"),
        refuses=(CellUnreadable,),
    ),
    Parser(
        name="number cell",
        parse=_text(read_number),
        seeds=(b"1 234,5", b"1e3", b"-5"),
        refuses=(CellUnreadable,),
    ),
    Parser(
        name="rate",
        parse=_text(lambda t: parse_rate(t, name="x")),
        seeds=(b"20/s", b"30/min burst 10"),
        refuses=(ValueError,),
    ),
    Parser(
        name="outbound url",
        parse=_text(lambda t: parse_url(t, _POLICY)),
        seeds=(
            b"https://hooks.example.com/x?y=1",
            b"https://[2606:4700::1]:8443/",
            b"https://0x7f.1/",
        ),
    ),
    Parser(
        name="media url",
        parse=_text(check_url),
        seeds=(b"https://cdn.example.com/a.webp", b"demo://shop/x.svg"),
    ),
    Parser(name="query", parse=_query, seeds=(b"q=a&tag=b&tag=c&limit=10", b"a=%C3%A9&b=+")),
    Parser(
        name="cookies",
        parse=_text(read_cookies),
        seeds=(b"rustok_cart=abc~2; __Host-rustok_visit=xyz",),
    ),
    Parser(
        name="webhook signature",
        parse=_text(lambda t: check_signature(t, b"{}", "s" * 32, now=_NOW)),
        seeds=(signed_header(b"{}", "s" * 32, at=_NOW).encode(), b"t=1,v1=ab,v0=cd"),
    ),
    Parser(
        name="file type",
        parse=sniff,
        seeds=(
            b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01",
            b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\xff\xc0\x00\x11\x08\x00\x10\x00\x10",
            b"GIF89a\x01\x00\x01\x00",
            b"RIFF\x00\x00\x00\x00WEBPVP8X" + b"\x00" * 20,
            b"\x00\x00\x00\x20ftypavif" + b"\x00" * 20,
            b"%PDF-1.7",
        ),
    ),
    Parser(
        name="JSON bodies",
        parse=check_shape,
        seeds=(),
        share=2.0,
        schemas=tuple((_json_body(decode), example) for _, decode, example in _BODIES),
    ),
    Parser(
        name="blocks",
        parse=_body_blocks,
        seeds=(),
        schemas=((_body_blocks, _BLOCKS),),
    ),
    Parser(
        name="WordPress blocks",
        parse=_text(parse_blocks),
        seeds=(
            b'<!-- wp:paragraph {"a":1} --><p>x</p><!-- /wp:paragraph -->',
            b"<!-- wp:a --><!-- wp:b /--><!-- /wp:a -->",
        ),
        share=0.5,
    ),
    Parser(
        name="HTML",
        parse=_text(lambda t: render(HtmlBody(text=t))),
        seeds=(b"<p>x <b>y</b><img src=x onerror=alert(1)></p>", b"<table><tr><td>x</table>"),
        share=0.25,
    ),
    Parser(
        name="Markdown",
        parse=_text(lambda t: render(MarkdownBody(text=t))),
        seeds=(
            b"# T\n\n- a\n- [b](https://x.example)\n\n|a|b|\n|-|-|\n|1|2|\n",
            b"`c` **d** [^1]\n\n[^1]: e",
        ),
        share=0.25,
    ),
    Parser(
        name="Shopify CSV",
        parse=_file(lambda p: parse_shopify(p, ShopifyOptions(currency="EUR"))),
        seeds=(_SHOPIFY, _SHOPIFY.replace(b",", b";")),
        share=0.05,
    ),
    Parser(
        name="WooCommerce CSV",
        parse=_file(
            lambda p: parse_woocommerce(p, WooCommerceOptions(currency="EUR", timezone="UTC"))
        ),
        seeds=(_WOO,),
        share=0.05,
    ),
    Parser(
        name="WXR",
        parse=_file(lambda p: parse_wordpress(p, WordPressOptions(timezone="UTC"))),
        seeds=(_WXR,),
        share=0.05,
    ),
)


def mutated(draw: random.Random, seeds: tuple[bytes, ...]) -> bytes:
    """A seed with one to five wounds; now and then nothing but noise."""
    if draw.random() < 0.02:
        return draw.randbytes(draw.randrange(120))
    content = bytearray(draw.choice(seeds))
    for _ in range(draw.randrange(1, 6)):
        place = draw.randrange(len(content) + 1)
        match draw.randrange(7):
            case 0:
                content[place:place] = draw.choice(NASTY)
            case 1:
                del content[place : place + draw.randrange(1, 12)]
            case 2:
                end = place + draw.randrange(1, 24)
                content[place:place] = content[place:end] * draw.randrange(1, 5)
            case 3 if place < len(content):
                content[place] = draw.randrange(256)
            case 4:
                content[place:place] = draw.randbytes(draw.randrange(1, 5))
            case 5:
                other = draw.choice(seeds)
                cut = draw.randrange(len(other) + 1)
                content[place:] = other[cut:]
            case _:
                content[place : place + 1] = draw.choice(NASTY)
    return bytes(content[:20_000])


def fuzz(parser: Parser, inputs: int, *, seed: int) -> Figures:
    """Parse `inputs` mutations."""
    draw, found = random.Random(f"{seed} {parser.name}"), Figures()
    clock = time.thread_time
    for _ in range(inputs):
        parse, content = parser.draw(draw)
        begun = clock()
        try:
            parse(content)
        except parser.refuses:
            found.refused += 1
        except Exception as error:
            found.crashes.append(f"{type(error).__name__}: {error} on {content!r:.300}")
        took = clock() - begun
        found.total += took
        if took > found.slowest:
            found.slowest, found.slowest_input = took, content
        found.inputs += 1
    return found


def run(inputs: int, *, seed: int, tell: Callable[[str], None] = print) -> dict[str, Figures]:
    """Share `inputs` out among the parsers and tell the figures of each."""
    shares = sum(parser.share for parser in PARSERS)
    tell(
        f"{'parser':20}{'inputs':>10}{'refused':>10}{'crashes':>9}{'mean us':>9}{'slowest ms':>12}"
    )
    found: dict[str, Figures] = {}
    try:
        for parser in PARSERS:
            one = fuzz(parser, math.ceil(inputs * parser.share / shares), seed=seed)
            found[parser.name] = one
            tell(
                f"{parser.name:20}{one.inputs:>10,}{one.refused:>10,}{len(one.crashes):>9}"
                f"{one.total / one.inputs * 1e6:>9.1f}{one.slowest * 1e3:>12.2f}"
            )
            for crash in sorted(set(one.crashes))[:5]:
                tell(f"    {crash}")
    finally:
        with contextlib.suppress(FileNotFoundError):
            _FILE.unlink()
    total, crashes = (
        sum(f.inputs for f in found.values()),
        sum(len(f.crashes) for f in found.values()),
    )
    tell(
        f"{total:,} inputs, {crashes} crashes, slowest {max(f.slowest for f in found.values()) * 1e3:.1f} ms"
    )
    return found


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--inputs", type=int, default=1_000_000)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    found = run(chosen.inputs, seed=chosen.seed, tell=lambda line: print(line, flush=True))
    return 1 if any(one.crashes for one in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
