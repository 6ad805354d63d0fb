"""Paragraphs for classic content, where blank lines mean what the stored HTML does not say.

Refuses to touch what stands inside tags, preformatted text, lists and tables. One pass.
Source: the effect of WordPress's `wpautop`; the code is our own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)")
_BLANK_LINE = re.compile(r"\n[ \t]*\n\s*")
_RAW: Final = frozenset({"pre", "script", "style", "textarea", "svg", "math"})
_HOLDS_PARAGRAPHS: Final = frozenset(
    {"address", "article", "aside", "blockquote", "center", "details", "div", "fieldset",
     "figcaption", "footer", "form", "header", "main", "nav", "section"}
)  # fmt: skip
_BLOCK: Final = _HOLDS_PARAGRAPHS | frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd", "table", "thead",
     "tbody", "tfoot", "tr", "td", "th", "caption", "colgroup", "col", "hr", "figure", "iframe",
     "object", "video", "audio", "canvas", "menu", "summary", "legend", "noscript", "map", "area",
     "pre", "script", "style", "textarea", "math", "svg", "select", "option", "param", "source"}
)  # fmt: skip
_VOID: Final = frozenset({"hr", "col", "area", "param", "source", "br", "img", "input", "embed"})


def add_paragraphs(html: str) -> str:
    """The HTML with `<p>` around text that blank lines part, and `<br />` for single line breaks.

    Only text at the top, or directly inside elements that may hold paragraphs, is wrapped.
    """
    out: list[str] = []
    run: list[str] = []
    stack: list[str] = []
    raw: str | None = None
    position = 0

    def flush() -> None:
        text = "".join(run)
        run.clear()
        wraps = not stack or stack[-1] in _HOLDS_PARAGRAPHS
        out.append(_paragraphs(text, bare=bool(stack)) if wraps else text)

    for start, end in _tokens(html):
        text, tag = html[position:start], html[start:end]
        position = end
        run.append(text)
        match = _NAME.match(tag)
        name = match[1].lower() if match is not None else ""
        closing = tag.startswith("</")
        if raw is not None:
            run.append(tag)
            if closing and name == raw:
                out.append("".join(run))
                run.clear()
                raw = None
        elif name not in _BLOCK:
            run.append(tag)
        elif name in _RAW and not closing:
            flush()
            raw = name
            run.append(tag)
        else:
            flush()
            out.append(tag)
            if closing and name in stack:
                while stack.pop() != name:
                    pass
            elif not closing and name not in _VOID and not tag.endswith("/>"):
                stack.append(name)
    run.append(html[position:])
    if raw is not None:
        out.append("".join(run))
    else:
        flush()
    return "".join(out).strip()


def _paragraphs(text: str, *, bare: bool) -> str:
    if not text.strip():
        return "\n" if "\n" in text else ""
    parts = [part for part in _BLANK_LINE.split(text.strip()) if part.strip()]
    if bare and len(parts) == 1 and "\n" not in text:
        # `<div>text</div>` on one line stays as it was written.
        return text
    return "\n" + "\n".join(_paragraph(part.strip()) for part in parts) + "\n"


def _paragraph(text: str) -> str:
    if _is_comment(text):
        return text
    return "<p>" + "<br />\n".join(line.strip(" \t") for line in text.split("\n")) + "</p>"


def _is_comment(text: str) -> bool:
    return text.startswith("<!--") and text.find("-->") == len(text) - 3


def _tokens(html: str) -> Iterator[tuple[int, int]]:
    """Where the tags and comments stand; by hand, so that `<!--` without an end costs nothing."""
    position, comments_end = 0, html.rfind("-->")
    while (start := html.find("<", position)) >= 0:
        if html.startswith("<!--", start) and start + 4 <= comments_end:
            position = html.index("-->", start + 4) + 3
            yield start, position
        elif match := _TAG.match(html, start):
            position = match.end()
            yield start, position
        else:
            position = start + 1
