"""The installation's settings: reads a folder of TOML files and reports every fault at once."""

from intake.settings.loader import SettingsError, load_settings
from intake.settings.rules import find_serving_faults
from intake.settings.values import (
    Auth,
    AuthKind,
    Clinic,
    ConflictPolicy,
    MappingPolicy,
    MergePolicy,
    Server,
    Settings,
    Times,
)

__all__ = [
    "Auth",
    "AuthKind",
    "Clinic",
    "ConflictPolicy",
    "MappingPolicy",
    "MergePolicy",
    "Server",
    "Settings",
    "SettingsError",
    "Times",
    "find_serving_faults",
    "load_settings",
]
