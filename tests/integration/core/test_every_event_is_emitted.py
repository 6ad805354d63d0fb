"""Every event of the catalogue is emitted by a real flow; the report lists each with its flow."""

from __future__ import annotations

from tests.conftest import World
from tests.integration.core.event_report import run_flows


async def test_every_event_is_emitted_by_a_real_flow(world: World) -> None:
    report = await run_flows(world)
    print(f"\nEvents and their flows ({world.kind}):\n{report.text()}")
    assert report.faults == []
    assert report.missing == []
