"""What was promised, and how fast the error budget burns."""

from __future__ import annotations

from typing import Final

from tools.observability.panels import Dashboard, Panel, Query
from tools.observability.slos import SLOS

SLO: Final = Dashboard(
    uid="rustok-slos",
    title="RusToK: service levels",
    description="What was promised, and how much of the month's error budget burns.",
    panels=tuple(
        panel
        for slo in SLOS
        for panel in (
            Panel(
                title=f"{slo.slug.replace('_', ' ').capitalize()}, last hour",
                description=f"{slo.of}. Objective: {slo.objective}.",
                unit="percentunit",
                kind="stat",
                width=6,
                queries=(Query(f"1 - {slo.record('1h')}", "good"),),
            ),
            Panel(
                title=f"{slo.slug.replace('_', ' ').capitalize()}, burn rate",
                description=(
                    "1 uses the month's budget up in a month, 14.4 in two days: then somebody is woken."
                ),
                unit="short",
                width=18,
                limit=14.4,
                queries=(
                    Query(f"{slo.record('5m')} / {slo.budget}", "5 min"),
                    Query(f"{slo.record('1h')} / {slo.budget}", "1 h"),
                    Query(f"{slo.record('6h')} / {slo.budget}", "6 h"),
                ),
            ),
        )
    ),
)
