"""Every problem code has a page in docs/errors/, and the pages say what the classes say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_pages_of_the_problem_codes_are_current() -> None:
    # In a process of its own: tests that ran before may have defined error classes of theirs.
    done = subprocess.run(
        [sys.executable, "-m", "tools.generate_error_docs", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, (
        f"run `python -m tools.generate_error_docs`:\n{done.stderr[-2000:]}"
    )
