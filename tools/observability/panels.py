"""Grafana dashboards from small declarations: a panel is a title, a meaning, a unit and its queries."""

from __future__ import annotations

import json
from typing import Any, Final, Literal

import msgspec

Kind = Literal["timeseries", "stat", "gauge", "bargauge", "heatmap"]

PROMETHEUS: Final = {"type": "prometheus", "uid": "prometheus"}
LOKI: Final = {"type": "loki", "uid": "loki"}
_WIDTH: Final = 24
_NOTE: Final = "Made by `python -m tools.observability`; edit tools/observability, not this."


class Query(msgspec.Struct, frozen=True):
    """One line of a panel: a PromQL expression and how its series are called."""

    expr: str
    legend: str = ""


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """Attributes:
    unit: Grafana's name of it (`s`, `reqps`, `percentunit`, `bytes`, `short`, ...).
    exemplars: show exemplars, which lead to traces.
    limit: where the value turns red; None where there is no such value.
    """

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    kind: Kind = "timeseries"
    width: int = 8
    height: int = 7
    exemplars: bool = False
    limit: float | None = None
    stacked: bool = False

    def as_json(self, number: int, x: int, y: int) -> dict[str, Any]:
        steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
        if self.limit is not None:
            steps.append({"color": "red", "value": self.limit})
        custom: dict[str, Any] = {}
        if self.kind == "timeseries":
            custom = {"fillOpacity": 8, "showPoints": "never", "lineWidth": 1}
            if self.stacked:
                custom |= {"stacking": {"mode": "normal"}, "fillOpacity": 25}
            if self.limit is not None:
                custom["thresholdsStyle"] = {"mode": "line"}
        panel: dict[str, Any] = {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": PROMETHEUS,
            "gridPos": {"h": self.height, "w": self.width, "x": x, "y": y},
            "fieldConfig": {
                "defaults": {
                    "unit": self.unit,
                    "min": 0,
                    "thresholds": {"mode": "absolute", "steps": steps},
                    "custom": custom,
                },
                "overrides": [],
            },
            "targets": [
                {
                    "refId": chr(ord("A") + index),
                    "datasource": PROMETHEUS,
                    "expr": query.expr,
                    "legendFormat": query.legend or "__auto",
                    "exemplar": self.exemplars,
                    **({"format": "heatmap"} if self.kind == "heatmap" else {}),
                }
                for index, query in enumerate(self.queries)
            ],
        }
        if self.kind == "timeseries":
            panel["options"] = {
                "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
                "tooltip": {"mode": "multi", "sort": "desc"},
            }
        return panel


class Dashboard(msgspec.Struct, frozen=True, kw_only=True):
    """One page of panels, laid out from left to right, a new row where no room is left."""

    uid: str
    title: str
    description: str
    panels: tuple[Panel, ...]

    def as_json(self) -> str:
        laid: list[dict[str, Any]] = []
        x = y = row = 0
        for number, panel in enumerate(self.panels, 1):
            if x + panel.width > _WIDTH:
                x, y, row = 0, y + row, 0
            laid.append(panel.as_json(number, x, y))
            x, row = x + panel.width, max(row, panel.height)
        page = {
            "uid": self.uid,
            "title": self.title,
            "description": f"{self.description} {_NOTE}",
            "tags": ["rustok"],
            "timezone": "browser",
            "editable": False,
            "graphTooltip": 1,
            "refresh": "30s",
            "time": {"from": "now-1h", "to": "now"},
            "schemaVersion": 39,
            "templating": {"list": []},
            "links": [
                {
                    "title": "RusToK",
                    "type": "dashboards",
                    "tags": ["rustok"],
                    "asDropdown": True,
                    "includeVars": True,
                    "keepTime": True,
                }
            ],
            "panels": laid,
        }
        return json.dumps(page, indent=1, ensure_ascii=False) + "\n"


def rate(metric: str, by: str = "", selector: str = "") -> str:
    """Per second, summed over what `by` does not name."""
    grouped = f" by ({by})" if by else ""
    return f"sum{grouped} (rate({metric}{selector}[$__rate_interval]))"


def share(part: str, whole: str) -> str:
    """`part` of `whole`; 0 where there is none of it, nothing where there is no whole."""
    return f"({part} or vector(0)) / {whole}"


def quantile(share_of: float, metric: str, by: str = "", selector: str = "") -> str:
    """A quantile of a histogram, in its unit."""
    grouped = f"{by}, le" if by else "le"
    buckets = f"sum by ({grouped}) (rate({metric}_bucket{selector}[$__rate_interval]))"
    return f"histogram_quantile({share_of}, {buckets})"


def quantiles(metric: str, selector: str = "") -> tuple[Query, ...]:
    """Median, 95th and 99th percentile."""
    return tuple(
        Query(quantile(q, metric, selector=selector), f"p{round(q * 100)}")
        for q in (0.5, 0.95, 0.99)
    )
