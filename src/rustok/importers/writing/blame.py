"""Turns what a feature refused into issues with row and column; it judges nothing itself."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from rustok.core.errors import FieldError, RustokError
from rustok.importers.errors import RowRefused
from rustok.importers.report import Issue

Place = tuple[int | None, str | None]
"""(line in the file, name of the column or element)."""

_MAX_FIELDS = 10


def blame(error: Exception, place_of: Callable[[str, str], Place]) -> tuple[Issue, ...]:
    """The issues of an error.

    Args:
        place_of: gives row and column of an error code and a JSON pointer into what was written.
    """
    if isinstance(error, RowRefused):
        return error.issues
    if isinstance(error, RustokError):
        fields = error.fields[:_MAX_FIELDS] or (FieldError(pointer="", rule="", message=""),)
        return tuple(
            _issue(error.code, _sentence(field.message) or error.detail, place_of, field.pointer)
            for field in fields
        )
    if isinstance(error, msgspec.ValidationError):
        message = f"A value breaks a rule: {str(error)[:300]}."
        return (_issue("value_refused", message, place_of, ""),)
    # A fault of the program: this row fails, the worker logs it, the rest goes on.
    message = "An internal error; the log of the server or of this command says more."
    return (_issue("internal_error", message, place_of, ""),)


def _issue(code: str, message: str, place_of: Callable[[str, str], Place], pointer: str) -> Issue:
    row, column = place_of(code, pointer)
    return Issue(code=code, message=message, severity="error", row=row, column=column)


def _sentence(message: str) -> str:
    return message[:1].upper() + message[1:]
