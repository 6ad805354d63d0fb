"""Writes rules, their tests, runbooks and dashboards; `--check` fails when a file is not current."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from tools.observability.dashboards import DASHBOARDS, dashboard_files
from tools.observability.rules import ALERTS, rule_files, test_files
from tools.observability.runbooks import runbook_pages
from tools.observability.slos import SLOS

ROOT: Final = Path(__file__).parents[2]


def files() -> dict[Path, str]:
    """Every generated file with its content."""
    folders = {
        ROOT / "deploy" / "prometheus" / "rules": rule_files(),
        ROOT / "deploy" / "prometheus" / "tests": test_files(),
        ROOT / "deploy" / "grafana" / "dashboards": dashboard_files(),
        ROOT / "docs" / "runbooks": runbook_pages(),
    }
    return {folder / name: text for folder, made in folders.items() for name, text in made.items()}


def stale() -> list[Path]:
    """Files that are missing, differ, or belong to no declaration any more."""
    wanted = files()
    there = {path for folder in {p.parent for p in wanted} for path in folder.glob("*.*")}
    return sorted(
        path
        for path in wanted.keys() | there
        if path not in wanted or not path.is_file() or path.read_text("utf-8") != wanted[path]
    )


def count() -> str:
    """How many of each there are."""
    cases = sum(len(alert.fires) + len(alert.silent) for alert in ALERTS)
    recording = sum(len([*slo.before, *slo.recording_rules()]) for slo in SLOS)
    panels = [panel for board in DASHBOARDS for panel in board.panels]
    queries = sum(len(panel.queries) for panel in panels)
    return (
        f"{len(ALERTS)} alerts with {cases} cases for promtool, {recording} recording rules; "
        f"{len(DASHBOARDS)} dashboards, {len(panels)} panels, {queries} queries"
    )


def main() -> int:
    old = stale()
    if "--check" in sys.argv:
        for path in old:
            print(f"{path.relative_to(ROOT)} is not current; run python -m tools.observability")
        print(count())
        return 1 if old else 0
    wanted = files()
    for path in old:
        if path in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path], "utf-8")
        else:
            path.unlink()
    print(f"{len(wanted)} files, {len(old)} changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
