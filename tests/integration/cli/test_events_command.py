"""`rustok events` on both databases: the log, its tail, dead letters and an empty outbox."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from rustok.cli import events as command
from rustok.core.bus.port import Consumer
from rustok.core.db import WriteTx
from rustok.core.errors import Conflict
from rustok.core.event_log import EventFilter
from rustok.core.events.envelope import Envelope
from rustok.core.modules import Modules
from rustok.server.platform import Platform
from tests.conftest import World
from tests.integration.cli.conftest import Cli

ID = "0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f60"


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """A consumer of new domains in every platform; it fails on the hosts in this set."""
    failing: set[str] = set()

    async def handle(_tx: WriteTx, event: Any, _envelope: Envelope) -> None:
        if event.host in failing:
            raise Conflict("the host is not ready")

    consumer = Consumer(name="test.hosts", handlers={"tenant.domain_added": handle})
    real = Modules.__dict__["consumers"].fget
    monkeypatch.setattr(Modules, "consumers", property(lambda self: [*real(self), consumer]))
    return failing


def test_the_log_is_listed_filtered_and_paged(cli: Cli) -> None:
    first, second = cli.tenant("acme"), cli.tenant("other")
    cli.ok("tenant", "domain", "add", "acme", "a.example.com")
    everything = cli.json("events", "list")
    assert [e["envelope"]["type"] for e in everything] == [
        "tenant.created",
        "tenant.created",
        "tenant.domain_added",
    ]
    assert len(cli.json("events", "list", "--tenant", "acme")) == 2
    assert len(cli.json("events", "list", "--type", "tenant.created")) == 2
    of_one = cli.json("events", "list", "--aggregate", f"tenant:{second['id']}")
    assert [e["envelope"]["data"]["slug"] for e in of_one] == ["other"]
    assert cli.json("events", "list", "--until", "1h") == []
    assert len(cli.json("events", "list", "--since", "1h")) == 3
    page = cli.run("events", "list", "--limit", "2")
    assert "There are more: add --after" in page.err
    rest = cli.json("events", "list", "--after", str(everything[1]["position"]))
    assert rest == everything[2:]
    newest = cli.json("events", "list", "--newest", "--limit", "1")
    assert newest == everything[2:]
    assert first["id"] in cli.ok("events", "list", "--tenant", first["id"]).out


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("list", "--type", "nonsense"), 2),
        (("list", "--aggregate", "order:1"), 2),
        (("list", "--aggregate", "' OR 1=1"), 2),
        (("list", "--since", "yesterday"), 2),
        (("list", "--since", "1h", "--until", "2h"), 2),
        (("list", "--limit", "0"), 2),
        (("list", "--tenant", "nobody"), 1),
        (("show", "1"), 2),
        (("show", ID), 1),
        (("tail", "--interval", "0"), 2),
        (("drain", "--timeout", "-1"), 2),
        (("dead-letters", "retry"), 2),
        (("dead-letters", "retry", ID, "--all"), 2),
        (("dead-letters", "retry", ID), 1),
        (("dead-letters", "discard", "x"), 2),
        (("dead-letters", "discard", ID), 1),
    ],
)
def test_nonsense_is_refused_with_one_clear_line(
    cli: Cli, args: tuple[str, ...], code: int
) -> None:
    result = cli.run("events", *args)
    assert result.code == code
    assert [line.startswith("Error: ") for line in result.err.splitlines()].count(True) == 1


@pytest.mark.usefixtures("faults")
def test_draining_delivers_everything_and_show_tells_to_whom(cli: Cli) -> None:
    cli.tenant()
    cli.ok("tenant", "domain", "add", "acme", "a.example.com")
    (event,) = cli.json("events", "list", "--type", "tenant.domain_added")
    event_id = event["envelope"]["id"]
    before = {
        d["consumer"]: d["applied_at"] for d in cli.json("events", "show", event_id)["deliveries"]
    }
    assert before["test.hosts"] is None
    drained = cli.json("events", "drain")
    assert drained == {"were_pending": 2, "pending": 0, "new_dead_letters": 0}
    shown = cli.json("events", "show", event_id)
    assert shown["published_at"] is not None
    assert shown["envelope"]["data"]["host"] == "a.example.com"
    after = {d["consumer"]: d["applied_at"] for d in shown["deliveries"]}
    assert after["test.hosts"] is not None
    assert cli.json("events", "drain")["were_pending"] == 0


def test_a_drain_that_cannot_finish_says_how_much_is_left(cli: Cli, faults: set[str]) -> None:
    cli.tenant()
    faults.add("a.example.com")
    cli.ok("tenant", "domain", "add", "acme", "a.example.com")
    result = cli.run("events", "drain", "--timeout", "1")
    assert result.code == 1
    assert "1 event(s) are still pending after 1 seconds." in result.err


def test_dead_letters_are_listed_retried_and_discarded(cli: Cli, faults: set[str]) -> None:
    assert "no dead letters" in cli.ok("events", "dead-letters", "list").out
    cli.tenant()
    faults |= {"a.example.com", "b.example.com", "c.example.com"}
    for host in sorted(faults):
        cli.ok("tenant", "domain", "add", "acme", host)
    assert cli.json("events", "drain")["new_dead_letters"] == 3
    letters = cli.json("events", "dead-letters", "list")
    assert {(one["consumer"], one["type"]) for one in letters} == {
        ("test.hosts", "tenant.domain_added")
    }
    assert "the host is not ready" in cli.ok("events", "dead-letters", "list").out
    failed = cli.run("events", "dead-letters", "retry", letters[0]["id"], "--json")
    assert (failed.code, failed.data[0]["result"]) == (1, "failed")
    faults -= {"a.example.com", "c.example.com"}
    everything = cli.run("events", "dead-letters", "retry", "--all", "--json")
    # The third waits behind the second, which is of the same aggregate.
    assert (everything.code, [one["result"] for one in everything.data]) == (
        1,
        ["applied", "failed", "behind"],
    )
    cli.ok("events", "dead-letters", "discard", letters[1]["id"])
    again = cli.run("events", "dead-letters", "discard", letters[1]["id"], "--json")
    assert (again.code, again.problem["code"]) == (1, "dead_letter_resolved")
    assert cli.json("events", "dead-letters", "retry", "--all")[0]["result"] == "applied"
    assert cli.json("events", "dead-letters", "list") == []


def test_dead_letters_are_chosen_by_tenant_type_thing_consumer_and_time(
    cli: Cli, faults: set[str]
) -> None:
    first, _ = cli.tenant("acme"), cli.tenant("other")
    faults |= {"a.example.com", "b.example.com"}
    cli.ok("tenant", "domain", "add", "acme", "a.example.com")
    cli.ok("tenant", "domain", "add", "other", "b.example.com")
    cli.json("events", "drain")
    listing = ("events", "dead-letters", "list")
    assert len(cli.json(*listing)) == 2
    assert len(cli.json(*listing, "--tenant", "acme", "--type", "tenant.domain_added")) == 1
    assert len(cli.json(*listing, "--aggregate", f"tenant:{first['id']}")) == 1
    assert len(cli.json(*listing, "--consumer", "test.hosts", "--since", "1h")) == 2
    assert cli.json(*listing, "--until", "1h") == cli.json(*listing, "--consumer", "index") == []
    mixed = cli.run("events", "dead-letters", "discard", ID, "--tenant", "acme")
    assert mixed.code == 2
    done = cli.json("events", "dead-letters", "discard", "--all", "--tenant", "acme")
    assert len(done["discarded"]) == 1
    faults.clear()
    retried = cli.json("events", "dead-letters", "retry", "--all", "--tenant", "other")
    assert [one["result"] for one in retried] == ["applied"]
    assert cli.json(*listing) == []


async def test_following_from_a_moment_on_begins_with_all_that_happened_since(
    world: World,
) -> None:
    for _ in range(3):
        await world.tenant()
    seen: list[int] = []

    async def read() -> None:
        since = world.db.now() - timedelta(hours=1)
        following = command.follow(
            world.platform, EventFilter(), lines=1, interval_seconds=0.02, since=since
        )
        async for event in following:
            seen.append(event.position)  # noqa: PERF401 - it never ends

    task = asyncio.create_task(read())
    try:
        async with asyncio.timeout(20):
            while len(seen) < 3:
                await asyncio.sleep(0.02)
            await world.tenant()
            while len(seen) < 4:
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.1)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert seen == sorted(set(seen))
    assert len(seen) == 4


async def test_following_gives_the_newest_and_then_every_new_event_once(world: World) -> None:
    tenants = [await world.tenant() for _ in range(3)]
    seen: list[UUID] = []

    async def read(platform: Platform) -> None:
        following = command.follow(platform, EventFilter(), lines=2, interval_seconds=0.05)
        async for event in following:
            seen.append(event.envelope.tenant_id)  # noqa: PERF401 - it never ends

    task = asyncio.create_task(read(world.platform))
    try:
        async with asyncio.timeout(20):
            while len(seen) < 2:
                await asyncio.sleep(0.02)
            assert seen == [tenants[1].id, tenants[2].id]
            more = [await world.tenant() for _ in range(3)]
            while len(seen) < 5:
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.2)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert seen[2:] == [tenant.id for tenant in more]


def test_ctrl_c_ends_a_tail_cleanly(cli: Cli) -> None:
    cli.tenant()
    program = (
        "import sys\nfrom rustok.server import migrations\n"
        "async def current(*_): return '0001'\n"
        "migrations.head, migrations.current = (lambda: '0001'), current\n"
        "from rustok.cli.main import run\nsys.exit(run(['events', 'tail', '--json']))"
    )
    with subprocess.Popen(
        [sys.executable, "-u", "-c", program],
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = json.loads(process.stdout.readline())
        assert line["envelope"]["type"] == "tenant.created"
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        code = process.wait(timeout=20)
        assert (code, process.stderr.read()) == (130, "\nStopped.\n")
