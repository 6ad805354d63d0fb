"""Files the pages need: own style sheets under the hash of their content, pictures of the demo.

Refuses: any path that is not in the list made at the start, so no path of a request reaches a disk.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from rustok.server.message import Answer, Request
from rustok.server.problems import RouteNotFound

_STATIC: Final = Path(__file__).with_name("static")
_DEMO: Final = Path(__file__).parents[2] / "cli" / "demo_data"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".avif": "image/avif",
}
_PICTURES: Final = frozenset({".svg", ".png", ".jpg", ".webp", ".avif"})
# An SVG opened by itself is a document: it may hold style, never a script.
_PICTURE_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
)


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=8).hexdigest()


class StaticFiles:
    """The style sheets and scripts of the package, held in memory."""

    def __init__(self, folder: Path = _STATIC) -> None:
        self._by_path: dict[str, Answer] = {}
        self._address: dict[str, str] = {}
        for file in sorted(folder.iterdir()):
            kind = _TYPES.get(file.suffix)
            if kind is None:
                continue
            content = file.read_bytes()
            path = f"/static/{_digest(content)}/{file.name}"
            self._address[file.name] = path
            self._by_path[path] = Answer(
                status=200,
                body=content,
                headers={
                    "content-type": kind,
                    "cache-control": "public, max-age=31536000, immutable",
                },
            )

    def address(self, name: str) -> str:
        """The path of a file by its name; it changes with the content. Raises KeyError."""
        return self._address[name]

    async def page(self, request: Request) -> Answer:
        found = self._by_path.get(request.path)
        if found is None:
            raise RouteNotFound
        # A copy: compression writes into the answer.
        return Answer(status=200, body=found.body, headers=dict(found.headers))


class DemoPictures:
    """Pictures of the demo data, by the list of files there were at the start."""

    def __init__(self, folder: Path = _DEMO) -> None:
        files = sorted(folder.rglob("*")) if folder.is_dir() else []
        self._files = {
            f"/demo/{file.relative_to(folder).as_posix()}": file
            for file in files
            if file.suffix in _PICTURES and file.is_file()
        }

    async def page(self, request: Request) -> Answer:
        file = self._files.get(request.path)
        if file is None:
            raise RouteNotFound
        content = await asyncio.to_thread(file.read_bytes)
        etag = f'"{_digest(content)}"'
        headers = {
            "content-type": _TYPES[file.suffix],
            "cache-control": "public, max-age=86400",
            "content-security-policy": _PICTURE_POLICY,
            "etag": etag,
        }
        if etag in request.headers.get("if-none-match", ""):
            del headers["content-type"]
            return Answer(status=304, headers=headers)
        return Answer(status=200, body=content, headers=headers)


@lru_cache(maxsize=10_000)
def image_src(url: str) -> str:
    """The address a page gives to the browser for a stored picture; "" for a scheme it must not load.

    `demo://shop/images/x.svg` is served by this program at `/demo/shop/images/x.svg`.
    """
    parts = urlsplit(url)
    if parts.scheme == "demo":
        return f"/demo/{quote(f'{parts.netloc}{parts.path}', safe='/-._~')}"
    if parts.scheme in ("https", "http"):
        return url
    if not parts.scheme and not parts.netloc and parts.path.startswith("/"):
        return url
    return ""
