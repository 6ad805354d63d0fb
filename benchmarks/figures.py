"""One figure beside its limit and its goal, and how it is printed."""

from __future__ import annotations

import msgspec


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A measurement.

    Attributes:
        limit: what was measured beside it.
        ratio: median over rounds in turns; None where there is no limit.
        at_least: goal of the ratio, or of `ours` without a limit.
        at_most: goal of `ours` where less is better.
        why_skipped: what was missing.
    """

    name: str
    unit: str
    ours: float | None = None
    limit: float | None = None
    ratio: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""
    why_skipped: str | None = None

    @property
    def passed(self) -> bool | None:
        """None where there is no goal or nothing was measured."""
        if self.why_skipped is not None or self.ours is None:
            return None
        if self.at_most is not None:
            return self.ours <= self.at_most
        if self.at_least is None:
            return None
        return (self.ours if self.ratio is None else self.ratio) >= self.at_least


def skipped(name: str, why: str) -> Figure:
    """A figure that could not be measured here."""
    return Figure(name=name, unit="", why_skipped=why)


def line(one: Figure) -> str:
    """One line for people."""
    if one.why_skipped is not None:
        return f"skip  {one.name}: {one.why_skipped}"
    verdict = {True: "pass", False: "MISS", None: "    "}[one.passed]
    text = f"{verdict}  {one.name:<44} {one.ours or 0:>12,.3g} {one.unit:<11}"
    if one.ratio is not None:
        text += f" {one.ratio:5.2f} of {one.limit or 0:,.0f}"
    if one.at_least is not None:
        text += f" (goal: {one.at_least:,g} or more)"
    if one.at_most is not None:
        text += f" (goal: {one.at_most:,g} or less)"
    return f"{text}  {one.note}".rstrip()
