"""The options by which commands choose events: tenant, type, aggregate, time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import click

from rustok.cli.params import AGGREGATE, EVENT_TYPE, MOMENT, TENANT_REF
from rustok.cli.session import tenant_of
from rustok.core.dead_letters import BuriedEvent
from rustok.core.event_log import EventFilter
from rustok.server.platform import Platform

F = TypeVar("F", bound=Callable[..., Any])


def event_options(command: F) -> F:
    """Adds --tenant, --type, --aggregate, --since and --until."""
    for option in (
        click.option("--until", type=MOMENT, help="Before then; as --since."),
        click.option(
            "--since", type=MOMENT, help="From then on: 2026-03-01T12:00:00Z, or 2h for ago."
        ),
        click.option("--aggregate", type=AGGREGATE, help="Such as order, or one: order:ID."),
        click.option("--type", "event_type", type=EVENT_TYPE, help="Such as order.placed."),
        click.option("--tenant", "tenant_ref", type=TENANT_REF, help="Of this tenant only."),
    ):
        command = option(command)
    return command


async def chosen(
    platform: Platform,
    tenant_ref: UUID | str | None,
    event_type: str | None,
    aggregate: tuple[str, UUID | None] | None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> EventFilter:
    """What the options choose. Raises TenantUnknown."""
    kind, aggregate_id = aggregate or (None, None)
    return EventFilter(
        tenant_id=None if tenant_ref is None else (await tenant_of(platform, tenant_ref)).id,
        type=event_type,
        aggregate_type=kind,
        aggregate_id=aggregate_id,
        since=since,
        until=until,
    )


def matches(letter: BuriedEvent, wanted: EventFilter) -> bool:
    """Whether a dead letter's event is one of `wanted`; its time is when it was given up."""
    return (
        wanted.tenant_id in (None, letter.tenant_id)
        and wanted.type in (None, letter.type)
        and wanted.aggregate_type in (None, letter.aggregate_type)
        and wanted.aggregate_id in (None, letter.aggregate_id)
        and (wanted.since is None or letter.failed_at >= wanted.since)
        and (wanted.until is None or letter.failed_at < wanted.until)
    )
