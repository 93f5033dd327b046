"""The demo's three clinics, in three time zones; each links its encounters in another form."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any
from zoneinfo import ZoneInfo

DEMO_SYSTEM = "https://intake.example.org/fhir/demo"
"""The system of the demo's tags and identifiers.

It distinguishes all of the demo's resources from real records, so that they can be deleted.
"""

DEMO_TAG = {"system": DEMO_SYSTEM, "code": "seeded", "display": "Seeded by intake demo"}
RECORD_NUMBER_SYSTEM = f"{DEMO_SYSTEM}/record-number"
NETWORK = "organization network"
Json = dict[str, Any]


class EncounterLink(Enum):
    """How an encounter refers to its clinic; EHRs differ in this."""

    PROVIDER = auto()
    """By its serviceProvider."""
    ROOM = auto()
    """By a room that is part of the clinic's Location."""
    APPOINTMENT = auto()
    """By the Location of its Appointment."""


@dataclass(frozen=True, slots=True)
class DemoClinic:
    """One clinic, with what addresses and telephone numbers near it have in common."""

    id: str
    name: str
    zone: ZoneInfo
    encounter_link: EncounterLink
    town: str
    state: str
    postal_code: str
    area_code: str

    @property
    def organization(self) -> str:
        """The value of its Organization's identifier."""
        return f"organization {self.id}"

    @property
    def location(self) -> str:
        """The value of its Location's identifier."""
        return f"location {self.id}"

    @property
    def room(self) -> str:
        """The value of the identifier of a room in it."""
        return f"room {self.id}"


# Three zones let a visitor see that "today" depends on the clinic.
EAST, MIDDLE, WEST = (
    ZoneInfo(f"America/{name}") for name in ("New_York", "Chicago", "Los_Angeles")
)
# Each clinic uses another link, so the report meets all three.
CLINICS = (
    DemoClinic(
        "alder-creek",
        "Alder Creek Family Clinic",
        EAST,
        EncounterLink.PROVIDER,
        "Alder Creek",
        "NY",
        "13301",
        "315",
    ),
    DemoClinic(
        "bluestem",
        "Bluestem Community Health",
        MIDDLE,
        EncounterLink.ROOM,
        "Bluestem",
        "KS",
        "66801",
        "620",
    ),
    DemoClinic(
        "juniper-bay",
        "Juniper Bay Health Center",
        WEST,
        EncounterLink.APPOINTMENT,
        "Juniper Bay",
        "CA",
        "95501",
        "707",
    ),
)


def demo_identifier(value: str) -> Json:
    """Return the identifier by which seeding finds a resource again."""
    return {"system": DEMO_SYSTEM, "value": value}


def network_organization() -> list[Json]:
    """Return the Organization that the clinics are part of."""
    return [_organization(NETWORK, "Three Rivers Community Care")]


def clinic_organizations(references: Mapping[str, str]) -> list[Json]:
    """Return the clinics' Organizations; `references` has the resources seeded before."""
    part_of = {"partOf": {"reference": references[NETWORK]}}
    return [_organization(clinic.organization, clinic.name) | part_of for clinic in CLINICS]


def clinic_locations(references: Mapping[str, str]) -> list[Json]:
    """Return the clinics' Locations."""
    return [
        _location(clinic.location, clinic.name)
        | {"managingOrganization": {"reference": references[clinic.organization]}}
        for clinic in CLINICS
    ]


def clinic_rooms(references: Mapping[str, str]) -> list[Json]:
    """Return a room of each clinic, which refers to its Location and to no Organization."""
    return [
        _location(clinic.room, f"{clinic.name}, room 2")
        | {"partOf": {"reference": references[clinic.location]}}
        for clinic in CLINICS
    ]


def _organization(value: str, name: str) -> Json:
    return {
        "resourceType": "Organization",
        "identifier": [demo_identifier(value)],
        "active": True,
        "name": name,
    }


def _location(value: str, name: str) -> Json:
    return {
        "resourceType": "Location",
        "identifier": [demo_identifier(value)],
        "status": "active",
        "name": name,
    }
