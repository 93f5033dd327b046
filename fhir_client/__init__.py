"""Writes a patient's own answers to a FHIR R4 server, as US Core asks.

The public names are loaded when they are first used (PEP 562). So an application can import
`fhir_client.model` without loading an HTTP library.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fhir_client.auth import Auth, BasicAuth, BearerAuth, NoAuth
    from fhir_client.auth.credentials import ClientSecret, PrivateKeyJwt
    from fhir_client.auth.keys import SigningKey, generate_key, jwk_set, parse_keys
    from fhir_client.auth.tokens import TokenAuth, TokenCache
    from fhir_client.capabilities import Capabilities, parse_capabilities
    from fhir_client.client import FhirClient
    from fhir_client.errors import (
        AccessError,
        ChartConflictError,
        FhirError,
        GoneError,
        ManualEntryError,
        PatientError,
        RefusedError,
        ServerError,
        TemporaryError,
        UnmatchedPatientError,
        VersionConflictError,
    )
    from fhir_client.model import Conflict, Element, Worksheet, WorksheetEntry, WriteStrategyKind
    from fhir_client.quirks import Quirks
    from fhir_client.transport.tls import Tls
    from fhir_client.uscore.patient_merge import MergePolicy
    from fhir_client.uscore.statement import (
        BCP47,
        CDCREC,
        TRIBAL_ENTITIES,
        AbsentReason,
        CategoryAnswer,
        Coding,
        Entry,
        Interpreter,
        ItemAnswer,
        Language,
        Source,
        Statement,
        TribalAffiliation,
        Tribe,
    )
    from fhir_client.uscore.versions import us_core_version
    from fhir_client.write.bundle import NoVersionError, build_bundle
    from fhir_client.write.charts import MergeContext
    from fhir_client.write.patient_matching import match_patient
    from fhir_client.write.read_back import Mismatch, read_back
    from fhir_client.write.repair import repair_and_read_back
    from fhir_client.write.strategy import ServerOffer, WriteStrategy, choose_strategy
    from fhir_client.write.task import WriteAttempt, Writer, WriteResult
    from fhir_client.write.validation import InvalidBundleError
    from fhir_client.write.writer import write_statement

_MODULES = {
    "auth": ("Auth", "BasicAuth", "BearerAuth", "NoAuth"),
    "auth.credentials": ("ClientSecret", "PrivateKeyJwt"),
    "auth.keys": ("SigningKey", "generate_key", "jwk_set", "parse_keys"),
    "auth.tokens": ("TokenAuth", "TokenCache"),
    "capabilities": ("Capabilities", "parse_capabilities"),
    "client": ("FhirClient",),
    "errors": (
        "AccessError",
        "ChartConflictError",
        "FhirError",
        "GoneError",
        "ManualEntryError",
        "PatientError",
        "RefusedError",
        "ServerError",
        "TemporaryError",
        "UnmatchedPatientError",
        "VersionConflictError",
    ),
    "model": ("Conflict", "Element", "Worksheet", "WorksheetEntry", "WriteStrategyKind"),
    "quirks": ("Quirks",),
    "transport.tls": ("Tls",),
    "uscore.patient_merge": ("MergePolicy",),
    "uscore.statement": (
        "BCP47",
        "CDCREC",
        "TRIBAL_ENTITIES",
        "AbsentReason",
        "CategoryAnswer",
        "Coding",
        "Entry",
        "Interpreter",
        "ItemAnswer",
        "Language",
        "Source",
        "Statement",
        "TribalAffiliation",
        "Tribe",
    ),
    "uscore.versions": ("us_core_version",),
    "write.bundle": ("NoVersionError", "build_bundle"),
    "write.charts": ("MergeContext",),
    "write.patient_matching": ("match_patient",),
    "write.read_back": ("Mismatch", "read_back"),
    "write.repair": ("repair_and_read_back",),
    "write.strategy": ("ServerOffer", "WriteStrategy", "choose_strategy"),
    "write.task": ("WriteAttempt", "WriteResult", "Writer"),
    "write.validation": ("InvalidBundleError",),
    "write.writer": ("write_statement",),
}
_MODULE_BY_NAME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "BCP47",
    "CDCREC",
    "TRIBAL_ENTITIES",
    "AbsentReason",
    "AccessError",
    "Auth",
    "BasicAuth",
    "BearerAuth",
    "Capabilities",
    "CategoryAnswer",
    "ChartConflictError",
    "ClientSecret",
    "Coding",
    "Conflict",
    "Element",
    "Entry",
    "FhirClient",
    "FhirError",
    "GoneError",
    "Interpreter",
    "InvalidBundleError",
    "ItemAnswer",
    "Language",
    "ManualEntryError",
    "MergeContext",
    "MergePolicy",
    "Mismatch",
    "NoAuth",
    "NoVersionError",
    "PatientError",
    "PrivateKeyJwt",
    "Quirks",
    "RefusedError",
    "ServerError",
    "ServerOffer",
    "SigningKey",
    "Source",
    "Statement",
    "TemporaryError",
    "Tls",
    "TokenAuth",
    "TokenCache",
    "TribalAffiliation",
    "Tribe",
    "UnmatchedPatientError",
    "VersionConflictError",
    "Worksheet",
    "WorksheetEntry",
    "WriteAttempt",
    "WriteResult",
    "WriteStrategy",
    "WriteStrategyKind",
    "Writer",
    "build_bundle",
    "choose_strategy",
    "generate_key",
    "jwk_set",
    "match_patient",
    "parse_capabilities",
    "parse_keys",
    "read_back",
    "repair_and_read_back",
    "us_core_version",
    "write_statement",
]


def __getattr__(name: str) -> object:
    """Return a public name, and load its module at the first use."""
    if name not in _MODULE_BY_NAME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULE_BY_NAME[name]}"), name)
    # Later uses find the name without this function.
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names, for completion in an editor or a shell."""
    return [*globals(), *__all__]
