"""What can go wrong with menus."""

from __future__ import annotations

from collections.abc import Sequence

from rustok.core.errors import Conflict, FieldError, NotFound, Unprocessable
from rustok.core.invalid_value import InvalidValue


class MenuNotFound(NotFound):
    code = "menu_not_found"
    title = "There is no such menu"

    def __init__(self) -> None:
        super().__init__("The tenant has no such menu.")


class MenuHandleTaken(Conflict):
    code = "menu_handle_taken"
    title = "The handle is taken"
    mend = "Choose another handle, or leave it out to get one made from the name."

    def __init__(self, handle: str) -> None:
        super().__init__(f"Another menu has the handle '{handle}'.")


class InvalidMenuItem(InvalidValue):
    """The tree is too deep or too large, or an item breaks the rule of its kind."""

    code = "invalid_menu_item"
    title = "An item of the menu breaks a rule"


class MenuTargetUnknown(Unprocessable):
    """Items lead to nodes or categories that the tenant has not; each at its pointer."""

    code = "menu_target_unknown"
    title = "A menu item leads nowhere"
    mend = (
        "Take the items named in `errors` out, or use ids of nodes and categories of this tenant."
    )

    def __init__(self, fields: Sequence[FieldError]) -> None:
        named = ", ".join(field.pointer for field in fields[:5])
        super().__init__(f"The targets of these items do not exist: {named}.", fields=fields)
