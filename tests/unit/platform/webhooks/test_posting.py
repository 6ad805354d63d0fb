"""The sender that is made when there is something to send."""

from __future__ import annotations

import asyncio

import pytest

from rustok.core.security.ssrf import OutboundPolicy
from rustok.platform.webhooks.service import sending
from rustok.platform.webhooks.service.posting import SenderOnDemand


async def test_deliveries_at_once_share_one_sender_that_is_made_for_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[sending.Sender] = []

    class Counted(sending.Sender):
        def __init__(self, policy: OutboundPolicy) -> None:
            made.append(self)
            super().__init__(policy)

    monkeypatch.setattr(sending, "Sender", Counted)
    on_demand = SenderOnDemand(OutboundPolicy())
    assert not made

    url = "https://127.0.0.1/in"
    answers = await asyncio.gather(*(on_demand.post(url, headers={}, body=b"{}") for _ in range(3)))

    assert len(made) == 1
    assert {answer.error for answer in answers} == {"address_refused"}
