"""The table of mails: to whom, which template, sealed parameters, and how the sending went."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, Integer, Text, text

from rustok.core.db import Id, Json, Timestamp, tenant_table
from rustok.core.db.schema import states_check
from rustok.platform.mail.model.mail import Attempt
from rustok.platform.mail.states import MAIL_LIFECYCLE

_QUEUED: Final = text("status = 'queued'")

# no event: a mail is the effect of an event, and its log is kept here
mails: Final = tenant_table(
    "mails",
    Column("template", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    # The name keeps it out of exports (core.db.tenant_rows). NULL once nobody needs it any more.
    Column("sealed_secret", Text, info={"sealed": "mail/{id}"}),
    # What the template's composer reads when the mail is sent, instead of sealed parameters.
    Column("reference_id", Id()),
    Column("status", Text, nullable=False),
    Column("attempt_count", Integer, nullable=False),
    Column("run_count", Integer, nullable=False),
    Column("attempts", Json(list[Attempt]), nullable=False),
    Column("last_error", Text),
    Column("next_attempt_at", Timestamp()),
    Column("expires_at", Timestamp()),
    Column("sent_at", Timestamp()),
    Column("correlation_id", Id(), nullable=False),
    Column("traceparent", Text),
    Column("claimed_by", Id()),
    Column("claimed_until", Timestamp()),
    Column("version", Integer, nullable=False),
    Column("created_at", Timestamp(), nullable=False),
    Column("updated_at", Timestamp(), nullable=False),
    states_check("status", MAIL_LIFECYCLE.states),
    Index(
        "ix_mails_due",
        "tenant_id",
        "next_attempt_at",
        "id",
        sqlite_where=_QUEUED,
        postgresql_where=_QUEUED,
    ),
    Index("ix_mails_status", "tenant_id", "status", "id"),
    Index("ix_mails_created", "created_at"),
    Index("ix_mails_correlation", "tenant_id", "correlation_id"),
)
