"""Errors that end an import, or one draft of it; a bad row is an issue and never ends the rest."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from rustok.core.errors import Conflict, InvalidInput, NotFound
from rustok.importers.report import Issue


class ImportFileRefused(InvalidInput):
    """The file as a whole cannot be read: not a file, too big, not this format, hostile.

    `reason` is a stable word; `line` is 1-based where one line is to blame.
    """

    code = "import_file_refused"
    title = "The import file cannot be read"
    status = 400
    mend = "Export the file again in the format named, or raise the limit named in `detail`."

    def __init__(self, detail: str, *, reason: str, line: int | None = None) -> None:
        self.reason, self.line = reason, line
        extensions: dict[str, str | int] = {"reason": reason}
        if line is not None:
            extensions["line"] = line
        super().__init__(detail, extensions=dict(extensions))


class ImportRunNotFound(NotFound):
    code = "import_run_not_found"
    title = "There is no such import"

    def __init__(self) -> None:
        super().__init__("The tenant has no such import.")


class ImportRunBusy(Conflict):
    """Another process works on the same file with the same options right now."""

    code = "import_run_busy"
    title = "This import is under way already"
    mend = "Wait for it, or stop it; then start again."

    def __init__(self, run_id: UUID) -> None:
        super().__init__(
            "Another process is importing this file.", extensions={"run_id": str(run_id)}
        )


class ImportFileEmpty(InvalidInput):
    """An upload without a file."""

    code = "import_file_empty"
    title = "The file is empty"
    mend = "Send the export itself as the body of the request."

    def __init__(self) -> None:
        super().__init__("The body of the request is empty.")


class ImportModuleOff(Conflict):
    """The tenant does not have what the file would be written into."""

    code = "import_module_off"
    title = "A module the import needs is switched off"
    mend = "Switch the modules named in `modules` on, then import again."

    def __init__(self, modules: Sequence[str]) -> None:
        super().__init__(
            f"Switched off for this tenant: {', '.join(modules)}.",
            extensions={"modules": list(modules)},
        )


class RowRefused(Exception):
    """A draft that cannot be written: its issues say where and why. Ends its transaction only."""

    def __init__(self, issues: Sequence[Issue]) -> None:
        super().__init__(issues[0].message if issues else "refused")
        self.issues = tuple(issues)
