"""structlog without its colours for people's tracebacks.

Where rich is installed, structlog imports it with all its parts: 3 MB and a tenth of a second of every
start, for tracebacks that this project prints plainly. So rich is not there while structlog looks.
"""

from __future__ import annotations

import sys
from typing import Any, cast

_modules = cast("dict[str, Any]", sys.modules)
_absent = "rich" not in _modules
if _absent:
    _modules["rich"] = None
try:
    import structlog
    from structlog.typing import EventDict, Processor, WrappedLogger
finally:
    if _absent:
        del _modules["rich"]

__all__ = ["EventDict", "Processor", "WrappedLogger", "structlog"]
