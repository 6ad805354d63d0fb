"""Generated requests by the ten thousand: every operation, fitting and broken, signed in and as nobody.

    python -m tests.security.fuzz_api --cases 10000

schemathesis makes them from the OpenAPI document; one part asks operation by operation, the other
walks from operation to operation over the links of the document and of what was answered before
(stateful). Checks: no 5xx, status, type, headers and shape as documented, broken input is not
accepted, a thing that was deleted is gone, methods that are not there are 405. In process, SQLite.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import schemathesis
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.errors import Flaky, Unsatisfiable
from schemathesis.core.failures import FailureGroup
from schemathesis.python import asgi
from schemathesis.specs.openapi import checks as openapi

from rustok.telemetry import logs
from tests.integration.proof import test_schemathesis as proof
from tests.schema_for_tests import create_sqlite_schema

TOO_MUCH: Final = (413, 414, 431)
"""Refused for its size, before anybody looked at what is wrong with it."""


def broken_input_is_refused(ctx: Any, response: Any, case: Any) -> bool | None:
    """As schemathesis has it, which does not count what is refused for its size."""
    if response.status_code in TOO_MUCH:
        return None
    return openapi.negative_data_rejection(ctx, response, case)


CHECKS: Final = [
    *proof.CHECKS,
    broken_input_is_refused,
    openapi.unsupported_method,
    openapi.use_after_free,
]
STATEFUL_STEPS: Final = 8
WALKS_AT_ONCE: Final = 10
ENDS_THE_CALLER: Final = (
    "auth_revoke_session",
    "admin_erase_personal_data",
    "admin_revoke_user_sessions",
    "admin_delete_user",
    "admin_disable_user",
    "admin_reset_user_password",
)
"""A walk finds the caller's own session and user, and would go on as nobody."""
Part = tuple[int, int]
"""(k, n): the k-th of n slices."""


