"""A ZIP file that is there whole or not at all: written beside its place, moved there at the end.

It refuses to replace a file unless told to, and lets nobody but its owner read it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self, TypeVar

import click
import msgspec

Command = TypeVar("Command", bound=Callable[..., object])


def target_options(about: str) -> Callable[[Command], Command]:
    """The options of a command that writes an `Archive`: --to, explained by `about`, and --overwrite."""

    def add(command: Command) -> Command:
        overwrite = click.option(
            "--overwrite", is_flag=True, help="Replace the file if it is there."
        )
        place = click.Path(path_type=Path, dir_okay=False)
        return click.option("--to", "file", type=place, required=True, help=about)(
            overwrite(command)
        )

    return add


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

    def add_json(self, name: str, value: object) -> bytes:
        """A member that is one JSON document; its bytes."""
        data = msgspec.json.format(msgspec.json.encode(value), indent=2)
        self._zip.writestr(name, data)
        return data

    def add_stored(self, name: str, content: bytes) -> None:
        """A member that is not compressed: pictures and videos are already."""
        self._zip.writestr(name, content, compress_type=zipfile.ZIP_STORED)

    def add_file(self, name: str, path: Path) -> None:
        """A member that is a copy of a file; images and videos are not compressed again.

        Raises:
            FileNotFoundError: it is gone.
        """
        self._zip.write(path, name, compress_type=zipfile.ZIP_STORED)


class LineWriter:
    """Writes values as JSON, one a line; counts and digests what it wrote.

    Attributes:
        lines, size_bytes: so far.
    """

    def __init__(self, member: IO[bytes]) -> None:
        self._member = member
        self._encoder = msgspec.json.Encoder()
        self._digest = hashlib.sha256()
        self.lines = 0
        self.size_bytes = 0

    def write(self, values: Sequence[object]) -> None:
        data = self._encoder.encode_lines(values)
        self._member.write(data)
        self._digest.update(data)
        self.lines += len(values)
        self.size_bytes += len(data)

    @property
    def sha256(self) -> str:
        """Of all that was written so far, uncompressed."""
        return self._digest.hexdigest()
