"""The lifecycle of a mail."""

from __future__ import annotations

from typing import Final

from rustok.core.machine import Lifecycle, Transition

MAIL_LIFECYCLE: Final = Lifecycle(
    "mail",
    initial="queued",
    states=("queued", "sent", "failed", "held"),
    transitions=(
        Transition("send", ("queued",), "sent"),
        Transition("fail", ("queued",), "failed"),
        Transition("hold", ("queued",), "held", guard="mail is off"),
        Transition("retry", ("failed", "held"), "queued"),
    ),
)
