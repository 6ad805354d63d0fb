"""What other features may call of tenants."""

from rustok.platform.tenants.errors import TenantNotFound
from rustok.platform.tenants.model import ActiveTenant, Domain, SuspendedTenant, Tenant
from rustok.platform.tenants.service import (
    add_domain,
    create,
    disable_locale,
    disable_module,
    enable_locale,
    enable_module,
    erase,
    get,
    get_own,
    list_domains,
    list_tenants,
    reactivate,
    remove_domain,
    require_erasable,
    resolve,
    suspend,
    update,
)

__all__ = [
    "ActiveTenant",
    "Domain",
    "SuspendedTenant",
    "Tenant",
    "TenantNotFound",
    "add_domain",
    "create",
    "disable_locale",
    "disable_module",
    "enable_locale",
    "enable_module",
    "erase",
    "get",
    "get_own",
    "list_domains",
    "list_tenants",
    "reactivate",
    "remove_domain",
    "require_erasable",
    "resolve",
    "suspend",
    "update",
]
