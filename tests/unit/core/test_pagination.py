"""Cursors and pages: round trips, bounds, refusals."""

from __future__ import annotations

import base64

import msgspec
import pytest

from rustok.core.pagination import (
    MAX_CURSOR_LENGTH,
    CursorKind,
    InvalidCursor,
    Page,
    PageRequest,
    cut_page,
    decode_cursor,
    encode_cursor,
)


def packed(document: bytes) -> str:
    return base64.urlsafe_b64encode(document).rstrip(b"=").decode()


def test_a_cursor_comes_back_as_it_went() -> None:
    cursor = encode_cursor(("2026-01-01", 7, None))
    assert decode_cursor(cursor, (str, int, str | None)) == ("2026-01-01", 7, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "=",
        "a",
        "....",
        "a b",
        "a\n",
        "ａ",
        "../../etc/passwd",
        "<script>",
        "A" * (MAX_CURSOR_LENGTH + 1),
        packed(b"[1]"),
        packed(b"[]"),
        packed(b"[2,7]"),
        packed(b"[1,7] "),
        packed(b"[true,7]"),
        packed(b'["1",7]'),
        packed(b"[1,7.5]"),
        packed(b"[1,true]"),
        packed(b"[1,{}]"),
        packed(b"[1,99999999999999999999]"),
        packed(b'[1,"\\u0000"]'),
        packed(b'[1,"\xff"]'),
        packed(b"[" * 300),
        packed(b"not json"),
        encode_cursor((7,)) + "==",
    ],
)
def test_a_cursor_not_made_here_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor) as refused:
        decode_cursor(text, (int,))
    assert refused.value.rule == "malformed"
    assert refused.value.code == "invalid_cursor"


@pytest.mark.parametrize("kinds", [(str,), (int, int), (str, int), ()])
def test_a_cursor_of_another_list_is_refused(kinds: tuple[CursorKind, ...]) -> None:
    with pytest.raises(InvalidCursor) as refused:
        decode_cursor(encode_cursor((7,)), kinds)
    assert refused.value.rule == "kinds"


def test_none_is_refused_where_the_list_has_no_none() -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor(encode_cursor((None,)), (str,))


@pytest.mark.parametrize("values", [(), (2**63,), ("\0",), ("\ud800",), (True,), ("x" * 500,)])
def test_a_sort_key_that_cannot_come_back_makes_no_cursor(values: tuple[str | int, ...]) -> None:
    with pytest.raises(ValueError, match="cursor"):
        encode_cursor(values)


def test_a_full_page_points_to_the_next_one() -> None:
    page = cut_page([1, 2, 3], limit=2, key_of=lambda row: (row,))
    assert page.items == [1, 2]
    assert page.next_cursor is not None
    assert decode_cursor(page.next_cursor, (int,)) == (2,)


def test_the_last_page_points_nowhere() -> None:
    assert cut_page([1, 2], limit=2, key_of=lambda row: (row,)) == Page(items=[1, 2])


def test_a_page_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="0"):
        cut_page([1], limit=0, key_of=lambda row: (row,))


def test_a_page_request_has_defaults() -> None:
    assert msgspec.convert({}, PageRequest) == PageRequest(limit=20, cursor=None)


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"cursor": ""}, {"cursor": "a b"}]
)
def test_a_page_request_out_of_bounds_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(query, PageRequest, strict=False)


def test_a_page_is_decoded_with_its_item_type() -> None:
    page = msgspec.json.decode(b'{"items":[1],"next_cursor":"x"}', type=Page[int])
    assert page == Page(items=[1], next_cursor="x")
