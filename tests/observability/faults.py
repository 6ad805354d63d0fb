"""What breaks while the platform is watched, what must be told of it, and what may be told with it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import asyncpg
import msgspec

from tests.conftest import POSTGRES
from tests.observability.stack import DATABASE, Stack

Step = Callable[[Stack], Awaitable[None]]


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Something that breaks, what must be told of it, and what may be told with it.

    Attributes:
        seconds: how long it may take until all that must be told is.
        settings: of the processes, where they differ from the others'.
    """

    name: str
    begin: Step
    end: Step
    must: frozenset[str]
    may: frozenset[str]
    seconds: float = 40.0
    settings: dict[str, str] = {}


async def _broker_down(stack: Stack) -> None:
    await asyncio.to_thread(stack.nats.end, 9)


async def _broker_up(stack: Stack) -> None:
    await asyncio.to_thread(stack.nats.start)


async def _database_slow(stack: Stack) -> None:
    # Slow, not away: a checkout of nine statements is late, and is still answered.
    stack.database.delay_seconds, stack.database.hiccup_seconds = 0.08, 0.9


async def _database_cut(stack: Stack) -> None:
    stack.database.cut()


async def _database_well(stack: Stack) -> None:
    stack.database.mend()


async def _worker_down(stack: Stack) -> None:
    await asyncio.to_thread(stack.stop, "worker")


async def _worker_up(stack: Stack) -> None:
    await asyncio.to_thread(stack.start, "worker")


async def _receiver_fails(stack: Stack) -> None:
    stack.receiver.status = 410


async def _receiver_well(stack: Stack) -> None:
    stack.receiver.status = 204


async def _mail_refused(stack: Stack) -> None:
    stack.mailbox.refuses = True


async def _mail_taken(stack: Stack) -> None:
    stack.mailbox.refuses = False


async def _execute(statement: str) -> None:
    connection = await asyncpg.connect(f"{POSTGRES.rpartition('/')[0]}/{DATABASE}")
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _index_refuses(_stack: Stack) -> None:
    await _execute(
        """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'out of order'; END $$;
        CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON product_documents
        FOR EACH ROW EXECUTE FUNCTION refuse()"""
    )


async def _index_takes(_stack: Stack) -> None:
    await _execute("DROP TRIGGER refuse ON product_documents; DROP FUNCTION refuse()")


_LATE: Final = frozenset(
    {
        "OutboxStale", "RelayStopped", "OutboxBacklogWarning", "OutboxBacklogCritical", "ConsumerBehind",
        "IndexFreshnessBudgetBurnsFast", "IndexFreshnessBudgetBurnsSlowly", "QueueDeep",
    }
)  # fmt: skip
_SLOW: Final = frozenset(
    {
        "StorefrontLatencyBudgetBurnsFast", "StorefrontLatencyBudgetBurnsSlowly",
        "CheckoutLatencyBudgetBurnsFast", "CheckoutLatencyBudgetBurnsSlowly",
        "AdminApiLatencyBudgetBurnsFast", "AdminApiLatencyBudgetBurnsSlowly",
    }
)  # fmt: skip
_FAILING: Final = frozenset(
    {
        "StorefrontAvailabilityBudgetBurnsFast", "StorefrontAvailabilityBudgetBurnsSlowly",
        "CheckoutAvailabilityBudgetBurnsFast", "CheckoutAvailabilityBudgetBurnsSlowly",
        "AdminApiAvailabilityBudgetBurnsFast", "AdminApiAvailabilityBudgetBurnsSlowly",
    }
)  # fmt: skip
_CONSUMERS: Final = frozenset(
    {
        "ConsumerFailing", "ConsumerSlow", "EventDeliveryBudgetBurnsFast",
        "EventDeliveryBudgetBurnsSlowly",
    }
)  # fmt: skip

FAULTS: Final = (
    Fault(
        name="broker down",
        begin=_broker_down,
        end=_broker_up,
        must=frozenset({"BrokerAway", "OutboxStale"}),
        may=_LATE,
        seconds=90,
    ),
    Fault(
        name="slow database",
        begin=_database_slow,
        end=_database_well,
        must=frozenset({"DatabaseSlow", "CheckoutLatencyBudgetBurnsFast"}),
        may=_LATE
        | _SLOW
        | _FAILING
        | _CONSUMERS
        | {
            "DatabaseSlow",
            "CacheLoadsSlow",
            "CommerceCommandsFailing",
            "OrdersStopped",
            "DatabasePoolUsedUp",
            "DatabaseErrors",
            "RequestsPilingUp",
            "CircuitBreakerOpen",
            "TransactionsRolledBack",
            "CircuitBreakerFlapping",
            "CacheErrors",
            "WebhooksSlow",
            "WebhookDeliveryBudgetBurnsFast",
            "WebhookDeliveryBudgetBurnsSlowly",
        },
        seconds=60,
    ),
    Fault(
        name="database away (5xx)",
        begin=_database_cut,
        end=_database_well,
        must=frozenset({"CheckoutAvailabilityBudgetBurnsFast"}),
        may=_LATE
        | _SLOW
        | _FAILING
        | _CONSUMERS
        | {
            "DatabaseErrors",
            "OrdersStopped",
            "CommerceCommandsFailing",
            "CircuitBreakerOpen",
            "CacheErrors",
            "CacheLoadsSlow",
            "DatabaseSlow",
            "TransactionsRolledBack",
            "CircuitBreakerFlapping",
            "DatabasePoolUsedUp",
            "RequestsPilingUp",
            "WebhookDeliveryBudgetBurnsFast",
            "WebhookDeliveryBudgetBurnsSlowly",
        },
    ),
    Fault(
        name="full queue",
        begin=_broker_down,
        end=_broker_up,
        # The outbox takes so little that minutes without a broker fill it.
        settings={"RUSTOK_EVENTS__BACKLOG_LIMIT": "250"},
        must=frozenset({"BrokerAway", "OutboxBacklogCritical"}),
        may=_LATE | _FAILING | {"CommerceCommandsFailing", "OrdersStopped", "EventsRejected"},
        seconds=60,
    ),
    Fault(
        name="worker gone",
        begin=_worker_down,
        end=_worker_up,
        must=frozenset({"WorkerMissing", "TargetDown"}),
        may=_LATE,
        seconds=30,
    ),
    Fault(
        # The receiver asks for no more: its endpoint is switched off and its tenant told. Nobody is woken.
        name="webhook receiver gone (410)",
        begin=_receiver_fails,
        end=_receiver_well,
        must=frozenset(),
        may=frozenset(),
        seconds=30,
    ),
    Fault(
        name="mail server refuses",
        begin=_mail_refused,
        end=_mail_taken,
        must=frozenset({"MailFailing"}),
        may=frozenset(),
    ),
    Fault(
        name="consumer fails",
        begin=_index_refuses,
        end=_index_takes,
        must=frozenset({"ConsumerFailing"}),
        may=_LATE | _CONSUMERS | {"DeadLettersNew", "DatabaseErrors", "TransactionsRolledBack"},
        seconds=60,
    ),
)
