"""The parts of a server's CapabilityStatement that reading and writing depend on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fhir_client.model import Json


@dataclass(frozen=True, slots=True)
class ResourceCapability:
    """What a server declares for one resource type; None where it declares nothing.

    `versioning` is `no-version`, `versioned` or `versioned-update`. Only the last promises that
    the server heeds If-Match.
    """

    interactions: frozenset[str] | None = None
    versioning: str | None = None
    conditional_create: bool | None = None
    search_parameters: frozenset[str] | None = None


_NOT_OFFERED = ResourceCapability(frozenset(), None, None, frozenset())
_UNDECLARED = ResourceCapability()


@dataclass(frozen=True, slots=True)
class Capabilities:
    """A server as it describes itself.

    `interactions` are system-wide, such as `transaction`.
    """

    fhir_version: str
    software: str
    interactions: frozenset[str]
    resources: Mapping[str, ResourceCapability]

    @property
    def release_name(self) -> str:
        """The name of its release, such as STU3; "" for a version that is no release's."""
        return release_name(self.fhir_version)

    @property
    def is_r4(self) -> bool:
        """Whether it is FHIR R4: release 4.0.0, or its technical correction 4.0.1."""
        return self.fhir_version in ("4.0.0", "4.0.1")

    def for_resource(self, resource_type: str) -> ResourceCapability:
        """Return what the server declares for a resource type.

        A type that is missing from the server's list is not offered. A server without any list
        declares nothing, so its types may be tried.
        """
        return self.resources.get(resource_type, _NOT_OFFERED if self.resources else _UNDECLARED)


# hl7.org/fhir/history.html
_RELEASES = {
    "0.0": "DSTU1",
    "0.": "a draft of DSTU2",
    "1.0": "DSTU2",
    "1.": "a draft of STU3",
    "3.0": "STU3",
    "3.": "a draft of R4",
    "4.0": "R4",
    "4.1": "R4B",
    "4.3": "R4B",
    "4.": "a draft of R5",
    "5.0": "R5",
    "6.": "R6",
}


def release_name(fhir_version: str) -> str:
    """Return the name of the release that a FHIR version belongs to, "" for none."""
    starts = sorted(_RELEASES, key=len, reverse=True)
    return next((_RELEASES[start] for start in starts if fhir_version.startswith(start)), "")


def parse_capabilities(statement: Json) -> Capabilities:
    """Return the contents of a CapabilityStatement.

    Missing and malformed parts count as undeclared.
    """
    rest = next(
        (entry for entry in _objects(statement.get("rest")) if _describes_server(entry)), {}
    )
    software = statement.get("software")
    return Capabilities(
        fhir_version=str(statement.get("fhirVersion", "")),
        software=_join_values(software, "name", "version") if isinstance(software, dict) else "",
        interactions=_codes(rest.get("interaction"), "code"),
        resources={
            str(entry.get("type")): _parse_resource(entry)
            for entry in _objects(rest.get("resource"))
        },
    )


def _describes_server(rest: Json) -> bool:
    # A statement may also describe how its software acts as a client.
    return bool(rest.get("mode", "server") == "server")


def _parse_resource(raw: Json) -> ResourceCapability:
    return ResourceCapability(
        # An empty list is a declaration, and a missing one is none.
        interactions=_codes(raw.get("interaction"), "code") if "interaction" in raw else None,
        versioning=raw.get("versioning"),
        conditional_create=raw.get("conditionalCreate"),
        search_parameters=_codes(raw.get("searchParam"), "name") if "searchParam" in raw else None,
    )


def _objects(raw: object) -> Iterable[Json]:
    return [entry for entry in raw if isinstance(entry, dict)] if isinstance(raw, list) else []


def _codes(raw: object, key: str) -> frozenset[str]:
    return frozenset(str(entry[key]) for entry in _objects(raw) if key in entry)


def _join_values(raw: Json, *keys: str) -> str:
    return " ".join(str(raw[key]) for key in keys if key in raw)
