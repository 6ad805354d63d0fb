"""Alerts, dashboards and the observability stack: current, complete, about metrics that exist."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from rustok.server.settings import known_keys
from rustok.telemetry import metrics
from tools.observability.__main__ import stale
from tools.observability.dashboards import DASHBOARDS
from tools.observability.dashboards.platform import PLATFORM
from tools.observability.rules import ALERTS

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus" / "rules"
NAME = re.compile(r"\brustok_[a-z_]+")


def exposed() -> set[str]:
    """Names of samples this program exposes, whether anything was counted or not."""
    text = metrics.render()[0].decode()
    families = re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)
    names = set()
    for name, kind in families:
        suffixes = ("_bucket", "_count", "_sum") if kind == "histogram" else ("",)
        names |= {name + suffix for suffix in suffixes}
    return names


def compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(
        (DEPLOY / "docker-compose.observability.yml").read_text("utf-8")
    )
    return content


def test_generated_files_are_current() -> None:
    assert stale() == []


def test_there_are_forty_alerts_and_each_is_tested_both_ways() -> None:
    assert len(ALERTS) >= 40
    assert len({alert.name for alert in ALERTS}) == len(ALERTS)
    for alert in ALERTS:
        assert alert.fires, alert.name
        assert alert.silent, alert.name
        for text in (alert.summary, alert.impact, *alert.check, *alert.mend):
            assert len(text) > 5, alert.name


def test_every_alert_and_panel_asks_for_metrics_that_are_exposed() -> None:
    known = exposed()
    asked = {alert.name: alert.expr for alert in ALERTS} | {
        f"{board.title}, {panel.title}": query.expr
        for board in DASHBOARDS
        for panel in board.panels
        for query in panel.queries
    }
    unknown = {(where, name) for where, expr in asked.items() for name in NAME.findall(expr)}
    assert {(where, name) for where, name in unknown if name not in known} == set()


def test_every_panel_has_a_unit_a_description_and_a_query() -> None:
    assert len(PLATFORM.panels) >= 13
    for board in DASHBOARDS:
        page = json.loads(board.as_json())
        for panel in page["panels"]:
            assert panel["description"], panel["title"]
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
            assert panel["targets"], panel["title"]
            assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24


def test_the_stack_sets_only_settings_that_exist() -> None:
    keys = {
        name.removeprefix("RUSTOK_").lower().replace("__", ".")
        for service in compose()["services"].values()
        for name in service.get("environment") or {}
        if name.startswith("RUSTOK_")
    }
    assert keys
    assert keys <= set(known_keys())


def test_images_are_pinned_and_mounted_files_exist() -> None:
    for name, service in compose()["services"].items():
        image = service.get("image")
        if image is not None:
            assert re.search(r":v?\d+\.\d+\.\d+$", image), f"{name}: {image}"
        for volume in service.get("volumes") or []:
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (DEPLOY / source).exists(), f"{name}: {source}"


def promtool(*arguments: str) -> str:
    """What promtool prints; the test skips, and fails in CI, where it is not installed."""
    program = shutil.which("promtool")
    if program is None:
        why = "promtool is not installed (Debian: apt-get install prometheus)"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    done = subprocess.run(
        [program, *arguments], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_accepts_the_rules() -> None:
    promtool("check", "rules", *map(str, sorted(RULES.glob("*.yml"))))


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    "file", sorted((DEPLOY / "prometheus" / "tests").glob("*.yml")), ids=lambda path: path.stem
)
def test_each_alert_fires_when_it_should_and_is_silent_when_it_should(file: Path) -> None:
    promtool("test", "rules", str(file))
