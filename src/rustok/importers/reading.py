"""Bounded, streaming reading of CSV files with physical line numbers.

Refuses anything but regular files, and files, rows, fields and headers beyond the limits. A row
that cannot be read costs that row alone: reading goes on at the next physical line.
Source: RFC 4180, and what spreadsheets make of it (BOM, `sep=;`, semicolons, Windows-1252).
"""

from __future__ import annotations

import csv
import io
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from rustok.importers.errors import ImportFileRefused
from rustok.importers.report import Issue

DELIMITERS: Final = (",", ";", "\t")
_SNIFF_BYTES: Final = 65_536
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_SEP_LINE = re.compile(rb"^(?:\xef\xbb\xbf)?sep=(.)\r?\n?$", re.IGNORECASE)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on one file; `max_recoveries` bounds the work spent on rows that cannot be read."""

    max_file_bytes: int = 512 * 1024 * 1024
    max_row_bytes: int = 8 * 1024 * 1024
    max_field_chars: int = 2 * 1024 * 1024
    max_columns: int = 2_000
    max_column_name_chars: int = 500
    max_recoveries: int = 25
    max_converted_bytes: int = 64 * 1024 * 1024


DEFAULT_LIMITS: Final = Limits()


def open_regular(path: Path, *, max_bytes: int) -> tuple[BinaryIO, int]:
    """Open a regular file for reading, never waiting on a pipe or device.

    Returns:
        the open file and its size in bytes.

    Raises:
        ImportFileRefused: no such file, not a regular one, not readable, empty, or too big.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        raise ImportFileRefused(f"There is no file {path.name!r}.", reason="missing") from None
    except (OSError, ValueError) as error:
        raise ImportFileRefused(
            f"The file {path.name!r} cannot be opened: {error}.", reason="unreadable"
        ) from None
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise ImportFileRefused(f"{path.name!r} is not a regular file.", reason="not_a_file")
        if facts.st_size == 0:
            raise ImportFileRefused(f"The file {path.name!r} is empty.", reason="empty")
        if facts.st_size > max_bytes:
            raise ImportFileRefused(
                f"The file {path.name!r} has {facts.st_size} bytes; the limit is {max_bytes}.",
                reason="file_too_big",
            )
        return os.fdopen(descriptor, "rb"), facts.st_size
    except BaseException:
        os.close(descriptor)
        raise


