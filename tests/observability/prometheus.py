"""A real Prometheus that scrapes processes of the test by the deployment's rules."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.chaos.server_process import free_port
from tools.observability.rules import rule_files

_DURATION: Final = re.compile(r"(?<![A-Za-z0-9_.])(\d+)([smhd])(?![A-Za-z0-9_])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def compressed(rules: str, factor: int) -> str:
    """The rules with every duration divided by `factor` (at least 4 s): an hour becomes a minute.

    Names of recording rules keep their words; the windows behind them are the shorter ones.
    """

    def shorter(match: re.Match[str]) -> str:
        seconds = int(match[1]) * _SECONDS[match[2]]
        return "0s" if seconds == 0 else f"{max(4, seconds // factor)}s"

    lines = []
    for line in rules.splitlines():
        is_rule = not line.strip().startswith(("summary:", "impact:", "runbook_url:", "- record:"))
        lines.append(_DURATION.sub(shorter, line) if is_rule else line)
    return "\n".join(lines) + "\n"


def program() -> str:
    """Prometheus; the test skips, and fails in CI, where it is not installed."""
    found = shutil.which("prometheus")
    if found is None:
        why = "prometheus is not installed (Debian: apt-get install prometheus)"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    return found


class Prometheus:
    """Args:
    folder: for its configuration and data.
    targets: job -> host:port.
    factor: 1 takes the rules as they are; more compresses their times.
    """

    def __init__(self, folder: Path, targets: Mapping[str, str], *, factor: int = 1) -> None:
        self._folder = folder
        self.url = f"http://127.0.0.1:{free_port()}"
        self._process: subprocess.Popen[bytes] | None = None
        self._client = httpx.Client(base_url=self.url, timeout=20)
        (folder / "rules").mkdir(parents=True, exist_ok=True)
        for name, text in rule_files().items():
            (folder / "rules" / name).write_text(
                text if factor == 1 else compressed(text, factor), "utf-8"
            )
        jobs = [
            {"job_name": job, "static_configs": [{"targets": [target]}]}
            for job, target in targets.items()
        ]
        configuration = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": ["rules/*.yml"],
            "scrape_configs": jobs,
        }
        (folder / "prometheus.yml").write_text(json.dumps(configuration), "utf-8")

    def start(self) -> None:
        with (self._folder / "prometheus.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    program(),
                    f"--config.file={self._folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={self._folder / 'data'}",
                    f"--web.listen-address={self.url.removeprefix('http://')}",
                    "--enable-feature=exemplar-storage",
                ],
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                if self._client.get("/-/ready").status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.1)
        raise AssertionError((self._folder / "prometheus.log").read_text()[-2_000:])

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
        self._client.close()

    def _get(self, path: str, **params: str) -> Any:
        answer = self._client.get(f"/api/v1/{path}", params=params)
        body = answer.json()
        if body.get("status") != "success":
            raise AssertionError(f"{params}: {body.get('error')}")
        return body["data"]

    def query(self, expr: str) -> list[dict[str, Any]]:
        """The series of an expression now; a value that is no number is none."""
        found: list[dict[str, Any]] = self._get("query", query=expr)["result"]
        return [one for one in found if one["value"][1] != "NaN"]

    def firing(self) -> dict[str, list[dict[str, str]]]:
        """Alert -> labels of those that fire now."""
        found: dict[str, list[dict[str, str]]] = {}
        for alert in self._get("alerts")["alerts"]:
            if alert["state"] == "firing":
                found.setdefault(alert["labels"]["alertname"], []).append(alert["labels"])
        return found

    def rules(self) -> list[dict[str, Any]]:
        """Every rule with its health and last error."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def series(self) -> int:
        """How many series of ours there are."""
        return len(self.query('count({__name__=~"rustok_.*"}) by (__name__)'))
