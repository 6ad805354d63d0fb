"""What other features and the importers may call of comments."""

from rustok.content.comments.model.comment import Thread
from rustok.content.comments.service import (
    CommentInput,
    list_threads,
    upsert,
)

__all__ = ["CommentInput", "Thread", "list_threads", "upsert"]
