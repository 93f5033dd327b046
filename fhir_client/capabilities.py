"""What a FHIR server says that it can do: the parts of its CapabilityStatement that reading and writing depend on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ResourceCapability:
    """What a server says of one kind of resource; None where it says nothing.

    `versioning` is `no-version`, `versioned` or `versioned-update`, which alone promises that If-Match is heeded.
    """

    interactions: frozenset[str] | None = None
    versioning: str | None = None
    conditional_create: bool | None = None
    search_parameters: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """A server as it describes itself; `interactions` are those of the whole system, such as `transaction`."""

    fhir_version: str
    software: str
    interactions: frozenset[str]
    resources: Mapping[str, ResourceCapability]

    @property
    def is_r4(self) -> bool:
        """Whether it is FHIR R4, whose only releases are 4.0.0 and its technical correction 4.0.1."""
        return self.fhir_version in ("4.0.0", "4.0.1")

    def for_resource(self, name: str) -> ResourceCapability:
        """Return what the server says of a kind of resource; of a kind that it leaves out of its list it has nothing.

        A server that lists no kind at all says nothing, which is not the same.
        """
        return self.resources.get(
            name,
            ResourceCapability(frozenset(), None, None, frozenset())
            if self.resources
            else ResourceCapability(),
        )


def parse_capabilities(statement: Json) -> Capabilities:
    """Return what a CapabilityStatement says; parts that are missing or of a wrong shape count as unsaid."""
    rest = next(
        (each for each in _tables(statement.get("rest")) if each.get("mode", "server") == "server"),
        {},
    )
    software = statement.get("software")
    return Capabilities(
        fhir_version=str(statement.get("fhirVersion", "")),
        software=" ".join(_words(software, "name", "version"))
        if isinstance(software, Mapping)
        else "",
        interactions=_codes(rest.get("interaction"), "code"),
        resources={str(each.get("type")): _kind(each) for each in _tables(rest.get("resource"))},
    )


def _kind(raw: Json) -> ResourceCapability:
    return ResourceCapability(
        interactions=_codes(raw.get("interaction"), "code") if "interaction" in raw else None,
        versioning=raw.get("versioning"),
        conditional_create=raw.get("conditionalCreate"),
        search_parameters=_codes(raw.get("searchParam"), "name") if "searchParam" in raw else None,
    )


def _tables(raw: object) -> Iterable[Json]:
    return [each for each in raw if isinstance(each, Mapping)] if isinstance(raw, list) else []


def _codes(raw: object, key: str) -> frozenset[str]:
    return frozenset(str(each[key]) for each in _tables(raw) if key in each)


def _words(raw: Json, *keys: str) -> list[str]:
    return [str(raw[key]) for key in keys if key in raw]
