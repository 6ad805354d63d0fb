"""Pages outside any tenant: the API reference, the meaning of every problem, static files, pictures.

Refuses: a second source of truth; all is made from the OpenAPI document and the error registry.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Mapping
from http import HTTPStatus

import msgspec

import rustok.core.bus.errors  # noqa: F401 - problems of a part that is imported only where used
from rustok.core.errors import RustokError, registered
from rustok.server.app import Page
from rustok.server.message import Answer, Request
from rustok.server.openapi import document
from rustok.server.pages import answers, reference
from rustok.server.pages.assets import DemoPictures, StaticFiles
from rustok.server.pages.rendering import Renderer
from rustok.server.platform import Platform
from rustok.server.problems import RouteNotFound, headers_of

# Private: a shared cache would hand one nonce to everybody.
_CACHE = "private, max-age=300"


class ProblemText(msgspec.Struct, frozen=True, kw_only=True):
    """What a problem code stands for; `meaning` is empty where the title says it all."""

    code: str
    status: int
    phrase: str
    title: str
    meaning: str
    mend: str


def problem_texts() -> tuple[ProblemText, ...]:
    """Every registered code, in order."""
    return tuple(
        ProblemText(
            code=code,
            status=error.status,
            phrase=HTTPStatus(error.status).phrase,
            title=error.title,
            meaning=_meaning(error),
            mend=error.mend,
        )
        for code, error in registered().items()
    )


def _meaning(error: type[RustokError]) -> str:
    """The first paragraph of the class' own docstring."""
    own = error.__dict__.get("__doc__")
    if error is RustokError or not own:
        return ""
    return " ".join(inspect.cleandoc(own).split("\n\n")[0].split())


@functools.cache
def static_files() -> StaticFiles:
    """The static files of this process."""
    return StaticFiles()


@functools.cache
def renderer() -> Renderer:
    """The templates of this process, with the addresses of the style sheets."""
    static = static_files()
    return Renderer(
        site_css=static.address("site.css"),
        docs_css=static.address("docs.css"),
        docs_js=static.address("docs.js"),
        icon_svg=static.address("icon.svg"),
        nonce=answers.NONCE_MARK,
    )


def documentation_pages(platform: Platform) -> Mapping[str, Page]:
    """The pages by path; keys that end in a slash answer everything below them."""
    library = _Library(platform)
    return {
        "/docs": library.docs,
        "/problems": library.problems,
        "/problems/": library.problem,
        "/static/": static_files().page,
        "/demo/": DemoPictures().page,
    }


class _Library:
    """The reference, made when it is first asked for: a start should not wait for it."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._reference: reference.Reference | None = None
        self._docs: str | None = None

    def _read(self) -> reference.Reference:
        if self._reference is None:
            self._reference = reference.read(document(self._platform.modules))
        return self._reference

    def _make_docs(self) -> str:
        return renderer().render("docs.html", here="docs", api=self._read())

    async def docs(self, _request: Request) -> Answer:
        if self._docs is None:
            self._docs = await asyncio.to_thread(self._make_docs)
        return answers.html(self._docs, cache=_CACHE)

    async def problems(self, _request: Request) -> Answer:
        body = renderer().render("problems.html", here="problems", problems=problem_texts())
        return answers.html(body, cache=_CACHE)

    async def problem(self, request: Request) -> Answer:
        code = request.path.removeprefix("/problems/")
        found = next((one for one in problem_texts() if one.code == code), None)
        if found is None:
            raise RouteNotFound
        api = await asyncio.to_thread(self._read)
        body = renderer().render(
            "problem.html",
            here="problems",
            problem=found,
            operations=api.operations_with(code)[:50],
        )
        return answers.html(body, cache=_CACHE)


def plain_error_page(error: RustokError, trace_id: str) -> Answer:
    """A problem for a browser where there is no tenant whose page could carry it."""
    body = renderer().render(
        "plain_error.html",
        problem={
            "status": error.status,
            "title": error.title,
            "detail": error.detail,
            "mend": error.mend,
            "code": error.code,
        },
        trace_id=trace_id,
    )
    answer = answers.html(body, status=error.status)
    answer.headers |= headers_of(error)
    return answer
