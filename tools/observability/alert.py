"""What an alert is: when it fires, what it means for people, and series that prove both."""

from __future__ import annotations

import re
from typing import Any, Final, Literal

import msgspec

Severity = Literal["page", "ticket"]
"""page: somebody is woken; ticket: somebody looks at it in working hours."""

RUNBOOKS: Final = "https://rustok.example/runbooks"
_LABEL: Final = re.compile(r"\{\{ \$labels\.([a-z_]+) \}\}")


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """Series of a promtool test, one value a minute, and the moment to look.

    Attributes:
        series: selector -> values in promtool's notation (`0+10x60`: 61 values, each 10 more).
        at: when the alert is asked for, such as `30m`.
        labels: labels the firing alert has beside its severity; empty for a case that must not fire.
    """

    series: dict[str, str]
    at: str = "30m"
    labels: dict[str, str] = msgspec.field(default_factory=dict)


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert with its runbook and its proof.

    Attributes:
        lasting: how long the expression must hold (`for`).
        summary: one line; may hold `{{ $labels.name }}`.
        impact: what users notice.
        check: what to look at first, one step each.
        mend: what helps, one step each.
        fires: series under which it must fire.
        silent: series under which it must not.
    """

    name: str
    group: str
    expr: str
    lasting: str = "0m"
    severity: Severity
    summary: str
    impact: str
    check: tuple[str, ...]
    mend: tuple[str, ...]
    fires: tuple[Case, ...]
    silent: tuple[Case, ...]

    @property
    def page(self) -> str:
        """File name of its runbook, without the ending: `OutboxFull` is `outbox-full`."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", self.name).lower()

    def annotations(self, labels: dict[str, str] | None = None) -> dict[str, str]:
        """What people read; with `labels`, as Prometheus expands it for these."""
        texts = {
            "summary": self.summary,
            "impact": self.impact,
            "runbook_url": f"{RUNBOOKS}/{self.page}/",
        }
        if labels is None:
            return texts
        return {key: _LABEL.sub(lambda m: labels[m[1]], text) for key, text in texts.items()}

    def rule(self) -> dict[str, Any]:
        """The rule as Prometheus reads it."""
        rule: dict[str, Any] = {"alert": self.name, "expr": self.expr}
        if self.lasting != "0m":
            rule["for"] = self.lasting
        return rule | {"labels": {"severity": self.severity}, "annotations": self.annotations()}

    def tests(self) -> list[dict[str, Any]]:
        """Test groups for promtool: one for each case."""
        groups = []
        for case, fires in [*((c, True) for c in self.fires), *((c, False) for c in self.silent)]:
            expected = [
                {
                    "exp_labels": {"severity": self.severity, **case.labels},
                    "exp_annotations": self.annotations(case.labels),
                }
                for _ in range(fires)
            ]
            groups.append(
                {
                    "name": f"{self.name} {'fires' if fires else 'is silent'}",
                    "interval": "1m",
                    "input_series": [
                        {"series": series, "values": values}
                        for series, values in case.series.items()
                    ],
                    "alert_rule_test": [
                        {
                            "eval_time": case.at,
                            "alertname": self.name,
                            "exp_alerts": expected,
                        }
                    ],
                }
            )
        return groups


def threshold(
    name: str,
    group: str,
    *,
    expr: str,
    lasting: str,
    severity: Severity,
    summary: str,
    impact: str,
    check: tuple[str, ...],
    mend: tuple[str, ...],
    bad: dict[str, str],
    good: dict[str, str],
    labels: dict[str, str] | None = None,
    at: str = "40m",
) -> Alert:
    """An alert with one case that fires it and one that does not."""
    return Alert(
        name=name,
        group=group,
        expr=expr,
        lasting=lasting,
        severity=severity,
        summary=summary,
        impact=impact,
        check=check,
        mend=mend,
        fires=(Case(series=bad, at=at, labels=labels or {}),),
        silent=(Case(series=good, at=at),),
    )
