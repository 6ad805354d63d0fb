"""What an operator may set: the sections, where values come from, what production refuses."""

from rustok.server.settings.loading import (
    CONFIG_VARIABLE,
    Loaded,
    SettingsInvalid,
    known_keys,
    load,
    load_with_sources,
    masked,
    variable_name,
)
from rustok.server.settings.sections import (
    DatabaseSettings,
    EventsSettings,
    HttpSettings,
    MailSettings,
    MediaSettings,
    NatsSettings,
    RedisSettings,
    ResilienceSettings,
    SecuritySettings,
    Settings,
    TelemetrySettings,
    WebhooksSettings,
)
from rustok.server.settings.values import MASK, DatabaseUrl, Secret, Section

__all__ = [
    "CONFIG_VARIABLE",
    "MASK",
    "DatabaseSettings",
    "DatabaseUrl",
    "EventsSettings",
    "HttpSettings",
    "Loaded",
    "MailSettings",
    "MediaSettings",
    "NatsSettings",
    "RedisSettings",
    "ResilienceSettings",
    "Secret",
    "Section",
    "SecuritySettings",
    "Settings",
    "SettingsInvalid",
    "TelemetrySettings",
    "WebhooksSettings",
    "known_keys",
    "load",
    "load_with_sources",
    "masked",
    "variable_name",
]
