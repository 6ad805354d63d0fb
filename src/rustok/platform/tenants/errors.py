"""What can go wrong with tenants."""

from __future__ import annotations

from rustok.core.errors import Conflict, NotFound, Unprocessable


class TenantNotFound(NotFound):
    code = "tenant_not_found"
    title = "There is no such tenant"
    mend = "Check the slug or id in X-Tenant, or the host name of the request."

    def __init__(self) -> None:
        super().__init__("No tenant answers to this id, slug or host.")


class TenantSlugTaken(Conflict):
    code = "tenant_slug_taken"
    title = "The slug is taken"
    mend = "Choose another slug."

    def __init__(self, slug: str) -> None:
        super().__init__(f"The slug '{slug}' belongs to another tenant.")


class DomainTaken(Conflict):
    code = "domain_taken"
    title = "The host name is taken"
    mend = "Remove the host name from the other tenant first."

    def __init__(self, host: str) -> None:
        super().__init__(f"The host name '{host}' is in use.")


class DomainNotFound(NotFound):
    code = "domain_not_found"
    title = "There is no such domain"

    def __init__(self) -> None:
        super().__init__("The tenant has no such domain.")


class LocaleInUse(Unprocessable):
    code = "locale_in_use"
    title = "The default locale cannot be switched off"
    mend = "Make another locale the default first."

    def __init__(self, locale: str) -> None:
        super().__init__(f"'{locale}' is the default locale of the tenant.")
