"""The load driver against a server that answers by heart: it counts what came and what failed."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest

from rustok.cli.bench import Figures, measure, table
from rustok.cli.bench_client import Ask, Shopper, load
from rustok.cli.bench_limits import free_port, wait_for_port
from rustok.cli.bench_shoppers import NothingForSale, Shop

ITEM = {"handle": "cup", "title": "Cup of oak", "variant_id": "v", "in_stock": True}


@contextlib.contextmanager
def closing(writer: asyncio.StreamWriter) -> Iterator[None]:
    try:
        yield
    finally:
        writer.close()


@contextlib.asynccontextmanager
async def server(items: list[dict[str, object]], *, status: int = 200) -> AsyncIterator[int]:
    """Answers every GET with a page of `items`, every POST with 201, in two pieces."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError), closing(writer):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                size = next(
                    (
                        int(one[16:])
                        for one in head.split("\r\n")
                        if one.startswith("content-length: ")
                    ),
                    0,
                )
                await reader.readexactly(size)
                is_post = head.startswith("post")
                body = msgspec.json.encode(
                    {"id": "c"} if is_post else {"items": items, "next_cursor": None}
                )
                code = 201 if is_post else status
                writer.write(
                    f'HTTP/1.1 {code} X\r\ncontent-length: {len(body)}\r\netag: "a"\r\n\r\n'.encode()
                )
                await writer.drain()
                await asyncio.sleep(0)
                writer.write(body)

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        await asyncio.sleep(0.05)  # the connections see their end


@pytest.mark.parametrize("scenario", ["mix", "not-modified", "search", "checkout"])
async def test_every_scenario_is_counted_by_kind(scenario: str) -> None:
    async with server([ITEM]) as port:
        figures = await measure(
            Shop("127.0.0.1", port, "t"), scenario, seconds=0.2, rounds=2, connections=2,  # type: ignore[arg-type]
        )  # fmt: skip
    assert figures.errors == figures.refused == 0
    assert figures.requests == sum(kind.requests for kind in figures.kinds) > 0
    assert figures.p50_ms <= figures.p95_ms <= figures.p99_ms
    assert "per second" in table(figures)


async def test_the_mix_reads_most_and_buys_little() -> None:
    async with server([ITEM]) as port:
        figures = await measure(
            Shop("127.0.0.1", port, None), "mix", seconds=0.5, rounds=1, connections=2
        )
    counts = {kind.kind: kind.requests for kind in figures.kinds}
    reads = sum(counts[kind] for kind in ("list", "page", "search"))
    assert 0.8 < reads / figures.requests < 0.98
    assert counts.get("checkout", 0) < counts["cart"]


async def test_refusals_and_errors_are_told_apart() -> None:
    async with server([ITEM], status=503) as port:

        def once() -> Shopper:
            yield Ask("one", b"GET / HTTP/1.1\r\n\r\n")

        measured = await load("127.0.0.1", port, [once()], seconds=None)
    assert (measured.errors, measured.refused) == ({503: 1}, {})
    with pytest.raises(NothingForSale):
        async with server([], status=200) as port:
            await measure(Shop("127.0.0.1", port, None), "list", seconds=1, rounds=1, connections=1)


def test_figures_are_encoded_for_machines() -> None:
    assert "ratio" in Figures.__struct_fields__


def test_a_server_that_ends_instead_of_listening_is_not_waited_for() -> None:
    with (
        subprocess.Popen([sys.executable, "-c", "raise SystemExit(2)"]) as process,
        pytest.raises(ChildProcessError, match="ended with code 2"),
    ):
        wait_for_port(free_port(), process)
