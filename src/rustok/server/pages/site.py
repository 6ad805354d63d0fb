"""What every page of a site shows around its content: names, menu, switches, cart, form token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

import msgspec

from rustok.core.tenancy import RequestContext
from rustok.server.message import Request
from rustok.server.pages.cookies import CURRENCY, LOCALE, set_cookie
from rustok.server.pages.models import Link, Outline
from rustok.server.pages.rendering import direction, language_name
from rustok.server.pages.texts import Words, words

_YEAR_SECONDS = 365 * 86_400


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """The frame of a page.

    Attributes:
        origin: scheme and host the visitor used, without a trailing slash.
        path: of this page; with `query` it is its address.
        form_token: for every form that changes something.
    """

    name: str
    tagline: str
    locale: str
    direction: str
    currency: str
    t: Words
    origin: str
    path: str
    menu: tuple[Link, ...]
    pages: tuple[Link, ...]
    locales: tuple[Link, ...]
    currencies: tuple[Link, ...]
    has_products: bool
    has_posts: bool
    cart_count: int
    form_token: str


def with_choices(
    ctx: RequestContext,
    query: Mapping[str, list[str]],
    cookies: Mapping[str, str],
    *,
    secure: bool,
) -> tuple[RequestContext, list[str]]:
    """Locale and currency as the visitor chose them, in the address now or by cookie before.

    Returns:
        the context to serve with, and the cookies that keep a choice made now.
    """
    keep: list[str] = []
    if "locale" in query:
        keep.append(set_cookie(LOCALE, ctx.locale, secure=secure, max_age_seconds=_YEAR_SECONDS))
    elif cookies.get(LOCALE) in ctx.tenant.locales:
        ctx = msgspec.structs.replace(ctx, locale=cookies[LOCALE])
    if "currency" in query:
        keep.append(
            set_cookie(CURRENCY, ctx.currency, secure=secure, max_age_seconds=_YEAR_SECONDS)
        )
    elif cookies.get(CURRENCY) in ctx.tenant.currencies:
        ctx = msgspec.structs.replace(ctx, currency=cookies[CURRENCY])
    return ctx, keep


def frame(
    request: Request,
    ctx: RequestContext,
    outline: Outline,
    *,
    origin: str,
    form_token: str,
    cart_count: int,
    alternates: Mapping[str, str],
) -> Site:
    """The frame for one answer; `alternates` has the path of this page in other locales."""
    t = words(ctx.locale)
    path = request.path
    menu: list[Link] = []
    if outline.has_products:
        menu.append(Link(label=t("shop"), href="/products", is_current=_under(path, "/products")))
    if outline.has_posts:
        menu.append(Link(label=t("magazine"), href="/posts", is_current=_under(path, "/posts")))
    chosen = outline.pages[:4]
    if outline.menu and not outline.has_products:
        # The site's own menu says what stands in the header; a shop keeps its way to the goods.
        menu, chosen = [], outline.menu
    menu += [msgspec.structs.replace(one, is_current=path == one.href) for one in chosen]
    return Site(
        name=ctx.tenant.name,
        tagline=str(ctx.tenant.settings.get("tagline", "")),
        locale=ctx.locale,
        direction=direction(ctx.locale),
        currency=ctx.currency,
        t=t,
        origin=origin,
        path=path,
        menu=tuple(menu),
        pages=outline.pages,
        locales=tuple(
            Link(
                label=language_name(one),
                # A cursor belongs to one locale and currency; the switched page starts over.
                href=address_with(request, path=alternates.get(one), drop=("cursor",), locale=one),
                is_current=one == ctx.locale,
                lang=one,
            )
            for one in ctx.tenant.locales
        ),
        currencies=tuple(
            Link(
                label=one,
                href=address_with(request, drop=("cursor", "min", "max"), currency=one),
                is_current=one == ctx.currency,
            )
            for one in ctx.tenant.currencies
        ),
        has_products=outline.has_products,
        has_posts=outline.has_posts,
        cart_count=cart_count,
        form_token=form_token,
    )


def address_with(
    request: Request, *, path: str | None = None, drop: Sequence[str] = (), **changes: str
) -> str:
    """This page's address (or `path`'s) with some parameters set and others left out."""
    pairs = [
        (name, value)
        for name, values in request.query().items()
        if name not in changes and name not in drop
        for value in values
    ]
    pairs += changes.items()
    where = quote(request.path) if path is None else path
    return f"{where}?{urlencode(pairs)}" if pairs else where


def _under(path: str, start: str) -> bool:
    return path == start or path.startswith(f"{start}/")
