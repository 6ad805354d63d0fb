"""Query strings are read as the standard library reads them, by the quick way too."""

from __future__ import annotations

from urllib.parse import parse_qsl

from hypothesis import example, given
from hypothesis import strategies as st

from rustok.core.errors import InvalidInput
from rustok.server.message import MAX_PARAMETERS, Request

SENT = st.binary(max_size=60) | st.text(alphabet="ab=&;%+2041é", max_size=40).map(
    lambda text: text.encode("latin-1")
)


def read(sent: bytes) -> dict[str, list[str]]:
    async def receive() -> dict[str, object]:
        return {}

    scope = {"method": "GET", "path": "/", "headers": [], "query_string": sent}
    return Request(scope, receive).query()


@given(SENT)
@example(b"a=1&a=2&b")
@example(b"=x&&y=1=2")
@example(b"&".join([b"a=1"] * MAX_PARAMETERS))
@example(b"&".join([b"a=1"] * (MAX_PARAMETERS + 1)))
@example(b"&" * MAX_PARAMETERS)
def test_a_query_string_is_read_as_the_standard_library_reads_it(sent: bytes) -> None:
    text = sent.decode("latin-1")
    expected: dict[str, list[str]] | None = None
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS
        )
    except ValueError:
        pairs = [("\0", "")]
    if not any("\0" in one for pair in pairs for one in pair):
        expected = {}
        for name, value in pairs:
            expected.setdefault(name, []).append(value)
    try:
        found = read(sent)
    except InvalidInput:
        found = None
    assert found == expected
