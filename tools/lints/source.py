"""A parsed file and what a rule says about it; knows no rule."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath


@dataclass(frozen=True)
class Finding:
    """One broken rule at one line."""

    path: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


@dataclass(frozen=True)
class Source:
    """One file of the project; `path` is relative to its root, with forward slashes."""

    path: str
    text: str

    @property
    def parts(self) -> tuple[str, ...]:
        return PurePosixPath(self.path).parts

    @property
    def is_python(self) -> bool:
        return self.path.endswith(".py")

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    def under(self, *folders: str) -> bool:
        """Whether the file is one of `folders` or inside one."""
        return any(self.path == f or self.path.startswith(f"{f}/") for f in folders)

    def excused(self, node: ast.stmt | ast.expr, marker: str) -> bool:
        """Whether a line of `node` carries `# marker: reason`; a marker without reason is none."""
        pattern = re.compile(rf"#\s*{re.escape(marker)}:\s*\S")
        last = node.end_lineno or node.lineno
        return any(pattern.search(line) for line in self.lines[node.lineno - 1 : last])


Rule = Callable[[Source], Iterator[Finding]]


def call_name(node: ast.Call) -> str:
    """The last word of what is called: `tx.commit()` and `commit()` are both `commit`."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""
