"""What a running process tells about itself: its tasks and where each of them waits.

Refuses: values. A stack is files, lines and names of functions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

import msgspec

MAX_FRAMES: Final = 12
MAX_TASKS: Final = 500


class TaskView(msgspec.Struct, frozen=True, kw_only=True):
    """One asyncio task; `stack` is outermost first."""

    name: str
    coroutine: str
    stack: list[str]


def tasks() -> list[TaskView]:
    """The tasks of the running loop, by name."""
    found = [_view(task) for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    return sorted(found[:MAX_TASKS], key=lambda view: (view.name, view.coroutine))


def _view(task: asyncio.Task[object]) -> TaskView:
    coroutine = task.get_coro()
    return TaskView(
        name=task.get_name(),
        coroutine=getattr(coroutine, "__qualname__", type(coroutine).__name__),
        stack=list(_frames(coroutine)),
    )


def _frames(coroutine: object) -> Iterable[str]:
    """Where a coroutine waits, and what it waits for, down to what is no coroutine."""
    for _ in range(MAX_FRAMES):
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is None:
            return
        code = frame.f_code
        place = code.co_filename.rpartition("/rustok/")[2].rpartition("site-packages/")[2]
        yield f"{place}:{frame.f_lineno} {code.co_qualname}"
        awaited = getattr(coroutine, "cr_await", None)
        coroutine = awaited if awaited is not None else getattr(coroutine, "gi_yieldfrom", None)
