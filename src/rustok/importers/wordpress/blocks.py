"""Gutenberg's comment-delimited blocks as a tree; it renders and sanitises nothing.

Refuses to lose markup: what stands outside all blocks becomes "core/freeform" blocks, a block that
is never closed ends with its surroundings, and a closing comment without a block stays as markup.
One pass over the text, whatever it holds.
Source: the block grammar of WordPress (`<!-- wp:namespace/name {json} -->`, `<!-- /wp:name -->`,
`<!-- wp:name /-->`).
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from rustok.importers.drafts import BlockDraft

MAX_DEPTH: Final = 48
FREEFORM: Final = "core/freeform"
_DELIMITER = re.compile(
    r"\s+(?P<close>/)?wp:(?P<name>(?:[a-z][a-z0-9_-]*/)?[a-z][a-z0-9_-]*)(?:\s+(?P<rest>.*))?\s*",
    re.DOTALL,
)
_HAS_BLOCKS = re.compile(r"<!--\s+wp:[a-z]")


class _Open:
    """A block whose closing comment has not come yet."""

    def __init__(self, name: str, attrs: dict[str, object]) -> None:
        self.name, self.attrs = name, attrs
        self.content: list[str | None] = []
        self.blocks: list[BlockDraft] = []

    def text(self, text: str) -> None:
        if text and self.content and isinstance(self.content[-1], str):
            self.content[-1] += text
        elif text:
            self.content.append(text)

    def block(self, block: BlockDraft) -> None:
        self.content.append(None)
        self.blocks.append(block)

    def closed(self) -> BlockDraft:
        return BlockDraft(
            name=self.name,
            attrs=self.attrs,
            inner_html="".join(piece for piece in self.content if piece is not None),
            inner_content=tuple(self.content),
            inner_blocks=tuple(self.blocks),
        )


class ParsedBlocks(msgspec.Struct, frozen=True, kw_only=True):
    """The blocks of a body, and in plain words what was wrong with them."""

    blocks: tuple[BlockDraft, ...]
    problems: tuple[str, ...]


def has_blocks(content: str) -> bool:
    """Whether the block editor wrote this."""
    return _HAS_BLOCKS.search(content) is not None


def parse_blocks(content: str) -> ParsedBlocks:
    """The tree of blocks; white space between top-level blocks is left out."""
    root = _Open(FREEFORM, {})
    stack = [root]
    problems: dict[str, None] = {}
    position = 0
    while True:
        start = content.find("<!--", position)
        end = content.find("-->", start + 4) if start >= 0 else -1
        if start < 0 or end < 0:
            stack[-1].text(content[position:])
            break
        comment = content[start + 4 : end]
        match = _DELIMITER.fullmatch(comment)
        stack[-1].text(content[position:start])
        position = end + 3
        if match is None:
            stack[-1].text(content[start:position])
            continue
        name = match["name"] if "/" in match["name"] else f"core/{match['name']}"
        rest = (match["rest"] or "").strip()
        if match["close"]:
            _close(stack, name, content[start:position], problems)
            continue
        is_void = rest.endswith("/")
        attrs = _attributes(rest.removesuffix("/").strip(), name, problems)
        if is_void:
            stack[-1].block(_Open(name, attrs).closed())
        elif len(stack) > MAX_DEPTH:
            problems[
                f"{name} is nested more than {MAX_DEPTH} deep; its comments stay as markup."
            ] = None
            stack[-1].text(content[start:position])
        else:
            stack.append(_Open(name, attrs))
    while len(stack) > 1:
        open_block = stack.pop()
        problems[f"{open_block.name} is never closed."] = None
        stack[-1].block(open_block.closed())
    return ParsedBlocks(blocks=_with_freeform(root), problems=tuple(problems))


def _close(stack: list[_Open], name: str, comment: str, problems: dict[str, None]) -> None:
    if all(block.name != name for block in stack[1:]):
        problems[f"{name} is closed and was never opened."] = None
        stack[-1].text(comment)
        return
    while True:
        block = stack.pop()
        stack[-1].block(block.closed())
        if block.name == name:
            return
        problems[f"{block.name} is never closed."] = None


def _attributes(text: str, name: str, problems: dict[str, None]) -> dict[str, object]:
    if not text:
        return {}
    try:
        attrs: dict[str, object] = msgspec.json.decode(text.encode(), type=dict)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        problems[f"The attributes of {name} are no JSON object; they are left out."] = None
        return {}
    return attrs


def _with_freeform(root: _Open) -> tuple[BlockDraft, ...]:
    blocks = iter(root.blocks)
    result: list[BlockDraft] = []
    for piece in root.content:
        if piece is None:
            result.append(next(blocks))
        elif piece.strip():
            result.append(
                BlockDraft(
                    name=FREEFORM,
                    attrs={},
                    inner_html=piece.strip(),
                    inner_content=(piece.strip(),),
                    inner_blocks=(),
                )
            )
    return tuple(result)