def clean_text(text: str) -> str:
    """The text without control characters (tabs and newlines stay), newlines as `\\n`, trimmed."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub("", unified)).strip()


def one_line(text: str) -> str:
    """The text cleaned, each run of white space a single space."""
    return " ".join(clean_text(text).split())


class CsvRow(msgspec.Struct, frozen=True, kw_only=True):
    """One record: its cells, padded to the header, or None with the issue that cost it."""

    line: int
    cells: tuple[str, ...] | None
    bytes_read: int
    issue: Issue | None = None


class _RowTooLong(Exception):
    """The record being read passed the limit."""


class _Lines:
    """Physical lines of a file as text, knowing where the current record began."""

    def __init__(self, handle: BinaryIO, limits: Limits, *, line: int) -> None:
        self._handle, self._limits = handle, limits
        self.line = line
        self.fallback_line: int | None = None
        self.at_end = False
        self.begin()

    def begin(self) -> None:
        """A new record starts at the next line."""
        self.start_line = self.line + 1
        self.second_line_offset = -1
        self.row_bytes = self.quotes = self.lines_in_row = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        raw = self._handle.readline(self._limits.max_row_bytes + 1)
        if not raw:
            self.at_end = True
            raise StopIteration
        self.line += 1
        self.lines_in_row += 1
        self.row_bytes += len(raw)
        too_long = self.row_bytes > self._limits.max_row_bytes
        while too_long and not raw.endswith(b"\n"):
            raw = self._handle.readline(_SNIFF_BYTES)
            if not raw:
                break
        if self.lines_in_row == 1:
            self.second_line_offset = self._handle.tell()
        if too_long:
            raise _RowTooLong
        self.quotes += raw.count(b'"')
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            self.fallback_line = self.fallback_line or self.line
            return raw.decode("cp1252", errors="replace")

    def rewind(self) -> None:
        """Go on after the first physical line of the current record."""
        self._handle.seek(self.second_line_offset)
        self.line, self.at_end = self.start_line, False

    @property
    def bytes_read(self) -> int:
        return self._handle.tell()


class CsvFile:
    """A CSV file that can be read through as often as needed.

    Attributes:
        header: the column names as the file spells them, trimmed.
        bytes_total: size as read (a file in UTF-16 is converted first).
        notes: remarks on the file as a whole: repeated columns, another encoding.

    Raises:
        ImportFileRefused: see `open_regular`; or no header, or too many columns.
    """

    def __init__(self, path: Path, *, limits: Limits = DEFAULT_LIMITS) -> None:
        self._path, self._limits = path, limits
        self.notes: list[Issue] = []
        # The module's own limit (128 KiB) is under what shops keep in one description.
        csv.field_size_limit(max(csv.field_size_limit(), limits.max_row_bytes))
        with self._open() as handle:
            handle.seek(0, io.SEEK_END)
            self.bytes_total = handle.tell()
            handle.seek(0)
            self.delimiter, lines = self._read_start(handle)
            self.header = self._read_header(lines)
            self._body_offset, self._body_line = lines.bytes_read, lines.line
        self._note_columns()

    def rows(self) -> Iterator[CsvRow]:
        """Every record after the header, blank ones left out, in file order."""
        recoveries = 0
        width = len(self.header)
        with self._open() as handle:
            handle.seek(self._body_offset)
            lines = _Lines(handle, self._limits, line=self._body_line)
            reader = csv.reader(lines, delimiter=self.delimiter)
            fallback_noted = False
            while True:
                lines.begin()
                problem: Issue | None = None
                cells: list[str] = []
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except (_RowTooLong, csv.Error):
                    problem = self._problem(lines, "row_too_long", "The row is too long")
                else:
                    problem = self._check(lines, cells, width)
                if problem is not None and lines.lines_in_row > 1:
                    recoveries += 1
                    if recoveries > self._limits.max_recoveries:
                        raise ImportFileRefused(
                            f"More than {self._limits.max_recoveries} rows cannot be read; the "
                            f"last begins in line {lines.start_line}. Is it a CSV file?",
                            reason="too_many_unreadable_rows",
                            line=lines.start_line,
                        )
                    lines.rewind()
                    reader = csv.reader(lines, delimiter=self.delimiter)
                elif isinstance(problem, Issue) and problem.code == "row_too_long":
                    reader = csv.reader(lines, delimiter=self.delimiter)
                if lines.fallback_line is not None and not fallback_noted:
                    fallback_noted = True
                    yield CsvRow(
                        line=lines.start_line,
                        cells=None,
                        bytes_read=lines.bytes_read,
                        issue=Issue(
                            code="encoding_fallback",
                            message="The line is not UTF-8; it and all like it are read as "
                            "Windows-1252.",
                            severity="warning",
                            row=lines.fallback_line,
                        ),
                    )
                if problem is None and not any(cell.strip() for cell in cells):
                    continue
                padded = (*cells[:width], *[""] * (width - len(cells)))
                yield CsvRow(
                    line=lines.start_line,
                    cells=padded if problem is None else None,
                    bytes_read=lines.bytes_read,
                    issue=problem,
                )

    def _check(self, lines: _Lines, cells: list[str], width: int) -> Issue | None:
        if lines.at_end and lines.lines_in_row > 1 and lines.quotes % 2:
            return self._problem(lines, "quote_open", "A quoted field is never closed")
        if any(cell.strip() for cell in cells[width:]):
            return self._problem(
                lines,
                "too_many_cells",
                f"The row has {len(cells)} cells and the header {width} columns; "
                "is a comma or a quote not quoted",
            )
        for name, cell in zip(self.header, cells, strict=False):
            if len(cell) > self._limits.max_field_chars:
                return Issue(
                    code="field_too_long",
                    message=f"The field has {len(cell)} characters; the limit is "
                    f"{self._limits.max_field_chars}. The row is left out.",
                    severity="error",
                    row=lines.start_line,
                    column=name,
                )
        return None

    def _problem(self, lines: _Lines, code: str, what: str) -> Issue:
        return Issue(
            code=code,
            message=f"{what}? The row is left out."
            if code == "too_many_cells"
            else f"{what}; is a quote not closed? The row is left out.",
            severity="error",
            row=lines.start_line,
        )

    def _open(self) -> BinaryIO:
        handle, size = open_regular(self._path, max_bytes=self._limits.max_file_bytes)
        start = handle.read(_SNIFF_BYTES)
        handle.seek(0)
        is_utf16 = start[:2] in (b"\xff\xfe", b"\xfe\xff")
        if not is_utf16 and (b"\r" not in start or b"\n" in start):
            return handle
        with handle:
            if size > self._limits.max_converted_bytes:
                raise ImportFileRefused(
                    "A file in UTF-16 or with old Mac line ends must be under "
                    f"{self._limits.max_converted_bytes} bytes; save it as UTF-8.",
                    reason="encoding",
                )
            content = handle.read()
        if is_utf16:
            content = content.decode("utf-16", errors="replace").encode()
        return io.BytesIO(content if b"\n" in content else content.replace(b"\r", b"\n"))

    def _read_start(self, handle: BinaryIO) -> tuple[str, _Lines]:
        first = handle.readline(self._limits.max_row_bytes)
        hint = _SEP_LINE.match(first)
        if hint is not None:
            return hint.group(1).decode("latin-1"), _Lines(handle, self._limits, line=1)
        handle.seek(3 if first.startswith(b"\xef\xbb\xbf") else 0)
        unquoted = re.sub(rb'"[^"]*"', b"", first)
        # max() keeps the first of equals: a single column is taken as comma separated.
        delimiter = max(DELIMITERS, key=lambda mark: unquoted.count(mark.encode()))
        return delimiter, _Lines(handle, self._limits, line=0)

    def _read_header(self, lines: _Lines) -> tuple[str, ...]:
        reader = csv.reader(lines, delimiter=self.delimiter)
        try:
            cells = next((row for row in reader if any(cell.strip() for cell in row)), None)
        except (_RowTooLong, csv.Error):
            cells = None
        if cells is None:
            raise ImportFileRefused("The file has no header line.", reason="no_header", line=1)
        names = [one_line(cell) for cell in cells]
        while names and not names[-1]:
            names.pop()
        if len(names) > self._limits.max_columns:
            raise ImportFileRefused(
                f"The header has {len(names)} columns; the limit is {self._limits.max_columns}.",
                reason="too_many_columns",
                line=lines.line,
            )
        if any(len(name) > self._limits.max_column_name_chars for name in names):
            raise ImportFileRefused(
                "The header has a name of more than "
                f"{self._limits.max_column_name_chars} characters; is it a CSV file?",
                reason="header_too_long",
                line=lines.line,
            )
        return tuple(names)

    def _note_columns(self) -> None:
        seen: set[str] = set()
        for name in self.header:
            if name and name.casefold() in seen:
                self.notes.append(
                    Issue(
                        code="column_repeated",
                        message="The column is there twice; the first one is read.",
                        severity="warning",
                        row=self._body_line,
                        column=name,
                    )
                )
            seen.add(name.casefold())
