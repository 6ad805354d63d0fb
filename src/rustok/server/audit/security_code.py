"""Reads a package for weaknesses that can be seen in its syntax; runs none of it.

A line may give its reason: `# secure: reason`, `# constant sql: reason`, or a lint's
`# noqa: S105 - reason`. Reasons are listed in the report.
Refuses: following values through calls; what is passed in by a variable is not seen.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import rustok
from rustok.server.audit.code_reading import FunctionNode, Module, dotted, read_modules
from rustok.server.audit.findings import Excuse
from rustok.server.audit.security_rules import Weakness, weakness

Seen = tuple[str, int, str]
"""Id of the check, line, message."""

_REASON: Final = re.compile(
    r"#\s*(?:secure|constant sql):\s*(?P<why>\S.*)|#\s*noqa:\s*S\d+(?:,\s*\w+)*\s*(?:-|#)?\s*(?P<lint>\w.*)"
)
SECRET_PATTERNS: Final = (
    ("a private key", re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s*\n?[A-Za-z0-9+/=]{16}")),
    ("a key of AWS", re.compile(r"\b(?:AKIA|ASIA)(?!IOSFODNN7)[0-9A-Z]{16}\b")),
    ("a live key of Stripe", re.compile(r"\b[rs]k_live_[0-9A-Za-z]{16,}")),
    ("a token of GitHub", re.compile(r"\b(?:gh[pousr]_[0-9A-Za-z]{36}|github_pat_[0-9A-Za-z_]{22,})\b")),
    ("a token of GitLab", re.compile(r"\bglpat-[0-9A-Za-z_-]{20,}")),
    ("a token of Slack", re.compile(r"\bxox[abprs]-[0-9A-Za-z-]{20,}")),
    ("a key of Google", re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b")),
    ("a token of PyPI", re.compile(r"\bpypi-[0-9A-Za-z_-]{50,}")),
)  # fmt: skip
"""Secrets that can be told by their form; also for the scan of the whole checkout."""

_SECRET_NAME: Final = re.compile(
    r"(?:^|_)(?:password|passwd|secret|api_key|private_key|auth_token|access_key|secret_key)$", re.I
)
_SECRET_WORD: Final = re.compile(
    r"(?:^|_)(?:token|secret|password|nonce|salt|otp|csrf|key)(?:_|$)", re.I
)
_LOGGED: Final = re.compile(
    r"^(?:password|passwd|secret|(?:secret|private|master|api)_key|(?:access|refresh)_token"
    r"|authorization|cookie|recovery_codes?)$",
    re.I,
)
_COMPARED: Final = re.compile(
    r"(?:^|_)(?:signature|digest|hmac|mac|token_hash|password_hash)$", re.I
)
_DECIDES: Final = re.compile(
    r"^_?(?:is_allowed|may_|can_|authori[sz]e|authenticate|verify|check_permission"
    r"|has_permission|is_valid)"
)
_LOG_METHODS: Final = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
_SQL_CALLS: Final = frozenset({"execute", "executemany", "executescript", "fetch", "fetchrow", "fetchval"})  # fmt: skip
_SQL: Final = re.compile(
    r"^\s*(select\s|insert\s+into|update\s+\S+\s+set|delete\s+from|drop\s+table|alter\s+table)",
    re.I,
)
_RUNS_DATA: Final = frozenset({"pickle", "cPickle", "dill", "marshal", "shelve", "jsonpickle"})
_XML: Final = ("xml.etree", "xml.dom", "xml.sax", "lxml")
_HTTP_CLIENTS: Final = (
    "httpx", "requests", "aiohttp", "urllib.request", "urllib3", "http.client"
)  # fmt: skip
_MAY_SEND: Final = (
    "rustok.core.security.outbound_http",
    "rustok.platform.webhooks.service.sending",
    "rustok.telemetry.otlp.sending",
    "rustok.cli.",
)
"""Where requests are sent: behind the guard of addresses, or by the operator's own hand."""


def audit_sources(root: Path | None = None) -> tuple[list[Weakness], list[Excuse], int]:
    """Weaknesses, reasons given, and how many files were read; this program's unless `root` is given."""
    found: list[Weakness] = []
    excuses: set[Excuse] = set()
    files = 0
    for module in read_modules(root or Path(rustok.__file__).parent):
        files += 1
        for check, line, message in sorted(set(_judge(module))):
            place = f"{module.path}:{line}"
            why = _reason(module, line)
            if why is not None:
                excuses.add(Excuse(place=place, reason=why))
            else:
                found.append(weakness(check, place, message, path=module.path, line=line))
    return found, sorted(excuses), files


