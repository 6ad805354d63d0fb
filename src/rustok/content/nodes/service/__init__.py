"""The use cases of nodes, one file per kind of work."""

from rustok.content.nodes.service.describing import (
    NodeDescription,
    TextDescription,
    count_by_state,
    describe,
    list_ids,
)
from rustok.content.nodes.service.editing import (
    TextInput,
    create,
    translate,
)
from rustok.content.nodes.service.filing import (
    file_under,
)
from rustok.content.nodes.service.importing import (
    NodeInput,
    find_imported,
    upsert,
)
from rustok.content.nodes.service.kinds import (
    define_kind,
    list_kinds,
)
from rustok.content.nodes.service.reading import (
    PublicNode,
    find_by_handle,
    get_public,
)
from rustok.content.nodes.service.steps import (
    publish,
)

__all__ = [
    "NodeDescription",
    "NodeInput",
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
    "publish",
    "translate",
    "upsert",
]
