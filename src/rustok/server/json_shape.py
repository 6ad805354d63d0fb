"""Bounds on the shape of a JSON body, looked at before it is decoded: how deep, and how many values.

Refuses: decoding; what it lets through may still be malformed.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Final

from rustok.server.problems import MalformedJson

MAX_DEPTH: Final = 64
MAX_VALUES: Final = 100_000
_AS_STEPS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
"""One deeper, one less deep, as signed bytes."""
_ALL_BUT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))


def check_shape(content: bytes) -> None:
    """Let through what is at most 64 deep and has at most 100,000 values.

    Small bodies cost three counts. Large ones are searched by whole passes of bytes, never value by
    value, so that looking costs less than decoding would.

    Raises:
        MalformedJson: deeper, or more.
    """
    many = len(content) > MAX_VALUES and content.count(b",") > MAX_VALUES
    if not many and content.count(b"[") + content.count(b"{") <= MAX_DEPTH:
        return
    # Outside of strings: escapes taken out, every second part between quotes.
    bare = b"".join(content.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2])
    if many and bare.count(b",") > MAX_VALUES:
        raise MalformedJson(f"The body has more than {MAX_VALUES} values.")
    steps = memoryview(bare.translate(_AS_STEPS, _ALL_BUT_BRACKETS)).cast("b")
    if max(accumulate(steps), default=0) > MAX_DEPTH:
        raise MalformedJson(f"The body is nested more than {MAX_DEPTH} deep.")
