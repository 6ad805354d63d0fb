"""What others may call of the CDN: the server labels answers and records changes, the command line purges."""

from rustok.platform.cdn.errors import CdnOff, CdnPartUnknown, PurgeFailed
from rustok.platform.cdn.model.keys import headers_of, key_of, tenant_key
from rustok.platform.cdn.model.options import CdnOptions, Provider
from rustok.platform.cdn.repository import Backlog, backlog
from rustok.platform.cdn.service.asking import ask
from rustok.platform.cdn.service.purging import purge_now
from rustok.platform.cdn.service.recording import record

__all__ = [
    "Backlog",
    "CdnOff",
    "CdnOptions",
    "CdnPartUnknown",
    "Provider",
    "PurgeFailed",
    "ask",
    "backlog",
    "headers_of",
    "key_of",
    "purge_now",
    "record",
    "tenant_key",
]
