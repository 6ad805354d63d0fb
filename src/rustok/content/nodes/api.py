"""What other features, the index and the importers may call of nodes."""

from rustok.content.nodes.errors import NodeKindUnknown, NodeNotFound
from rustok.content.nodes.model.bodies import Block, BlocksBody, Body, HtmlBody, MarkdownBody
from rustok.content.nodes.model.html import plain_text, sanitise
from rustok.content.nodes.model.kinds import FieldDefinition, FieldValue, NodeKind
from rustok.content.nodes.service import (
    NodeDescription,
    NodeInput,
    PublicNode,
    TextDescription,
    TextInput,
    count_by_state,
    create,
    define_kind,
    describe,
    file_under,
    find_by_handle,
    find_imported,
    get_public,
    list_ids,
    list_kinds,
    publish,
    translate,
    upsert,
)

__all__ = [
    "Block",
    "BlocksBody",
    "Body",
    "FieldDefinition",
    "FieldValue",
    "HtmlBody",
    "MarkdownBody",
    "NodeDescription",
    "NodeInput",
    "NodeKind",
    "NodeKindUnknown",
    "NodeNotFound",
    "PublicNode",
    "TextDescription",
    "TextInput",
    "count_by_state",
    "create",
    "define_kind",
    "describe",
    "file_under",
    "find_by_handle",
    "find_imported",
    "get_public",
    "list_ids",
    "list_kinds",
    "plain_text",
    "publish",
    "sanitise",
    "translate",
    "upsert",
]
