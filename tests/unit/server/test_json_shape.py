"""The shape of JSON bodies: depth and number of values, whatever stands in strings."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustok.server.json_shape import MAX_DEPTH, MAX_VALUES, check_shape
from rustok.server.problems import MalformedJson


def test_as_deep_as_allowed_passes_and_one_deeper_does_not() -> None:
    check_shape(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    for one, other in ((b"[", b"]"), (b'{"a":', b"}")):
        with pytest.raises(MalformedJson):
            check_shape(one * (MAX_DEPTH + 1) + b"1" + other * (MAX_DEPTH + 1))


@pytest.mark.parametrize(
    "text",
    ["[" * 100, '"' + "[" * 100, "\\" + "{" * 100, "\\\\" + "[" * 100, '\\"' * 50 + "[" * 80],
)
def test_brackets_in_text_are_no_depth(text: str) -> None:
    check_shape(msgspec.json.encode([text, {"key" + text: text}]))


@pytest.mark.parametrize("hidden", [b'["]",', b'["\\"]",', b'["\\\\",', b'{"]}":'])
def test_brackets_in_text_do_not_hide_depth(hidden: bytes) -> None:
    with pytest.raises(MalformedJson):
        check_shape(hidden * 80 + b"1")


def test_many_values_are_refused_and_many_commas_in_text_are_not() -> None:
    check_shape(msgspec.json.encode(["," * MAX_VALUES * 2]))
    with pytest.raises(MalformedJson):
        check_shape(b"[" + b"1," * (MAX_VALUES + 1) + b"1]")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text('[]{}",\\a', max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text('[]{}"\\', max_size=4), inner)
    ),
    max_leaves=60,
)


def _depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


@given(_JSON, st.integers(0, 90))
def test_whatever_is_inside_the_depth_is_seen_exactly(value: object, around: int) -> None:
    for _ in range(around):
        value = [value, "]", "["]
    content = msgspec.json.encode(value)
    if _depth(value) <= MAX_DEPTH:
        check_shape(content)
    else:
        with pytest.raises(MalformedJson):
            check_shape(content)
