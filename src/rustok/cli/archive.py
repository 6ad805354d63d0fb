"""A ZIP file that is there whole or not at all: written beside its place, moved there at the end.

It refuses to replace a file unless told to, and lets nobody but its owner read it.
"""

from __future__ import annotations

import contextlib
import os
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import click
import msgspec


class Archive:
    """A context manager; leaving it by an exception, Ctrl-C among them, leaves no file.

    Args:
        path: where the file is to be.
        overwrite: whether it may replace one.

    Raises:
        click.BadParameter: the folder is missing or not writable, or the file is there.
    """

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        if path.exists() and not overwrite:
            raise click.BadParameter(f"{path} exists; choose another name or say --overwrite.")
        if path.is_dir():
            raise click.BadParameter(f"{path} is a folder; name a file in it.")
        if not path.parent.is_dir():
            raise click.BadParameter(f"the folder {path.parent} does not exist; make it first.")
        self._path = path
        self._draft = path.with_name(f".{path.name}.{os.getpid()}.part")

    def __enter__(self) -> Self:
        self._draft.unlink(missing_ok=True)
        try:
            descriptor = os.open(self._draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise click.BadParameter(
                f"{self._path.parent} is not writable: {error.strerror}."
            ) from None
        self._file: IO[bytes] = os.fdopen(descriptor, "w+b")
        self._zip = zipfile.ZipFile(
            self._file, "w", compression=zipfile.ZIP_DEFLATED, allowZip64=True
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._zip.close()
                self._file.flush()
                os.fsync(self._file.fileno())
                self._draft.replace(self._path)
            else:
                with contextlib.suppress(ValueError, OSError):
                    self._zip.close()
        finally:
            self._file.close()
            self._draft.unlink(missing_ok=True)

    @contextlib.contextmanager
    def lines(self, name: str) -> Iterator[LineWriter]:
        """A member of JSON lines, to be written page by page."""
        with self._zip.open(name, "w", force_zip64=True) as member:
            yield LineWriter(member)

    def add_json(self, name: str, value: object) -> None:
        """A member that is one JSON document."""
        self._zip.writestr(name, msgspec.json.format(msgspec.json.encode(value), indent=2))

    def add_file(self, name: str, path: Path) -> None:
        """A member that is a copy of a file; images and videos are not compressed again.

        Raises:
            FileNotFoundError: it is gone.
        """
        self._zip.write(path, name, compress_type=zipfile.ZIP_STORED)


class LineWriter:
    """Writes values as JSON, one a line."""

    def __init__(self, member: IO[bytes]) -> None:
        self._member = member
        self._encoder = msgspec.json.Encoder()

    def write(self, values: Sequence[object]) -> None:
        self._member.write(self._encoder.encode_lines(values))
