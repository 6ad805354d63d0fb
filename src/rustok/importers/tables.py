"""Tables of import runs: how far each is, and its issues."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Index, Integer, Text

from rustok.core.db import Id, Json, Timestamp, tenant_reference, tenant_table
from rustok.core.db.schema import states_check
from rustok.importers.model import ImportOptions, RunReport
from rustok.importers.states import IMPORT_RUN_LIFECYCLE

# no event: the progress of a run; what it creates is announced by the features
import_runs: Final = tenant_table(
    "import_runs",
    Column("source", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("file_digest", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("file_bytes", BigInteger, nullable=False),
    Column("stored_as", Text),
    Column("options", Json(ImportOptions), nullable=False),
    Column("is_dry_run", Boolean, nullable=False),
    Column("next_index", Integer, nullable=False),
    Column("bytes_read", BigInteger, nullable=False),
    Column("report", Json(RunReport), nullable=False),
    Column("started_by", Id()),
    Column("error", Text),
    Column("finished_at", Timestamp()),
    Column("version", Integer, nullable=False),
    Column("started_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    states_check("status", IMPORT_RUN_LIFECYCLE.states),
    CheckConstraint("source IN ('shopify', 'woocommerce', 'wordpress')", name="source_known"),
    CheckConstraint("(status = 'failed') = (error IS NOT NULL)", name="error_of_state"),
    CheckConstraint(
        "(status = 'finished') = (finished_at IS NOT NULL)", name="finished_at_of_state"
    ),
    CheckConstraint("next_index >= 0", name="next_index_not_negative"),
    Index("ix_import_runs_file", "tenant_id", "file_digest", "id"),
    Index("ix_import_runs_source", "tenant_id", "source", "id"),
    Index("ix_import_runs_status", "status", "id"),
)

# Apart from the run, so that a step adds rows and does not write a growing report anew.
# no event: the report of a run
import_issues: Final = tenant_table(
    "import_issues",
    Column("run_id", Id(), nullable=False),
    Column("number", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("row", Integer),
    Column("column", Text),
    CheckConstraint("severity IN ('error', 'warning', 'info')", name="severity_known"),
    tenant_reference("run_id", "import_runs", ondelete="CASCADE", name="fk_import_issues_run"),
    primary_key=("run_id", "number"),
    with_id=False,
)
