"""A page for each alert: what it means, what to look at, what helps."""

from __future__ import annotations

from typing import Final

from tools.observability.alert import Alert
from tools.observability.rules import ALERTS, NOTE

_SEVERITY: Final = {
    "page": "wakes somebody",
    "ticket": "waits for working hours",
}


def runbook_pages() -> dict[str, str]:
    """File name -> Markdown, of docs/runbooks."""
    return {"README.md": _list(), **{f"{alert.page}.md": _page(alert) for alert in ALERTS}}


def _list() -> str:
    lines = [
        f"<!-- {NOTE} -->",
        "# Runbooks",
        "",
        f"One page for each of the {len(ALERTS)} alerts of `deploy/prometheus/rules`. *page* wakes somebody,",
        "*ticket* waits for working hours. Each alert has tests: `promtool test rules deploy/prometheus/tests/*.yml`.",
        "",
        "| Alert | Severity | Says |",
        "|---|---|---|",
        *(f"| [{a.name}]({a.page}.md) | {a.severity} | {_plain(a.summary)} |" for a in ALERTS),
    ]
    return "\n".join(lines) + "\n"


def _page(alert: Alert) -> str:
    lasting = f" for {alert.lasting}" if alert.lasting != "0m" else ""
    lines = [
        f"<!-- {NOTE} -->",
        f"# {alert.name}",
        "",
        f"{_plain(alert.summary)} Severity: {alert.severity} ({_SEVERITY[alert.severity]}).",
        "",
        "## What users notice",
        alert.impact,
        "",
        "## Look at",
        *(f"{n}. {step}" for n, step in enumerate(alert.check, 1)),
        "",
        "## What helps",
        *(f"- {step}" for step in alert.mend),
        "",
        f"## Fires when this holds{lasting}",
        "```promql",
        alert.expr,
        "```",
    ]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    return text.replace("{{ $labels.", "*").replace(" }}", "*")
