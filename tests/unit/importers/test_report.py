"""The report: counts per outcome, issues by row, bounded, as JSON and as text."""

from __future__ import annotations

import msgspec

from rustok.importers.report import ImportReport, Issue, Parsed, Progress


def issue(row: int | None) -> Issue:
    return Issue(
        code="price_unreadable", message="No amount.", severity="error", row=row, column="Price"
    )


def test_the_text_names_row_and_column_in_the_order_of_the_file() -> None:
    report = ImportReport(source="shop.csv", dry_run=True)
    report.record("product", "created")
    report.record("product", "unchanged")
    report.note([issue(9), issue(3), issue(None)])
    lines = report.to_text().splitlines()
    assert lines[0] == "Import from shop.csv (dry run: nothing was written)"
    assert lines[2].split() == ["product", "1", "0", "1", "0", "0"]
    assert lines[3] == "3 errors, 0 warnings, 0 remarks"
    assert lines[4:] == [
        "error    file, Price: No amount. [price_unreadable]",
        "error    line 3, Price: No amount. [price_unreadable]",
        "error    line 9, Price: No amount. [price_unreadable]",
    ]


def test_the_json_has_every_outcome_and_says_what_was_dropped() -> None:
    report = ImportReport(source="shop.csv", max_issues=1)
    report.note([issue(1), issue(2)])
    report.record("product", "failed")
    assert report.total("failed") == 1
    decoded = msgspec.json.decode(report.to_json())
    assert decoded["counts"]["product"] == {
        "created": 0,
        "updated": 0,
        "unchanged": 0,
        "skipped": 0,
        "failed": 1,
    }
    assert (decoded["issues_dropped"], len(decoded["issues"])) == (1, 1)
    assert decoded["severities"]["error"] == 2


def test_a_step_the_parser_settled_is_counted() -> None:
    report = ImportReport(source="x")
    progress = Progress(bytes_read=5, bytes_total=10)
    step: Parsed[object] = Parsed(
        index=0,
        kind="product",
        source_id="a",
        draft=None,
        outcome="failed",
        issues=(issue(4),),
        progress=progress,
    )
    report.take(step)
    assert (report.total("failed"), len(report.issues), progress.fraction) == (1, 1, 0.5)
    assert "Nothing was found" in ImportReport(source="x").to_text()
