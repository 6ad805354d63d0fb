"""Sends an answer that goes on: chunk after chunk, until its end, the reader's, or the server's.

It holds one chunk at a time. A reader that does not take one within `SLOW_SECONDS` is dropped, so that
nothing piles up for it.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from rustok.server.message import Answer, Request, Send
from rustok.telemetry.logs import get_logger

SLOW_SECONDS: Final = 10.0

log = get_logger("rustok.http")


async def send_stream(
    answer: Answer, request: Request, send: Send, *, ending: asyncio.Event, head: bool
) -> None:
    """Send `answer.chunks`.

    Args:
        ending: set when the server stops.
        head: only the headers are wanted.
    """
    chunks = answer.chunks
    if chunks is None:
        raise TypeError("the answer is no stream")
    headers = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in answer.headers.items()]
    over = [asyncio.ensure_future(ending.wait()), asyncio.ensure_future(request.gone())]
    try:
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        while not head:
            coming = asyncio.ensure_future(anext(chunks, None))
            await asyncio.wait({coming, *over}, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                coming.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await coming
                break
            chunk = coming.result()
            if chunk is None:
                break
            async with asyncio.timeout(SLOW_SECONDS):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        async with asyncio.timeout(SLOW_SECONDS):
            await send({"type": "http.response.body", "body": b""})
    except TimeoutError:
        log.warning("stream.reader_too_slow", after_seconds=SLOW_SECONDS)
    finally:
        for one in over:
            one.cancel()
        await asyncio.gather(*over, return_exceptions=True)
        close = getattr(chunks, "aclose", None)
        if close is not None:
            await close()
