"""Answers are compressed as the client takes them, and read back the same."""

from __future__ import annotations

import gzip
import zlib

import brotli
import pytest

from rustok.server.compression import SMALLEST_BYTES, compress
from rustok.server.message import Answer

BODIES = [b"a" * SMALLEST_BYTES, bytes(range(256)) * 400, b'{"title":"Lamp"},' * 20_000]


def answered(body: bytes) -> Answer:
    return Answer(
        status=200, body=body, headers={"content-type": "application/json", "etag": '"1"'}
    )


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize("accepted", ["gzip", "br", "gzip, br"])
def test_a_compressed_answer_is_read_back_the_same(
    body: bytes, is_kept: bool, accepted: str
) -> None:
    answer = answered(body)
    compress(answer, accepted, is_kept=is_kept)
    encoding = answer.headers["content-encoding"]
    assert encoding in accepted
    read = gzip.decompress if encoding == "gzip" else brotli.decompress
    assert read(answer.body) == body
    assert answer.headers["etag"] == 'W/"1"'


@pytest.mark.parametrize(("rows", "at_most"), [(300, 1.5), (1_500, 1.1)])
def test_the_quick_way_costs_few_bytes_and_hardly_any_of_large_answers(
    rows: int, at_most: float
) -> None:
    body = b",".join(b'{"id":"%d","title":"Linen shirt %d"}' % (n * 7919, n) for n in range(rows))
    answer = answered(body)
    compress(answer, "gzip", is_kept=False)
    assert len(answer.body) < len(zlib.compress(body, 1)) * at_most


def test_small_answers_and_other_types_go_out_as_they_are() -> None:
    small, picture = answered(b"a" * (SMALLEST_BYTES - 1)), answered(b"a" * SMALLEST_BYTES)
    picture.headers["content-type"] = "image/png"
    for answer in (small, picture):
        before = answer.body
        compress(answer, "gzip, br")
        assert answer.body == before
        assert "content-encoding" not in answer.headers
