"""What can go wrong with categories and tags."""

from __future__ import annotations

from rustok.core.errors import Conflict, NotFound, Unprocessable


class CategoryNotFound(NotFound):
    code = "content_category_not_found"
    title = "There is no such content category"

    def __init__(self) -> None:
        super().__init__("The tenant has no such content category.")


class TagNotFound(NotFound):
    code = "tag_not_found"
    title = "There is no such tag"

    def __init__(self) -> None:
        super().__init__("The tenant has no such tag.")


class TermHandleTaken(Conflict):
    code = "term_handle_taken"
    title = "The handle is taken"
    mend = "Choose another handle, or leave it out to get one made from the name."

    def __init__(self, handle: str) -> None:
        super().__init__(f"Another term has the handle '{handle}'.")


class CategoryParentUnusable(Unprocessable):
    """The parent is missing, below the category itself or too deep."""

    code = "content_category_parent_unusable"
    title = "The category cannot stand below this parent"
    mend = "Choose another parent, or none."

    def __init__(self, reason: str) -> None:
        super().__init__(reason)


class CategoryHasChildren(Conflict):
    code = "content_category_has_children"
    title = "Other categories stand below this one"
    mend = "Move or delete the categories below it first."

    def __init__(self) -> None:
        super().__init__("Categories stand below this one.")
