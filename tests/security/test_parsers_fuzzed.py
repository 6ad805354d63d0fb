"""The short form of `python -m tests.security.fuzz_parsers`: no parser crashes or hangs."""

from __future__ import annotations

from collections.abc import Callable

from tests.security.fuzz_parsers import PARSERS, run


def test_no_parser_crashes_or_hangs_on_broken_input(
    record_property: Callable[[str, object], None],
) -> None:
    told: list[str] = []
    found = run(20_000, seed=7, tell=told.append)
    assert {parser.name for parser in PARSERS} == set(found)
    assert not [one.crashes for one in found.values() if one.crashes], "\n".join(told)
    # Processor time of one input; the largest is 20 kB of WXR.
    assert max(one.slowest for one in found.values()) < 0.5, "\n".join(told)
    record_property("parser_inputs", sum(one.inputs for one in found.values()))
