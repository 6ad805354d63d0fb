"""What holds for all cursors."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rustok.core.pagination import (
    CursorValue,
    InvalidCursor,
    cut_page,
    decode_cursor,
    encode_cursor,
)

VALUE = (
    st.none()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(
        alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=15
    )
)
KEYS = st.lists(VALUE, min_size=1, max_size=4).map(tuple)


@given(KEYS)
def test_every_sort_key_comes_back_as_it_went(key: tuple[CursorValue, ...]) -> None:
    assert decode_cursor(encode_cursor(key), (str | int | None,) * len(key)) == key


@given(KEYS)
def test_a_cursor_fits_into_an_address_unescaped(key: tuple[CursorValue, ...]) -> None:
    assert encode_cursor(key).replace("-", "a").replace("_", "a").isalnum()


@given(KEYS, st.data())
def test_a_cursor_with_a_character_changed_is_refused_or_means_another_key(
    key: tuple[CursorValue, ...], data: st.DataObject
) -> None:
    cursor = encode_cursor(key)
    place = data.draw(st.integers(0, len(cursor) - 1))
    letter = data.draw(st.characters().filter(lambda char: char != cursor[place]))
    try:
        read = decode_cursor(
            cursor[:place] + letter + cursor[place + 1 :], (str | int | None,) * len(key)
        )
    except InvalidCursor:
        return
    assert read != key


@given(st.text(max_size=600))
def test_any_text_is_either_a_cursor_or_refused(text: str) -> None:
    try:
        values = decode_cursor(text, (str | int | None,))
    except InvalidCursor:
        return
    assert encode_cursor(values) == text


@given(st.sets(st.integers(0, 1_000), max_size=60), st.integers(1, 10))
def test_walking_all_pages_meets_every_row_once_in_order(rows: set[int], limit: int) -> None:
    ordered = sorted(rows)
    seen: list[int] = []
    after: CursorValue = -1
    while True:
        rest = [row for row in ordered if isinstance(after, int) and row > after]
        page = cut_page(rest[: limit + 1], limit=limit, key_of=lambda row: (row,))
        seen += page.items
        if page.next_cursor is None:
            break
        (after,) = decode_cursor(page.next_cursor, (int,))
    assert seen == ordered
