"""Writes metrics as Prometheus reads them: the text format 0.0.4, and OpenMetrics 1.0 with exemplars.

Refuses: counting and adding up. Sources: Prometheus exposition formats; OpenMetrics 1.0.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from rustok.telemetry.instruments import ChildSnapshot, Exemplar, FamilySnapshot

TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def wants_openmetrics(accept: str) -> bool:
    """Whether an Accept header asks for OpenMetrics, as Prometheus does when it stores exemplars."""
    return "application/openmetrics-text" in accept


def write(families: Iterable[FamilySnapshot], *, openmetrics: bool = False) -> bytes:
    """All of `families` in one format; a family without children is told by its HELP and TYPE."""
    lines: list[str] = []
    for family in families:
        _write_family(lines, family, openmetrics)
    if openmetrics:
        lines.append("# EOF")
    return ("\n".join(lines) + "\n").encode()


def _write_family(lines: list[str], family: FamilySnapshot, openmetrics: bool) -> None:
    name, kind = family.name, family.kind
    if kind == "counter":
        # OpenMetrics names the family without the suffix, the samples with it.
        base = name.removesuffix("_total")
        header = base if openmetrics else f"{base}_total"
        sample = f"{base}_total"
    else:
        header = sample = name
    text = family.text.replace("\\", r"\\").replace("\n", r"\n")
    lines.append(f"# HELP {header} {text}")
    lines.append(f"# TYPE {header} {kind}")
    for child in family.children:
        labels = _labels(family.label_names, child.labels)
        if kind == "histogram":
            _write_histogram(lines, family, child, labels, openmetrics)
        else:
            lines.append(f"{sample}{_braces(labels)} {_number(child.value)}")


def _write_histogram(
    lines: list[str], family: FamilySnapshot, child: ChildSnapshot, labels: str, openmetrics: bool
) -> None:
    count = 0
    bounds = [_number(bound) for bound in family.buckets] + ["+Inf"]
    for place, (bound, more) in enumerate(zip(bounds, child.counts, strict=True)):
        count += more
        le = f'le="{bound}"'
        line = f"{family.name}_bucket{{{f'{labels},{le}' if labels else le}}} {count}"
        exemplar = child.exemplars.get(place) if openmetrics else None
        lines.append(line if exemplar is None else f"{line} {_exemplar(exemplar)}")
    lines.append(f"{family.name}_sum{_braces(labels)} {_number(child.value)}")
    lines.append(f"{family.name}_count{_braces(labels)} {count}")


def _exemplar(exemplar: Exemplar) -> str:
    return f'# {{trace_id="{exemplar.trace_id}"}} {_number(exemplar.value)} {round(exemplar.at, 3)}'


def _labels(names: Sequence[str], values: Sequence[str]) -> str:
    return ",".join(
        f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True)
    )


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _braces(labels: str) -> str:
    return f"{{{labels}}}" if labels else ""


def _number(value: float) -> str:
    if value == float("inf"):
        return "+Inf"
    return repr(float(value))
