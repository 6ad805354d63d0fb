"""Mutation testing: does a test fail when the code is wrong? Lists the mutants no test noticed.

    python -m tools.mutation [TARGET ...] [--seconds N] [--sample N] [--json FILE]

Targets are the parts whose mistakes cost most; each has the fast tests that must notice. A mutant runs
in a fork of a process that has everything imported; before all mutants such a fork without one must pass.
One that makes the tests hang counts as noticed.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import gc
import importlib
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any, Final, NamedTuple

import hypothesis
import msgspec
import pytest

from tests.schema_for_tests import create_sqlite_schema
from tools.mutating import Mutant, mutants_of

ROOT: Final = Path(__file__).parents[1]
LONGEST_TEST_SECONDS: Final = 10
"""Right code takes two at most; a test that waits for what never comes is ended here."""


class Target(NamedTuple):
    """Source files, and the tests that must notice when one of them is wrong."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]


TARGETS: Final[dict[str, Target]] = {
    "money": Target(
        ("core/money.py",), ("tests/unit/core/test_money.py", "tests/property/test_money_properties.py")
    ),
    "lifecycles": Target(
        (
            "core/machine.py",
            "commerce/orders/model/order.py",
            "commerce/payments/model/payment.py",
            "commerce/payments/model/advancing.py",
            "commerce/products/model/product.py",
            "commerce/carts/model.py",
            "commerce/fulfilments/model.py",
            "commerce/returns/model.py",
            "commerce/inventory/model.py",
            "content/nodes/model/node.py",
        ),
        (
            "tests/unit/commerce",
            "tests/unit/content/nodes",
            "tests/unit/core/test_machine.py",
            "tests/property/test_lifecycle_properties.py",
            "tests/property/test_inventory_properties.py",
        ),
    ),
    "outbox": Target(
        ("core/outbox.py", "core/outbox_turns.py", "core/relay.py"),
        (
            "tests/unit/core/test_relay.py",
            "tests/integration/core/test_events.py",
            "tests/integration/core/test_fair_turns.py",
            "tests/integration/core/test_backpressure.py",
        ),
    ),
    "isolation": Target(
        (
            "core/db/statement.py",
            "core/db/schema.py",
            "core/db/read_transaction.py",
            "core/db/transaction.py",
            "core/db/system_transaction.py",
            "core/db/last_writes.py",
            "core/db/tenant_rows.py",
        ),
        (
            "tests/unit/core/db",
            "tests/contract/test_last_writes.py",
            "tests/contract/test_database.py",
            "tests/integration/cli/test_export_command.py",
        ),
    ),
    "commits": Target(
        ("core/db/sqlite_connection.py", "core/db/sqlite_writer.py"),
        (
            "tests/integration/core/test_shared_commits.py",
            "tests/integration/core/test_sqlite_inline.py",
            "tests/contract/test_database.py",
            "tests/property/test_shared_commit_properties.py",
        ),
    ),
}  # fmt: skip


class Outcome(msgspec.Struct, frozen=True):
    """What came of a target; `survivors` are the mutants no test noticed."""

    target: str
    mutants: int
    noticed: int
    hung: int
    survivors: list[str]
    seconds: float

    @property
    def percent(self) -> float:
        return 100 * self.noticed / self.mutants if self.mutants else 100.0


def _function_of(mutant: Mutant) -> FunctionType | None:
    """The function the mutant is of, whatever is wrapped around it."""
    parts = mutant.path.relative_to(ROOT / "src").with_suffix("").parts
    found: Any = importlib.import_module(".".join(parts))
    for part in mutant.qualname.split("."):
        found = vars(found).get(part)
    while found is not None and not isinstance(found, FunctionType):
        inner = (getattr(found, name, None) for name in ("__wrapped__", "fget", "__func__"))
        found = next((one for one in inner if one is not None), None)
    return found


