"""The use cases of comments: writing, moderating, importing."""

from rustok.content.comments.service.importing import (
    CommentInput,
    upsert,
)
from rustok.content.comments.service.writing import (
    list_threads,
)

__all__ = [
    "CommentInput",
    "list_threads",
    "upsert",
]
