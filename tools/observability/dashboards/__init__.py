"""The dashboards: what is on each, in the order people ask. Refuses: Grafana's JSON (`panels` makes it)."""

from __future__ import annotations

from typing import Final

from tools.observability.dashboards.data import DATA
from tools.observability.dashboards.events import EVENTS
from tools.observability.dashboards.platform import PLATFORM
from tools.observability.dashboards.service_levels import SLO
from tools.observability.dashboards.shop import COMMERCE, CONTENT, TENANTS

DASHBOARDS: Final = (PLATFORM, EVENTS, COMMERCE, CONTENT, TENANTS, DATA, SLO)


def dashboard_files() -> dict[str, str]:
    """File name -> JSON, of deploy/grafana/dashboards."""
    return {f"{one.uid}.json": one.as_json() for one in DASHBOARDS}
