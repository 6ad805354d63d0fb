"""The example module of the guide works: in a process of its own, so that its tables stay out of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(300)
def test_the_example_module_passes_its_own_tests() -> None:
    paths = (ROOT / "src", ROOT / "examples" / "loyalty" / "src", ROOT)
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-n", "0", "--import-mode=importlib",
            "--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml"),
            str(ROOT / "examples" / "loyalty" / "tests"),
        ],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