def _reason(module: Module, line: int) -> str | None:
    """Given on the line, on the one before, or where the expression goes on."""
    for text in module.lines[max(0, line - 2) : line + 2]:
        match = _REASON.search(text)
        if match:
            return match["why"] or match["lint"]
    return None


def _judge(module: Module) -> Iterator[Seen]:
    for number, line in enumerate(module.lines, 1):
        for what, pattern in SECRET_PATTERNS:
            if pattern.search(line):
                yield "code.secret", number, f"It looks like {what}."
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from _imported(node)
        elif isinstance(node, ast.Call):
            yield from _called(module, node)
        elif isinstance(node, ast.ExceptHandler):
            if _is_broad(node) and all(_does_nothing(one) for one in node.body):
                yield "code.swallowed", node.lineno, "Any error passes here in silence."
        elif isinstance(node, ast.Compare):
            if ".repository" not in module.name:  # there it becomes SQL
                yield from _compared(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.keyword):
            yield from _assigned(node)
        elif isinstance(node, FunctionNode):
            yield from _decided(module, node)
        elif isinstance(node, ast.Attribute) and node.attr == "CERT_NONE":
            yield "code.tls_off", node.lineno, "Certificates of others are not asked for."
        elif isinstance(node, ast.Assert) and ".routes" in module.name and not _narrows(node.test):
            yield "code.assert_input", node.lineno, "An assert checks a request."


def _full(module: Module, node: ast.expr) -> str:
    words = dotted(node)
    return "" if words is None else ".".join([module.names.get(words[0], words[0]), *words[1:]])


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[Seen]:
    home = node.module or "" if isinstance(node, ast.ImportFrom) else ""
    for alias in node.names:
        name = f"{home}.{alias.name}" if home else alias.name
        if name.split(".")[0] in _RUNS_DATA:
            yield "code.deserialise", node.lineno, f"{name} runs what it reads."
        # Names of types and errors parse nothing.
        if name.startswith(_XML) and not name.endswith(("Error", "Element", "Exception")):
            yield "code.xml", node.lineno, f"{name} follows entities."


def _keyword(node: ast.Call, name: str) -> ast.expr | None:
    return next((one.value for one in node.keywords if one.arg == name), None)


def _is(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def _called(module: Module, node: ast.Call) -> Iterator[Seen]:
    name, line = _full(module, node.func), node.lineno
    last = name.rpartition(".")[2] or getattr(node.func, "attr", "")
    if name in {"eval", "exec", "builtins.eval", "builtins.exec"}:
        yield "code.eval", line, f"{name} runs text."
    if name in {"os.system", "os.popen", "subprocess.getoutput"} or _is(
        _keyword(node, "shell"), True
    ):
        yield "code.shell", line, f"{name} starts a shell."
    if name in {"yaml.load", "yaml.unsafe_load", "yaml.full_load"}:
        loader = _keyword(node, "Loader")
        if loader is None or not _full(module, loader).endswith("SafeLoader"):
            yield "code.deserialise", line, f"{name} makes objects of any kind."
    breaks = last in {"md5", "sha1"} and name.startswith("hashlib")
    if breaks and not _is(_keyword(node, "usedforsecurity"), False):
        yield "code.weak_hash", line, f"{name} is broken."
    if _is(_keyword(node, "verify"), False) or name.endswith("_create_unverified_context"):
        yield "code.tls_off", line, f"{name} trusts everybody."
    escapes = _keyword(node, "autoescape")
    escaped = _is(escapes, True) or isinstance(escapes, ast.Call)
    if name == "jinja2.Environment" and not escaped:
        yield "code.autoescape", line, "Values are put in as HTML."
    is_markup = name in {"markupsafe.Markup", "jinja2.Markup"}
    if is_markup and node.args and not isinstance(node.args[0], ast.Constant):
        yield "code.markup", line, "A value is declared to be HTML."
    client = next((one for one in _HTTP_CLIENTS if name.startswith(f"{one}.")), None)
    sends = last in {"Client", "AsyncClient", "ClientSession", "Session", "PoolManager", "urlopen",
                     "HTTPTransport", "AsyncHTTPTransport", "HTTPConnection", "HTTPSConnection",
                     "request", "get", "post", "put", "stream"}  # fmt: skip
    if client and sends and not module.name.startswith(_MAY_SEND):
        yield "code.outbound", line, f"{name} asks any address."
    yield from _queried(name, last, node)
    yield from _filed(name, last, node)
    if last in _LOG_METHODS and "log" in name.rpartition(".")[0].lower():
        for one in (*node.args[1:], *(k.value for k in node.keywords)):
            words = dotted(one)
            if words and _LOGGED.search(words[-1]):
                yield "code.log_secret", line, f"{words[-1]} goes into a log."


def _filed(name: str, last: str, node: ast.Call) -> Iterator[Seen]:
    safe = _keyword(node, "filter")
    is_held = isinstance(safe, ast.Constant) and safe.value == "data"
    if (last == "extractall" and not is_held) or name == "shutil.unpack_archive":
        yield "code.extract", node.lineno, f"{last} follows the paths in the archive."
    if last in {"chmod", "mkdir", "makedirs"}:
        modes = [one.value for one in (*node.args, *(k.value for k in node.keywords if k.arg == "mode"))
                 if isinstance(one, ast.Constant) and type(one.value) is int]  # fmt: skip
        if any(mode & 0o002 for mode in modes if mode >= 0o100):
            yield "code.file_mode", node.lineno, "Everybody may write it."
    if name == "tempfile.mktemp":
        yield "code.temporary", node.lineno, "Somebody else may make it first."


def _queried(name: str, last: str, node: ast.Call) -> Iterator[Seen]:
    is_text = name in {"sqlalchemy.text", "sa.text"}
    if (last in _SQL_CALLS or is_text) and node.args and _made_sql(node.args[0]):
        yield "code.sql_text", node.args[0].lineno, "A value becomes part of a statement."


def _made_sql(node: ast.expr) -> bool:
    """An f-string, `+`, `%` or `.format` that begins like a statement."""
    if isinstance(node, ast.JoinedStr):
        made = any(isinstance(one, ast.FormattedValue) for one in node.values)
        return made and bool(_SQL.search(_beginning(node)))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        constant = isinstance(node.left, ast.Constant) and isinstance(node.right, ast.Constant)
        return not constant and bool(_SQL.search(_beginning(node)))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr == "format" and bool(_SQL.search(_beginning(node.func.value)))
    return False


def _beginning(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return _beginning(node.values[0]) if node.values else ""
    if isinstance(node, ast.BinOp):
        return _beginning(node.left)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _is_broad(node: ast.ExceptHandler) -> bool:
    return node.type is None or (
        isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}
    )


def _does_nothing(node: ast.stmt) -> bool:
    is_dots = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Pass | ast.Continue) or is_dots


