"""What a database can refuse, in the platform's words; the drivers' own exceptions stop here."""

from __future__ import annotations

from rustok.core.errors import Conflict, InvalidInput, Unavailable, Unprocessable


class UniqueViolation(Conflict):
    """A value that must be unique is taken.

    Args:
        constraint: the name of the unique constraint or index, as declared in `tables.py`.
    """

    code = "already_exists"
    title = "This already exists"
    mend = "Choose another value for the field that must be unique, or change the existing thing."

    def __init__(self, constraint: str) -> None:
        self.constraint = constraint
        super().__init__(
            "A value that must be unique is already in use.", extensions={"constraint": constraint}
        )


class ForeignKeyViolation(Unprocessable):
    """A reference to something this tenant does not have, or a delete of something still referred to."""

    code = "reference_missing"
    title = "A referenced thing does not exist or is still in use"
    mend = "Use ids of this tenant's own things; remove what refers to a thing before the thing."

    def __init__(self, constraint: str | None) -> None:
        self.constraint = constraint
        super().__init__(
            "The request refers to something that does not exist, or is still referred to."
        )


class CheckViolation(Conflict):
    """A rule kept by the database itself (stock not negative, states of a lifecycle, ...)."""

    code = "rule_violated"
    title = "The database refuses this value"
    mend = "The value breaks the rule named in `constraint`."

    def __init__(self, constraint: str) -> None:
        self.constraint = constraint
        super().__init__(
            f"The change breaks the rule '{constraint}'.", extensions={"constraint": constraint}
        )


class DataRefused(InvalidInput):
    """A value the database cannot hold (a NUL character, a number out of range)."""

    code = "value_out_of_range"
    title = "A value cannot be stored"
    mend = "Send text without NUL characters and numbers within the documented range."

    def __init__(self) -> None:
        super().__init__("A value in the request cannot be stored by the database.")


class DatabaseUnavailable(Unavailable):
    code = "database_unavailable"
    title = "The database does not answer"

    def __init__(
        self,
        detail: str = "The database does not answer; nothing was changed.",
        *,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(detail, retry_after_seconds=retry_after_seconds or 2)


class DatabaseBusy(DatabaseUnavailable):
    """Every connection of this process was taken for as long as a request may wait for one."""

    code = "database_busy"
    title = "The database is asked by too many at once"

    def __init__(self) -> None:
        super().__init__("Every connection to the database is in use; nothing was changed.")
