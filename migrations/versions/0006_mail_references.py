"""What a mail is about, for those whose content is read when they are sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rustok.core.db.schema import Id

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mails", sa.Column("reference_id", Id(), nullable=True))


def downgrade() -> None:
    op.drop_column("mails", "reference_id")
