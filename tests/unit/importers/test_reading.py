"""Reading CSV: physical lines, encodings, delimiters, bounds; one bad row costs one row."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rustok.importers.errors import ImportFileRefused
from rustok.importers.reading import CsvFile, Limits


def written(folder: Path, content: bytes | str) -> Path:
    path = folder / "file.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rows_of(path: Path, limits: Limits | None = None) -> list[tuple[int, tuple[str, ...] | None]]:
    return [(row.line, row.cells) for row in CsvFile(path, limits=limits or Limits()).rows()]


def test_a_row_after_a_quoted_newline_keeps_its_physical_line(tmp_path: Path) -> None:
    path = written(tmp_path, 'a,b\n1,"x\ny\nz"\n\n2,w\n')
    assert rows_of(path) == [(2, ("1", "x\ny\nz")), (6, ("2", "w"))]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_the_delimiter_is_found_in_the_header(tmp_path: Path, mark: str) -> None:
    path = written(tmp_path, f'a{mark}"b,;{mark}"{mark}c\n1{mark}2{mark}3\n')
    assert rows_of(path) == [(2, ("1", "2", "3"))]


def test_excels_sep_line_names_the_delimiter(tmp_path: Path) -> None:
    path = written(tmp_path, "sep=|\r\na|b\r\n1|2\r\n")
    assert rows_of(path) == [(3, ("1", "2"))]


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    assert CsvFile(written(tmp_path, b"\xef\xbb\xbfHandle,b\n1,2\n")).header == ("Handle", "b")


def test_a_line_that_is_not_utf8_is_read_as_windows_1252_and_reported_once(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b\né,1\n".encode() + "café,€\nnoël,3\n".encode("cp1252"))
    rows = list(CsvFile(path).rows())
    assert [row.cells for row in rows if row.cells] == [
        ("é", "1"),
        ("café", "€"),
        ("noël", "3"),
    ]
    notes = [row.issue for row in rows if row.issue]
    assert [(note.code, note.row) for note in notes] == [("encoding_fallback", 3)]


def test_utf16_and_old_mac_line_ends_are_read(tmp_path: Path) -> None:
    assert rows_of(written(tmp_path, "a,b\nä,2\n".encode("utf-16"))) == [(2, ("ä", "2"))]
    assert rows_of(written(tmp_path, b"a,b\r1,2\r3,4\r")) == [(2, ("1", "2")), (3, ("3", "4"))]


def test_short_rows_are_padded_and_trailing_empty_cells_dropped(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b,c\n1\n1,2,3,,\n")
    assert rows_of(path) == [(2, ("1", "", "")), (3, ("1", "2", "3"))]


def test_a_row_with_too_many_cells_costs_only_itself(tmp_path: Path) -> None:
    rows = list(CsvFile(written(tmp_path, "a,b\n1,2,3\n4,5\n")).rows())
    assert [row.cells for row in rows] == [None, ("4", "5")]
    assert rows[0].issue is not None
    assert (rows[0].issue.code, rows[0].issue.row) == ("too_many_cells", 2)


def test_a_quote_that_is_never_closed_costs_one_line(tmp_path: Path) -> None:
    rows = list(CsvFile(written(tmp_path, 'a,b\n1,"open\n2,x\n3,y\n')).rows())
    assert [(row.line, row.cells) for row in rows] == [
        (2, None),
        (3, ("2", "x")),
        (4, ("3", "y")),
    ]


def test_a_quote_closed_by_a_later_row_costs_one_line(tmp_path: Path) -> None:
    rows = list(CsvFile(written(tmp_path, 'a,b\n1,"open\n2,"x, y"\n3,z\n')).rows())
    assert [row.line for row in rows if row.cells is None] == [2]
    assert [row.cells for row in rows if row.cells] == [("2", "x, y"), ("3", "z")]


def test_a_row_longer_than_the_limit_costs_one_row(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b\n1," + "x" * 5_000 + "\n2,y\n")
    rows = list(CsvFile(path, limits=Limits(max_row_bytes=1_000)).rows())
    assert [(row.line, row.cells) for row in rows] == [(2, None), (3, ("2", "y"))]


def test_a_field_longer_than_the_limit_names_its_column(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b\n1," + "x" * 50 + "\n2,y\n")
    first, second = CsvFile(path, limits=Limits(max_field_chars=10)).rows()
    assert first.issue is not None
    assert (first.issue.code, first.issue.column) == ("field_too_long", "b")
    assert second.cells == ("2", "y")


def test_a_file_of_unreadable_rows_ends_instead_of_crawling(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b\n" + '1,"x\n' * 101 + "z\n")
    with pytest.raises(ImportFileRefused) as refused:
        list(CsvFile(path, limits=Limits(max_row_bytes=6, max_recoveries=5)).rows())
    assert refused.value.reason == "too_many_unreadable_rows"


def test_a_folder_a_pipe_an_absent_an_empty_and_a_big_file_are_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    empty = tmp_path / "empty.csv"
    empty.touch()
    big = written(tmp_path, "a,b\n" * 100)
    reasons = []
    for path in (tmp_path, pipe, tmp_path / "absent.csv", empty, big):
        with pytest.raises(ImportFileRefused) as refused:
            CsvFile(path, limits=Limits(max_file_bytes=100))
        reasons.append(refused.value.reason)
    assert reasons[1:] == ["not_a_file", "missing", "empty", "file_too_big"]
    assert reasons[0] in ("not_a_file", "unreadable")


def test_too_many_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportFileRefused) as refused:
        CsvFile(written(tmp_path, "a,b,c\n"), limits=Limits(max_columns=2))
    assert (refused.value.reason, refused.value.line) == ("too_many_columns", 1)


def test_a_repeated_column_is_reported(tmp_path: Path) -> None:
    notes = CsvFile(written(tmp_path, "a,B,b\n1,2,3\n")).notes
    assert [(note.code, note.column) for note in notes] == [("column_repeated", "b")]


def test_progress_reaches_the_size_of_the_file(tmp_path: Path) -> None:
    file = CsvFile(written(tmp_path, "a,b\n1,2\n3,4\n"))
    assert [row.bytes_read for row in file.rows()] == [8, 12]
    assert file.bytes_total == 12
