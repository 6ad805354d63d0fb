"""Makes HTML safe to show: an allow-list of tags, attributes, classes and addresses (nh3).

Refuses: scripts, styles, frames, forms, event handlers, `javascript:` and `data:` addresses, and
markup so deeply or so often nested that parsing it would take seconds.
"""

from __future__ import annotations

import html
import re
from typing import Final

import nh3

from rustok.content.nodes.errors import InvalidBody

MAX_TAGS: Final = 20_000
"""Start tags of one text: parsing costs the square of the depth, and this bounds the depth."""
MAX_NESTING: Final = 200


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


_DROPPED: Final = _words(
    "iframe math noembed noframes noscript object script style svg template textarea title xmp"
)
"""These go with all they hold; any other tag that is not allowed leaves its text behind."""
_TAGS: Final = _words(
    "a abbr aside audio b bdi bdo blockquote br caption cite code col colgroup dd del details dfn",
    "div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li mark ol p",
    "pre q rp rt ruby s samp section small source span strong sub summary sup table tbody td",
    "tfoot th thead time tr u ul var video wbr",
)
# No `cite`: it is an address that nh3 does not judge, and no browser shows it.
_ATTRIBUTES: Final[dict[str, set[str]]] = {
    "*": {"class", "dir", "id", "lang", "title"},
    "a": {"href", "hreflang"},
    "audio": {"controls", "loop", "src"},
    "bdo": {"dir"},
    "col": {"span"},
    "colgroup": {"span"},
    "del": {"datetime"},
    "details": {"open"},
    "img": {"alt", "height", "src", "width"},
    "ins": {"datetime"},
    "ol": {"reversed", "start"},
    "source": {"src", "type"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan", "scope"},
    "time": {"datetime"},
    "video": {"controls", "height", "loop", "muted", "poster", "src", "width"},
}
_CLASS: Final = re.compile(
    r"(?:language-|wp-block-|wp-element-|align|has-|is-|size-|columns-|footnote)[A-Za-z0-9_-]{0,60}"
)
_ID: Final = re.compile(r"fn(?:ref)?-[A-Za-z0-9_-]{1,60}")
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_VOID: Final = _words("area base br col embed hr img input link meta param source track wbr")


def _keep(_tag: str, attribute: str, value: str) -> str | None:
    """Classes by pattern, so that content cannot borrow the site's own; ids for footnotes only."""
    if attribute == "class":
        kept = [name for name in value.split() if _CLASS.fullmatch(name)]
        return " ".join(kept) or None
    if attribute == "id":
        return value if _ID.fullmatch(value) else None
    return value


_CLEANER: Final = nh3.Cleaner(
    tags=set(_TAGS),
    clean_content_tags=set(_DROPPED),
    attributes=_ATTRIBUTES,
    attribute_filter=_keep,
    set_tag_attribute_values={"img": {"loading": "lazy"}},
    url_schemes={"http", "https", "mailto", "tel"},
    link_rel="noopener noreferrer",
    strip_comments=True,
)
_TEXT_ONLY: Final = nh3.Cleaner(
    tags=set(),
    clean_content_tags=set(_DROPPED),
    attributes={},
)
_BLOCK_END: Final = re.compile(
    r"</(?:p|div|h[1-6]|li|tr|td|th|blockquote|figcaption|pre|dd|dt|summary)>|<(?:br|hr)\b[^>]*>"
)


def check_nesting(markup: str, *, pointer: str) -> None:
    """Refuse markup that would take long to parse.

    Raises:
        InvalidBody: more than 20,000 tags, or 200 of one name open at once.
    """
    opened: dict[str, int] = {}
    total = 0
    for match in _TAG.finditer(markup):
        name = match[2].lower()
        if match[1]:
            opened[name] = max(0, opened.get(name, 0) - 1)
            continue
        total += 1
        if name not in _VOID:
            opened[name] = opened.get(name, 0) + 1
        # Paragraphs and list items may go without an end tag; the total bounds these.
        if total > MAX_TAGS or (opened.get(name, 0) > MAX_NESTING and name not in _LOOSE):
            raise InvalidBody(
                f"the markup has more than {MAX_TAGS} tags or nests deeper than {MAX_NESTING}; shorten it.",
                pointer=pointer,
                rule="nesting",
            )


_LOOSE: Final = _words("p li td th tr dt dd thead tbody tfoot option rp rt colgroup")


def sanitise(markup: str, *, pointer: str = "/body") -> str:
    """`markup` with nothing in it that could run, frame or disguise; safe to put into a page.

    Raises:
        InvalidBody: nested too deeply.
    """
    check_nesting(markup, pointer=pointer)
    return _CLEANER.clean(markup)


def plain_text(safe_html: str) -> str:
    """The words of sanitised HTML, for search and excerpts; entities resolved, spaces collapsed."""
    spaced = _BLOCK_END.sub(" ", safe_html)
    return " ".join(html.unescape(_TEXT_ONLY.clean(spaced)).split())
