"""What can go wrong with nodes and their kinds."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from rustok.core.errors import (
    Conflict,
    FieldError,
    InvalidInput,
    NotFound,
    PermissionDenied,
    Unprocessable,
)
from rustok.core.invalid_value import InvalidValue


class NodeNotFound(NotFound):
    code = "node_not_found"
    title = "There is no such node"

    def __init__(self) -> None:
        super().__init__("The tenant has no such node.")


class RevisionNotFound(NotFound):
    code = "revision_not_found"
    title = "There is no such revision"

    def __init__(self, number: int) -> None:
        super().__init__(f"The node has no revision {number}.", extensions={"number": number})


class NodeKindNotFound(NotFound):
    code = "node_kind_not_found"
    title = "There is no such kind of node"

    def __init__(self) -> None:
        super().__init__("The tenant has no such kind of node.")


class NodeKindUnknown(Unprocessable):
    code = "node_kind_unknown"
    title = "This kind of node is not defined"
    mend = "Use 'page', 'post' or a kind the tenant has defined."

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(
            f"The tenant has no kind of node named '{kind[:63]}'.", extensions={"kind": kind[:63]}
        )


class NodeKindTaken(Conflict):
    code = "node_kind_taken"
    title = "The name of the kind is taken"
    mend = "Choose another name or change the existing kind."

    def __init__(self, slug: str) -> None:
        super().__init__(f"There is a kind '{slug}' already.")


class NodeKindInUse(Conflict):
    code = "node_kind_in_use"
    title = "There are nodes of this kind"
    mend = "Delete the nodes of this kind first."

    def __init__(self, slug: str) -> None:
        super().__init__(f"Nodes of the kind '{slug}' exist.")


class InvalidKind(InvalidInput):
    """A field schema that contradicts itself."""

    code = "invalid_node_kind"
    title = "The definition of the kind is contradictory"


class InvalidFields(InvalidInput):
    """Values of custom fields that break the kind's schema; each at /fields/<name>."""

    code = "invalid_node_fields"
    title = "Custom fields break the rules of their kind"

    def __init__(self, kind: str, fields: Sequence[FieldError]) -> None:
        names = ", ".join(error.pointer for error in fields[:5])
        super().__init__(f"Fields of the kind '{kind}' are invalid: {names}.", fields=fields)


class InvalidBody(InvalidValue):
    code = "invalid_node_body"
    title = "The body of a text is too large or too deep"


class LocaleNotEnabled(InvalidValue):
    code = "locale_not_enabled"
    title = "The locale is not enabled for this tenant"

    def __init__(self, locale: str, *, pointer: str) -> None:
        super().__init__(
            f"'{locale}' is not among the tenant's locales; enable it first.",
            pointer=pointer,
            rule="enabled",
        )


class TranslationNotFound(NotFound):
    code = "translation_not_found"
    title = "The node has no text in this locale"

    def __init__(self, locale: str) -> None:
        super().__init__(f"The node has no text in '{locale}'.")


class LastTranslation(Unprocessable):
    code = "last_translation"
    title = "A node keeps at least one text"
    mend = "Add a text in another locale first, or delete the node."

    def __init__(self) -> None:
        super().__init__("This is the only text of the node.")


class NodeHandleTaken(Conflict):
    code = "node_handle_taken"
    title = "The handle is taken"
    mend = "Choose another handle, or leave it out to get one made from the title."

    def __init__(self, handle: str, locale: str) -> None:
        super().__init__(f"Another node of this kind has the handle '{handle}' in '{locale}'.")


class ParentUnusable(Unprocessable):
    """The parent is missing, of another kind, below the node itself or too deep."""

    code = "node_parent_unusable"
    title = "The node cannot stand below this parent"
    mend = "Choose another parent, or none."

    def __init__(self, reason: str) -> None:
        super().__init__(reason)


class NodeHasChildren(Conflict):
    code = "node_has_children"
    title = "Other nodes stand below this one"
    mend = "Move or delete the nodes below it first."

    def __init__(self) -> None:
        super().__init__("Nodes stand below this one.")


class MediaUnknown(Unprocessable):
    code = "featured_media_unknown"
    title = "The featured media does not exist"
    mend = "Use the id of a media of this tenant."

    def __init__(self, media_id: UUID) -> None:
        super().__init__("There is no media with this id.", extensions={"media_id": str(media_id)})


class AuthorUnknown(Unprocessable):
    code = "author_unknown"
    title = "The author does not exist"
    mend = "Use the id of a staff member of this tenant."

    def __init__(self, author_id: UUID) -> None:
        super().__init__(
            "There is no staff member with this id.", extensions={"author_id": str(author_id)}
        )


class NotOwnNode(PermissionDenied):
    code = "not_own_node"
    title = "The node belongs to another author"
    mend = "Ask somebody with the permission 'nodes:publish'."

    def __init__(self) -> None:
        super().__init__(
            "Authors reach their own nodes only.", extensions={"required": "nodes:publish"}
        )


class ReviewRequired(PermissionDenied):
    code = "review_required"
    title = "A review is needed first"
    mend = "Submit the node for review; somebody with the permission 'nodes:publish' approves it."

    def __init__(self) -> None:
        super().__init__(
            "This tenant publishes after a review only.", extensions={"required": "nodes:publish"}
        )


class NodeArchived(Conflict):
    code = "node_archived"
    title = "The node is archived"
    mend = "Restore the node first."

    def __init__(self) -> None:
        super().__init__(
            "An archived node cannot be changed.", extensions={"allowed_actions": ["restore"]}
        )


class PublishTimeNotAhead(InvalidValue):
    code = "publish_time_not_ahead"
    title = "The time of publication is not ahead"

    def __init__(self) -> None:
        super().__init__(
            "a node is scheduled for a time ahead; publish it now instead.",
            pointer="/publish_at",
            rule="future",
        )


class ReasonMissing(InvalidValue):
    code = "archive_reason_missing"
    title = "A reason is needed"

    def __init__(self) -> None:
        super().__init__(
            "say why in at least one visible character.", pointer="/reason", rule="not_blank"
        )
