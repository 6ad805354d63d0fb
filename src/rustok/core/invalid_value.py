"""The shape of errors about one bad value; it names no rule itself, value modules bring theirs."""

from __future__ import annotations

from rustok.core.errors import FieldError, InvalidInput


class InvalidValue(InvalidInput):
    """One value at one place breaks one rule. Subclasses declare their own `code` and `title`.

    Args:
        message: what is wrong and how to mend it; never the value of personal data.
        pointer: where the value is: a JSON pointer (RFC 6901) or the name of a parameter or header.
        rule: the broken rule in snake_case, stable for machines.
    """

    def __init__(self, message: str, *, pointer: str, rule: str) -> None:
        self.pointer = pointer
        self.rule = rule
        super().__init__(
            f"At {pointer or 'the document'}: {message}",
            fields=[FieldError(pointer=pointer, rule=rule, message=message)],
        )
