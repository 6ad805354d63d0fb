"""What readers write, as HTML: paragraphs, line breaks and links, nothing else.

Refuses: markup. A reader's `<b>` is shown as it was typed; only imported comments may bring some.
"""

from __future__ import annotations

import hashlib
import html
import re
from typing import Final
from uuid import UUID

import nh3

_ADDRESS: Final = re.compile(r"https?://[^\s<>\"'`]{1,1000}")
_TRAILING: Final = ".,;:!?)]}"
_CLEANER: Final = nh3.Cleaner(
    tags={
        "a",
        "b",
        "blockquote",
        "br",
        "cite",
        "code",
        "del",
        "em",
        "i",
        "li",
        "ol",
        "p",
        "pre",
        "q",
        "s",
        "strong",
        "sub",
        "sup",
        "ul",
    },
    clean_content_tags={
        "iframe",
        "math",
        "noscript",
        "object",
        "script",
        "style",
        "svg",
        "template",
        "textarea",
    },
    attributes={"a": {"href"}},
    url_schemes={"http", "https"},
    link_rel="nofollow ugc noopener",
    url_relative="deny",
)


def as_html(text: str) -> str:
    """Plain text as safe HTML: blank lines part paragraphs, addresses become links (nofollow)."""
    paragraphs = re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").replace("\r", "\n").strip())
    shown = "".join(f"<p>{_line_breaks(part.strip())}</p>" for part in paragraphs if part.strip())
    return _CLEANER.clean(shown)


def _line_breaks(paragraph: str) -> str:
    return "<br>".join(_linked(line) for line in paragraph.split("\n"))


def _linked(line: str) -> str:
    parts: list[str] = []
    position = 0
    for match in _ADDRESS.finditer(line):
        address = match[0].rstrip(_TRAILING)
        shown = html.escape(address, quote=True)
        parts += [html.escape(line[position : match.start()]), f'<a href="{shown}">{shown}</a>']
        position = match.start() + len(address)
    return "".join([*parts, html.escape(line[position:])])


def clean_html(markup: str) -> str:
    """Imported comment markup with a few harmless tags left; links are nofollow."""
    return _CLEANER.clean(markup)


def avatar_seed(tenant_id: UUID, email: str | None, name: str) -> str:
    """Eight hexadecimal digits that stay the same for one person within a tenant.

    So short that many addresses share one: it draws a picture and does not give an address away.
    """
    person = (email or name).strip().casefold().encode()
    return hashlib.blake2b(person, key=tenant_id.bytes, digest_size=4).hexdigest()