class Report:
    """What came of one part."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.cases = 0
        self.statuses: Counter[int] = Counter()
        self.failures: dict[str, str] = {}
        self.slowest_seconds = 0.0

    def judge(self, case: Any, response: Any, headers: dict[str, str]) -> None:
        operation = case.operation.definition.raw["operationId"]
        self.statuses[response.status_code] += 1
        try:
            case.validate_response(response, checks=CHECKS, headers=headers)
        except FailureGroup as group:
            for failure in group.exceptions:
                key = f"{operation} {response.status_code} {failure.title}"
                self.failures.setdefault(key, f"{failure}\n{case!r:.500}\n{response.text:.500}")

    def timed(self, case: Any, **more: Any) -> Any:
        begun = time.perf_counter()
        response = case.call(**more)
        self.slowest_seconds = max(self.slowest_seconds, time.perf_counter() - begun)
        self.cases += 1
        return response

    def line(self) -> str:
        kinds = Counter({f"{code // 100}xx": 0 for code in self.statuses})
        for code, count in self.statuses.items():
            kinds[f"{code // 100}xx"] += count
        told = " ".join(f"{kind} {count:,}" for kind, count in sorted(kinds.items()))
        return (
            f"{self.name:24}{self.cases:>8,} cases  {told}  slowest {self.slowest_seconds:.2f} s  "
            f"{len(self.failures)} faults"
        )

    def tell(self) -> None:
        """Print the figures, and each fault once."""
        print(self.line(), flush=True)
        for key, text in sorted(self.failures.items()):
            print(f"== {self.name}: {key}\n{text}\n", flush=True)


def by_operation(live: proof.Live, caller: str, examples: int, part: Part) -> Report:
    """Every operation, `examples` times with data that fits and as often with data that does not."""
    report = Report(f"{caller}, one by one")
    headers = proof._headers(live, live.seeded.admin_token if caller == "admin" else None)

    class Tally(proof.Tally):
        def ask(self, case: Any, headers: dict[str, str], operation_id: str) -> None:
            self.cases += 1
            report.judge(case, report.timed(case, headers=headers), headers)

    tally = Tally()
    begin, step = part
    for operation in proof._operations(proof._schema(live))[begin - 1 :: step]:
        for mode in schemathesis.GenerationMode:
            try:
                proof._generated(live, operation, mode, tally, headers, examples)()
            except Unsatisfiable:  # nothing can be wrong about what takes any text, or nothing
                if mode.is_positive:
                    raise
    return report


def by_links(live: proof.Live, caller: str, cases: int, part: Part) -> Report:
    """Walks of up to STATEFUL_STEPS requests, each using what the ones before answered."""
    report = Report(f"{caller}, by links")
    headers = proof._headers(live, live.seeded.admin_token if caller == "admin" else None)
    schema = proof._schema(live)
    left_out = [*proof.EXCLUDED, *ENDS_THE_CALLER]
    assert set(left_out) <= set(live.routes), "an operation has another name now"
    machine = schema.exclude(operation_id=left_out).as_state_machine()

    class Walk(machine):  # type: ignore[misc, valid-type]  # made at run time
        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": headers}

        def call(self, case: Any, **kwargs: Any) -> Any:
            return report.timed(case, **kwargs)

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            report.judge(case, response, headers)

    wanted, turn = -(-cases // part[1]), 0
    # The rows of one walk are there for the next: the same choices may go another way, which ends a
    # batch; so there are many small ones, each with a seed of its own.
    while report.cases < wanted and turn < cases:
        seed(turn * part[1] + part[0])(Walk)
        with contextlib.suppress(Flaky):
            Walk.run(settings=_WALKS)
        turn += 1
    return report


_WALKS: Final = settings(
    max_examples=WALKS_AT_ONCE,
    stateful_step_count=STATEFUL_STEPS,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
PARTS: Final[dict[str, tuple[str, float]]] = {
    "admin-operations": ("admin", 0.5),
    "anonymous-operations": ("anonymous", 0.2),
    "admin-links": ("admin", 0.25),
    "anonymous-links": ("anonymous", 0.05),
}
"""Parts: who asks, and the share of all cases."""


def run_part(name: str, wanted: int, template: Path, folder: Path, part: Part) -> Report:
    """One part, or a slice of it, over a fresh database; told as it ends."""
    caller, share = PARTS[name]
    live = proof.Live(template, folder)
    with asgi.get_client(live):
        if name.endswith("operations"):
            many = len(proof._operations(proof._schema(live)))
            report = by_operation(live, caller, max(1, -(-int(wanted * share) // (2 * many))), part)
        else:
            report = by_links(live, caller, max(1, int(wanted * share)), part)
    report.tell()
    asgi.shutdown_lifespans()
    return report


def main() -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--cases", type=int, default=10_000)
    options.add_argument(
        "--only", choices=list(PARTS), help="one part, with its share of the cases"
    )
    options.add_argument("--slice", default="1/1", help="such as 2/4: a quarter of each part")
    asked = options.parse_args()
    first, _, of = asked.slice.partition("/")
    part = (int(first), int(of))
    wanted: int = asked.cases
    logs.configure(level="ERROR")
    names = [asked.only] if asked.only else list(PARTS)
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "template.sqlite3"
        create_sqlite_schema(template)
        reports = [
            run_part(name, wanted, template, _made(Path(folder) / name), part) for name in names
        ]
    total = sum(report.cases for report in reports)
    faults = sum(len(report.failures) for report in reports)
    # An operation may have fewer requests than asked for; one slice has more or less than its share.
    least = sum(int(wanted * PARTS[name][1]) for name in names) if part == (1, 1) else 1
    print(f"{total:,} cases, {faults} faults")
    return 1 if faults or total < least else 0


def _made(path: Path) -> Path:
    path.mkdir()
    return path


if __name__ == "__main__":
    sys.exit(main())
