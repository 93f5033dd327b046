"""The installation's settings: a folder of TOML files in, frozen Settings out, every fault named at once."""

from intake.settings.loading import SettingsError, load
from intake.settings.rules import serving_faults
from intake.settings.values import (
    Auth,
    AuthKind,
    Clinic,
    Contested,
    MappingPolicy,
    MergePolicy,
    QuirksProfile,
    Server,
    Settings,
    Times,
)

__all__ = [
    "Auth",
    "AuthKind",
    "Clinic",
    "Contested",
    "MappingPolicy",
    "MergePolicy",
    "QuirksProfile",
    "Server",
    "Settings",
    "SettingsError",
    "Times",
    "load",
    "serving_faults",
]
