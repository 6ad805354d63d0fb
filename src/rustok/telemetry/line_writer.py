"""Lines written to a file together: one call of the system for many.

A call for each line costs more than making it, and lets other threads take the interpreter. Lines wait
up to `FLUSH_SECONDS`; whatever else is written to the same file goes out after them. Refuses: failing
whoever logs: lines a full disk or a closed pipe does not take are gone. A process that is killed
loses what waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import Final

FLUSH_SECONDS: Final = 0.05
FLUSH_LINES: Final = 256


class LineWriter:
    """Args:
    number: the file's descriptor; bytes go straight to it.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._lines: list[bytes] = []

    def write(self, line: bytes) -> None:
        """Write `line` soon; at once where no event loop runs."""
        lines = self._lines
        lines.append(line)
        if len(lines) == 1:
            try:
                asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)
            except RuntimeError:
                self.flush()
        elif len(lines) >= FLUSH_LINES:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if not self._lines:
            return
        content = b"".join(self._lines)
        self._lines.clear()
        with contextlib.suppress(OSError):
            while content:
                content = content[os.write(self._number, content) :]
