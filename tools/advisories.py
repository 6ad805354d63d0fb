"""Asks for known weaknesses of the locked packages, by pip-audit, and says of how many it got an answer.

    python -m tools.advisories [LOCK ...]

Exit 1: a locked version has an advisory. Exit 2: the index did not tell of every package, which is
no proof of anything; pip-audit alone calls that a success. Refuses: choosing the new version; raise it
in the lock with `make lock ARGS="--upgrade-package NAME"`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

ROOT: Final = Path(__file__).parents[1]
LOCKS: Final = ("requirements.lock",)
"""What is delivered."""
SHOWN: Final = 10


class Advisory(msgspec.Struct, frozen=True, kw_only=True):
    """A weakness of one version; `fix_versions` are the first without it."""

    id: str
    fix_versions: tuple[str, ...] = ()


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """What pip-audit says of one package; `skip_reason` when it got no answer."""

    name: str
    version: str = ""
    vulns: tuple[Advisory, ...] = ()
    skip_reason: str | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """pip-audit's report as JSON."""

    dependencies: tuple[Package, ...]


def asked(lock: Path) -> Answer:
    """What pip-audit finds out about a lock.

    Raises:
        RuntimeError: it gave no report; its words are in the message.
    """
    command = shutil.which("pip-audit", path=str(Path(sys.executable).parent)) or "pip-audit"
    ran = subprocess.run(
        [command, "--require-hashes", "--disable-pip", "--progress-spinner", "off",
         "--format", "json", "--requirement", str(lock)],
        capture_output=True,
        check=False,
    )  # fmt: skip
    try:
        return msgspec.json.decode(ran.stdout, type=Answer)
    except msgspec.DecodeError:
        said = ran.stderr.decode("utf-8", "replace").strip().splitlines()
        raise RuntimeError(said[-1] if said else "pip-audit says nothing") from None


def judge(name: str, answer: Answer, tell: Callable[[str], None]) -> int:
    """The exit code for one lock; what was found is told line by line."""
    known = [one for one in answer.dependencies if one.skip_reason is None]
    unknown = [one.name for one in answer.dependencies if one.skip_reason is not None]
    weak = [(one, advisory) for one in known for advisory in one.vulns]
    for package, advisory in weak:
        mend = ", ".join(advisory.fix_versions) or "no version mends it yet"
        tell(f"{name}: {package.name} {package.version} has {advisory.id}; mended in: {mend}")
    tell(
        f"{name}: {len(known)} of {len(answer.dependencies)} packages asked, {len(weak)} advisories"
    )
    if unknown:
        rest = len(unknown) - SHOWN
        more = f" and {rest} more" if rest > 0 else ""
        tell(f"{name}: the index tells nothing of {', '.join(unknown[:SHOWN])}{more}")
    return 1 if weak else 2 if unknown else 0


def main(arguments: Sequence[str]) -> int:
    worst = 0
    for name in arguments or LOCKS:
        try:
            code = judge(name, asked(ROOT / name), lambda line: print(line, flush=True))
        except RuntimeError as error:
            print(f"{name}: {error}", file=sys.stderr)
            code = 2
        worst = 1 if 1 in (worst, code) else max(worst, code)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
