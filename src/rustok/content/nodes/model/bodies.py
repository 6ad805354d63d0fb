"""The body of a text as it is written (Markdown, HTML, blocks) and as it is shown (safe HTML).

Refuses: bodies over a megabyte, block trees over 50 deep or 2,000 blocks.
"""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Callable
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from rustok.content.nodes.errors import InvalidBody
from rustok.content.nodes.model.html import sanitise

MAX_SOURCE_CHARACTERS: Final = 1_000_000
MAX_BLOCKS: Final = 2_000
MAX_DEPTH: Final = 50

BlockName = Annotated[
    str,
    Meta(
        max_length=100,
        pattern=r"^[a-z][a-z0-9_-]*/[a-z][a-z0-9_-]*$(?!\n)",
        examples=["core/paragraph"],
    ),
]
Source = Annotated[str, Meta(max_length=MAX_SOURCE_CHARACTERS)]


class Block(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One Gutenberg-like block.

    `inner_content` is the block's own markup in pieces, None standing where the next inner block
    belongs; without it, `inner_html` comes first and the inner blocks follow.
    """

    name: BlockName
    attrs: dict[str, object] = msgspec.field(default_factory=dict)
    inner_html: Source = ""
    inner_content: list[str | None] = msgspec.field(default_factory=list)
    inner_blocks: list[Block] = msgspec.field(default_factory=list)


class MarkdownBody(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="format",
    tag="markdown",
):
    """CommonMark with tables, strikethrough, autolinks and footnotes; raw HTML in it is sanitised."""

    text: Source


class HtmlBody(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="format",
    tag="html",
):
    text: Source


class BlocksBody(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="format",
    tag="blocks",
):
    blocks: Annotated[list[Block], Meta(max_length=MAX_BLOCKS)]


Body = MarkdownBody | HtmlBody | BlocksBody
Format = Literal["markdown", "html", "blocks"]


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """A body ready to store: what was written and what is shown."""

    format: Format
    source: str
    html: str


_encode_blocks = msgspec.json.Encoder().encode
_decode_blocks = msgspec.json.Decoder(list[Block]).decode


def format_of(body: Body) -> Format:
    match body:
        case MarkdownBody():
            return "markdown"
        case HtmlBody():
            return "html"
        case BlocksBody():
            return "blocks"


def render(body: Body, *, pointer: str = "/body") -> Rendered:
    """What to store of `body`.

    Raises:
        InvalidBody: too large, too many blocks or nested too deeply.
    """
    source, shown = _source_and_html(body, pointer)
    return Rendered(format=format_of(body), source=source, html=sanitise(shown, pointer=pointer))


def source_of(body: Body, *, pointer: str = "/body") -> str:
    """`body` as it is stored: blocks as JSON, the rest as written.

    Raises:
        InvalidBody: too large, too many blocks or nested too deeply.
    """
    if isinstance(body, BlocksBody):
        _check_tree(body.blocks, pointer)
        source = _encode_blocks(body.blocks).decode()
    else:
        source = body.text
    if len(source) > MAX_SOURCE_CHARACTERS:
        message = f"a body has at most {MAX_SOURCE_CHARACTERS} characters; split it."
        raise InvalidBody(message, pointer=pointer, rule="length")
    return source


def _source_and_html(body: Body, pointer: str) -> tuple[str, str]:
    source = source_of(body, pointer=pointer)
    match body:
        case MarkdownBody(text=text):
            return source, _markdown(text, pointer)
        case HtmlBody(text=text):
            return source, text
        case BlocksBody(blocks=blocks):
            return source, "\n".join(_block(block) for block in blocks)


def read_body(format_: Format, source: str) -> Body:
    """The body that was stored as `source`."""
    if format_ == "markdown":
        return MarkdownBody(text=source)
    if format_ == "html":
        return HtmlBody(text=source)
    return BlocksBody(blocks=_decode_blocks(source))


def _markdown(text: str, pointer: str) -> str:
    # A run of nested quotes or lists makes comrak nest elements; its limit is ours.
    if any(line.count(">") > MAX_DEPTH and not line.strip(" >") for line in text.splitlines()):
        raise InvalidBody(f"quotes nest deeper than {MAX_DEPTH}.", pointer=pointer, rule="nesting")
    return _renderer()(text)


@functools.cache
def _renderer() -> Callable[[str], str]:
    import comrak  # late: for writers only, and readers are many more

    extensions = comrak.ExtensionOptions()
    extensions.table = True
    extensions.strikethrough = True
    extensions.autolink = True
    extensions.footnotes = True
    options = comrak.RenderOptions()
    # Raw HTML is let through to the sanitiser, which judges it together with the rest.
    options.unsafe_ = True

    def render(text: str) -> str:
        rendered: str = comrak.render_markdown(
            text, extension_options=extensions, render_options=options
        )
        return rendered

    return render


def _check_tree(blocks: list[Block], pointer: str) -> None:
    level = blocks
    count = 0
    for _ in range(MAX_DEPTH):
        count += len(level)
        if count > MAX_BLOCKS:
            raise InvalidBody(
                f"a body has at most {MAX_BLOCKS} blocks.", pointer=pointer, rule="count"
            )
        level = [inner for block in level for inner in block.inner_blocks]
        if not level:
            return
    raise InvalidBody(f"blocks nest at most {MAX_DEPTH} deep.", pointer=pointer, rule="depth")


_HTTP: Final = re.compile(r"https?://[^\s\"'<>]{1,2000}")
_WRAPPED: Final = re.compile(
    r'(<div class="wp-block-embed__wrapper">)\s*(https?://[^\s"\'<>]{1,2000})\s*(</div>)'
)


def _linked(match: re.Match[str]) -> str:
    """What another site shows in a frame becomes a link: frames are not let through."""
    address = html.escape(html.unescape(match[2]), quote=True)
    return f'{match[1]}<a href="{address}">{address}</a>{match[3]}'


def _embed(address: str) -> str:
    link = html.escape(address, quote=True)
    return f'<figure class="wp-block-embed"><a href="{link}">{link}</a></figure>'


def _text(block: Block, name: str) -> str:
    value = block.attrs.get(name)
    return value if isinstance(value, str) else ""


def _block(block: Block) -> str:
    """The block's markup, not yet sanitised; unknown blocks give what they hold."""
    if not block.inner_content and not block.inner_html.strip() and not block.inner_blocks:
        return _from_attributes(block)
    if block.name == "core/embed" or block.name.startswith("core-embed/"):
        return _WRAPPED.sub(_linked, block.inner_html)
    if not block.inner_content:
        return block.inner_html + "".join(_block(inner) for inner in block.inner_blocks)
    following = iter(block.inner_blocks)
    parts: list[str] = []
    for piece in block.inner_content:
        if piece is not None:
            parts.append(piece)
            continue
        inner = next(following, None)
        if inner is not None:
            parts.append(_block(inner))
    parts += [_block(inner) for inner in following]
    return "".join(parts)


def _from_attributes(block: Block) -> str:
    """Blocks written through the API may carry their text in `attrs` alone."""
    content = _text(block, "content")
    match block.name:
        case "core/paragraph":
            return f"<p>{content}</p>"
        case "core/heading":
            level = block.attrs.get("level")
            rank = level if isinstance(level, int) and 1 <= level <= 6 else 2
            return f"<h{rank}>{content}</h{rank}>"
        case "core/quote":
            return f"<blockquote>{_text(block, 'value') or content}</blockquote>"
        case "core/code" | "core/preformatted":
            return f"<pre><code>{html.escape(content)}</code></pre>"
        case "core/list":
            return f"<ul>{_text(block, 'values')}</ul>"
        case "core/embed" if _HTTP.fullmatch(_text(block, "url")):
            return _embed(_text(block, "url"))
        case "core/separator":
            return "<hr>"
        case "core/image":
            source = html.escape(_text(block, "url"), quote=True)
            alt = html.escape(_text(block, "alt"), quote=True)
            caption = _text(block, "caption")
            below = f"<figcaption>{caption}</figcaption>" if caption else ""
            return (
                f'<figure class="wp-block-image"><img src="{source}" alt="{alt}">{below}</figure>'
            )
        case _:
            return f"<p>{content}</p>" if content else ""
