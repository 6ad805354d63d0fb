"""The page of all metrics, for `tools.generate_reference_docs`: type, labels, meaning, how they add up."""

from __future__ import annotations

from typing import Final

from rustok.telemetry import metrics
from rustok.telemetry.process import process_metrics

_HEAD: Final = """# Metrics

How to get and read them: [the guide on metrics](../guides/metrics.md).

Counters and histograms of several processes add up. Of a gauge, `sum` says that each process has its part (write
`sum(...)`), `max` that all look at one thing (write `max(...)`). No label holds an id or a raw address; a tenant
only where `telemetry.top_tenants` names the heaviest.

| Name | Type | Labels | Across processes | Meaning |
|---|---|---|---|---|
"""


def rows() -> list[str]:
    """One table row for each metric, by name."""
    found = sorted([*metrics.REGISTRY.snapshot(), *process_metrics()], key=lambda one: one.name)
    lines: list[str] = []
    for family in found:
        across = "max" if family.kind == "gauge" and family.across == "largest" else "sum"
        labels = ", ".join(f"`{name}`" for name in family.label_names)
        lines.append(f"| `{family.name}` | {family.kind} | {labels} | {across} | {family.text} |")
    return lines


def page() -> str:
    """The whole page."""
    return _HEAD + "\n".join(rows()) + "\n"
