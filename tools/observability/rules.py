"""Rule files for Prometheus and test files for promtool, from the declared alerts."""

from __future__ import annotations

from typing import Any, Final

import yaml

from tools.observability.alert import Alert
from tools.observability.alerts_events import EVENT_ALERTS
from tools.observability.alerts_parts import PART_ALERTS
from tools.observability.alerts_shop import SHOP_ALERTS
from tools.observability.alerts_surroundings import SURROUNDING_ALERTS
from tools.observability.slos import SLOS

NOTE: Final = "Made by `python -m tools.observability`; do not edit."
ALERTS: Final[tuple[Alert, ...]] = (
    *(alert for slo in SLOS for alert in slo.alerts()),
    *EVENT_ALERTS,
    *SHOP_ALERTS,
    *PART_ALERTS,
    *SURROUNDING_ALERTS,
)


def groups() -> dict[str, list[Alert]]:
    """The alerts by group, in the order they are declared."""
    found: dict[str, list[Alert]] = {}
    for alert in ALERTS:
        found.setdefault(alert.group, []).append(alert)
    return found


def rule_files() -> dict[str, str]:
    """File name -> content, of deploy/prometheus/rules: one for each group."""
    recording: dict[str, list[dict[str, Any]]] = {
        f"slo_{slo.slug}": [*slo.before, *slo.recording_rules()] for slo in SLOS
    }
    files: dict[str, str] = {}
    for name, alerts in groups().items():
        made = [{"name": name, "rules": [alert.rule() for alert in alerts]}]
        if name in recording:
            made.insert(0, {"name": f"{name}_recorded", "rules": recording[name]})
        files[f"{name}.yml"] = _yaml({"groups": made})
    return files


def test_files() -> dict[str, str]:
    """File name -> content, of deploy/prometheus/tests: one for each group."""
    return {
        f"{name}.yml": _yaml(
            {
                "rule_files": [f"../rules/{name}.yml"],
                "evaluation_interval": "1m",
                "tests": [test for alert in alerts for test in alert.tests()],
            }
        )
        for name, alerts in groups().items()
    }


def _yaml(content: dict[str, Any]) -> str:
    text: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    return f"# {NOTE}\n{text}"