def _compared(node: ast.Compare) -> Iterator[Seen]:
    if not isinstance(node.ops[0], ast.Eq | ast.NotEq):
        return
    sides = [node.left, *node.comparators]
    if any(isinstance(one, ast.Constant) for one in sides):
        return
    names = [_last(one) for one in sides]
    if len(set(names)) == 1:
        return  # what is stored, with what was stored before
    for name in names:
        if _COMPARED.search(name):
            yield "code.compare", node.lineno, f"{name} is compared with ==."
            return


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _assigned(node: ast.Assign | ast.AnnAssign | ast.keyword) -> Iterator[Seen]:
    if isinstance(node, ast.keyword):
        names = [node.arg or ""]
    else:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [(dotted(one) or [""])[-1] for one in targets]
    value = node.value
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        text, name = value.value, next((one for one in names if _SECRET_NAME.search(one)), None)
        is_word = len(text) >= 8 and len(set(text)) > 4 and not re.search(r"[\s{}<>]", text)
        is_phrase = text.count(" ") > 1 and isinstance(node, ast.keyword)
        if name and (is_word or is_phrase):
            yield "code.secret", value.lineno, f"{name} is a constant."
    is_secret = any(_SECRET_WORD.search(one) for one in names)
    if value is not None and is_secret and not isinstance(node, ast.keyword):
        for inner in ast.walk(value):
            words = dotted(inner) if isinstance(inner, ast.expr) else None
            if words and words[0] == "random" and len(words) == 2:
                yield "code.random", value.lineno, f"{names[0]} can be predicted."


def _decided(module: Module, node: FunctionNode) -> Iterator[Seen]:
    if not _DECIDES.search(node.name) or module.name.startswith("rustok.cli."):
        return
    for inner in ast.walk(node):
        if not isinstance(inner, ast.ExceptHandler):
            continue
        for one in inner.body:
            if isinstance(one, ast.Return) and _is(one.value, True):
                yield "code.fail_open", one.lineno, f"{node.name} says yes after an error."


def _narrows(test: ast.expr) -> bool:
    """`x is not None`, `isinstance(…)`: for the type checker, not for the caller."""
    if isinstance(test, ast.BoolOp):
        return all(_narrows(one) for one in test.values)
    if isinstance(test, ast.Compare):
        return isinstance(test.ops[0], ast.Is | ast.IsNot)
    return isinstance(test, ast.Call) and (dotted(test.func) or [""])[-1] == "isinstance"
