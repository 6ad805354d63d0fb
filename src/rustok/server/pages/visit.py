"""One request to a tenant's pages: who asks, what they chose, and how an answer is made for them.

Refuses: knowing any single page.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from rustok.core.errors import NotFound
from rustok.core.parts import Parts
from rustok.core.tenancy import RequestContext
from rustok.server.message import Answer, Request
from rustok.server.pages import answers
from rustok.server.pages.cookies import CART, VISIT, read_cookies, set_cookie
from rustok.server.pages.forms import TOKEN_FIELD, FormGuard, read_form
from rustok.server.pages.outlines import Outlines
from rustok.server.pages.rendering import Renderer
from rustok.server.pages.site import Site, frame, with_choices
from rustok.server.pages.texts import Words, words

_CART_SECONDS: Final = 30 * 86_400
_COUNT_MARK: Final = "~"


class NoSuchPage(NotFound):
    code = "page_not_found"
    title = "There is no such page"
    mend = "Check the address, or start at the home page of the site."

    def __init__(self) -> None:
        super().__init__("No page answers at this address.")


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """What serves all visits of this process.

    Attributes:
        secure: the deployment is reached over https, so cookies are for https alone.
    """

    parts: Parts
    outlines: Outlines
    renderer: Renderer
    guard: FormGuard
    secure: bool


class Visit:
    """Args:
    desk: what serves all visits.
    request: this request.
    ctx: its context as the edge made it; the visitor's kept choices are put in here.
    """

    def __init__(self, desk: Desk, request: Request, ctx: RequestContext) -> None:
        self.desk = desk
        self.request = request
        self.query: dict[str, list[str]] = request.query()
        self.secure = desk.secure or request.scheme == "https"
        self._cookies = read_cookies(request.headers.get("cookie"), secure=self.secure)
        self.ctx, self._new_cookies = with_choices(
            ctx, self.query, self._cookies, secure=self.secure
        )
        known = self._cookies.get(VISIT)
        self.visit = known or desk.guard.new_visit()
        if known is None:
            self._new_cookies.append(set_cookie(VISIT, self.visit, secure=self.secure))
        self.cart_id, self.cart_count = _cart_of(self._cookies.get(CART))

    @property
    def t(self) -> Words:
        return words(self.ctx.locale)

    @property
    def origin(self) -> str:
        """Scheme and host the visitor used."""
        scheme = "https" if self.secure else "http"
        return f"{scheme}://{self.request.headers.get('host', 'localhost')}"

    def parameter(self, name: str, *, limit: int = 200) -> str:
        """The last value of a parameter, trimmed and cut at `limit` characters; "" when absent."""
        return self.query.get(name, [""])[-1].strip()[:limit]

    def keep_cart(self, cart_id: UUID, count: int) -> None:
        """Remember the visitor's cart and how much is in it, so that no page has to ask."""
        self.cart_id, self.cart_count = cart_id, count
        value = f"{cart_id}{_COUNT_MARK}{count}"
        self._new_cookies.append(
            set_cookie(CART, value, secure=self.secure, max_age_seconds=_CART_SECONDS)
        )

    def forget_cart(self) -> None:
        """The cart became an order, or is gone."""
        self.cart_id, self.cart_count = None, 0
        self._new_cookies.append(set_cookie(CART, "", secure=self.secure, max_age_seconds=0))

    async def form(self) -> dict[str, str]:
        """The fields of the form that was sent, once it is proven to come from this site.

        Raises:
            FormNotTrusted, and what `read_form` raises.
        """
        fields = await read_form(self.request)
        self.desk.guard.check(
            self.request, self.ctx.tenant_id, self._cookies.get(VISIT), fields.pop(TOKEN_FIELD, "")
        )
        return fields

    async def site(self, alternates: Mapping[str, str]) -> Site:
        """The frame of a page for this visitor."""
        outline = await self.desk.outlines.get(self.ctx)
        return frame(
            self.request,
            self.ctx,
            outline,
            origin=self.origin,
            form_token=self.desk.guard.token(self.ctx.tenant_id, self.visit),
            cart_count=self.cart_count,
            alternates=alternates,
        )

    async def page(
        self,
        template: str,
        /,
        *,
        status: int = 200,
        alternates: Mapping[str, str] | None = None,
        **values: object,
    ) -> Answer:
        """A page made of `template`; `alternates` has its path in other locales, where it differs."""
        site = await self.site(alternates or {})
        body = self.desk.renderer.render(template, site=site, status=status, **values)
        answer = answers.html(body, status=status, cookies=self._new_cookies)
        answer.headers["content-language"] = self.ctx.locale
        return answer

    def see_other(self, location: str) -> Answer:
        """Go on with a GET of `location`."""
        return answers.see_other(location, cookies=self._new_cookies)


def _cart_of(cookie: str | None) -> tuple[UUID | None, int]:
    """The cart's id, and the count kept beside it (0 when there is none)."""
    if cookie is None:
        return None, 0
    cart_id, _, count = cookie.partition(_COUNT_MARK)
    with contextlib.suppress(ValueError):
        return UUID(cart_id), int(count) if count.isdigit() and len(count) <= 5 else 0
    return None, 0


def path_parts(path: str) -> Sequence[str]:
    """The segments of a path; a trailing slash adds none."""
    return path.strip("/").split("/") if path != "/" else []
