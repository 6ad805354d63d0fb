"""Registration of imports."""

from __future__ import annotations

from typing import Final

from rustok.core.modules import Job, Module
from rustok.importers import routes, tables, uploads

MODULE: Final = Module(
    slug="imports",
    title="Imports",
    routes=(routes.admin,),
    jobs=(Job(name="imports", every_seconds=1, run=uploads.work_uploads),),
)

TABLES: Final = (tables.import_runs, tables.import_issues)
"""So that whoever loads the module has its tables declared."""
