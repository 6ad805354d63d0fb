"""PostgreSQL's search reads the entries that match, and no longer all of a tenant to intersect them.

Before and after give the same rows; going back leaves the functions as they are.
"""

from __future__ import annotations

from alembic import op

from rustok.index.fulltext import search_functions

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for statement in search_functions():
            op.execute(statement)


def downgrade() -> None:
    pass
