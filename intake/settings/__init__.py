"""The installation's settings: read from TOML files, with all faults at once."""

from intake.settings.loader import SettingsError, load_settings, load_site_settings
from intake.settings.rules import find_serving_faults
from intake.settings.values import (
    Auth,
    AuthKind,
    Clinic,
    ConflictPolicies,
    ConflictPolicy,
    MappingPolicy,
    Server,
    Settings,
    Times,
)

__all__ = [
    "Auth",
    "AuthKind",
    "Clinic",
    "ConflictPolicies",
    "ConflictPolicy",
    "MappingPolicy",
    "Server",
    "Settings",
    "SettingsError",
    "Times",
    "find_serving_faults",
    "load_settings",
    "load_site_settings",
]
