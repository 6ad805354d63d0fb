"""Bounded, streaming reading of XML records with their line numbers.

Refuses DTDs, entities and external references (CWE-611, CWE-776), deep nesting and records beyond
the limits. Characters XML forbids are dropped and bytes that are not of the encoding replaced,
because real exports have both.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol, cast
from xml.etree.ElementTree import ParseError

import msgspec
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from rustok.importers.errors import ImportFileRefused
from rustok.importers.reading import open_regular

_CHUNK_BYTES: Final = 65_536
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_ENCODING = re.compile(
    rb"""^(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.-]{1,40})["']"""
)
_ENCODINGS: Final = re.compile(
    r"^(utf-?8|us-?ascii|utf-?16(le|be)?|iso-?8859-\d{1,2}|windows-125\d|cp125\d|koi8-[ru])$"
)


class XmlLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on one XML file."""

    max_file_bytes: int = 1024 * 1024 * 1024
    max_record_chars: int = 32 * 1024 * 1024
    max_record_elements: int = 200_000
    max_depth: int = 16


DEFAULT_XML_LIMITS: Final = XmlLimits()


class XmlElement(msgspec.Struct, kw_only=True):
    """An element: its tag as `{namespace}name`, its own text, its children and its line."""

    tag: str
    attributes: dict[str, str]
    line: int
    text: str = ""
    children: list[XmlElement] = msgspec.field(default_factory=list)


class XmlRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A child of the root's container, complete, with the bytes read so far."""

    element: XmlElement
    bytes_read: int


class _Expat(Protocol):
    CurrentLineNumber: int


class _Records:
    """A parser target that keeps finished records and forgets everything else."""

    def __init__(self, container: str, root: str, limits: XmlLimits) -> None:
        self._path, self._limits = (root, container), limits
        self._open: list[XmlElement] = []
        self._texts: list[list[str]] = []
        self._chars = self._elements = self._depth = 0
        self.expat: _Expat | None = None
        self.finished: list[XmlElement] = []
        self.root_tag: str | None = None

    @property
    def line(self) -> int:
        return self.expat.CurrentLineNumber if self.expat is not None else 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth <= len(self._path):
            if tag != self._path[self._depth - 1]:
                raise ImportFileRefused(
                    f"Expected <{self._path[self._depth - 1]}> in line {self.line}, found <{tag}>.",
                    reason="wrong_format",
                    line=self.line,
                )
            return
        self._elements += 1
        if (
            self._depth > self._limits.max_depth
            or self._elements > self._limits.max_record_elements
        ):
            raise ImportFileRefused(
                f"The XML is nested too deep or has too many elements in line {self.line}.",
                reason="record_too_big",
                line=self.line,
            )
        element = XmlElement(tag=tag, attributes=attributes, line=self.line)
        if self._open:
            self._open[-1].children.append(element)
        self._open.append(element)
        self._texts.append([])

    def data(self, text: str) -> None:
        if not self._open:
            return
        self._chars += len(text)
        if self._chars > self._limits.max_record_chars:
            raise ImportFileRefused(
                f"The record that reaches line {self.line} has more than "
                f"{self._limits.max_record_chars} characters.",
                reason="record_too_big",
                line=self.line,
            )
        self._texts[-1].append(text)

    def end(self, _tag: str) -> None:
        self._depth -= 1
        if not self._open:
            return
        element = self._open.pop()
        element.text = "".join(self._texts.pop())
        if not self._open:
            self.finished.append(element)
            self._chars = self._elements = 0

    def close(self) -> None:
        """Nothing is left to hand over."""


class XmlFile:
    """An XML file read record by record.

    Attributes:
        replaced_line: the first line from which bytes or characters were dropped or replaced.
        malformed_line: the line at which reading had to stop; the records before it stand.
        malformed_reason: what the parser said there.
    """

    def __init__(
        self, path: Path, *, root: str, container: str, limits: XmlLimits = DEFAULT_XML_LIMITS
    ) -> None:
        self._path, self._root, self._container, self._limits = path, root, container, limits
        self.bytes_total = 0
        self.replaced_line: int | None = None
        self.malformed_line: int | None = None
        self.malformed_reason = ""

    def records(self) -> Iterator[XmlRecord]:
        """Every child of `<root><container>`, in file order.

        Raises:
            ImportFileRefused: not a regular file, too big, another format, or a DTD or entity.
        """
        handle, self.bytes_total = open_regular(self._path, max_bytes=self._limits.max_file_bytes)
        target = _Records(self._container, self._root, self._limits)
        parser = DefusedXMLParser(
            target=target, forbid_dtd=True, forbid_entities=True, forbid_external=True
        )
        target.expat = cast(_Expat, parser.parser)
        count = 0
        with handle:
            first = handle.read(_CHUNK_BYTES)
            decoder = codecs.getincrementaldecoder(_encoding(first))(errors="replace")
            chunk, read = first, len(first)
            while True:
                text = decoder.decode(chunk, final=not chunk)
                if read == len(first):
                    text = text.removeprefix("\ufeff").lstrip()
                clean = _FORBIDDEN.sub("", text)
                if self.replaced_line is None and (len(clean) != len(text) or "\ufffd" in clean):
                    self.replaced_line = target.line
                stopped = self._feed(parser, target, clean, final=not chunk)
                for element in target.finished:
                    count += 1
                    yield XmlRecord(element=element, bytes_read=read)
                target.finished.clear()
                if stopped or not chunk:
                    break
                chunk = handle.read(_CHUNK_BYTES)
                read += len(chunk)
        if self.malformed_line is not None and count == 0:
            raise ImportFileRefused(
                f"Line {self.malformed_line} is not well-formed XML: {self.malformed_reason}.",
                reason="malformed",
                line=self.malformed_line,
            )

    def _feed(self, parser: DefusedXMLParser, target: _Records, text: str, *, final: bool) -> bool:
        try:
            parser.feed(text)
            if final:
                parser.close()
        except ParseError as error:
            self.malformed_line = error.position[0]
            self.malformed_reason = str(error)
            return True
        except DefusedXmlException as error:
            raise ImportFileRefused(
                f"The XML declares a DTD or an entity in line {target.line}; that is refused.",
                reason="forbidden_xml",
                line=target.line,
            ) from error
        return False


def _encoding(start: bytes) -> str:
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    declared = _ENCODING.match(start)
    if declared is None:
        return "utf-8"
    name = declared.group(1).decode("ascii").lower()
    if not _ENCODINGS.match(name):
        raise ImportFileRefused(
            f"The encoding {name!r} is not supported; save the file as UTF-8.",
            reason="encoding",
            line=1,
        )
    # A declaration of UTF-16 that could be read as single bytes is wrong about itself.
    return "utf-8" if name.startswith("utf") else name
