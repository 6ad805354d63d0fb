"""What can go wrong with comments."""

from __future__ import annotations

from rustok.core.errors import Conflict, NotFound, Unprocessable
from rustok.core.invalid_value import InvalidValue


class CommentNotFound(NotFound):
    code = "comment_not_found"
    title = "There is no such comment"

    def __init__(self) -> None:
        super().__init__("The tenant has no such comment.")


class CommentsClosed(Conflict):
    code = "comments_closed"
    title = "Nobody may comment here"
    mend = "Comment on a node whose comments are open."

    def __init__(self) -> None:
        super().__init__("The comments of this node are closed.")


class ReplyNotPossible(Unprocessable):
    """The comment answered is not shown, of another node, or too deep in its thread."""

    code = "reply_not_possible"
    title = "This comment cannot be answered"
    mend = "Answer a shown comment of the same node, or write a new one."

    def __init__(self, reason: str) -> None:
        super().__init__(reason)


class CommentBlank(InvalidValue):
    code = "comment_blank"
    title = "The comment is blank"

    def __init__(self) -> None:
        super().__init__(
            "write at least one visible character.", pointer="/content", rule="not_blank"
        )


class CommentHasReplies(Conflict):
    code = "comment_has_replies"
    title = "The comment has answers"
    mend = "Delete the answers first, or leave the comment in the trash."

    def __init__(self) -> None:
        super().__init__("Other comments answer this one.")


class CommentNotDiscarded(Conflict):
    code = "comment_not_discarded"
    title = "Only spam and trash are deleted for good"
    mend = "Put the comment into the trash first."

    def __init__(self) -> None:
        super().__init__("The comment is neither spam nor in the trash.")