def _tests(names: tuple[str, ...]) -> list[str]:
    there = [str(ROOT / name) for name in names if (ROOT / name).exists()]
    return [
        *there, "-x", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", "--no-header",
        "--hypothesis-profile=mutation", "-k", "not postgres",
        f"--timeout={LONGEST_TEST_SECONDS}",
        "-W", "ignore::pytest.PytestAssertRewriteWarning",
    ]  # fmt: skip


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Nothing the tests print is seen; only whether they pass."""
    with Path(os.devnull).open("w") as nothing:
        kept = os.dup(1), os.dup(2)
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(nothing.fileno(), 1)
        os.dup2(nothing.fileno(), 2)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, old in zip((1, 2), kept, strict=True):
                os.dup2(old, number)
                os.close(old)


def _outcome(change: Callable[[], None], tests: list[str], limit: float) -> str:
    """`noticed`, `hung` or `survived`: what the tests make of a change, in a process of its own."""
    child = os.fork()
    if child == 0:
        os.setsid()
        with _silent():
            change()
            for one in gc.get_objects():
                if isinstance(one, functools._lru_cache_wrapper):
                    one.cache_clear()  # what the right code computed
            try:
                code = int(pytest.main(tests))
            except BaseException:
                code = 1
            os._exit(min(code, 1))
    until = time.monotonic() + limit
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return "survived" if os.waitstatus_to_exitcode(status) == 0 else "noticed"
        time.sleep(0.01)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hung"


def run(name: str, *, seconds: float, sample: int | None) -> Outcome:
    """Try the mutants of a target for so long.

    Args:
        sample: that many of them, drawn with a fixed seed; None: all.

    Raises:
        RuntimeError: the tests fail without any mutant.
    """
    target = TARGETS[name]
    tests = _tests(target.tests)
    started = time.monotonic()
    for source in target.sources:
        importlib.import_module("rustok." + source.removesuffix(".py").replace("/", "."))
    with _silent():
        # Imports all there is. A test run here would start threads, which are dead in a fork.
        pytest.main([*tests, "--collect-only"])
    begun = time.monotonic()
    if _outcome(lambda: None, tests, 600) != "survived":
        raise RuntimeError(f"{name}: the tests fail as they are: pytest {' '.join(tests)}")
    limit = LONGEST_TEST_SECONDS + 3 * (time.monotonic() - begun)
    mutants = [one for source in target.sources for one in mutants_of(ROOT / "src/rustok" / source)]
    if sample is not None and sample < len(mutants):
        mutants = random.Random(1).sample(mutants, sample)  # noqa: S311 - a sample
    counts = {"noticed": 0, "hung": 0, "survived": 0}
    survivors = []
    for mutant in mutants:
        function = _function_of(mutant)
        if function is None or len(function.__code__.co_freevars) != len(mutant.code.co_freevars):
            continue
        if time.monotonic() - started > seconds:
            print(f"{name}: the time is over", file=sys.stderr)
            break
        change = functools.partial(setattr, function, "__code__", mutant.code)
        outcome = _outcome(change, tests, limit)
        counts[outcome] += 1
        if outcome == "survived":
            survivors.append(mutant.name.replace(f"{ROOT}/src/rustok/", ""))
            print(f"  survived: {survivors[-1]}", flush=True)
    return Outcome(
        target=name,
        mutants=sum(counts.values()),
        noticed=counts["noticed"] + counts["hung"],
        hung=counts["hung"],
        survivors=survivors,
        seconds=round(time.monotonic() - started, 1),
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    arguments.add_argument("--seconds", type=float, default=900, help="for each target")
    arguments.add_argument("--sample", type=int, help="only so many mutants of each target")
    arguments.add_argument("--json", type=Path)
    given = arguments.parse_args()
    if unknown := set(given.targets) - set(TARGETS):
        arguments.error(f"no such target: {', '.join(sorted(unknown))}")
    hypothesis.settings.register_profile(
        "mutation",
        deadline=None,
        database=None,
        derandomize=True,
        max_examples=50,
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    outcomes = []
    with tempfile.TemporaryDirectory() as folder:
        # Migrating anew for each mutant would take longer than most tests do.
        template = Path(folder) / "template.sqlite3"
        create_sqlite_schema(template)
        os.environ["RUSTOK_TEST_SQLITE_TEMPLATE"] = str(template)
        for name in given.targets or TARGETS:
            outcomes.append(run(name, seconds=given.seconds, sample=given.sample))
            one = outcomes[-1]
            print(
                f"{one.target}: {one.noticed} of {one.mutants} mutants noticed ({one.percent:.1f} %), "
                f"{one.hung} of them by hanging, {len(one.survivors)} survived; {one.seconds:.0f} s",
                flush=True,
            )
    if given.json is not None:
        given.json.write_bytes(msgspec.json.format(msgspec.json.encode(outcomes)))


if __name__ == "__main__":
    main()
