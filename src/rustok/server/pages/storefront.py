"""Finds the page for a request to a tenant's host and turns errors into pages people can read.

Refuses: paths of the API, and answering machines with HTML; for what is not here it gives None.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Final

from rustok.core.errors import NotFound, RustokError
from rustok.core.tenancy import RequestContext
from rustok.server.message import Answer, ClientGone, Request
from rustok.server.pages import cart, checkout, machines, magazine, shop
from rustok.server.pages.documentation import renderer
from rustok.server.pages.forms import FormGuard
from rustok.server.pages.outlines import Outlines
from rustok.server.pages.visit import Desk, NoSuchPage, Visit
from rustok.server.platform import Platform
from rustok.server.problems import MethodNotAllowed, headers_of

Show = Callable[[Visit], Awaitable[Answer]]
ShowOne = Callable[[Visit, str], Awaitable[Answer]]

_PAGES: Final[dict[str, Show]] = {
    "/": shop.home,
    "/products": shop.products,
    "/search": shop.search,
    "/posts": magazine.posts,
    "/feed.xml": machines.feed,
    "/sitemap.xml": machines.sitemap,
    "/robots.txt": machines.robots,
}
_ONE: Final[dict[str, ShowOne]] = {
    "products": shop.product,
    "categories": shop.category,
    "collections": shop.collection,
    "posts": magazine.post,
    "pages": magazine.page,
}
_MAX_PATH: Final = 600


class Storefront:
    """All pages of all tenants; `tenant_page` of the application.

    Args:
        desk: what serves all visits.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def __call__(self, request: Request, ctx: RequestContext) -> Answer | None:
        """The page, an error page for a browser, or None.

        Raises:
            RustokError: for a client that did not ask for HTML.
        """
        visit = Visit(self._desk, request, ctx)
        browser = "text/html" in request.headers.get("accept", "")
        try:
            if len(request.path) > _MAX_PATH or "\x00" in request.path:
                raise NoSuchPage
            return await self._serve(visit)
        except ClientGone:
            raise
        except NoSuchPage:
            return await _error_page(visit, NoSuchPage()) if browser else None
        except RustokError as error:
            if not browser or error.status >= 500:
                raise
            return await _error_page(visit, error)

    async def _serve(self, visit: Visit) -> Answer:
        request = visit.request
        path = request.path.rstrip("/") or "/"
        get = request.method == "GET"
        first, _, rest = path[1:].partition("/")
        if first in ("cart", "checkout", "orders"):
            return await _purchase(visit, first, rest, get=get)
        exact = _PAGES.get(path)
        one = _ONE.get(first) if rest else None
        if exact is None and one is None:
            raise NoSuchPage
        if not get:
            raise MethodNotAllowed(["GET", "HEAD"])
        if exact is not None:
            return await exact(visit)
        if one is None or ("/" in rest and first != "pages"):
            raise NoSuchPage
        return await one(visit, rest)


async def _purchase(visit: Visit, first: str, rest: str, *, get: bool) -> Answer:
    """Cart, checkout and orders: the pages that know the visitor."""
    steps = rest.split("/") if rest else []
    match (get, first, steps):
        case (True, "cart", []):
            return await cart.show(visit)
        case (True, "checkout", []):
            return await checkout.show(visit)
        case (True, "orders", [order_id]):
            return await checkout.order(visit, order_id)
        case (False, "checkout", []):
            return await checkout.place(visit)
        case (False, "cart", ["coupon"]):
            return await cart.enter_coupon(visit)
        case (False, "cart", ["coupon", "remove"]):
            return await cart.remove_coupon(visit)
        case (False, "cart", ["lines"]):
            return await cart.add(visit)
        case (False, "cart", ["lines", line]):
            return await cart.change(visit, line)
        case (False, "cart", ["lines", line, "remove"]):
            return await cart.remove(visit, line)
        case _:
            raise NoSuchPage


async def _error_page(visit: Visit, error: RustokError) -> Answer:
    t = visit.t
    if isinstance(error, NotFound):
        heading, detail, mend = t("error.404"), t("error.404_text"), ""
    elif error.code == "form_not_trusted":
        heading, detail, mend = t("error.title"), t("error.csrf"), ""
    else:
        heading, detail, mend = t("error.title"), error.detail, error.mend
    answer = await visit.page(
        "error.html",
        status=error.status,
        heading=heading,
        detail=detail,
        mend=mend,
        code=error.code,
    )
    return Answer(
        status=answer.status,
        body=answer.body,
        headers=answer.headers | headers_of(error),
        cookies=answer.cookies,
    )


def storefront(platform: Platform) -> Storefront:
    """The pages over `platform`; one per process."""
    key = platform.settings.security.secret_key
    secret = key.reveal().encode() if key is not None else secrets.token_bytes(32)
    return Storefront(
        Desk(
            parts=platform.parts,
            outlines=Outlines(platform.parts),
            renderer=renderer(),
            guard=FormGuard(secret),
            secure=platform.parts.public_url.startswith("https://"),
        )
    )
